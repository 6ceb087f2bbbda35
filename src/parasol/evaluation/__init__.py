"""What the project measures about itself: figures of quality, sheets of pictures, and a benchmark of this machine."""

"""Training of the six components (train extra: needs torch)."""

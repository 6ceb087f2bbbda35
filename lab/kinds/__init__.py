"""Which model draws: what the network of `parasol.images.kind` learns from, and how often it errs."""

"""Metrics as formulas: they take features, descriptors or pixels, and never see a network, a file or a device."""

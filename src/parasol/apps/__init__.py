"""Programs on top of the library: they parse and print, and decide nothing."""

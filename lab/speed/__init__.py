"""How quick things are, and how large."""

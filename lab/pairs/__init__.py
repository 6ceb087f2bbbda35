"""Frozen lists of pairs, and what is read from comparisons of them."""

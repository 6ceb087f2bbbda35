"""Nearest neighbours among unit-norm descriptors."""

from parasol.index.exact import nearest

__all__ = ["nearest"]

"""Folders of pictures as descriptors on disk, and the nearest neighbours among them."""

from parasol.index.exact import nearest
from parasol.index.table import Table

__all__ = ["Table", "nearest"]

"""Training triplets (output x, content y, style s), found by search in the two descriptor spaces."""

from parasol.triplets.mine import Mining, Triplets, mine, purity, split_databases

__all__ = ["Mining", "Triplets", "mine", "purity", "split_databases"]

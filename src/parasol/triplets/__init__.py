"""Training triplets (output x, content y, style s), found by search in the two descriptor spaces."""

from parasol.triplets.mine import Mining, Triplets, Variety, mine, purity, split_databases, vary

__all__ = ["Mining", "Triplets", "Variety", "mine", "purity", "split_databases", "vary"]

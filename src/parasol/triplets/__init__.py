"""Training triplets (output x, content y, style s), found by search in the two descriptor spaces."""

from parasol.triplets.mine import Mining, Triplets, purity, split_databases
from parasol.triplets.variety import Variety, vary

__all__ = ["Mining", "Triplets", "Variety", "purity", "split_databases", "vary"]

"""Corpora: recipes that build them from published packages, and the loader of what was built."""

from parasol.corpora.corpus import Caption, Cell, Corpus, holds_pictures, load

__all__ = ["Caption", "Cell", "Corpus", "holds_pictures", "load"]

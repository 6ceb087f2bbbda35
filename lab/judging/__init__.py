"""The judge of results, and what it is asked."""

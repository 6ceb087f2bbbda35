"""What the docs claim, rendered from what was stored: figures from `lab/results`, the index of decisions."""

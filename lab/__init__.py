"""The workshop: what measures this project for its own pages. `python -m lab` lists its commands; no wheel holds it."""

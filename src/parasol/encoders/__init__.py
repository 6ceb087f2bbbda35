"""Encoders: a picture of any shape -> a unit-norm descriptor. Each owns the size and the shape that it sees."""

"""Sampling loops as pure functions over arrays; they meet a model in one callable and own no randomness."""

"""Figures: one question to a model each, measured."""

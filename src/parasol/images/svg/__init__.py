"""Drawings: read, made plain for the renderer, and drawn in a process of their own.

The child process imports `child` and what it needs without the rest of Parasol, so nothing is imported here.
"""

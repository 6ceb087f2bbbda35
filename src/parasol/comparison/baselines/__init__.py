"""What other work does with the same pairs, re-implemented at this scale: one function a method, one module a kind."""

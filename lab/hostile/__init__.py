"""What strangers and bad luck send: files changed in every way that matters, and commands run on them."""

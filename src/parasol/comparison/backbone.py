"""What a reader must know of a network that judges."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """Which network, with which weights, sees what."""

    name: str
    weights: str
    """SHA-256 of the weights' file, or of the manifest that holds it."""
    preprocessing: str
    """How a picture becomes its input, sizes in px included."""

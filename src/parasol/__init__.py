"""Parametric style control for diffusion synthesis (PARASOL): one picture in the style of another."""

from typing import TYPE_CHECKING

from parasol.version import __version__

if TYPE_CHECKING:
    from parasol.encoders.text import Words
    from parasol.pipeline import Parasol

__all__ = ["Parasol", "Words", "__version__"]


def __getattr__(name: str) -> object:
    """Import `Parasol` and `Words` at first use, so that `import parasol` costs nothing."""
    if name == "Parasol":
        from parasol.pipeline import Parasol

        return Parasol
    if name == "Words":
        from parasol.encoders.text import Words

        return Words
    raise AttributeError(f"module 'parasol' has no attribute {name!r}")

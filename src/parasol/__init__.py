"""Parametric style control for diffusion synthesis (PARASOL): one picture in the style of another.

Nothing here reports to anybody. ONNX Runtime would: from 1.29 on its import alone writes a device id below the user's
cache folder and looks up its maker's host, unless this variable is set before. The call that its documentation names
comes too late. So it is set here, which every module of the package and every child process passes through first.
"""

import os
from importlib import import_module
from typing import TYPE_CHECKING

from parasol.errors import ParasolError
from parasol.version import __version__

if TYPE_CHECKING:
    from parasol.bundle import BundleError
    from parasol.cards import CardError, StyleCard
    from parasol.dials import Dials
    from parasol.dials.keywords import DialKeywords
    from parasol.encoders.text import Words
    from parasol.images.errors import PictureError
    from parasol.index.store import Index, StoreError
    from parasol.pipeline import Canvas, Parasol
    from parasol.recipe import Recipe, RecipeError
    from parasol.result import Result
    from parasol.search import Pick, Session, SessionError

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

__all__ = [
    "BundleError", "Canvas", "CardError", "DialKeywords", "Dials", "Index", "Parasol", "ParasolError", "Pick",
    "PictureError", "Recipe", "RecipeError", "Result", "Session", "SessionError", "StoreError", "StyleCard", "Words",
    "__version__",
]  # fmt: skip

_PLACES = {
    "parasol.bundle": ("BundleError",),
    "parasol.cards": ("CardError", "StyleCard"),
    "parasol.encoders.text": ("Words",),
    "parasol.images.errors": ("PictureError",),
    "parasol.index.store": ("Index", "StoreError"),
    "parasol.pipeline": ("Canvas", "Parasol"),
    "parasol.dials": ("Dials",),
    "parasol.dials.keywords": ("DialKeywords",),
    "parasol.recipe": ("Recipe", "RecipeError"),
    "parasol.result": ("Result",),
    "parasol.search": ("Pick", "Session", "SessionError"),
}


def __getattr__(name: str) -> object:
    """Import what is public at first use, so that `import parasol` costs nothing."""
    for place, names in _PLACES.items():
        if name in names:
            return getattr(import_module(place), name)
    raise AttributeError(f"module 'parasol' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

"""Parametric style control for diffusion synthesis (PARASOL): one picture in the style of another.

Nothing here reports to anybody. ONNX Runtime would: from 1.29 on its import alone writes a device id below the user's
cache folder and looks up its maker's host, unless this variable is set before. The call that its documentation names
comes too late. So it is set here, which every module of the package and every child process passes through first.
"""

import os
from typing import TYPE_CHECKING

from parasol.version import __version__

if TYPE_CHECKING:
    from parasol.encoders.text import Words
    from parasol.pipeline import Parasol

os.environ["ORT_DISABLE_TELEMETRY"] = "1"

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

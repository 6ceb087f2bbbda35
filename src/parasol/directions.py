"""Named directions of the space of styles, and whether a style lies far from all that a model was trained on.

Both are measured once for each style encoder (`python -m lab directions`) and kept in a file beside the code books. A
direction is what changes, in the mean, in the descriptors of drawings when one property of them goes through its range.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np
from jaxtyping import Float
from safetensors import safe_open

from parasol.bundle import Manifest
from parasol.conditions import Style
from parasol.errors import ParasolError

FOLDER, PREFIX = Path(__file__).parent / "codebooks", "space"


@dataclass(frozen=True, kw_only=True, eq=False)
class Space:
    """The styles of one encoder."""

    directions: Mapping[str, Float[np.ndarray, " a"]]
    """What is added to a descriptor to have all of a property."""

    known: Float[np.ndarray, "k a"]
    """Unit-norm centres of the styles that were trained on."""

    near: float
    """Cosine to the nearest of them, below which a style is far."""


def space_file(manifest: Manifest) -> Path | None:
    """The file of the space of a model's style encoder; None where it was not measured."""
    file = FOLDER / f"{PREFIX}-{manifest.style.name}-{manifest.style.version}.safetensors"
    return file if file.is_file() else None


def space_of(manifest: Manifest) -> Space | None:
    """The space of a model's style encoder; None where it was not measured."""
    file = space_file(manifest)
    return None if file is None else _opened(file)


@cache
def _opened(file: Path) -> Space:
    with safe_open(file, "numpy") as stored:
        tensors = {name: stored.get_tensor(name).astype(np.float32) for name in stored.keys()}  # noqa: SIM118
    known, near = tensors.pop("known"), float(tensors.pop("near")[0])
    return Space(directions=dict(sorted(tensors.items())), known=known, near=near)


def directions_of(manifest: Manifest) -> tuple[str, ...]:
    """The names of the directions that a model's styles have."""
    space = space_of(manifest)
    return () if space is None else tuple(space.directions)


def leaned(style: Style, manifest: Manifest, lean: Mapping[str, float]) -> Style:
    """A style moved along directions, each by -1 to 1; colours and texture stay those of its pictures.

    Raises:
        ParasolError: as `check_lean`.
    """
    check_lean(manifest, lean)
    space = space_of(manifest)
    if space is None or not any(lean.values()):
        return style
    moved = style.descriptor + sum(np.float32(share) * space.directions[name] for name, share in sorted(lean.items()))
    return replace(style, descriptor=(moved / np.linalg.norm(moved)).astype(np.float32))


def check_lean(manifest: Manifest, lean: Mapping[str, float]) -> None:
    """Raises ParasolError where a model has no such direction, or a number is out of range."""
    known = directions_of(manifest)
    for name, share in lean.items():
        if name not in known:
            advice = (
                f"choose among {', '.join(known)}" if known else f"the model {manifest.name!r} has none: leave it out"
            )
            raise ParasolError(f"there is no direction {name[:40]!r} of styles: {advice}")
        if not -1.0 <= share <= 1.0:
            raise ParasolError(f"the direction {name} is {share}; it must lie in -1 (less) to 1 (more)")


def is_far(descriptor: Float[np.ndarray, " a"], manifest: Manifest) -> bool:
    """Whether a style lies far from all that the model was trained on; False where that was not measured."""
    space = space_of(manifest)
    return space is not None and float((space.known @ descriptor).max()) < space.near

"""How alike the drawings of a set are, and which of them are out of line."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError
from parasol.maths.lab import lab
from parasol.vector.measures import Measures
from parasol.vector.palette import colour_of

SCALES = {"stroke": 0.012, "corner": 0.05, "padding": 0.04, "weight": 0.12, "palette": 12.0}
"""By measure: a deviation from the set's own median that is plainly seen; the palette's is a mean delta E."""

FAR = 2.0  # such deviations, and as many of the set's own spread, make an outlier


@dataclass(frozen=True, kw_only=True)
class Outlier:
    """One measure of one drawing that is out of line."""

    name: str
    measure: str
    value: float
    usual: float


@dataclass(frozen=True, kw_only=True)
class Consistency:
    """A set as a whole."""

    score: float
    """0 to 100: 100 where all drawings share every measure; the mean of the parts."""

    parts: dict[str, float]
    """The same for each measure."""

    usual: dict[str, float]
    """The median of each measure, 0 for the palette, which has none."""

    outliers: list[Outlier]
    """The farthest out of line first."""


def consistency(drawings: Mapping[str, Measures]) -> Consistency:
    """The score of a set of at least two drawings, by how far each measure lies from its median.

    A measure that most drawings lack, such as a stroke width, is left out; where most have it, the others miss it.

    Raises:
        ValueError: there are fewer than two.
    """
    if len(drawings) < 2:
        raise ParasolError(f"a set of {len(drawings)} pictures is no set: give a folder with at least two")
    names = list(drawings)
    columns = {name: _column(list(drawings.values()), name) for name in SCALES}
    parts, usual, outliers = dict[str, float](), dict[str, float](), list[tuple[float, Outlier]]()
    for measure, values in columns.items():
        known = np.isfinite(values)
        if known.sum() < max(2, len(names) / 2):
            continue  # a set of fills has no stroke width
        middle = 0.0 if measure == "palette" else float(np.median(values[known]))
        off = np.abs(values - middle) / SCALES[measure]
        usual[measure] = round(middle, 4)
        parts[measure] = round(100 * float(np.exp(-off[known]).sum()) / len(names), 1)
        spread = max(float(np.median(off[known])), 1.0)
        outliers += [
            (float(off[at] / spread), Outlier(name=names[at], measure=measure, value=float(values[at]), usual=middle))
            for at in np.flatnonzero(known & (off > FAR * spread))
        ]
    outliers.sort(key=lambda pair: (-pair[0], pair[1].name))
    score = round(float(np.mean(list(parts.values()))), 1)
    return Consistency(score=score, parts=parts, usual=usual, outliers=[outlier for _, outlier in outliers])


def _column(drawings: Sequence[Measures], measure: str) -> Float[np.ndarray, " n"]:
    """One value a drawing, not a number where it has none."""
    if measure == "palette":
        return _off_palette(drawings)
    values = [getattr(drawing, measure) for drawing in drawings]
    return np.array([np.nan if value is None else value for value in values], float)


def _off_palette(drawings: Sequence[Measures]) -> Float[np.ndarray, " n"]:
    """Mean delta E of each drawing's colours, by area, to the nearest colour of any other: 0 where all are shared."""
    colours = [lab(np.stack([colour_of(name) for name in icon.colours])) if icon.colours else None for icon in drawings]
    values = np.full(len(drawings), np.nan)
    for at, own in enumerate(colours):
        others = [other for index, other in enumerate(colours) if index != at and other is not None]
        if own is None or not others:
            continue
        apart = [np.sqrt(((own[:, None] - other[None]) ** 2).sum(axis=-1)).min(axis=1) for other in others]
        # Shared by a quarter of the set is shared: the nearest of all would forgive everything in a large set.
        near = np.sort(np.stack(apart), axis=0)[len(others) // 4]
        values[at] = float(near @ np.array(drawings[at].shares) / max(sum(drawings[at].shares), 1e-9))
    return values

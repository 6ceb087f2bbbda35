"""Outlines as few straight lines and cubic curves within a tolerance.

The least-squares fit is Schneider's ("An Algorithm for Automatically Fitting Digitized Curves", Graphics Gems, 1990).
"""

from dataclasses import dataclass
from math import hypot

import numpy as np
from jaxtyping import Float

SPAN = 8  # points to either side that tell a corner's angle
SHARP = 42.0  # degrees; what turns by more within the span is a corner
BEND = 3  # points nearest to a corner, which the staircase has cut off
REPEATS = 4  # of fitting and measuring along the curve again


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """One piece of an outline: a straight line (2 points) or a cubic Bezier curve (4 points)."""

    points: Float[np.ndarray, "k 2"]
    """From where the piece before ends; (x, y)."""


def fitted(chain: Float[np.ndarray, "n 2"], tolerance: float) -> list[Curve]:
    """A closed chain of neighbouring points as pieces that end where it starts, no point farther off than `tolerance`.

    The tolerance is in the chain's own unit, index pixels; below half a pixel it would follow the staircase.
    """
    if len(chain) < 4 * SPAN:
        return _small(chain)
    corners = _corners(chain)
    pieces = list[Curve]()
    if len(corners) < 2:
        # A smooth loop, or a drop: it is cut where it is, and opposite.
        first = corners[0] if corners else _flattest(chain)
        cuts = [first, (first + len(chain) // 2) % len(chain)]
    else:
        cuts = corners
    smooth = _smooth(chain, corners)
    ends = {cut: _corner_point(chain, cut) if cut in corners else smooth[cut] for cut in cuts}
    for here, there in zip(cuts, [*cuts[1:], cuts[0]], strict=True):
        count = (there - here) % len(chain) or len(chain)
        inside = smooth[(here + np.arange(count + 1)) % len(chain)].copy()
        inside[0], inside[-1] = ends[here], ends[there]
        if corners and count > 4 * BEND:
            inside = np.delete(inside, [*range(1, BEND + 1), *range(count - BEND, count)], axis=0)
        tangents = [None if cut in corners else _direction(smooth, cut) for cut in (here, there)]
        pieces += _section(inside, tolerance, tangents[0], None if tangents[1] is None else -tangents[1])
    return pieces


def flattened(pieces: list[Curve], steps: int = 8) -> Float[np.ndarray, "n 2"]:
    """Points along pieces, for measuring."""
    at = np.linspace(0, 1, steps, endpoint=False)
    return np.concatenate([_bezier(piece.points, at) for piece in pieces])


def _small(chain: Float[np.ndarray, "n 2"]) -> list[Curve]:
    """What is hardly larger than a pixel: a polygon through every third side."""
    points = chain[:: max(1, len(chain) // 8)]
    return [Curve(points=np.stack([here, there])) for here, there in zip(points, np.roll(points, -1, 0), strict=True)]


def _turns(chain: Float[np.ndarray, "n 2"], span: int) -> Float[np.ndarray, " n"]:
    """Degrees by which each point turns, over `span` points before and behind."""
    before, behind = chain - np.roll(chain, span, axis=0), np.roll(chain, -span, axis=0) - chain
    cross = before[:, 0] * behind[:, 1] - before[:, 1] * behind[:, 0]
    return np.degrees(np.abs(np.arctan2(cross, (before * behind).sum(axis=1))))


def _corners(chain: Float[np.ndarray, "n 2"]) -> list[int]:
    turns = _turns(chain, SPAN)
    # Near and far must agree: a bump of the staircase turns near alone, a tight curve far alone.
    turns = np.minimum(turns, _turns(chain, SPAN - 3) + SHARP / 3)
    peak = turns.copy()
    for shift in range(1, SPAN + 1):
        peak = np.maximum(peak, np.maximum(np.roll(turns, shift), np.roll(turns, -shift)))
    sharp = np.flatnonzero((turns >= peak - 1e-6) & (turns > SHARP)).tolist()
    runs = list[list[int]]()
    for index in sharp:
        if runs and index - runs[-1][-1] <= SPAN:
            runs[-1].append(index)
        else:
            runs.append([index])
    corners = [run[len(run) // 2] for run in runs]
    if len(corners) > 1 and corners[0] + len(chain) - corners[-1] <= SPAN:
        corners.pop()
    return corners


def _smooth(chain: Float[np.ndarray, "n 2"], corners: list[int]) -> Float[np.ndarray, "n 2"]:
    """The chain without its staircase: a mean of five, which is narrower where a corner is near."""
    wide = np.sum([np.roll(chain, shift, axis=0) * (3 - abs(shift)) for shift in range(-2, 3)], axis=0) / 9
    for corner in corners:
        near = (corner + np.arange(-BEND, BEND + 1)) % len(chain)
        wide[near] = chain[near]
    return wide


def _corner_point(chain: Float[np.ndarray, "n 2"], at: int) -> Float[np.ndarray, "2"]:
    """Where the straight lines of both sides meet, if that is near: the staircase cuts corners off."""
    reach = np.arange(BEND, SPAN + BEND)
    lines = [_line(chain[(at + sign * reach) % len(chain)]) for sign in (-1, 1)]
    (first, along), (second, across) = lines
    cross = along[0] * across[1] - along[1] * across[0]
    if abs(cross) < 0.3:
        return chain[at]
    gap = second - first
    met = first + along * ((gap[0] * across[1] - gap[1] * across[0]) / cross)
    return met if np.linalg.norm(met - chain[at]) < 5.0 else chain[at]


def _line(points: Float[np.ndarray, "n 2"]) -> tuple[np.ndarray, np.ndarray]:
    """Centre and direction of the line nearest to points."""
    centre = points.mean(axis=0)
    _, _, axes = np.linalg.svd(points - centre, full_matrices=False)
    return centre, axes[0]


def _flattest(chain: Float[np.ndarray, "n 2"]) -> int:
    return int(np.argmin(_turns(chain, SPAN)))


def _direction(points: Float[np.ndarray, "n 2"], at: int) -> Float[np.ndarray, "2"]:
    step = points[(at + SPAN // 2 + 1) % len(points)] - points[at - SPAN // 2 - 1]
    return step / max(float(np.linalg.norm(step)), 1e-9)


def _section(
    points: Float[np.ndarray, "n 2"],
    tolerance: float,
    start: Float[np.ndarray, "2"] | None,
    end: Float[np.ndarray, "2"] | None,
) -> list[Curve]:
    """Pieces through points from the first to the last; `start` and `end` are directions into the section, if fixed."""
    if _off_line(points) <= tolerance:
        return [Curve(points=points[[0, -1]])]
    first, last = (_inwards(points) if start is None else start), (_inwards(points[::-1]) if end is None else end)
    control, error, where = _fit(points, first, last, 4 * tolerance)
    if error <= tolerance or len(points) < 6:
        return [Curve(points=control)]
    where = min(max(where, 2), len(points) - 3)
    through = points[min(where + 4, len(points) - 1)] - points[max(where - 4, 0)]
    through = through / max(float(np.linalg.norm(through)), 1e-9)
    before = _section(points[: where + 1], tolerance, start, -through)
    return before + _section(points[where:], tolerance, through, end)


def _inwards(points: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, "2"]:
    reach = points[1 : min(len(points), SPAN + 1)] - points[0]
    direction = reach.mean(axis=0)
    return direction / max(float(np.linalg.norm(direction)), 1e-9)


def _off_line(points: Float[np.ndarray, "n 2"]) -> float:
    off = points - points[0]
    right, down = off[-1].tolist()
    length = hypot(right, down)
    if length < 1e-9:
        return float(np.linalg.norm(off, axis=1).max())
    return float(np.abs(off @ np.array([down, -right])).max() / length)


def _fit(
    points: Float[np.ndarray, "n 2"], first: Float[np.ndarray, "2"], last: Float[np.ndarray, "2"], hopeless: float
) -> tuple[Float[np.ndarray, "4 2"], float, int]:
    """The cubic with these ends and end directions nearest to points; its largest distance, and at which point.

    What is farther off than `hopeless` at the first try is not improved.
    """
    at = np.zeros(len(points))
    np.cumsum(np.sqrt(_dot(*2 * [points[1:] - points[:-1]])), out=at[1:])
    at /= max(float(at[-1]), 1e-9)
    ends, directions = points[[0, 0, -1, -1]], np.array([first, last])
    alike, best = directions @ directions.T, (ends, np.inf, len(points) // 2)
    for left in reversed(range(REPEATS)):
        shares = _shares(at)
        control = _least_squares(points - shares @ ends, shares[:, 1:3], ends, directions, alike)
        off = shares @ control - points
        far = _dot(off, off)
        where = int(far.argmax())
        if far[where] >= best[1] ** 2:
            break
        best = (control, float(np.sqrt(far[where])), where)
        if best[1] > hopeless or not left:
            break
        at = _closer(control, off, at)
    return best


def _dot(first: Float[np.ndarray, "n 2"], other: Float[np.ndarray, "n 2"]) -> Float[np.ndarray, " n"]:
    both = first * other
    return both[:, 0] + both[:, 1]


def _least_squares(
    rest: np.ndarray, arms: np.ndarray, ends: np.ndarray, directions: np.ndarray, alike: np.ndarray
) -> Float[np.ndarray, "4 2"]:
    (a, b), (_, c) = ((arms.T @ arms) * alike).tolist()
    (u, _), (_, v) = (arms.T @ rest @ directions.T).tolist()
    determinant = a * c - b * b
    chord = hypot(*(ends[3] - ends[0]).tolist())
    near = far = chord / 3
    if abs(determinant) > 1e-9:
        lengths = (u * c - v * b) / determinant, (a * v - b * u) / determinant
        if min(lengths) > 0.02 * chord and max(lengths) < 3 * max(chord, 1.0):
            near, far = lengths
    control = ends.copy()
    control[1] += near * directions[0]
    control[2] += far * directions[1]
    return control


def _shares(at: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 4"]:
    """Of the four control points of a cubic, at these places along it: Bernstein's polynomials."""
    rest, shares = 1 - at, np.empty((len(at), 4))
    squares, at_squares = rest * rest, at * at
    np.multiply(squares, rest, out=shares[:, 0])
    np.multiply(3 * squares, at, out=shares[:, 1])
    np.multiply(3 * at_squares, rest, out=shares[:, 2])
    np.multiply(at_squares, at, out=shares[:, 3])
    return shares


def _bezier(control: Float[np.ndarray, "k 2"], at: Float[np.ndarray, " n"]) -> Float[np.ndarray, "n 2"]:
    return (np.stack([1 - at, at], axis=1) if len(control) == 2 else _shares(at)) @ control


def _closer(control: np.ndarray, off: np.ndarray, at: np.ndarray) -> np.ndarray:
    """One step of Newton's method towards the nearest place on the curve for each point, which it is `off` now."""
    down, along, bent = np.zeros(len(at)), np.zeros(len(at)), np.zeros(len(at))
    for (start, middle, end), away in zip((3 * (control[1:] - control[:-1])).T.tolist(), off.T, strict=True):
        turn = middle - start
        turned = at * (end - middle - turn)
        slope, bend = start + at * (2 * turn + turned), 2 * (turn + turned)
        down += slope * slope
        along += away * slope
        bent += away * bend
    down += bent
    down[np.abs(down) <= 1e-9] = np.inf
    return np.maximum.accumulate(np.minimum(np.maximum(at - along / down, 0), 1))

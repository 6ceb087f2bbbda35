"""Outlines that are a circle, an ellipse, a rectangle or a straight stroke, found and made exact."""

import numpy as np
from jaxtyping import Float

from parasol.vector.drawing import Ellipse, Fill, Rectangle, Shape, Stroke
from parasol.vector.outline import area

OFF = 1.6
"""Index pixels, four tenths of a pixel: no point of an outline lies farther from the shape that stands for it."""

TYPICAL = 0.7  # index pixels; nor do its points on the whole (root mean square)
SAME = 0.035  # of a radius, by which the two of a circle may differ
UPRIGHT = 2.0  # degrees of turn that count as none
SLENDER = 2.5  # times as long as wide, from which on a rectangle with round ends is a stroke


def recognised(chain: Float[np.ndarray, "n 2"], fill: Fill, scale: float) -> Shape | None:
    """The exact shape of one closed outline in index pixels, `scale` of them to a pixel; None where it is no such."""
    if len(chain) < 16:
        return None
    return _ellipse(chain, fill, scale) or _rectangle(chain, fill, scale)


def _fits(off: Float[np.ndarray, " n"]) -> bool:
    return float(np.abs(off).max()) <= OFF and float(np.sqrt((off**2).mean())) <= TYPICAL


def _ellipse(chain: Float[np.ndarray, "n 2"], fill: Fill, scale: float) -> Ellipse | None:
    """The ellipse with the area moments of the outline."""
    centre, spread = _moments(chain)
    values, axes = np.linalg.eigh(spread)
    small, large = 2 * np.sqrt(np.maximum(values, 1e-9))
    if large - small <= max(SAME * large, 0.6):
        radius = np.sqrt(area(chain) / np.pi)
        if not _fits(np.linalg.norm(chain - centre, axis=1) - radius):
            return None
        return Ellipse(fill=fill, centre=_pair(centre / scale), radii=_pair(np.array([radius, radius]) / scale))
    along = (chain - centre) @ axes / np.array([small, large])
    if not _fits((np.linalg.norm(along, axis=1) - 1) * small):
        return None
    turn = _turn(axes[:, 1])
    return Ellipse(fill=fill, centre=_pair(centre / scale), radii=_pair(np.array([large, small]) / scale), turn=turn)


def _rectangle(chain: Float[np.ndarray, "n 2"], fill: Fill, scale: float) -> Rectangle | Stroke | None:
    """The smallest box around the outline, its corners as round as the missing area says."""
    turn = _smallest_turn(chain)
    if min(turn, 90 - turn) <= UPRIGHT:
        turn = 0.0
    angle = np.radians(turn)
    axes = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])  # columns: along, across
    turned = chain @ axes
    low, high = _sides(turned)
    half, middle = (high - low) / 2, (low + high) / 2
    missing = max(float(4 * half[0] * half[1]) - area(chain), 0.0)
    radius = min(np.sqrt(missing / (4 - np.pi)), float(half.min()))
    inner = half - radius
    beyond = np.abs(turned - middle) - inner
    off = np.linalg.norm(np.maximum(beyond, 0), axis=1) + np.minimum(beyond.max(axis=1), 0) - radius
    if not _fits(off):
        return None
    if radius < 5.0:
        radius = 0.0  # index pixels; what the staircase and antialiasing take off a sharp corner
    centre = axes @ middle / scale
    if isinstance(fill, str) and radius >= 0.8 * half.min() and half.max() >= SLENDER * half.min():
        reach = axes[:, int(np.argmax(half))] * float(half.max() - half.min()) / scale
        return Stroke(
            colour=fill, width=float(2 * half.min() / scale), ends=(_pair(centre - reach), _pair(centre + reach))
        )
    width, height = 2 * half / scale
    corner = centre - half / scale
    return Rectangle(
        fill=fill, corner=_pair(corner), size=(float(width), float(height)), radius=float(radius / scale), turn=turn
    )


def _sides(turned: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2"]]:
    """Where the four sides of an outline's box are: the middles of what lies near them, not a single far point."""
    low, high = turned.min(axis=0), turned.max(axis=0)
    for axis in range(2):
        values = turned[:, axis]
        low[axis] = np.median(values[values < low[axis] + 1.5])
        high[axis] = np.median(values[values > high[axis] - 1.5])
    return low, high


def _smallest_turn(chain: Float[np.ndarray, "n 2"]) -> float:
    """Degrees in 0 to 90 by which the smallest box around the points is turned clockwise."""
    best = 0.0
    for step, reach in ((1.0, 45.0), (0.1, 1.0)):
        tried = best + np.arange(-reach, reach + step / 2, step)
        angles = np.radians(tried)
        along = chain @ np.stack([np.cos(angles), np.sin(angles)])
        across = chain @ np.stack([-np.sin(angles), np.cos(angles)])
        best = float(tried[int(np.argmin(np.ptp(along, axis=0) * np.ptp(across, axis=0)))])
    return best % 90.0


def _moments(chain: Float[np.ndarray, "n 2"]) -> tuple[Float[np.ndarray, "2"], Float[np.ndarray, "2 2"]]:
    """Centre and covariance of the area inside a polygon (Green's theorem)."""
    origin = chain.mean(axis=0)
    here = chain - origin
    there = np.roll(here, -1, axis=0)
    cross = here[:, 0] * there[:, 1] - there[:, 0] * here[:, 1]
    whole = cross.sum() / 2
    centre = ((here + there) * cross[:, None]).sum(axis=0) / (6 * whole)
    both = here + there
    second = sum(np.einsum("n,ni,nj->ij", cross, points, points) for points in (here, there, both)) / (24 * whole)
    return origin + centre, second - np.outer(centre, centre)


def _turn(axis: Float[np.ndarray, "2"]) -> float:
    degrees = float(np.degrees(np.arctan2(axis[1], axis[0]))) % 180.0
    return 0.0 if min(degrees, 180.0 - degrees) <= UPRIGHT else degrees


def _pair(values: np.ndarray) -> tuple[float, float]:
    return float(values[0]), float(values[1])

"""Between and beyond descriptors (paper, "Content and Style Interpolation").

Styles are mixed before the projector M, contents as they are.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError
from parasol.maths.distances import SMALLEST_NORM, unit


def mix(descriptors: Float[np.ndarray, "n d"], weights: Sequence[float]) -> Float[np.ndarray, " d"]:
    """Signed weighted sum of any number of descriptors, renormalised to a unit float32 descriptor.

    Only the ratios of the weights matter. A negative weight pushes away from its descriptor, a weight of 0 is as good
    as leaving it out, and the order is of no consequence.

    Raises:
        ValueError: there is not one finite weight for each descriptor, or they cancel and leave no direction.
    """
    if len(weights) != len(descriptors) or not np.all(np.isfinite(weights)):
        raise ParasolError(
            f"weights are {list(weights)} for {len(descriptors)} descriptors; pass one finite number for each"
        )
    shares = np.asarray(weights, dtype=np.float64)
    largest = float(np.abs(shares).max(initial=0.0))
    if largest == 0.0:
        raise ParasolError(f"weights are {list(weights)}; at least one must differ from 0")
    total = (shares / largest) @ unit(descriptors)
    if float(np.linalg.norm(total)) < SMALLEST_NORM:
        raise ParasolError(
            f"descriptors cancel under the weights {list(weights)}; choose weights that leave a direction"
        )
    return unit(total).astype(np.float32)


def slerp(a: Float[np.ndarray, " d"], b: Float[np.ndarray, " d"], share: float) -> Float[np.ndarray, " d"]:
    """Point on the great circle through two unit descriptors: a at share 0, b at 1, at constant angular speed.

    Shares outside 0..1 go on along the same circle. (Shoemake 1985.)

    Raises:
        ValueError: a vector has no direction, or a and b are opposite, so that no single arc joins them.
    """
    from_, to = unit(a), unit(b)
    # atan2 of the two diagonals keeps its digits at both ends, where arccos of the dot product loses half of them.
    angle = 2.0 * float(np.arctan2(np.linalg.norm(from_ - to), np.linalg.norm(from_ + to)))
    if np.pi - angle < SMALLEST_NORM:
        raise ParasolError(f"descriptors are opposite (angle {np.degrees(angle):.4f} degrees); go through a third one")
    if angle < SMALLEST_NORM:
        return unit(from_ + share * (to - from_)).astype(np.float32)
    arc = np.sin((1.0 - share) * angle) * from_ + np.sin(share * angle) * to
    return unit(arc).astype(np.float32)

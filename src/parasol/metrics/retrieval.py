"""Is the style picture found again from the result, and how far apart are the two?"""

import numpy as np
from jaxtyping import Float, Shaped


def retrieved(
    results: Float[np.ndarray, "N d"], styles: Float[np.ndarray, "N d"], subjects: Shaped[np.ndarray, " N"]
) -> Float[np.ndarray, " N"]:
    """1 where a result is nearer to its own style picture than to any other one of the list, else 0.

    By Euclidean distance of `in_deviations`; chance is 1 in the number of style pictures, which `subjects` names. None
    where there is one alone.
    """
    names, first, own = np.unique(subjects, return_index=True, return_inverse=True)
    if len(names) < 2:
        return np.zeros(0)
    queries, known = in_deviations(results, styles[first]), in_deviations(styles[first], styles[first])
    nearest = (np.square(known).sum(axis=1) - 2.0 * queries @ known.T).argmin(axis=1)
    return (nearest == own).astype(np.float64)


def apart(
    results: Float[np.ndarray, "N d"], styles: Float[np.ndarray, "N d"], subjects: Shaped[np.ndarray, " N"]
) -> Float[np.ndarray, " N"]:
    """Root mean square over features of result minus style picture, `in_deviations`; none for one style picture."""
    names, first = np.unique(subjects, return_index=True)
    if len(names) < 2:
        return np.zeros(0)
    difference = in_deviations(results, styles[first]) - in_deviations(styles, styles[first])
    return np.sqrt(np.square(difference).mean(axis=1))


def in_deviations(values: Float[np.ndarray, "N d"], gallery: Float[np.ndarray, "M d"]) -> Float[np.ndarray, "N k"]:
    """Features in units of their deviation over a gallery; those that are the same all over it are left out."""
    scale = gallery.std(axis=0)
    used = scale > 0.0
    return values[:, used] / scale[used]

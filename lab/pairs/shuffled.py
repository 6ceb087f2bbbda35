"""Is it the subject that leaks, or the texture? python -m lab shuffled PAIRS.json RESULTS ...

A content descriptor may see a style as well as a subject. So leakage (`metrics/leakage.py`, by EfficientNet-Lite0) is
counted twice: against the style pictures, and against the same pictures cut into squares and shuffled, which hold
their palette and texture and no subject. What the second does not have in excess of 0.5, the subject may have brought.
"""

import argparse
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float

from parasol.comparison.judges import LAST, Lite0
from parasol.comparison.measuring import check_complete
from parasol.comparison.paint import result_file
from parasol.comparison.pairs import read_pairs
from parasol.images import fit, load
from parasol.metrics.interval import mean_estimate
from parasol.metrics.leakage import leakage
from parasol.types import Picture, Record

SQUARE = 32  # px
DRAWS = 4  # shuffles of each picture, whose descriptors are averaged


def shuffled(picture: Float[np.ndarray, "H W 3"], square: int, seed: int) -> Float[np.ndarray, "h w 3"]:
    """The squares of a picture in another order; what is left over at the right and at the bottom is cut off."""
    down, across = picture.shape[0] // square, picture.shape[1] // square
    parts = picture[: down * square, : across * square].reshape(down, square, across, square, 3)
    squares = parts.transpose(0, 2, 1, 3, 4).reshape(down * across, square, square, 3)
    mixed = squares[np.random.default_rng(seed).permutation(len(squares))]
    laid = mixed.reshape(down, across, square, square, 3).transpose(0, 2, 1, 3, 4)
    return np.ascontiguousarray(laid.reshape(down * square, across * square, 3))


def leakages(pairs: Path, pictures: Path, results: Sequence[Path], size: int, first: int | None) -> dict[str, Record]:
    """Leakage of each folder of results, whole and shuffled, by the folder's name.

    Raises:
        ValueError: the pairs or a result cannot be read, or no two styles are by one hand.
    """
    listed = read_pairs(pairs, pictures, first)
    check_complete(listed, {folder.name: folder for folder in results})
    judge = Lite0()

    def features(picture: Picture) -> Float[np.ndarray, " C"]:
        return judge.maps(picture)[LAST].mean(axis=(1, 2))

    whole, mixed = dict[str, np.ndarray](), dict[str, np.ndarray]()
    for pair in listed:
        if pair.style_hash not in whole:
            style = fit(load(pair.style), size)
            whole[pair.style_hash] = features(style)
            draws = [features(shuffled(style, SQUARE, seed)) for seed in range(DRAWS)]
            mixed[pair.style_hash] = np.mean(draws, axis=0)
    subjects, groups = np.array([pair.style_hash for pair in listed]), np.array([pair.group for pair in listed])
    rates: dict[str, Record] = {}
    for folder in results:
        looks = np.stack([features(load(result_file(folder, pair))) for pair in listed])
        rates[folder.name] = {}
        for name, styles in (("whole", whole), ("shuffled", mixed)):
            references = np.stack([styles[pair.style_hash] for pair in listed])
            values = leakage(looks, references, subjects=subjects, groups=groups)
            if np.isnan(values).all():
                raise ValueError(f"no two style pictures of {str(pairs)!r} are by one hand: leakage is counted there")
            rates[folder.name][name] = mean_estimate(values[~np.isnan(values)]).rounded(4)
    return rates


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab shuffled", description=__doc__)
    parser.add_argument("pairs", type=Path, help="frozen pairs, whose groups are hands")
    parser.add_argument("results", type=Path, nargs="+", help="folders of results, as a comparison leaves them")
    parser.add_argument("--pictures", type=Path, required=True, help="folder that the pairs' paths start from")
    parser.add_argument("--size", type=int, default=256, help="longer side of results, px")
    parser.add_argument("--first", type=int, help="how many of the pairs")
    options = parser.parse_args(arguments)
    try:
        rates = leakages(options.pairs, options.pictures, options.results, options.size, options.first)
    except ValueError as error:
        parser.error(str(error))
    for name, rate in rates.items():
        print(json.dumps({"results": name, **rate}))
    return 0

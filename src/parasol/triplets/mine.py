"""Cross-modal search for supervision (paper section 1): x is given, its style picture s and content y are found.

For s: the k pictures of the style database nearest to a_x, without those too close to x in content; the nearest that
remains. For y: the k pictures of the semantics database nearest to c_x, without those too close to x in style. Labels
take no part in it; `purity` measures with them. Here are the rules; `task` searches by them.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.errors import ParasolError

NONE = -1


@dataclass(frozen=True, kw_only=True)
class Mining:
    """How triplets are mined.

    k: candidates looked at in each search. content_percentile, style_percentile: a candidate is refused when its
    similarity to x in the *other* space exceeds this percentile of the similarity of random pairs (a bare cosine would
    mean something else in every space). pairs: random pairs that set the thresholds. seed: of these pairs.

    duplicate_distance: a candidate nearer than this (1 - cosine, in the space that is searched) is x once more and
    refused; 0 refuses none. It is no percentile, for no sample of pairs holds enough copies to have one.

    confidence: percentile of the content margin below which a triplet is dropped; 0 keeps all, as the paper does. The
    margin is by how much y is more like x than the picture that `crowd` others precede: it is small, or negative, where
    x stands in a crowd of pictures that all look alike, and there the nearest is often another content.
    """

    k: int = 200
    content_percentile: float = 90.0
    style_percentile: float = 90.0
    pairs: int = 100_000
    seed: int = 0
    duplicate_distance: float = 0.0
    confidence: float = 0.0
    crowd: int = 8

    def __post_init__(self) -> None:
        for name in ("content_percentile", "style_percentile"):
            if not 0.0 < getattr(self, name) <= 100.0:
                raise ParasolError(f"{name} is {getattr(self, name)}; it must be above 0 and at most 100")
        if not 0.0 <= self.confidence < 100.0:
            raise ParasolError(f"confidence is {self.confidence}; it must be at least 0 and below 100")
        if not 0.0 <= self.duplicate_distance < 2.0:
            raise ParasolError(f"duplicate_distance is {self.duplicate_distance}; it must be at least 0 and below 2")
        for name in ("k", "pairs", "crowd"):
            if getattr(self, name) < 1:
                raise ParasolError(f"{name} is {getattr(self, name)}; it must be at least 1")

    @property
    def duplicate_limit(self) -> float:
        """The cosine from which a candidate counts as x itself once more."""
        return 1.0 - self.duplicate_distance if self.duplicate_distance else np.inf


@dataclass(frozen=True, kw_only=True)
class Triplets:
    """x, y, s: rows of the picture table, one triplet a row; every x has a partner of each kind.

    report: thresholds, and what became of candidates in each search (`results.summary`).
    """

    x: Int[np.ndarray, " N"]
    y: Int[np.ndarray, " N"]
    s: Int[np.ndarray, " N"]
    report: dict[str, float]


def split_databases(keys: list[str]) -> tuple[Bool[np.ndarray, " N"], Bool[np.ndarray, " N"]]:
    """Two disjoint databases, style and semantics, by a hash of each picture's key: half of the pictures each."""
    from hashlib import sha256

    style = np.array([sha256(key.encode()).digest()[0] % 2 == 0 for key in keys])
    return style, ~style


def crowd_cosine(
    cosines: Float[np.ndarray, "Q k"], itself: Bool[np.ndarray, "Q k"], crowd: int
) -> Float[np.ndarray, " Q"]:
    """Cosine of the candidate that `crowd` others precede, the query itself not counted; `cosines` descend.

    Where there are fewer candidates, the last one is taken.
    """
    place = crowd + itself[:, : crowd + 1].any(1)
    return np.take_along_axis(cosines, np.minimum(place, cosines.shape[1] - 1)[:, None], 1)[:, 0]


def purity(
    triplets: Triplets, style_labels: Int[np.ndarray, " N"], content_labels: Int[np.ndarray, " N"]
) -> dict[str, float]:
    """Share of triplets whose s is truly in x's style, whose y truly shows x's content; how often partners leak."""
    x, y, s = triplets.x, triplets.y, triplets.s
    return {
        "style_right": float((style_labels[s] == style_labels[x]).mean()),
        "content_right": float((content_labels[y] == content_labels[x]).mean()),
        "style_shares_content": float((content_labels[s] == content_labels[x]).mean()),
        "content_shares_style": float((style_labels[y] == style_labels[x]).mean()),
    }

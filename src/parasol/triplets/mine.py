"""Cross-modal search for supervision (paper section 1): x is given, its style picture s and content y are found.

For s: the k pictures of the style database nearest to a_x, without those too close to x in content; the nearest that
remains. For y: the k pictures of the semantics database nearest to c_x, without those too close to x in style. Labels
take no part in it; `purity` measures with them.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.errors import ParasolError
from parasol.index import nearest

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
class Variety:
    """Further partners of each x, so that training meets it in more than one pair.

    The nearest s has x's palette as well as its hand, and the nearest y is often drawn by a sibling of x's hand: of one
    pair alone a network learns that a style picture gives its colours, and how to copy.

    styles: of the nearest that remain, so many stand for s. contents: so many stand for y, of the nearest that remain;
    beyond the first only those whose own content margin reaches the percentile `confidence` of the first ones'.
    """

    styles: int = 1
    contents: int = 1
    confidence: float = 40.0

    def __post_init__(self) -> None:
        for name in ("styles", "contents"):
            if getattr(self, name) < 1:
                raise ParasolError(f"{name} is {getattr(self, name)}; it must be at least 1")
        if not 0.0 <= self.confidence < 100.0:
            raise ParasolError(f"confidence is {self.confidence}; it must be at least 0 and below 100")


@dataclass(frozen=True, kw_only=True)
class Triplets:
    """x, y, s: rows of the picture table, one triplet a row; every x has a partner of each kind.

    report: thresholds, candidates refused in each search, x left without a style or a content picture.
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


def threshold(descriptors: Float[np.ndarray, "N d"], percentile: float, pairs: int, seed: int) -> float:
    """The given percentile of the cosine between two random different pictures."""
    random = np.random.default_rng(seed)
    first, shift = random.integers(0, len(descriptors), pairs), random.integers(1, len(descriptors), pairs)
    second = (first + shift) % len(descriptors)
    cosines = np.einsum("pd,pd->p", descriptors[first], descriptors[second])
    return float(np.percentile(cosines, percentile))


def crowd_cosine(
    cosines: Float[np.ndarray, "Q k"], itself: Bool[np.ndarray, "Q k"], crowd: int
) -> Float[np.ndarray, " Q"]:
    """Cosine of the candidate that `crowd` others precede, the query itself not counted; `cosines` descend.

    Where there are fewer candidates, the last one is taken.
    """
    place = crowd + itself[:, : crowd + 1].any(1)
    return np.take_along_axis(cosines, np.minimum(place, cosines.shape[1] - 1)[:, None], 1)[:, 0]


@dataclass(frozen=True, kw_only=True)
class _Found:
    """Of each query the k nearest database rows, most similar first, and which of them may be its partner."""

    rows: Int[np.ndarray, "Q k"]
    cosines: Float[np.ndarray, "Q k"]
    itself: Bool[np.ndarray, "Q k"]
    refused: Bool[np.ndarray, "Q k"]

    @property
    def allowed(self) -> Bool[np.ndarray, "Q k"]:
        return ~self.refused & ~self.itself


def _look(
    near: Float[np.ndarray, "N a"],
    other: Float[np.ndarray, "N b"],
    queries: Int[np.ndarray, " Q"],
    database: Int[np.ndarray, " D"],
    limit: float,
    mining: Mining,
) -> _Found:
    """The database rows nearest in `near`; refused are those whose similarity in `other` is above `limit`."""
    found, cosines = nearest(near[queries], near[database], min(mining.k, len(database)))
    candidates = database[found]
    similarity = np.einsum("qd,qkd->qk", other[queries], other[candidates])
    return _Found(
        rows=candidates,
        cosines=cosines,
        itself=candidates == queries[:, None],
        refused=(similarity > limit) | (cosines > mining.duplicate_limit),
    )


def _partner(found: _Found, crowd: int) -> tuple[Int[np.ndarray, " Q"], Float[np.ndarray, " Q"], int]:
    """The nearest allowed row of each query, or NONE; its margin over the crowd; how many were refused before it."""
    allowed = found.allowed
    first, some = allowed.argmax(1), allowed.any(1)
    partner = np.where(some, np.take_along_axis(found.rows, first[:, None], 1)[:, 0], NONE)
    before = np.arange(allowed.shape[1])[None, :] < np.where(some, first, allowed.shape[1])[:, None]
    margin = np.take_along_axis(found.cosines, first[:, None], 1)[:, 0]
    margin = margin - crowd_cosine(found.cosines, found.itself, crowd)
    return partner, margin, int((found.refused & ~found.itself & before).sum())


def mine(
    style: Float[np.ndarray, "N a"],
    content: Float[np.ndarray, "N c"],
    queries: Int[np.ndarray, " Q"],
    style_database: Int[np.ndarray, " S"],
    semantics_database: Int[np.ndarray, " C"],
    mining: Mining,
    *,
    block: int = 1024,
) -> Triplets:
    """Triplets for the rows `queries` of a table of unit-norm descriptors; the two databases don't overlap.

    Deterministic. Raises ValueError where the databases share a row.
    """
    shared = np.intersect1d(style_database, semantics_database)
    if len(shared):
        raise ParasolError(f"{len(shared)} rows are in both databases; the paper's search needs two different ones")
    content_limit = threshold(content[queries], mining.content_percentile, mining.pairs, mining.seed)
    style_limit = threshold(style[queries], mining.style_percentile, mining.pairs, mining.seed)
    s, y, margins, refused_s, refused_y = [], [], [], 0, 0
    for start in range(0, len(queries), block):
        part = queries[start : start + block]
        looked = _look(style, content, part, style_database, content_limit, mining)
        partner, _, count = _partner(looked, mining.crowd)
        s.append(partner)
        refused_s += count
        looked = _look(content, style, part, semantics_database, style_limit, mining)
        partner, margin, count = _partner(looked, mining.crowd)
        y.append(partner)
        margins.append(margin)
        refused_y += count
    found_s, found_y = np.concatenate(s), np.concatenate(y)
    kept = (found_s != NONE) & (found_y != NONE)
    if mining.confidence and kept.any():
        margin = np.concatenate(margins)
        kept &= margin >= np.percentile(margin[kept], mining.confidence)
    report = {
        "queries": float(len(queries)),
        "triplets": float(kept.sum()),
        "content_limit": content_limit,
        "style_limit": style_limit,
        "style_candidates_refused": float(refused_s),
        "content_candidates_refused": float(refused_y),
        "without_style": float((found_s == NONE).sum()),
        "without_content": float((found_y == NONE).sum()),
    }
    return Triplets(x=queries[kept], y=found_y[kept], s=found_s[kept], report=report)


def vary(
    style: Float[np.ndarray, "N a"],
    content: Float[np.ndarray, "N c"],
    triplets: Triplets,
    style_database: Int[np.ndarray, " S"],
    semantics_database: Int[np.ndarray, " C"],
    mining: Mining,
    variety: Variety,
    *,
    block: int = 1024,
) -> tuple[Int[np.ndarray, "Q s"], Int[np.ndarray, "Q y"]]:
    """Partners (s, y) of each mined x, nearest first, from the search that found its triplet.

    An x with fewer partners than asked for meets them in turns, so that each place of a row is as good as another.
    """
    content_limit, style_limit = triplets.report["content_limit"], triplets.report["style_limit"]
    styles, contents, margins = [], [], []
    for start in range(0, len(triplets.x), block):
        part = triplets.x[start : start + block]
        looked = _look(style, content, part, style_database, content_limit, mining)
        styles.append(_first(looked, variety.styles)[0])
        looked = _look(content, style, part, semantics_database, style_limit, mining)
        rows, cosines = _first(looked, variety.contents)
        contents.append(rows)
        margins.append(cosines - crowd_cosine(looked.cosines, looked.itself, mining.crowd)[:, None])
    s, y, margin = np.concatenate(styles), np.concatenate(contents), np.concatenate(margins)
    sure = margin >= np.percentile(margin[:, 0], variety.confidence)
    sure[:, 0] = True
    return _in_turns(s, s != NONE), _in_turns(y, sure & (y != NONE))


def _first(found: _Found, count: int) -> tuple[Int[np.ndarray, "Q c"], Float[np.ndarray, "Q c"]]:
    """The first allowed rows of each query, with NONE where there are fewer, and their cosines."""
    order = np.argsort(~found.allowed, axis=1, kind="stable")[:, :count]
    allowed, rows, cosines = (
        np.take_along_axis(values, order, 1) for values in (found.allowed, found.rows, found.cosines)
    )
    return np.where(allowed, rows, NONE), cosines


def _in_turns(rows: Int[np.ndarray, "Q c"], good: Bool[np.ndarray, "Q c"]) -> Int[np.ndarray, "Q c"]:
    """The good entries of each row, over and over. The first of each row is good."""
    order = np.argsort(~good, axis=1, kind="stable")
    turns = np.arange(rows.shape[1])[None] % good.sum(1, keepdims=True)
    return np.take_along_axis(np.take_along_axis(rows, order, 1), turns, 1)


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

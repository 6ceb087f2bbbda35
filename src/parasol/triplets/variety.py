"""Further partners of each mined x: training meets it in more than one pair."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Bool, Float, Int

from parasol.errors import ParasolError
from parasol.index import nearest
from parasol.triplets.fixed_point import on_grid
from parasol.triplets.mine import NONE, Mining, Triplets, crowd_cosine


@dataclass(frozen=True, kw_only=True)
class Variety:
    """Further partners of each x, so that training meets it in more than one pair.

    The nearest s has x's palette as well as its style, and the nearest y is often of x's own style family: of one
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
class _Candidates:
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
) -> _Candidates:
    """The database rows nearest in `near`; refused are those whose similarity in `other` is above `limit`."""
    neighbours, cosines = nearest(near[queries], near[database], min(mining.k, len(database)))
    candidates = database[neighbours]
    similarity = np.einsum("qd,qkd->qk", other[queries], other[candidates])
    return _Candidates(
        rows=candidates,
        cosines=cosines,
        itself=candidates == queries[:, None],
        refused=(similarity > limit) | (cosines > mining.duplicate_limit),
    )


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
    """Partners (s, y) of each mined x, nearest first and the mined ones before all, by the rules that found them.

    An x with fewer partners than asked for meets them in turns, so that each place of a row is as good as another.
    Descriptors count on the miner's grid, where cosines and their order are exact.
    """
    style, content = on_grid(style), on_grid(content)
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
    near = y[:, 0] != NONE
    sure = margin >= (np.percentile(margin[near, 0], variety.confidence) if near.any() else np.inf)
    s[:, 0], y[:, 0] = triplets.s, triplets.y  # where none of the k nearest will do, the miner looked further
    sure[:, 0] = True
    return _in_turns(s, s != NONE), _in_turns(y, sure & (y != NONE))


def _first(candidates: _Candidates, count: int) -> tuple[Int[np.ndarray, "Q c"], Float[np.ndarray, "Q c"]]:
    """The first allowed rows of each query, with NONE where there are fewer, and their cosines."""
    order = np.argsort(~candidates.allowed, axis=1, kind="stable")[:, :count]
    allowed, rows, cosines = (
        np.take_along_axis(values, order, 1) for values in (candidates.allowed, candidates.rows, candidates.cosines)
    )
    return np.where(allowed, rows, NONE), cosines


def _in_turns(rows: Int[np.ndarray, "Q c"], good: Bool[np.ndarray, "Q c"]) -> Int[np.ndarray, "Q c"]:
    """The good entries of each row, over and over. The first of each row is good."""
    order = np.argsort(~good, axis=1, kind="stable")
    turns = np.arange(rows.shape[1])[None] % good.sum(1, keepdims=True)
    return np.take_along_axis(np.take_along_axis(rows, order, 1), turns, 1)

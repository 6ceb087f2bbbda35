"""One task of mining: the triplets of a block of rows, by tiles of the two databases. Pure: a function of its input."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from jaxtyping import Float, Int, Shaped

from parasol.index.table import Table
from parasol.triplets.best import Best
from parasol.triplets.descriptors import Descriptors
from parasol.triplets.fixed_point import on_grid
from parasol.triplets.mine import NONE, Mining, crowd_cosine
from parasol.triplets.plan import QUERY, SEMANTICS, STYLE, Plan, Roles

TRIPLET = np.dtype([("x", "<i8"), ("y", "<i8"), ("s", "<i8"), ("style", "<f4"), ("content", "<f4"), ("margin", "<f4")])
"""Rows of the table, NONE where there is no partner; cosines of x with s and with y; y's margin over the crowd."""

REASONS: tuple[str, ...] = ("itself", "duplicates", "too_close")
"""Why a candidate is refused, the first that holds: it is the query, a copy of it, too close in the other space."""

PART = 512  # queries in one product
TILE = 8192  # rows of the table read at once
DEPTHS = (8, 40)  # candidates are looked at nearest first, in so many steps


@dataclass(frozen=True, kw_only=True)
class Search:
    """One of the two searches: nearest in the space `near`, among pictures with `role`, not too close in `other`."""

    near: Table
    other: Table
    role: int
    size: int
    limit: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Queries:
    """Pictures that look for a partner, with their descriptors on the grid."""

    rows: Int[np.ndarray, " Q"]
    near: Float[np.ndarray, "Q a"]
    other: Float[np.ndarray, "Q b"]

    def __getitem__(self, some: slice | Int[np.ndarray, " n"]) -> "Queries":
        return Queries(rows=self.rows[some], near=self.near[some], other=self.other[some])


@dataclass(frozen=True, kw_only=True, eq=False)
class Partners:
    """What one search found: partners, their cosines, their margins over the crowd, what became of candidates."""

    rows: Int[np.ndarray, " Q"]
    cosines: Float[np.ndarray, " Q"]
    margins: Float[np.ndarray, " Q"]
    counts: dict[str, int]


@dataclass(frozen=True, kw_only=True, eq=False)
class Mined:
    """Result of a task: a record of dtype TRIPLET for each query, and counts."""

    triplets: Shaped[np.ndarray, " Q"]
    counts: dict[str, int]


def mine_block(descriptors: Descriptors, roles: Roles, plan: Plan, task: int) -> Mined:
    """The triplets of task `task` of a plan."""
    start = task * plan.block
    return mine_rows(descriptors, roles, plan, start + np.flatnonzero(roles[start : start + plan.block] & QUERY))


def mine_rows(descriptors: Descriptors, roles: Roles, plan: Plan, rows: Int[np.ndarray, " Q"]) -> Mined:
    """The triplets of some rows, by the rules and limits of a plan."""
    style, content = descriptors.style, descriptors.content
    for_s = Search(near=style, other=content, role=STYLE, size=plan.style_pictures, limit=plan.content_limit)
    for_y = Search(near=content, other=style, role=SEMANTICS, size=plan.content_pictures, limit=plan.style_limit)
    s, y = partners(for_s, roles, rows, plan.mining), partners(for_y, roles, rows, plan.mining)
    triplets = np.empty(len(rows), TRIPLET)
    triplets["x"], triplets["y"], triplets["s"] = rows, y.rows, s.rows
    triplets["style"], triplets["content"], triplets["margin"] = s.cosines, y.cosines, y.margins
    counts = {f"{name}_{what}": n for name, side in (("style", s), ("content", y)) for what, n in side.counts.items()}
    return Mined(triplets=triplets, counts={"queries": len(rows), **counts})


def partners(search: Search, roles: Roles, rows: Int[np.ndarray, " Q"], mining: Mining) -> Partners:
    """The nearest allowed picture of each row: among its k nearest, or else in the whole database."""
    queries = Queries(rows=rows, near=on_grid(search.near.take(rows)), other=on_grid(search.other.take(rows)))
    parts = [slice(at, at + PART) for at in range(0, len(rows), PART)]
    bests = [Best(len(rows[part]), min(mining.k, search.size)) for part in parts]
    products = np.empty(PART * TILE, np.float32)  # for all products: fresh pages for each would cost time
    for candidates, vectors in tiles(search.near, roles, search.role):
        for part, best in zip(parts, bests, strict=True):
            shape = (len(queries.rows[part]), len(candidates))
            cosines = products[: shape[0] * shape[1]].reshape(shape)
            best.absorb(np.matmul(queries.near[part], vectors.T, out=cosines), candidates)
    partner, counts = np.full(len(rows), NONE), Counter(dict.fromkeys(REASONS, 0))
    cosines, crowd = np.full(len(rows), -np.inf, np.float32), np.zeros(len(rows), np.float32)
    for part, best in zip(parts, bests, strict=True):
        candidates, near = best.result()
        first = _first_allowed(search, queries[part], candidates, near, mining, counts)
        some, place = first < near.shape[1], np.minimum(first, near.shape[1] - 1)[:, None]
        partner[part] = np.where(some, np.take_along_axis(candidates, place, 1)[:, 0], NONE)
        cosines[part] = np.take_along_axis(near, place, 1)[:, 0]
        crowd[part] = crowd_cosine(near, candidates == rows[part, None], mining.crowd)
    left = np.flatnonzero(partner == NONE)
    partner[left], cosines[left] = _fused(search, roles, queries[left], mining)
    none = int(np.count_nonzero(partner == NONE))
    counts.update(retried=len(left), rescued=len(left) - none, none_left=none)
    return Partners(rows=partner, cosines=cosines, margins=cosines - crowd, counts=dict(counts))


def tiles(table: Table, roles: Roles, role: int) -> Iterator[tuple[Int[np.ndarray, " T"], Float[np.ndarray, "T d"]]]:
    """Rows with `role` and their descriptors on the grid, a tile of the table at a time."""
    for start, vectors in table.tiles(TILE):
        chosen = np.flatnonzero(roles[start : start + len(vectors)] & role)
        if len(chosen):
            yield start + chosen, on_grid(vectors[chosen])


def _first_allowed(
    search: Search,
    queries: Queries,
    candidates: Int[np.ndarray, "Q k"],
    near: Float[np.ndarray, "Q k"],
    mining: Mining,
    counts: Counter[str],
) -> Int[np.ndarray, " Q"]:
    """Place of each query's first allowed candidate, k where there is none; counts why those before it are refused.

    Most queries are content with one of the first few, so few of the other space's descriptors are read.
    """
    k = candidates.shape[1]
    itself = candidates == queries.rows[:, None]
    duplicate = ~itself & (near > mining.duplicate_limit)
    first = np.full(len(candidates), k)
    for start, stop in pairwise([0, *(depth for depth in DEPTHS if depth < k), k]):
        looking = np.flatnonzero(first == k)
        here = np.s_[looking, start:stop]
        vectors = on_grid(search.other.take(candidates[here]).reshape(-1, queries.other.shape[1]))
        vectors = vectors.reshape(len(looking), stop - start, vectors.shape[1])
        cosines = (vectors @ queries.other[looking, :, None])[:, :, 0]
        too_close = (cosines > search.limit) & ~itself[here] & ~duplicate[here]
        allowed = ~(itself[here] | duplicate[here] | too_close)
        before = np.cumsum(allowed, axis=1) == 0
        for why, flags in zip(REASONS, (itself[here], duplicate[here], too_close), strict=True):
            counts[why] += int(np.count_nonzero(flags & before))
        some = allowed.any(axis=1)
        first[looking[some]] = start + allowed[some].argmax(axis=1)
    return first


def _fused(
    search: Search, roles: Roles, queries: Queries, mining: Mining
) -> tuple[Int[np.ndarray, " E"], Float[np.ndarray, " E"]]:
    """The nearest allowed picture of the whole database, both cosines of a tile in one pass; NONE where none is."""
    rows = queries.rows
    partner, cosines = np.full(len(rows), NONE), np.full(len(rows), -np.inf, np.float32)
    if not len(rows):
        return partner, cosines
    for candidates, vectors in tiles(search.near, roles, search.role):
        near, other = queries.near @ vectors.T, queries.other @ on_grid(search.other.take(candidates)).T
        refused = (candidates == rows[:, None]) | (near > mining.duplicate_limit) | (other > search.limit)
        near[refused] = -np.inf
        place = near.argmax(axis=1)  # the first of equals: the lower row
        best = near[np.arange(len(rows)), place]
        better = best > cosines
        partner[better], cosines[better] = candidates[place[better]], best[better]
    return partner, cosines

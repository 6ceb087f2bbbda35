"""What a mining run is to do: the rules, the two thresholds they come to, and who searches among whom.

A plan is made once and written before the work begins, so that every worker, and every run that goes on after a
kill, does the same.
"""

import hashlib
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int, UInt8

from parasol.errors import ParasolError, reading
from parasol.index.table import Table
from parasol.triplets.descriptors import Descriptors
from parasol.triplets.fixed_point import on_grid
from parasol.triplets.mine import Mining, split_databases

QUERY, STYLE, SEMANTICS = 1, 2, 4
"""Roles of a picture: it gets a triplet; it can be a style picture; it can be a content picture."""

BLOCK = 4096  # rows of the table whose triplets are one task
NORM = 0.02  # by how much a descriptor's length may differ from 1
GATHER = 8192  # pairs in memory at once

Roles = UInt8[np.ndarray, " N"]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """mining: the rules. index, version: folder of the descriptors, and which state of it. roles: hash of the roles.

    rows: of the table. block: rows whose triplets are one task. style_limit, content_limit: cosines above which a
    candidate is too close in the other space. style_pictures, content_pictures: size of either database.
    """

    mining: Mining
    index: str
    version: str
    roles: str
    rows: int
    queries: int
    block: int
    style_limit: float
    content_limit: float
    style_pictures: int
    content_pictures: int

    @property
    def tasks(self) -> int:
        """How many tasks the work is cut into; task i is the rows from i * block."""
        return -(-self.rows // self.block)

    def record(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)

    @staticmethod
    def of(record: dict[str, Any]) -> "Plan":
        """Inverse of `record`."""
        return Plan(**{**record, "mining": Mining(**record["mining"])})


def roles_of(keys: list[str], chosen: Bool[np.ndarray, " N"]) -> Roles:
    """Roles by the two disjoint databases of `split_databases`; pictures that are not chosen have none.

    keys: what names a picture wherever it lies.
    """
    style, semantics = split_databases(keys)
    return ((QUERY + STYLE * style + SEMANTICS * semantics) * chosen).astype(np.uint8)


def make_plan(descriptors: Descriptors, roles: Roles, mining: Mining, *, block: int = BLOCK) -> Plan:
    """The plan of mining every query of a table.

    Raises ValueError where a picture is in both databases, a database or the queries are empty, or a descriptor is
    not of length 1.
    """
    if len(roles) != len(descriptors):
        raise ParasolError(f"{len(roles)} roles are given for {len(descriptors)} pictures: give one for each")
    both = int(np.count_nonzero((roles & STYLE > 0) & (roles & SEMANTICS > 0)))
    if both:
        raise ParasolError(f"{both} rows are in both databases; the paper's search needs two different ones")
    sizes = {name: int(np.count_nonzero(roles & bit)) for name, bit in _NAMES.items()}
    for name, size in sizes.items():
        if size < 2:
            raise ParasolError(f"there are {size} {name}; mining needs at least 2 of them: give more pictures")
    queries = np.flatnonzero(roles & QUERY)
    return Plan(
        mining=mining,
        index=str(descriptors.index.folder.resolve()),
        version=descriptors.index.version,
        roles=hashlib.sha256(roles.tobytes()).hexdigest(),
        rows=len(descriptors),
        queries=len(queries),
        block=block,
        style_limit=pair_percentile(descriptors.style, queries, mining.style_percentile, mining),
        content_limit=pair_percentile(descriptors.content, queries, mining.content_percentile, mining),
        style_pictures=sizes["style pictures"],
        content_pictures=sizes["content pictures"],
    )


_NAMES = {"queries": QUERY, "style pictures": STYLE, "content pictures": SEMANTICS}


def pair_percentile(table: Table, rows: Int[np.ndarray, " n"], percentile: float, mining: Mining) -> float:
    """The percentile of the cosine of random pairs of different `rows`.

    Stratified: the first of each pair walks evenly through all rows, so every part of the table counts alike; the
    second is drawn. A function of table, rows, pairs and seed.
    """
    random = np.random.default_rng(mining.seed)
    first = np.arange(mining.pairs) * len(rows) // mining.pairs
    second = (first + random.integers(1, len(rows), mining.pairs)) % len(rows)
    cosines = np.empty(mining.pairs, np.float32)
    for start in range(0, mining.pairs, GATHER):
        part = slice(start, start + GATHER)
        a, b = on_grid(table.take(rows[first[part]])), on_grid(table.take(rows[second[part]]))
        _check_norm(a, rows[first[part]])
        cosines[part] = np.einsum("pd,pd->p", a, b)
    return float(np.percentile(cosines, percentile))


def _check_norm(vectors: Float[np.ndarray, "n d"], rows: Int[np.ndarray, " n"]) -> None:
    lengths = np.linalg.norm(vectors, axis=1)
    wrong = ~(np.abs(lengths - 1.0) <= NORM)
    if wrong.any():
        at = int(wrong.argmax())
        raise ParasolError(f"the descriptor in row {rows[at]} has length {lengths[at]:.4g}; it must be 1: normalise it")


def load_roles(path: Path, plan: Plan) -> Roles:
    """The roles of a plan, checked against its hash."""
    with reading(path):
        roles = np.load(path)
    if hashlib.sha256(roles.tobytes()).hexdigest() != plan.roles:
        raise ParasolError(f"{path} is not the file that the plan was made with: mine into another folder")
    return roles

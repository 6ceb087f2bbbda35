#!/usr/bin/env bash
# The same float vectors of different lengths are searched exhaustively with usearch, stored as float32 and as int8, by
# inner product and by squared distance.
# One would guess: int8 costs a little accuracy; the metric stays the metric.
# What happens: giving float vectors to an int8 index divides each by its own length before rounding. Inner product and
# squared distance then both rank by angle alone: a quarter to a third of the queries get the neighbour that is best by
# the metric asked for, nine tenths the one that is best by cosine. The vector 10, 10 is stored as 89, 89.
# The smaller floats (bf16, and the 8-bit e4m3) keep the lengths, and so does int8 if the caller rounds and passes int8.
# Scaling all vectors into -1 .. 1 first does not help, since each is divided by its own length all the same.
# What it costs: switching the type to save memory swaps the ranking of a recommender or of unnormalised features.
# A recall test on unit vectors sees nothing, since there the three metrics agree.
# Versions: usearch 2.26.6, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check usearch==2.26.6 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import sys
from importlib.metadata import version

import numpy as np
from usearch.index import Index

rng = np.random.default_rng(0)
base = (rng.standard_normal((500, 64)) * rng.uniform(0.2, 5, (500, 1))).astype(np.float32)
base /= np.abs(base).max()
queries = rng.standard_normal((200, 64)).astype(np.float32)
queries /= np.abs(queries).max()
product = queries @ base.T
best = {
    "ip": product.argmax(1),
    "l2sq": ((queries[:, None] - base) ** 2).sum(-1).argmin(1),
    "cos": (product / np.linalg.norm(base, axis=1)).argmax(1),
}


def first(metric, dtype, stored, asked):
    index = Index(ndim=64, metric=metric, dtype=dtype)
    index.add(np.arange(len(stored)), stored)
    return index.search(asked, 1, exact=True).keys[:, 0]


def as_int8(vectors):
    return np.round(vectors * 127).astype(np.int8)


print("usearch", version("usearch"))
share = {}
for metric in ("ip", "l2sq"):
    for dtype in ("f32", "bf16", "e4m3", "i8"):
        found = first(metric, dtype, base, queries)
        share[metric, dtype] = (found == best[metric]).mean(), (found == best["cos"]).mean()
    found = first(metric, "i8", as_int8(base), as_int8(queries))
    share[metric, "i8 given as int8"] = (found == best[metric]).mean(), (found == best["cos"]).mean()
for (metric, dtype), (own, angle) in share.items():
    print(f"metric {metric:4s} stored as {dtype:16s} best by {metric}: {own:4.0%}   best by angle: {angle:4.0%}")
as_recorded = all(
    share[metric, "f32"][0] > 0.99
    and share[metric, "e4m3"][0] > 0.8
    and share[metric, "i8 given as int8"][0] > 0.8
    and share[metric, "i8"][0] < 0.5
    and share[metric, "i8"][1] > 0.8
    for metric in ("ip", "l2sq")
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

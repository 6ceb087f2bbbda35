#!/usr/bin/env bash
# ReduceMean and ReduceSum in ONNX Runtime on the CPU, over an axis in the middle: tokens of (batch, tokens, width), or
# channels of (batch, channels, height, width). One picture's answer, alone and with others in the batch.
# One would guess: batch is the outermost axis, so a picture's sums do not depend on what it travels with; if they did,
# use_deterministic_compute=True or one thread would put an end to that.
# What happens: there are two orders of summing. The first is taken while the batch is smaller than the number of threads
# (on one thread: while it is 1), the other from there on. So the picture has other last bits alone than in company, on
# one thread even; with 8 threads it is 7 and 8 pictures that differ; and with a fixed batch of 3 it is 3 and 4 threads.
# use_deterministic_compute changes nothing. Sums over the last axis are free of it, but a Transpose that makes the axis
# the last does not help: the optimiser takes it away again and sums over the middle.
# What it costs: pictures computed in batches and resumed one by one are not the same bytes; "the same on any number of
# threads" holds in a test with a batch of one or on few cores, and fails on a server.
# Way out: fill batches up so that they are never smaller than the threads (nor than 2); or transpose outside the graph.
# Versions: onnxruntime 1.32.0, onnx 1.23.2, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check onnxruntime==1.32.0 onnx==1.23.2 numpy==2.4.6
cd "$dir"
"$dir/venv/bin/python" - <<'PY'
import sys

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper

THREADS, BATCHES = (1, 2, 4, 8), range(1, 10)
LAYOUTS = {"tokens": (1000, 64), "channels": (64, 24, 24)}


def session(kind, rank, threads, last=False, optimise=True):
    """y = the mean or sum of x over axis 1; with last, by a transposition and the last axis."""
    order = [0, *range(2, rank), 1]
    nodes = [helper.make_node("Transpose", ["x"], ["z"], perm=order)] if last else []
    nodes.append(helper.make_node(kind, ["z" if last else "x", "axis"], ["y"], keepdims=0))
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["n", *(f"d{k}" for k in range(1, rank))])
    y = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    axis = helper.make_tensor("axis", TensorProto.INT64, [1], [rank - 1 if last else 1])
    graph = helper.make_graph(nodes, "mean", [x], [y], [axis])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.use_deterministic_compute = True
    if not optimise:
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


print("onnxruntime", onnxruntime.__version__, "- onnx", onnx.__version__)
rng = np.random.default_rng(0)
as_recorded = True
for kind in ("ReduceMean", "ReduceSum"):
    for name, shape in LAYOUTS.items():
        pictures = rng.normal(size=(max(BATCHES), *shape)).astype(np.float32)
        seen, turned = {}, {True: set(), False: set()}
        for threads in THREADS:
            run = session(kind, pictures.ndim, threads).run
            seen[threads] = [run(None, {"x": pictures[:batch]})[0][0].tobytes() for batch in BATCHES]
            for optimise, answers in turned.items():
                run = session(kind, pictures.ndim, threads, last=True, optimise=optimise).run
                answers |= {run(None, {"x": pictures[:batch]})[0][0].tobytes() for batch in BATCHES}
        kinds = list(dict.fromkeys(one for row in seen.values() for one in row))
        for threads, row in seen.items():
            ways = "".join("AB"[kinds.index(one)] if len(kinds) == 2 else "?" for one in row)
            print(f"{kind:10s} {name:8s} {threads} threads, first picture's bytes in batches of 1 to 9: {ways}")
            as_recorded &= ways == "".join("A" if batch < max(threads, 2) else "B" for batch in BATCHES)
        first, second = (np.frombuffer(one, np.float32) for one in kinds[:2]) if len(kinds) > 1 else (np.zeros(1),) * 2
        print(f"{kind:10s} {name:8s} numbers that differ: {np.mean(first != second):.0%}; reduced axis made the last:"
              f" {len(turned[False])} answer, once the graph is optimised {len(turned[True])}")
        as_recorded &= len(kinds) == 2 and len(turned[False]) == 1 and turned[True] == set(kinds)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

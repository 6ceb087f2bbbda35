#!/usr/bin/env bash
# onnxslim on a convolution whose result is multiplied by a fixed window: one weight for each column, shape (64,), as for
# a taper towards the border, a blend of tiles or a weight by latitude.
# One would guess: a factor may go into the convolution's weights if it is one for each channel; this one is not, so the
# Mul stays.
# What happens: onnxslim drops the axes of length 1 and compares what is left with the number of channels. If the picture
# is as wide as the convolution has channels, the window goes into the weights, channel by channel: the taper over the
# columns becomes a fading over the channels. The same for weights of rows, (64, 1). With 64 channels a picture 63 or 65
# wide is right. Add in place of Mul is right at every size.
# What it costs: channels and sides are both powers of two as a rule, so the one wrong size is a usual one; shapes fit, no
# error, no warning, and the result is another picture. onnxsim and ONNX Runtime's own optimiser keep the Mul.
# Way out: skip_fusion_patterns=["FusionConvMul"], or run both graphs on random numbers before the slim one is used.
# Versions: onnxslim 0.1.98, onnxsim 0.8.1, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    onnxslim==0.1.98 onnxsim==0.8.1 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$dir"
HOME="$dir" ORT_DISABLE_TELEMETRY=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import copy
import sys

import numpy as np
import onnx
import onnxruntime as ort
import onnxsim
import onnxslim
from onnx import TensorProto, helper, numpy_helper

ort.set_default_logger_severity(3)
CHANNELS = 64
OFF, ALL = ort.GraphOptimizationLevel.ORT_DISABLE_ALL, ort.GraphOptimizationLevel.ORT_ENABLE_ALL
rng = np.random.default_rng(0)
weights = rng.standard_normal((CHANNELS, 3, 1, 1)).astype(np.float32)


def model(operator, window, high, wide):
    graph = helper.make_graph(
        [helper.make_node("Conv", ["x", "weights"], ["t"]), helper.make_node(operator, ["t", "window"], ["y"])], "g",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", 3, high, wide])],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, ["batch", CHANNELS, high, wide])],
        [numpy_helper.from_array(weights, "weights"), numpy_helper.from_array(window, "window")],
    )
    one = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    onnx.checker.check_model(one, full_check=True)
    return one


def run(one, x, level=OFF):
    options = ort.SessionOptions()
    options.graph_optimization_level = level
    return ort.InferenceSession(one.SerializeToString(), options, providers=["CPUExecutionProvider"]).run(None, {"x": x})[0]


print("onnxslim", onnxslim.__version__, "onnxsim", onnxsim.__version__, "onnxruntime", ort.__version__)
wrong, others = {}, []
cases = [
    ("Mul", "columns", (63,), 48, 63), ("Mul", "columns", (64,), 48, 64), ("Mul", "columns", (65,), 48, 65),
    ("Mul", "rows", (64, 1), 64, 48), ("Mul", "channels", (64, 1, 1), 48, 64),
    ("Add", "columns", (64,), 48, 64), ("Add", "rows", (64, 1), 64, 48),
]
for operator, name, shape, high, wide in cases:
    window = np.sin(np.linspace(0.1, np.pi - 0.1, max(shape))).astype(np.float32).reshape(shape)
    x = rng.standard_normal((2, 3, high, wide)).astype(np.float32)
    plain = np.einsum("oi,bihw->bohw", weights[:, :, 0, 0], x)
    right = plain * window if operator == "Mul" else plain + window
    one = model(operator, window, high, wide)
    slim = onnxslim.slim(copy.deepcopy(one))
    seen = run(slim, x)
    wrong[operator, name, shape] = float(np.abs(seen - right).max())
    again = onnxslim.slim(copy.deepcopy(one), skip_fusion_patterns=["FusionConvMul"])
    graphs = (run(one, x), run(one, x, ALL), run(onnxsim.simplify(one)[0], x), run(again, x))
    others += [float(np.abs(other - right).max()) for other in graphs]
    print(f"{operator} by {name:8s} {str(shape):14s} picture {high} x {wide}: onnxslim leaves",
          [node.op_type for node in slim.graph.node], f"wrong by {wrong[operator, name, shape]:.4f}")
    if (operator, name, shape) == ("Mul", "columns", (64,)):
        by_channel = float(np.abs(seen - plain * window[:, None, None]).max())
print(f"64 columns: what onnxslim gives differs from weights by channel by {by_channel:.6f}")
print(f"the graph as it is, ONNX Runtime's optimiser, onnxsim, onnxslim without that pass: wrong by {max(others):.6f} at most")
bad = {key for key, value in wrong.items() if value > 0.1}
as_recorded = (
    bad == {("Mul", "columns", (64,)), ("Mul", "rows", (64, 1))}
    and all(value < 1e-3 for key, value in wrong.items() if key not in bad)
    and by_channel < 1e-3 and max(others) < 1e-3
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

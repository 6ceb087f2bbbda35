#!/usr/bin/env bash
# torch's avg_pool2d with divisor_override, which says what the sum of a window is divided by: 1 gives sums, as for an
# integral picture, for blocks that are counted, or for energy that is kept. Exported to ONNX.
# One would guess: both exporters write the divisor as a multiplication, or refuse what AveragePool cannot say.
# What happens: both leave it out. torch gives sums; the graph of the older exporter and that of the new one (dynamo)
# give means, four times smaller for windows of two by two. No error, no warning.
# What it costs: everything after it is scaled wrongly by a fixed factor, which norms further on may hide in part.
# Way out: avg_pool2d(x, k) * (k * k / divisor) in the module itself.
# Versions: torch 2.13.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    torch==2.13.0 onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$dir"
HOME="$dir" ORT_DISABLE_TELEMETRY=1 "$dir/venv/bin/python" - <<'PY'
import logging
import sys
import warnings

import onnxruntime as ort
import onnxscript
import torch
from torch.nn.functional import avg_pool2d

logging.disable(logging.WARNING)
ort.set_default_logger_severity(3)


class Sums(torch.nn.Module):
    def __init__(self, divisor):
        super().__init__()
        self.divisor = divisor

    def forward(self, x):
        return avg_pool2d(x, 2, divisor_override=self.divisor)


x = torch.arange(1.0, 17.0).reshape(1, 1, 4, 4)
print("torch", torch.__version__, "onnxscript", onnxscript.__version__, "onnxruntime", ort.__version__)
factors, words = {}, []
for divisor in (None, 4, 1, 3):
    eager = Sums(divisor)(x).numpy()
    for dynamo in (False, True):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            torch.onnx.export(Sums(divisor), (x,), "graph.onnx", input_names=["x"], dynamo=dynamo, verbose=False)
        words += [str(one.message) for one in caught if "divisor" in str(one.message).lower()]
        made = ort.InferenceSession("graph.onnx", providers=["CPUExecutionProvider"]).run(None, {"x": x.numpy()})[0]
        ratio = eager / made
        assert abs(ratio - ratio.flat[0]).max() < 1e-5
        factors[divisor, dynamo] = round(float(ratio.flat[0]), 4)
        print(f"divisor_override={divisor}, dynamo={dynamo}: torch gives {factors[divisor, dynamo]} times what the graph gives")
print("warnings that name the divisor:", words)
wanted = {None: 1.0, 4: 1.0, 1: 4.0, 3: 1.3333}
as_recorded = not words and all(factor == wanted[divisor] for (divisor, _), factor in factors.items())
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

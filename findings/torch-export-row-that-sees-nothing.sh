#!/usr/bin/env bash
# scaled_dot_product_attention with a boolean mask in which one query may attend to nothing, as a row of padding or a
# condition of which every token is left out; exported by torch.onnx.export with dynamo=True.
# One would guess: the graph says what torch says for that row, or the export is refused.
# What happens: torch gives zeros. The graphs of opset 18 and of 20, the default, give the plain mean of all values: what
# the mask was to keep out comes in whole. In opset 23, which has an operator Attention, and from the older exporter
# (dynamo=False) the row is zeros. Rows that may attend to something are right everywhere.
# What it costs: a picture without a condition, as guidance asks for, is drawn under the mean of all conditions. Shapes
# fit, numbers are finite, the exporter's own comparison has no such row unless one is given, and no word is said.
# Way out: opset_version=23, or a token that every query may attend to, or a mask that is multiplied on afterwards.
# Versions: torch 2.13.0, onnxscript 0.7.2, onnx 1.23.2, onnxruntime 1.32.0, numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    torch==2.13.0 onnxscript==0.7.2 onnx==1.23.2 onnxruntime==1.32.0 numpy==2.4.6
cd "$dir"
HOME="$dir" ORT_DISABLE_TELEMETRY=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import logging
import sys

import numpy as np
import onnx
import onnxruntime as ort
import onnxscript
import torch
from torch.nn.functional import scaled_dot_product_attention

logging.disable(logging.WARNING)
ort.set_default_logger_severity(3)
torch.manual_seed(0)


class Attend(torch.nn.Module):
    def forward(self, query, key, value, mask):
        return scaled_dot_product_attention(query, key, value, attn_mask=mask)


query, key, value = (torch.randn(1, 2, 4, 8) for _ in range(3))
mask = torch.ones(1, 1, 4, 4, dtype=torch.bool)
mask[0, 0, 1] = False  # the second query may attend to nothing
mask[0, 0, 2, 2:] = False
given = (query, key, value, mask)
eager = Attend()(*given).numpy()
mean = value.numpy().mean(axis=2)
others = [0, 2, 3]


def seen(**how):
    torch.onnx.export(Attend(), given, "graph.onnx", input_names=["q", "k", "v", "m"], verbose=False, **how)
    opset = next(part.version for part in onnx.load("graph.onnx").opset_import if part.domain == "")
    session = ort.InferenceSession("graph.onnx", providers=["CPUExecutionProvider"])
    made = session.run(None, dict(zip("qkvm", (part.numpy() for part in given), strict=True)))[0]
    assert np.abs(made[:, :, others] - eager[:, :, others]).max() < 1e-5
    row = made[:, :, 1]
    kind = "zeros" if not row.any() else "the mean of all values" if np.allclose(row, mean, atol=1e-5) else "else"
    print(f"{how!s:44} opset {opset}: the row that may attend to nothing is {kind}")
    return opset, kind


print("torch", torch.__version__, "onnxscript", onnxscript.__version__, "onnxruntime", ort.__version__)
print("torch itself: that row is", "zeros" if not eager[:, :, 1].any() else eager[0, 0, 1])
rows = [
    seen(dynamo=True), seen(dynamo=True, opset_version=18), seen(dynamo=True, opset_version=20),
    seen(dynamo=True, opset_version=23), seen(dynamo=False, opset_version=20),
]
average = "the mean of all values"
as_recorded = not eager[:, :, 1].any() and rows == [
    (20, average), (18, average), (20, average), (23, "zeros"), (20, "zeros")
]
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

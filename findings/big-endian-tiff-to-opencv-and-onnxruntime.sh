#!/usr/bin/env bash
# A 16-bit TIFF in big-endian order ("MM", as scanners and editors write it) is opened with Pillow, turned into an array,
# and handed to OpenCV and to ONNX Runtime.
# One would guess: the right numbers, or an error about the byte order. numpy itself computes rightly with the array.
# What happens: Pillow keeps the file's order (mode I;16B, dtype >u2). OpenCV and ONNX Runtime look at the kind and size
# of the items alone and read every number with its two bytes swapped: 260 becomes 1025. No error, no warning.
# safetensors saves the same array rightly, so each library has its own answer.
# What it costs: the picture looks like noise only for some files of a set, by who wrote them; the largest and smallest
# values stay plausible, so range checks pass. OpenCV's own reader is right with the same file, which hides the cause.
# Way out: array.astype(array.dtype.newbyteorder("=")) before the hand-over.
# Versions: pillow 13.0.0, numpy 2.4.6, opencv-python-headless 5.0.0.93, onnx 1.23.2, onnxruntime 1.32.0, safetensors 0.8.0.
# Holds on little-endian machines.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check pillow==13.0.0 numpy==2.4.6 \
  opencv-python-headless==5.0.0.93 onnx==1.23.2 onnxruntime==1.32.0 safetensors==0.8.0
cd "$dir"
HOME="$dir" ORT_DISABLE_TELEMETRY=1 "$dir/venv/bin/python" - <<'PY'
import sys

import cv2
import numpy as np
import onnxruntime
from onnx import TensorProto, helper
from PIL import Image
from safetensors.numpy import load, save

truth = (np.arange(64) * 260).astype(np.uint16).reshape(8, 8)
Image.frombytes("I;16B", (8, 8), truth.astype(">u2").tobytes()).save("scan.tif")
with Image.open("scan.tif") as image:
    mode, array = image.mode, np.asarray(image)

value = helper.make_tensor_value_info
graph = helper.make_graph(
    [helper.make_node("Cast", ["x"], ["y"], to=TensorProto.FLOAT)],
    "cast",
    [value("x", TensorProto.UINT16, [8, 8])],
    [value("y", TensorProto.FLOAT, [8, 8])],
)
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 21)], ir_version=10)
session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

seen = {
    "numpy, array * 1.0": array * 1.0,
    "OpenCV's own reader": cv2.imread("scan.tif", cv2.IMREAD_UNCHANGED),
    "safetensors, there and back": load(save({"a": array}))["a"],
    "OpenCV, 1 x 1 blur": cv2.blur(array, (1, 1)),
    "ONNX Runtime, Cast to float": session.run(None, {"x": array})[0],
}
print("OpenCV", cv2.__version__, "- ONNX Runtime", onnxruntime.__version__)
print("Pillow opens the file as mode", mode, "and the array is", array.dtype.str)
print("true values                 ", truth[0, :4].tolist())
swapped = truth.byteswap()
verdict = {}
for name, result in seen.items():
    verdict[name] = "right" if np.array_equal(result, truth) else "swapped" if np.array_equal(result, swapped) else "other"
    print(f"{name:28s}", result[0, :4].tolist(), verdict[name])
as_recorded = list(verdict.values()) == ["right", "right", "right", "swapped", "swapped"] and array.dtype.str == ">u2"
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

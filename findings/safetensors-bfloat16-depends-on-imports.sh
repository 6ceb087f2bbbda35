#!/usr/bin/env bash
# A safetensors file with one bfloat16 tensor, and no other, is read with safetensors.numpy.
# One would guess: it is read, or refused, whatever else the program has imported.
# What happens: the same line in the same environment raises "data type 'bfloat16' not understood" in a plain program and
# works if onnx has been imported, by anyone, for anything. safetensors asks numpy for a type by its name; numpy does not
# know the name; importing ml_dtypes tells it, and onnx imports ml_dtypes. The package ml_dtypes being installed is not
# enough. onnxruntime, which runs the same models, does not import it.
# What it costs: tests and tools that export a model pass, since they import onnx; the service that only reads the weights
# fails, or fails after an unrelated import was moved into a function.
# Versions: safetensors 0.8.0, numpy 2.4.6, onnx 1.23.2, onnxruntime 1.32.0, ml_dtypes 0.6.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check safetensors==0.8.0 numpy==2.4.6 onnx==1.23.2 \
  onnxruntime==1.32.0 ml-dtypes==0.6.0
cd "$dir"
export HOME="$dir" ORT_DISABLE_TELEMETRY=1
python="$dir/venv/bin/python"
"$python" - <<'PY'
import json
import struct

head = json.dumps({"w": {"dtype": "BF16", "shape": [3], "data_offsets": [0, 6]}}).encode()
head += b" " * (-len(head) % 8)
values = struct.pack("<3H", 0x3F80, 0x4000, 0xBF00)  # 1, 2, -0.5
with open("weights.safetensors", "wb") as file:
    file.write(struct.pack("<Q", len(head)) + head + values)
PY
"$python" -c 'from importlib.metadata import version; print("safetensors", version("safetensors"), "- onnx", version("onnx"))'
changed=0
check() { # wanted answer, module imported before
  local answer
  answer=$("$python" -c "
import $2
from safetensors.numpy import load_file
try:
    print(load_file('weights.safetensors')['w'].tolist())
except TypeError as error:
    print('TypeError:', error)")
  echo "import $2, then load_file: $answer"
  [ "$answer" = "$1" ] || changed=1
}
check "TypeError: data type 'bfloat16' not understood" numpy
check "TypeError: data type 'bfloat16' not understood" onnxruntime
check "[1.0, 2.0, -0.5]" onnx
check "[1.0, 2.0, -0.5]" ml_dtypes
if [ "$changed" = 0 ]; then echo "as recorded"; else echo "CHANGED"; fi
exit "$changed"

#!/usr/bin/env bash
# torch.nn.functional.group_norm on the CPU, of one tensor in two memory layouts: contiguous and channels_last.
# One would guess: a layout is a matter of speed. The sums may run in another order, so the last bits may differ.
# What happens: the channels_last kernel takes the variance as the mean of squares less the square of the mean, the
# contiguous one does not. The digits that these two have in common are lost: features of standard deviation 0.1 around
# 10 come out wrong by 0.06, around 100 by more than 100 (right values lie within 5), and a bfloat16 tensor around 16 is
# wrong by 6. The gradients go with it. batch_norm and instance_norm are sound in both layouts.
# What it costs: nothing says that the path was changed. A convolution whose weights are channels_last answers in
# channels_last, so `net.to(memory_format=torch.channels_last)`, done for speed, can make a network with GroupNorm
# (any UNet of a diffusion model) give other pictures, and only where its features sit far from zero.
# Way out: x.contiguous() in front of the norm, or take a mean off first (a shift per group changes nothing else).
# Versions: torch 2.13.0 (seen in 2.9.0 as well), numpy 2.4.6.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 torch==2.13.0
cd "$dir"
"$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import torch
import torch.nn.functional as F

LAST = torch.channels_last
NORMS = {
    "group_norm": lambda x: F.group_norm(x, 4),
    "batch_norm": lambda x: F.batch_norm(x, None, None, training=True),
    "instance_norm": F.instance_norm,
}


def wrong_by(norm, x):
    """The largest error of both layouts against float64, contiguous; and whether the layout was kept."""
    right = norm(x.double())
    return tuple((norm(one).double() - right).abs().max().item() for one in (x, x.contiguous(memory_format=LAST)))


print("torch", torch.__version__)
torch.manual_seed(0)
noise = 0.1 * torch.randn(2, 16, 128, 128, dtype=torch.float64)
found = {}
for name, norm in NORMS.items():
    for mean in (0, 1, 10, 100):
        found[name, mean] = plain, last = wrong_by(norm, (noise + mean).float())
        print(f"{name:13s} float32  around {mean:3d}: wrong by {plain:.1e} contiguous, {last:.1e} channels_last")
half = wrong_by(NORMS["group_norm"], (noise + 16).bfloat16())
print(f"group_norm    bfloat16 around  16: wrong by {half[0]:.1e} contiguous, {half[1]:.1e} channels_last")
gradients = []
weights = torch.randn(noise.shape)
for one in (noise + 10, (noise + 10).float(), (noise + 10).float().contiguous(memory_format=LAST)):
    one.requires_grad_()
    (F.group_norm(one, 4) * weights).sum().backward()
    gradients.append(one.grad.double())
slope = [((one - gradients[0]).abs().max() / gradients[0].abs().max()).item() for one in gradients[1:]]
print(f"gradient of group_norm, around 10: wrong by {slope[0]:.1e} contiguous, {slope[1]:.1e} channels_last (relative)")
shifted = (noise + 100).float().contiguous(memory_format=LAST)
means = shifted.unflatten(1, (4, 4)).mean((2, 3, 4)).repeat_interleave(4, 1)[..., None, None]
mended = (F.group_norm(shifted - means, 4).double() - F.group_norm(shifted.double().contiguous(), 4)).abs().max().item()
print(f"around 100 in channels_last, its mean taken off first: wrong by {mended:.1e}")
layer = torch.nn.Conv2d(3, 16, 3).to(memory_format=LAST)
follows = layer(torch.zeros(1, 3, 8, 8)).is_contiguous(memory_format=LAST)
print("a contiguous picture through a channels_last convolution comes out channels_last:", follows)
as_recorded = (
    all(found["group_norm", mean][1] > 100 * found["group_norm", mean][0] for mean in (1, 10, 100))
    and found["group_norm", 0][1] < 1e-4
    and found["group_norm", 100][1] > 0.5 > 1e-3 > found["group_norm", 100][0]
    and all(max(found[name, mean]) < 1e-2 for name, mean in found if name != "group_norm")
    and half[1] > 0.2 > 0.05 > half[0]
    and slope[1] > 10 * slope[0]
    and mended < 1e-2
    and follows
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

#!/usr/bin/env bash
# A LoRA is set to half its strength with set_adapters(..., 0.5). Then one picture is made without it, by the scale of the
# call: cross_attention_kwargs={"scale": 0}. Then one more as before.
# One would guess: the scale of a call is for that call alone, as it is for 0.5 or 2; the third picture is the first.
# What happens: the call multiplies the adapters' weights by its scale and divides them by it afterwards. For 0 it cannot
# divide, and puts them to 1 instead, whatever they were: the LoRA is at full strength from then on, and of two adapters
# set to 0.7 and 0.3 both are at 1. The call at 0 itself is right. No error, no warning, and get_active_adapters() shows
# names only.
# What it costs: "with and without" comparisons and sweeps of the scale that begin at 0 show a LoRA of another strength
# in every later picture, by the order in which they were made; a server keeps it so for all who come after.
# Way out: switch the network's adapters off with disable_adapters() and on with enable_adapters(), or call set_adapters
# again.
# Versions: diffusers 0.42.1, peft 0.21.2, torch 2.13.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 torch==2.13.0 diffusers==0.42.1 transformers==5.24.0 accelerate==1.15.0 peft==0.21.2
cd "$dir"
HOME="$dir" HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import copy
import sys

import diffusers
import peft
import torch
from diffusers import UNet2DConditionModel
from peft import LoraConfig
from peft.tuners.tuners_utils import BaseTunerLayer

torch.manual_seed(0)
plain = UNet2DConditionModel(
    sample_size=8, layers_per_block=1, block_out_channels=(8, 16), norm_num_groups=4, cross_attention_dim=8,
    down_block_types=("DownBlock2D", "CrossAttnDownBlock2D"), up_block_types=("CrossAttnUpBlock2D", "UpBlock2D"),
    attention_head_dim=4,
).eval()
noise, words = torch.randn(1, 4, 8, 8), torch.randn(1, 3, 8)


@torch.no_grad()
def picture(net, scale=None):
    kwargs = None if scale is None else {"scale": scale}
    return net(noise, 500, words, cross_attention_kwargs=kwargs).sample


def lora(*names):
    net = copy.deepcopy(plain)
    torch.manual_seed(1)
    for name in names:
        net.add_adapter(LoraConfig(r=4, lora_alpha=4, init_lora_weights=False, target_modules=["to_q", "to_v"]), name)
    return net


def by_hand(net, weights):
    """The network without peft, its matrices moved by the LoRA's product times each weight."""
    bare = copy.deepcopy(plain)
    for path, layer in net.named_modules():
        if isinstance(layer, BaseTunerLayer):
            for name, weight in weights.items():
                move = layer.lora_B[name].weight.detach() @ layer.lora_A[name].weight.detach()
                bare.get_submodule(path).weight.data += weight * move
    return picture(bare)


def far(one, other):
    return (one - other).abs().max().item()


print("diffusers", diffusers.__version__, "peft", peft.__version__, "torch", torch.__version__)
net = lora("ink")
half, full = by_hand(net, {"ink": 0.5}), by_hand(net, {"ink": 1.0})
net.set_adapters("ink", 0.5)
seen = {"at first": picture(net)}
for scale in (0.5, 2.0, 0.0):
    during = picture(net, scale)
    print(f"call with scale {scale}: differs from the matrices moved by {0.5 * scale}: "
          f"{far(during, by_hand(net, {'ink': 0.5 * scale})):.6f}")
    seen[f"after scale {scale}"] = picture(net)
for when, one in seen.items():
    print(f"{when:16s} differs from half strength by {far(one, half):.6f}, from full strength by {far(one, full):.6f}")
two = lora("ink", "wash")
before, after = {"ink": 0.7, "wash": 0.3}, {"ink": 1.0, "wash": 1.0}
two.set_adapters(["ink", "wash"], [0.7, 0.3])
first = picture(two)
picture(two, 0.0)
second = picture(two)
print(f"two adapters at 0.7 and 0.3: differs by {far(first, by_hand(two, before)):.6f} before a call at 0, by "
      f"{far(second, by_hand(two, before)):.6f} after it (from both at 1: {far(second, by_hand(two, after)):.6f})")
net.set_adapters("ink", 0.5)
net.disable_adapters()
off = far(picture(net), picture(plain))
net.enable_adapters()
back = far(picture(net), half)
print(f"disable_adapters: differs from the plain network by {off:.6f}, after enable_adapters from half by {back:.6f}")
NEAR, FAR = 1e-5, 1e-3
as_recorded = (
    far(half, full) > FAR
    and all(far(seen[when], half) < NEAR for when in ("at first", "after scale 0.5", "after scale 2.0"))
    and far(seen["after scale 0.0"], half) > FAR and far(seen["after scale 0.0"], full) < NEAR
    and far(first, by_hand(two, before)) < NEAR
    and far(second, by_hand(two, before)) > FAR and far(second, by_hand(two, after)) < NEAR
    and off < NEAR and back < NEAR
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

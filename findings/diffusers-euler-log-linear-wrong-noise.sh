#!/usr/bin/env bash
# EulerDiscreteScheduler of diffusers with interpolation_type="log_linear", one of its two documented values.
# One would guess: the noise levels at the timesteps are read between the trained ones by their logarithm instead of by
# their value; at whole timesteps that is no change at all.
# What happens: the levels are spread evenly in the logarithm over the whole range, and the timesteps stay where they
# were. The network is told one level and its answer is used at another: the fifth of ten steps has noise 1.22 and is
# told 1.95, the ninth has 0.10 and is told 0.37. There is one level too many as well, so the last step ends at 0.03 and
# never at 0. The other ways to space levels (Karras, exponential) move their timesteps along.
# What it costs: samples of a spread of 0.5 come out with 0.46, 0.57 or 0.15, by whether the network predicts noise, v or
# the picture; no error, no warning, and more steps do not help. A perfect network leaves noise in its picture.
# Way out: interpolation_type="linear"; for levels even in the logarithm, use_exponential_sigmas=True.
# Versions: diffusers 0.42.1, torch 2.13.0.
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check numpy==2.4.6 torch==2.13.0 diffusers==0.42.1
cd "$dir"
HOME="$dir" HF_HUB_OFFLINE=1 OMP_NUM_THREADS=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import diffusers
import numpy as np
import torch
from diffusers import EulerDiscreteScheduler

BETAS = np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2
KEPT = np.cumprod(1 - BETAS)
LEVELS = np.log(np.sqrt((1 - KEPT) / KEPT))
MEAN, SPREAD = 0.3, 0.5


def told(timesteps):
    """The noise level that the training had at these timesteps."""
    return np.exp(np.interp(timesteps, np.arange(1000), LEVELS))


def scheduler(prediction, **kwargs):
    return EulerDiscreteScheduler(
        beta_schedule="scaled_linear", beta_start=0.00085, beta_end=0.012, prediction_type=prediction, **kwargs
    )


def sample(steps, prediction, picture=None, **kwargs):
    """Samples by the exact answer of a network for numbers of this mean and spread, or for one known number."""
    one = scheduler(prediction, **kwargs)
    one.set_timesteps(steps)
    mean, spread = (MEAN, SPREAD) if picture is None else (picture, 0.0)
    torch.manual_seed(0)
    x = torch.randn(20000, dtype=torch.float64) * one.init_noise_sigma
    for t in one.timesteps:
        seen = one.scale_model_input(x, t)
        level = float(told(float(t)))
        a = 1 / (1 + level**2) ** 0.5
        b = level * a
        clean = mean + a * spread**2 / (a**2 * spread**2 + b**2) * (seen - a * mean)
        noise = (seen - a * clean) / b
        answer = {"epsilon": noise, "v_prediction": a * noise - b * clean, "sample": clean}[prediction]
        x = one.step(answer, t, x).prev_sample
    return x


print("diffusers", diffusers.__version__, "torch", torch.__version__)
ways = {
    "linear": {"interpolation_type": "linear"},
    "log_linear": {"interpolation_type": "log_linear"},
    "karras": {"use_karras_sigmas": True},
    "exponential": {"use_exponential_sigmas": True},
}
off, sizes, ends = {}, {}, {}
for name, kwargs in ways.items():
    one = scheduler("epsilon", **kwargs)
    one.set_timesteps(10)
    used, said = one.sigmas.double().numpy(), told(one.timesteps.double().numpy())
    off[name] = float(np.max(np.maximum(used[:10] / said, said / used[:10])))
    sizes[name], ends[name] = len(used), float(used[10])
    print(f"{name:12s} used", *(f"{v:.2f}" for v in used))
    print(f"{'':12s} told", *(f"{v:.2f}" for v in said), f"  up to {off[name]:.2f} times apart")
spreads = {}
for name in ("linear", "log_linear", "exponential"):
    for steps in (20, 100):
        spreads[name, steps] = [float(sample(steps, p, **ways[name]).std()) for p in ("epsilon", "v_prediction", "sample")]
        print(f"{name:12s} {steps:3d} steps: spread", *(f"{v:.3f}" for v in spreads[name, steps]),
              f"for noise, v and picture; right is {SPREAD}")
left = {name: float(sample(10, "sample", picture=0.3, **ways[name]).std()) for name in ("linear", "log_linear")}
print("noise left by a network that answers with the one right picture:", {k: round(v, 4) for k, v in left.items()})
as_recorded = (
    all(off[name] < 1.01 and sizes[name] == 11 and ends[name] == 0 for name in ways if name != "log_linear")
    and off["log_linear"] > 3 and sizes["log_linear"] == 12 and ends["log_linear"] > 0.02
    and all(abs(v - SPREAD) < 0.03 for name in ("linear", "exponential") for v in spreads[name, 100])
    and np.ptp(spreads["log_linear", 100]) > 0.3
    and abs(spreads["log_linear", 100][2] - SPREAD) > 0.3
    and left["linear"] < 1e-6 and left["log_linear"] > 0.02
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

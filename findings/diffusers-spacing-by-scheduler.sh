#!/usr/bin/env bash
# timestep_spacing in schedulers of diffusers: the same word, the same chain of 1000, the same ten steps.
# One would guess: a spacing says which timesteps are visited, so that a scheduler can be swapped for another
# (`Scheduler.from_config(pipe.scheduler.config)`, as its documentation does) and only the formula of a step changes.
# What happens: the words mean other timesteps in the multistep solvers (DPM-Solver++, UniPC, DEIS) than in DDIM, DDPM,
# Euler and LMS. "linspace" goes 999, 888 ... 111, 0 in the latter and 999, 899 ... 200, 100 in the former, which divide
# by one more and never see a timestep below 100; "leading" ends on 0 in the latter and on 90 in the former. "trailing"
# alone is the same everywhere.
# What it costs: a comparison of two samplers at ten steps compares two grids as well, and a path that was stored with
# one scheduler (inversion, distillation targets) is read at the wrong noise by the other, without a word.
# Versions: diffusers 0.42.1, torch 2.13.0 (any build of it).
set -euo pipefail
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
python3 -m venv "$dir/venv"
"$dir/venv/bin/pip" install --quiet --disable-pip-version-check \
    numpy==2.4.6 scipy==1.17.1 torch==2.13.0 diffusers==0.42.1
cd "$dir"
HOME="$dir" HF_HUB_OFFLINE=1 "$dir/venv/bin/python" -W ignore - <<'PY'
import sys

import diffusers
import torch

STEPS = 10
SINGLE = ("DDIMScheduler", "DDPMScheduler", "EulerDiscreteScheduler", "LMSDiscreteScheduler")
MULTI = ("DPMSolverMultistepScheduler", "UniPCMultistepScheduler", "DEISMultistepScheduler")


def visited(name, spacing):
    scheduler = getattr(diffusers, name)(timestep_spacing=spacing)
    scheduler.set_timesteps(STEPS)
    return tuple(round(float(t)) for t in scheduler.timesteps)


print("diffusers", diffusers.__version__, "- torch", torch.__version__)
found = {}
for spacing in ("linspace", "leading", "trailing"):
    for names in (SINGLE, MULTI):
        for name in names:
            print(f"{spacing:9s} {name:28s} {visited(name, spacing)}")
        found[spacing, names] = {visited(name, spacing) for name in names}
alike = all(len(one) == 1 for one in found.values())
same = {spacing: found[spacing, SINGLE] == found[spacing, MULTI] for spacing in ("linspace", "leading", "trailing")}
last = {spacing: next(iter(found[spacing, MULTI]))[-1] for spacing in same}
as_recorded = (
    alike and same == {"linspace": False, "leading": False, "trailing": True} and last["linspace"] == 100
    and last["leading"] == 90
)
print("as recorded" if as_recorded else "CHANGED")
sys.exit(0 if as_recorded else 1)
PY

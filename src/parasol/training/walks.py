"""What a guide learns from: the branches of a U-Net, at every step of walks that painting takes.

A walk draws one content picture in one style: the stored chain of the picture under its own style, what becomes of it
under the other, or a picture from new noise. Each evaluation of the U-Net on the way is a row: the latent, and what
the U-Net predicts of it with everything, with the content alone, with nothing.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from safetensors.torch import load_file
from torch import Tensor

from parasol.conditions import condition
from parasol.maths.schedule import switch_step
from parasol.runtime import Components
from parasol.sampling.guided import guided
from parasol.sampling.sampler import FRESH_ETA, INVERSION_ETA, dpm, free, restyle, sample_fresh, stored_chain
from parasol.training.checkpoint import load_record, save_tensors
from parasol.training.scenes import Scenes

CHUNK = 50
"""Walks that are kept in one file."""
OWN_SCALES, OWN_STRUCTURE = (2.0, 1.5), 0.1
"""Of most walks: `pictogram`'s own."""


@dataclass(frozen=True, kw_only=True)
class WalkPlan:
    """walks: in all. fresh: how many of the last are from new noise. held: whether all take the model's own scales and
    ten steps, for validation; else some have other scales, steps and structure. seed: of all draws.
    """

    walks: int
    fresh: int = 0
    held: bool = False
    seed: int = 7


@dataclass(frozen=True, kw_only=True)
class Rows:
    """R evaluations of the U-Net. scene: number of the content picture. style: the style token. Latents are float16."""

    z: Float[Tensor, "R C h w"]
    t: Int[Tensor, " R"]
    scene: Int[Tensor, " R"]
    style: Float[Tensor, "R d"]
    null: Float[Tensor, "R C h w"]
    content: Float[Tensor, "R C h w"]
    joint: Float[Tensor, "R C h w"]


def walked(components: Components, scenes: Scenes, plan: WalkPlan, folder: Path) -> Rows:
    """The rows of all walks, computed where `folder` does not hold them; a run that is stopped goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    key = f"{components.bundle.identity} {len(scenes.latents)} {plan}"
    parts: list[dict[str, Tensor]] = []
    for first in range(0, plan.walks, CHUNK):
        path = folder / f"{first:05}.safetensors"
        if not (path.exists() and load_record(path).get("key") == key):
            numbers = range(first, min(first + CHUNK, plan.walks))
            rows = [row for number in numbers for row in _walk(components, scenes, plan, number)]
            tensors = {name: torch.from_numpy(np.stack([row[name] for row in rows])) for name in rows[0]}
            save_tensors(path, tensors, {"key": key})
        parts.append(load_file(path))
    return Rows(**{name: torch.cat([part[name] for part in parts]) for name in parts[0]})


def _walk(components: Components, scenes: Scenes, plan: WalkPlan, number: int) -> list[Mapping[str, np.ndarray]]:
    random = np.random.default_rng([plan.seed, number, plan.held])
    count = len(scenes.latents)
    scene = number % count if plan.held else int(random.integers(count))
    members = scenes.styles[int(random.integers(len(scenes.styles)))].numpy()
    several = int(random.integers(2, 9)) if random.random() < 0.5 else 1
    style = members[random.permutation(len(members))[:several]].astype(np.float32).mean(0)
    taken = 10 if plan.held or random.random() < 0.8 else int(random.integers(6, 14))
    scales = OWN_SCALES
    if not (plan.held or random.random() < 0.6):
        scales = (float(random.uniform(1.2, 3.5)), float(random.uniform(1.1, 2.5)))
    g_s, g_y = max(scales), min(scales)
    structure = OWN_STRUCTURE if plan.held or random.random() < 0.7 else float(random.uniform(0.0, 0.5))
    rows: list[Mapping[str, np.ndarray]] = []

    def predictor(descriptor: np.ndarray) -> Callable[..., np.ndarray]:
        known = condition(
            components,
            style=descriptor / np.linalg.norm(descriptor),
            content=scenes.content[scene].float().numpy(),
            content_map=scenes.places[scene].float().numpy(),
        )

        def denoise(z: np.ndarray, t: int, tokens: np.ndarray) -> np.ndarray:
            predicted = components.denoise(z, t, tokens)
            null, content, joint = predicted.astype(np.float16)  # in the order of `guided`'s branches
            rows.append({
                "z": z[0].astype(np.float16), "t": np.array(t, np.int32), "scene": np.array(scene, np.int32),
                "style": known.style[0], "null": null, "content": content, "joint": joint,
            })  # fmt: skip
            return predicted

        return guided(denoise, known, g_s=g_s, g_y=g_y, joint=True)

    schedule = components.bundle.manifest.schedule
    steps = schedule.steps(taken)
    z_0 = scenes.latents[scene].float().numpy()[None]
    draws = np.random.default_rng(number)
    target = predictor(style)
    if number >= plan.walks - plan.fresh:
        z_T = draws.standard_normal(z_0.shape).astype(np.float32)
        drawing = sample_fresh(target, z_T, steps, eta=FRESH_ETA, hold=free, sampler=dpm)
    else:
        source = predictor(scenes.own[scene].float().numpy())
        chain = stored_chain(z_0, draws, schedule, taken, "dpm")
        lam = int(switch_step(structure, taken))
        drawing = restyle(source, target, chain, steps, lam=lam, eta=INVERSION_ETA, hold=free, sampler=dpm)
    for _ in drawing:
        pass
    return rows

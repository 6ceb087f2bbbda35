"""What fine-tuning backbones takes and gives, on tiny ones of random weights: python -m lab scale [--only PART ...]

cost: what a dry run foresees of memory and CPU-seconds, beside a real run of the same steps. large: what it foresees of
Stable Diffusion 1.5's configuration. drawn: a bundle's picture in bfloat16 and float16, in diffusers' hands, and as
graphs without torch, against the torch runtime. inversion: what rounding leaves of a picture in its own style. Each
part is stored when it is done.
"""

import argparse
import gc
import json
import struct
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import diffusers
import numpy as np
import torch
from diffusers.schedulers.scheduling_ddim import DDIMScheduler
from PIL import Image
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.profiler import ProfilerActivity, profile
from transformers import CLIPVisionConfig, CLIPVisionModelWithProjection

from lab.speed.machine import cpu_name, load_average
from lab.tiny_backbone import CONTEXT, SD, settings, tiny_folder, tiny_unet
from parasol import Parasol
from parasol.backbones.bring import bring
from parasol.backbones.inspection import CONTENT, ENCODER_STEM, STEM, STYLE, UNET, VAE, backbone_of, schedule_of
from parasol.backbones.networks import load, on_meta
from parasol.bundle import Bundle, DefaultDials
from parasol.images import write_atomic
from parasol.runtime.torch import BackboneComponents
from parasol.sampling.guided import guided
from parasol.sampling.sampler import dpm, forward_chain, restyle
from parasol.training.backbone import BackboneTask, BackboneTraining, Triplets, middle, trained_backbone
from parasol.training.backbone_cost import cost_of, step_of, without_numbers
from parasol.training.backbone_export import export_backbone, to_core
from parasol.training.loop import Optimisation, run
from parasol.training.modality import ModalityTraining
from parasol.training.recipes import Recipe
from parasol.training.recipes_backbone import backbone_24gb
from parasol.types import Condition, Record

OUT = Path("lab/results/scale.json")
BATCH, WARM_UP, TIMED = 8, 3, 15
MODALITY = ModalityTraining(style=10.0, content=10.0, least=0.0, pictures=2)
SHAPES = {
    "widths 16 and 32, 32 px": ({}, BackboneTraining()),
    "widths 64, 128 and 128, 64 px": (
        {"block_out_channels": (64, 128, 128), "sample_size": 8,
         "down_block_types": ("CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"),
         "up_block_types": ("UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D")},
        BackboneTraining(modality=MODALITY, checkpointing=True),
    ),
}  # fmt: skip
"""Of bases: what their U-Net has, and how they are trained."""

LARGE = {
    UNET: {"sample_size": 64, "block_out_channels": [320, 640, 1280, 1280], "layers_per_block": 2,
           "cross_attention_dim": 768, "attention_head_dim": 8, "norm_num_groups": 32,
           "down_block_types": ["CrossAttnDownBlock2D"] * 3 + ["DownBlock2D"],
           "up_block_types": ["UpBlock2D"] + ["CrossAttnUpBlock2D"] * 3},
    VAE: {"block_out_channels": [128, 256, 512, 512], "layers_per_block": 2, "norm_num_groups": 32},
    CONTENT: {"hidden_size": 1024, "intermediate_size": 4096, "num_hidden_layers": 24, "num_attention_heads": 16,
              "patch_size": 14, "projection_dim": 768},
}  # fmt: skip
"""Stable Diffusion 1.5's own configuration, and CLIP ViT-L/14's, whose trunk CSD has too."""


SCHEDULES = {
    "stable diffusion": {},
    "zero terminal": {
        "prediction_type": "v_prediction", "rescale_betas_zero_snr": True, "timestep_spacing": "trailing"
    },
}  # fmt: skip


class Drawn(Triplets):
    """Triplets of files of random pictures."""

    def __init__(self, folder: Path, count: int = 24) -> None:
        random = np.random.default_rng(0)
        self.files = [folder / f"{row}.png" for row in range(count)]
        for file in self.files:
            Image.fromarray(random.integers(0, 256, (64, 80, 3), dtype=np.uint8)).save(file)

    def __len__(self) -> int:
        return len(self.files)

    def read(self, rows: np.ndarray, size: int) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Every picture stands for all three roles in turn."""
        x, y, s = (torch.stack([middle(self.files[(row + k) % len(self)], size) for row in rows]) for k in range(3))
        return x, y, s


def of_cost(folder: Path) -> Record:
    """Foreseen and real, by shape of the base."""
    costs: Record = {}
    for name, (unet, training) in SHAPES.items():
        place = folder / str(len(costs))
        bring(tiny_folder(place / "tiny", unet=unet), place / "base")
        triplets, recipe = Drawn(place), _recipe(training)
        foreseen = cost_of(recipe, place / "base", triplets)
        real = _real(recipe, place / "base", triplets, place / "run")
        costs[name] = {"foreseen": foreseen, "real": real}
        for what, ours in (("GiB", foreseen["GiB"]["in all"]), ("CPU-s", foreseen["CPU-seconds a step"])):
            costs[name][f"apart, {what}"] = ours / real[what] - 1.0
    return costs


def of_large(folder: Path) -> Record:
    """Foreseen alone; the files of weights are empty behind their headers.

    Time is that of float32 products, for CPUs without those of bfloat16 take minutes a layer. Memory is told of both.
    """
    bring(tiny_folder(folder / "tiny", unet={"cross_attention_dim": 768}), folder / "base")
    for part, kind in ((UNET, "UNet2DConditionModel"), (VAE, "AutoencoderKL")):
        settings(folder / "base", part, **LARGE[part])
        _empty(folder / "base" / part / STEM, on_meta(getattr(diffusers, kind), folder / "base" / part))
    for part in (STYLE, CONTENT):
        config = CLIPVisionConfig(**LARGE[CONTENT])
        config.save_pretrained(folder / "base" / part)
        with torch.device("meta"):
            _empty(folder / "base" / part / ENCODER_STEM, CLIPVisionModelWithProjection(config))
    recipe, base, peaks = backbone_24gb(), folder / "base", dict[str, int]()
    training = recipe.configuration["backbone_training"]
    assert isinstance(training, BackboneTraining)
    single = replace(training, precision="float32")
    cost, widths = cost_of(replace(recipe, configuration={"backbone_training": single}), base), (768, 768)
    for variant in (single, training):
        with FakeTensorMode():
            denoiser, vae = without_numbers(base, trained_backbone(base, variant), variant, widths)
            peaks[variant.precision] = step_of(denoiser, vae, widths, variant, recipe.optimisation.batch).peak
    less = (peaks["float32"] - peaks["bfloat16"]) / 2**30
    cost["GiB"]["in all, with bfloat16 products"] = round(cost["GiB"]["in all"] - less, 5)
    return cost


def of_drawn(folder: Path) -> Record:
    """Decibels between pictures of one recipe."""
    bundle = _bundle(folder)
    model, networks = Parasol.load(bundle.folder), load(bundle.folder, backbone_of(bundle.folder))
    content, style = (Image.open(Path("examples") / f"{name}.png") for name in ("content", "style"))

    def drawn(painter: Parasol) -> np.ndarray:
        return painter.stylize(content, style, structure=0.4, steps=10, size=128, seed=1).pixels

    wanted, pictures = drawn(model), dict[str, np.ndarray]()
    for kind in (torch.bfloat16, torch.float16):
        halved = BackboneComponents(bundle, networks, precision=kind)
        pictures[str(kind).removeprefix("torch.")] = drawn(Parasol(bundle, halved))
    pictures["graphs"] = drawn(Parasol.load(to_core(bundle, folder / "graphs").folder))
    return {name: _decibels(wanted, pixels) for name, pixels in pictures.items()}


@torch.no_grad()
def of_inversion(folder: Path) -> Record:
    """What is left of a lambda switch where the new style is the picture's own: largest differences, scales of 5.

    Of latents on a U-Net of Stable Diffusion's shape, by schedule, precision and how many of ten steps are read from
    the chain; and of the pixels of a bundled model.
    """
    differences: Record = {}
    for name, more in SCHEDULES.items():
        steps = schedule_of(dict(DDIMScheduler(**{**SD, **more}).config), folder)[0].steps(10)
        for kind in (torch.float32, torch.float64):
            torch.manual_seed(0)
            unet: Any = tiny_unet().eval()
            unet.to(kind)
            draws = torch.randn(11, 1, 4, 8, 8, dtype=torch.float64).to(kind)
            tokens = torch.nn.functional.normalize(torch.randn(2, 1, CONTEXT, dtype=torch.float64), dim=2).to(kind)
            chain = forward_chain(draws[0], list(draws[1:]), steps)

            def denoise(z: torch.Tensor, t: int, tokens: torch.Tensor, unet: Any = unet) -> torch.Tensor:
                return unet(z, torch.tensor(t), encoder_hidden_states=tokens).sample

            own = guided(denoise, Condition(style=tokens[0], content=tokens[1]), g_s=5.0, g_y=5.0)
            for lam in (0, 4):
                *_, (_, z) = restyle(own, own, chain, steps, lam=lam, sampler=dpm)
                differences[f"{name}, {str(kind).removeprefix('torch.')}, {lam}"] = float((z - draws[0]).abs().max())
    model, picture = Parasol.load("pictogram"), Image.open("examples/content.png").convert("RGB")
    rebuilt = np.asarray(model.reconstruct(picture), np.float32) / 255.0
    for lam in (0, 4):
        drawn = model.stylize(picture, picture, structure=lam / 10, steps=10, texture=0.0, color="off").pixels
        differences[f"pictogram, {lam}"] = float(np.abs(drawn - rebuilt).max())
    return differences


PARTS: dict[str, Callable[[Path], Record]] = {
    "cost": of_cost, "large": of_large, "drawn": of_drawn, "inversion": of_inversion
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lab scale", description=(__doc__ or "").partition(":")[0])
    parser.add_argument("--only", nargs="+", choices=[*PARTS], default=[*PARTS], help="these parts alone")
    parser.add_argument("--out", type=Path, default=OUT, help="file of results")
    given = parser.parse_args(arguments)
    record: Record = json.loads(given.out.read_text("utf-8")) if given.out.exists() else {}
    for name in given.only:
        with tempfile.TemporaryDirectory() as folder:
            measured = PARTS[name](Path(folder))
        record[name] = {**measured, "machine": f"{cpu_name()}, load {load_average():.1f}, torch {torch.__version__}"}
        write_atomic(given.out, f"{json.dumps(record, indent=1)}\n".encode())
        print(json.dumps({name: record[name]}, indent=1))
    return 0


def _recipe(training: BackboneTraining) -> Recipe:
    optimisation = Optimisation(
        steps=WARM_UP + TIMED + 2, batch=BATCH, learning_rate=1e-4, validate_every=10**9, save_every=10**9
    )
    configuration: dict[str, object] = {"backbone_training": training}
    return Recipe(name="measured", optimisation=optimisation, configuration=configuration, task=lambda places: _never())


def _never() -> BackboneTask:
    raise AssertionError


def _real(recipe: Recipe, base: Path, triplets: Triplets, folder: Path) -> Record:
    """CPU-seconds of a step, median, and GiB at its peak: what is alive before it, and what it allocates at most."""
    before = {key for key, _ in _alive()}
    training = recipe.configuration["backbone_training"]
    assert isinstance(training, BackboneTraining)
    task, ends = BackboneTask(base, triplets, training, BATCH), list[float]()
    with closing(run(task, recipe.optimisation, folder, {})) as events:
        for _ in range(WARM_UP + TIMED):
            next(events)
            ends.append(time.process_time())
        gc.collect()
        held = sum(size for key, size in {*_alive()} if key not in before)
        with profile(activities=[ProfilerActivity.CPU], profile_memory=True) as profiled:
            next(events)
    profiler: Any = profiled.profiler
    allocated = [event for event in profiler.kineto_results.events() if event.name() == "[memory]"]
    sizes = [event.nbytes() for event in sorted(allocated, key=lambda event: event.start_ns())]
    seconds = median(after - earlier for earlier, after in zip(ends[WARM_UP - 1 :], ends[WARM_UP:], strict=False))
    return {"GiB": (held + int(np.cumsum(sizes).max())) / 2**30, "CPU-s": seconds}


def _alive() -> list[tuple[int, int]]:
    """(address, bytes) of the storages of all tensors that there are."""
    tensors = [item for item in gc.get_objects() if isinstance(item, torch.Tensor)]
    return [(tensor.untyped_storage().data_ptr(), tensor.untyped_storage().nbytes()) for tensor in tensors]


def _empty(stem: Path, network: torch.nn.Module) -> None:
    """A file of weights that takes no room: a header, and behind it a hole."""
    offset, header = 0, dict[str, Record]()
    for name, value in network.state_dict().items():
        end = offset + 4 * value.numel()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [offset, end]}
        offset = end
    text = json.dumps({"__metadata__": {"format": "pt"}, **header}).encode()
    with stem.with_name(f"{stem.name}.safetensors").open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        file.truncate(8 + len(text) + offset)


def _bundle(folder: Path) -> Bundle:
    bring(tiny_folder(folder / "tiny"), folder / "base")
    optimisation = Optimisation(steps=20, batch=BATCH, learning_rate=2e-3, validate_every=20)
    training = BackboneTraining()
    recipe = _recipe(training)
    task = BackboneTask(folder / "base", Drawn(folder), training, BATCH)
    for _ in run(task, optimisation, folder / "runs" / recipe.name, {}):
        pass
    dials = DefaultDials(style_scale=2.0, content_scale=2.0, structure=0.4, steps=10)
    return export_backbone(
        recipe, folder / "base", folder / "runs", folder / "bundle", name="tiny", licence="none", dials=dials
    )


def _decibels(picture: np.ndarray, other: np.ndarray) -> float:
    """Peak signal to noise; 200 where nothing differs."""
    return float(min(200.0, -10.0 * np.log10(max(1e-20, np.square(picture - other).mean()))))

"""A fine-tuned backbone -> a bundle, which is a folder in diffusers' layout too: `DiffusionPipeline.from_pretrained`
loads it with `custom_pipeline` set to the same folder."""

import json
import shutil
from pathlib import Path
from typing import Any

from safetensors.torch import load_file, save_file

from parasol.backbones.decoupled import DecoupledDenoiser
from parasol.backbones.inspection import (
    CONTENT,
    ENCODER_STEM,
    SCHEDULER,
    STYLE,
    TEXT,
    UNET,
    VAE,
    backbone_of,
    encoder_in,
    words_in,
)
from parasol.backbones.networks import PROJECTOR, load
from parasol.bundle import (
    ATTRIBUTION,
    FORMAT,
    MANIFEST,
    Bundle,
    DefaultDials,
    EncoderCard,
    Manifest,
    WordsCard,
    parts_in,
    sha256,
)
from parasol.encoders.text import CLIP
from parasol.errors import ParasolError
from parasol.images import write_atomic
from parasol.maths.schedule import Schedule
from parasol.training.backbone import BackboneTraining, trained_backbone
from parasol.training.checkpoint import BEST, load_record
from parasol.training.export import of_pictures, shuffled, write_parts
from parasol.training.recipes import Recipe

HUB = Path(__file__).parents[1] / "backbones" / "hub"
UNKNOWN = "The pictures that this model was trained on are not named here: name them before it is passed on.\n"


def export_backbone(
    recipe: Recipe,
    base: Path,
    runs: Path,
    folder: Path,
    *,
    name: str,
    licence: str,
    dials: DefaultDials,
    attribution: Path | None = None,
) -> Bundle:
    """Write the bundle of a run's averaged weights and open it. The manifest goes last.

    Raises:
        FileNotFoundError: the recipe has no finished run.
    """
    training = recipe.configuration.get("backbone_training")
    if not isinstance(training, BackboneTraining):
        raise ParasolError(f"the recipe {recipe.name!r} fine-tunes no backbone: leave --backbone out")
    best = runs / recipe.name / BEST
    if not best.exists():
        raise FileNotFoundError(f"{best} is missing: train it first with  parasol train {recipe.name}")
    backbone = trained_backbone(base, training)
    networks = load(base, backbone, decoupled=training.decoupled)
    networks.denoiser.load_state_dict(load_file(best))
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    for part in (VAE, CONTENT, STYLE, TEXT):
        if (base / part).is_dir():
            shutil.copytree(base / part, folder / part, dirs_exist_ok=True)
    if isinstance(networks.denoiser, DecoupledDenoiser):
        shutil.copytree(base / UNET, folder / UNET, dirs_exist_ok=True)
        networks.denoiser.write(folder)
    else:
        networks.denoiser.unet.save_pretrained(folder / UNET)
        made = _made(folder / PROJECTOR / f"{ENCODER_STEM}.safetensors")
        save_file(networks.denoiser.projector.state_dict(), made)
    write_json(folder / SCHEDULER / "scheduler_config.json", scheduler(backbone.schedule, backbone.prediction))
    write_hub(folder, {UNET: ["diffusers", "UNet2DConditionModel"], VAE: ["diffusers", "AutoencoderKL"]})
    said = attribution.read_bytes() if attribution else UNKNOWN.encode()
    write_atomic(folder / ATTRIBUTION, said)
    style, content = (_card(folder / part) for part in (STYLE, CONTENT))
    words = WordsCard(sentences=CLIP, style="", content=content.version) if words_in(folder) else None
    manifest = Manifest(
        format=FORMAT, name=name, licence=licence, size=backbone.size, result_size=0, stride=backbone.stride,
        latents=sha256(next((folder / VAE).glob("*.safetensors")))[:12], words=words, content_map=0,
        latent_channels=backbone.latent_channels, schedule=backbone.schedule, prediction=backbone.prediction,
        dials=dials, style=style, content=content, backbone=backbone.kind, networks={}, training=load_record(best),
        files={file: sha256(folder / file) for file in (ATTRIBUTION, *parts_in(folder))},
    )  # fmt: skip
    write_atomic(folder / MANIFEST, f"{manifest.model_dump_json(indent=1)}\n".encode())
    return Bundle.open(folder)


def to_core(source: Bundle, folder: Path) -> Bundle:
    """A bundle on a backbone as one that ONNX Runtime draws with, without torch: graphs, and weights in float16.

    Words stay behind: the core has no tokens. Raises ValueError where a weight is too large for float16.
    """
    backbone, manifest = backbone_of(source.folder), source.manifest
    networks, architecture = load(source.folder, backbone), load(source.folder, backbone)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    shutil.copyfile(source.folder / ATTRIBUTION, folder / ATTRIBUTION)
    wanted = of_pictures(manifest.latent_channels, manifest.style, manifest.content, tokens=2)
    files = write_parts(networks.components(), shuffled(architecture.components()), wanted, folder)
    made = manifest.model_copy(update={"backbone": "", "words": None, "files": files})
    write_atomic(folder / MANIFEST, f"{made.model_dump_json(indent=1)}\n".encode())
    return Bundle.open(folder)


def scheduler(schedule: Schedule, prediction: str) -> dict[str, Any]:
    """The configuration of diffusers' DDIM for the chain that was trained on."""
    return {
        "_class_name": "DDIMScheduler",
        "num_train_timesteps": schedule.train_steps,
        "beta_start": schedule.beta_start,
        "beta_end": schedule.beta_end,
        "beta_schedule": "squaredcos_cap_v2" if schedule.growth == "cosine" else schedule.growth,
        "clip_sample": False,
        "prediction_type": "v_prediction" if prediction == "v" else "epsilon",
        "rescale_betas_zero_snr": schedule.zero_terminal,
        "timestep_spacing": schedule.spacing,
        "steps_offset": schedule.offset,
        "set_alpha_to_one": schedule.clean,
    }


def write_hub(folder: Path, parts: dict[str, list[str]]) -> None:
    """What diffusers' pipelines and its modular ones find a folder by; parts: library and class of each network."""
    import diffusers

    for file in ("pipeline.py", "blocks.py"):
        shutil.copyfile(HUB / file, folder / file)
    version = {"_diffusers_version": diffusers.__version__}
    index = {"_class_name": ["pipeline", "ParasolPipeline"], SCHEDULER: ["diffusers", "DDIMScheduler"]}
    write_json(folder / "model_index.json", {**index, **version, **parts})
    loading = {"pretrained_model_name_or_path": None, "variant": None, "revision": None}
    modular = {name: [*kind, {"type_hint": kind, "subfolder": name, **loading}] for name, kind in parts.items()}
    named = {"_class_name": "ModularPipeline", "_blocks_class_name": "ParasolBlocks"}
    write_json(folder / "modular_model_index.json", {**named, **version, **modular})
    write_json(
        folder / "modular_config.json", {"auto_map": {"ModularPipelineBlocks": "blocks.ParasolBlocks"}, **version}
    )


def _card(folder: Path) -> EncoderCard:
    encoder, tensors = encoder_in(folder)
    return EncoderCard(
        name=encoder.kind, version=sha256(tensors.files[0])[:12], dimension=encoder.dimension, size=encoder.size
    )


def write_json(path: Path, value: dict[str, Any]) -> None:
    """Write a configuration, in a folder that is made where it is not there."""
    write_atomic(_made(path), f"{json.dumps(value, indent=2)}\n".encode())


def _made(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    return path

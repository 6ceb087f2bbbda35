"""A real model with few, random weights: the very networks, exported by the very exporter."""

import json
import shutil
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from parasol.bundle import MANIFEST, Bundle, DefaultDials, sha256
from parasol.encoders.text import SENTENCES
from parasol.maths.schedule import Schedule
from parasol.networks.guide import Guide, GuideConfig
from parasol.networks.trunk import load_published_trunk
from parasol.networks.unet import UNetConfig, build_unet
from parasol.runtime.torch import Networks
from parasol.training.export import Card, export

CONFIGURATIONS = {
    "autoencoder": {"widths": (8, 16, 32), "encoder_blocks": (1, 1, 1), "decoder_blocks": (1, 1, 1)},
    "unet": dict(build_unet(UNetConfig(widths=(32, 64), heads=2)).config),
    "style": {"blocks": 3, "hidden": 16, "palette": True},
    "content": {"hidden": 32, "layout": True, "linear": 128},
    "projector": {"hidden": 32},
    "words": {"hidden": 16},
}
CARD = Card(
    name="small",
    licence="Apache-2.0",
    attribution="Random weights, on the published trunk.\n",
    size=128,
    style_version="1",
    content_version="1",
    latents="1",
    schedule=Schedule(),
    prediction="epsilon",
    dials=DefaultDials(style_scale=5.0, content_scale=5.0, structure=0.4, steps=10),
    training={"weights": "random"},
    sentences=SENTENCES,
)


def small_networks(seed: int = 0, *, content_map: bool = False) -> Networks:
    """Random weights, louder than the usual start, so that styles and contents matter, on the encoders' real trunk.

    With a content map the U-Net also has everything else that goes beyond the paper.
    """
    torch.manual_seed(seed)
    beyond = {
        "content_map": {"blocks": 6, "aligned": True, "fine": 5},
        "unet": CONFIGURATIONS["unet"] | {"modulated": 8, "fine": True},
    }
    networks = Networks.build(CONFIGURATIONS | (beyond if content_map else {}))
    with torch.no_grad():
        for network, _ in networks.components().values():
            for parameter in network.parameters():
                parameter.add_(0.05 * torch.randn_like(parameter))
    for encoder in (networks.style, networks.content, networks.content_map):
        if encoder:
            load_published_trunk(encoder.trunk)
    return networks


def small_bundle(folder: Path) -> Bundle:
    return export(small_networks(), CARD, folder)


def some_guide(bundle: Bundle, seed: int = 0) -> Guide:
    """One that is heard."""
    torch.manual_seed(seed)
    sizes = {"latent_channels": bundle.manifest.latent_channels, "token_dimension": bundle.manifest.content.dimension}
    guide = Guide(GuideConfig(widths=(8, 16, 16), heard=8, **sizes)).eval()
    with torch.no_grad():
        for parameter in guide.parameters():
            parameter.add_(0.1 * torch.randn_like(parameter))
    return guide


def copy_of(bundle: Bundle, folder: Path) -> Path:
    return Path(shutil.copytree(bundle.folder, folder))


def edit_manifest(folder: Path, **values: object) -> None:
    content = json.loads((folder / MANIFEST).read_text())
    (folder / MANIFEST).write_text(json.dumps(content | values))


def reseal(folder: Path) -> None:
    """Make the manifest's hashes true again, as a stranger would who builds a bundle of his own."""
    names = json.loads((folder / MANIFEST).read_text())["files"]
    edit_manifest(folder, files={name: sha256(folder / name) for name in names})


def drawing(seed: int, width: int = 96, height: int = 128) -> Image.Image:
    """Coloured blobs: smooth enough to be a picture, different for each seed."""
    coarse = np.random.default_rng(seed).integers(0, 256, (5, 4, 3), dtype=np.uint8)
    return Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)

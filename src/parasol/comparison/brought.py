"""Judges whose weights the user brings, which nothing here ships: the paper's LPIPS, CLIP-MSE, SIFID."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from parasol.bundle import sha256
from parasol.comparison.backbone import Backbone
from parasol.comparison.inception import LAYERS, Inception
from parasol.comparison.lpips import Lpips
from parasol.errors import ParasolError
from parasol.images import square
from parasol.maths.distances import unit_mse
from parasol.metrics.frechet import sifid
from parasol.types import Picture

EVERY_PLACE = "every place of the map"


@dataclass(frozen=True, kw_only=True)
class Beside:
    """One metric of a brought judge: a distance of a result to the content picture, the style picture or the truth."""

    name: str
    of: Literal["content", "style", "truth"]
    definition: str
    sampling: str
    distance: Callable[[Any, Any], float]
    """Of what the judge makes of the result, and of the other picture."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Brought:
    """One network with weights that somebody brings."""

    backbone: Backbone
    look: Callable[[Picture], Any]
    """What it makes of a picture. Raises ValueError where that is too small."""
    beside: Sequence[Beside]


def brought(*, lpips: Path | None = None, clip: Path | None = None, inception: Path | None = None) -> list[Brought]:
    """The judges whose weights are named: files of LPIPS's and Inception's, a folder of CLIP's.

    Raises:
        ValueError: weights cannot be read, or are another network's.
    """
    makers = ((of_lpips, lpips), (of_clip, clip), (of_inception, inception))
    return [make(path) for make, path in makers if path is not None]


def of_lpips(file: Path) -> Brought:
    """LPIPS on AlexNet."""
    judge = Lpips(file)
    content = Beside(
        name="lpips", of="content", definition="LPIPS, result against content picture", sampling=EVERY_PLACE,
        distance=judge.distance,
    )  # fmt: skip
    truth = replace(
        content, name="lpips-truth", of="truth", definition="LPIPS, result against the true picture",
        sampling=f"{EVERY_PLACE}; pairs with a truth alone",
    )  # fmt: skip
    return Brought(backbone=judge.backbone, look=judge.maps, beside=[content, truth])


def of_clip(folder: Path) -> Brought:
    """CLIP's picture encoder with its projection, in transformers' layout."""
    import torch

    from parasol.backbones.encoders import load_encoder

    encoder = load_encoder(folder)
    if encoder.card.kind != "clip":
        raise ParasolError(f"{folder} holds {encoder.card.kind!r} and no CLIP: name a CLIPVisionModelWithProjection")
    side = encoder.card.size

    def look(picture: Picture) -> Float[np.ndarray, " d"]:
        pixels = torch.from_numpy(np.ascontiguousarray(square(picture, side).transpose(2, 0, 1)))[None]
        with torch.inference_mode():
            return encoder(pixels)[0].numpy()

    backbone = Backbone(
        name=f"CLIP, {encoder.card.dimension} numbers",
        weights="+".join(sha256(file) for file in sorted(folder.glob("*.safetensors"))),
        preprocessing=f"letterboxed to {side} px, less CLIP's mean, by its deviation",
    )
    mse = Beside(
        name="clip-mse", of="content", definition="MSE of unit-norm picture vectors, result against content picture",
        sampling="the whole picture", distance=lambda a, b: float(unit_mse(a[None], b[None])[0]),
    )  # fmt: skip
    return Brought(backbone=backbone, look=look, beside=[mse])


def of_inception(file: Path) -> Brought:
    """SIFID as SinGAN has it (Shaham et al. 2019), in both variants that are in use."""
    judge = Inception(file)

    def of_layer(channels: int) -> Callable[[Mapping[int, Any], Mapping[int, Any]], float]:
        return lambda a, b: sifid(a[channels], b[channels])

    beside = [
        Beside(
            name=f"inception-sifid-{channels}", of="style", sampling=EVERY_PLACE, distance=of_layer(channels),
            definition=f"SIFID on the {channels} channels of {layer}, result against style picture",
        )
        for channels, layer in LAYERS.items()
    ]  # fmt: skip
    return Brought(backbone=judge.backbone, look=judge.maps, beside=beside)

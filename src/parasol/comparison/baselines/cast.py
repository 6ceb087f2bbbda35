"""CAST (Zhang et al. 2022), CAST-style: a feed-forward network trained by contrast, on the model's own latents."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from parasol.comparison.baselines.runs import weights_of
from parasol.comparison.method import AnyPicture, Method, of_model, require, settings
from parasol.errors import ParasolError
from parasol.images import crop, pad_to_multiple
from parasol.pipeline import Parasol
from parasol.types import Picture

if TYPE_CHECKING:
    from parasol.networks.cast import Cast

TRAIN = "parasol train pictogram-cast"


def cast(given: Mapping[str, str], model: str | None) -> Method:
    """CAST-style at this scale: the generator of a run of `parasol train NAME-cast`, between the model's E and D.

    run: folder of the run, whose best weights are taken. strength: share of the way from the content's own latent.
    The network takes the model's style descriptor; it was trained on the same cells, without adversarial losses.
    """
    loaded = Parasol.load(model)
    chosen = settings("cast", given, {"run": "", "strength": 1.0})
    require("cast", chosen, "strength", 0.0, 1.0, "0 is no change, 1 all of it")
    network, weights = trained(chosen.pop("run"), loaded)

    def paint(content: Picture, style: AnyPicture) -> Picture:
        import torch

        padded, box = pad_to_multiple(content, loaded.bundle.manifest.stride)
        z_0 = loaded.components.encode(np.ascontiguousarray(padded.transpose(2, 0, 1))[None])
        with torch.inference_mode():
            z = network(torch.from_numpy(z_0), torch.from_numpy(loaded.embed_style(style)[None])).numpy()
        mixed = (z_0 + chosen["strength"] * (z - z_0)).astype(np.float32)
        return crop(loaded.components.decode(mixed)[0].transpose(1, 2, 0), box)

    return Method(settings={**of_model(loaded), "weights": weights, **chosen}, paint=paint)


def trained(run: str, model: Parasol) -> tuple["Cast", str]:
    """The network of a run, and the first digits of its weights' hash.

    Raises:
        ValueError: no run is named, it has no weights yet or those of another recipe, or they are for style descriptors
            or latents of another model.
    """
    from parasol.networks.cast import Cast, CastConfig
    from parasol.training.tables import load_best

    record, weights = weights_of("cast", run, TRAIN, model.bundle.manifest)
    network = Cast(CastConfig(**record["network"]))
    load_best(network, Path(run))
    manifest = model.bundle.manifest
    space = f"{int(network.space):x}"
    if space != manifest.style.version.lstrip("0") or network.config.latent_channels != manifest.latent_channels:
        raise ParasolError(
            f"the run {run!r} is for the style space {space:0>12} and the model's is {manifest.style.version}: train it"
            " for the model's own networks"
        )
    return network, weights

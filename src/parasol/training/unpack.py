"""A bundle -> the finished runs that it was exported from, so that a recipe can stand on the shipped networks."""

from pathlib import Path

import torch
from torch import Tensor, nn

from parasol.bundle import MANIFEST, Bundle
from parasol.runtime.torch import load_networks
from parasol.training.checkpoint import BEST, save_tensors
from parasol.training.diffusion import Frozen


def unpack(folder: Path, runs: Path, frozen: Frozen, words: str) -> list[str]:
    """Write the runs below a diffusion recipe that `runs` lacks, from the bundle in `folder`; returns their names.

    Those are the runs that the bundle was exported from: `frozen`'s, and the heads for words, `words`. The weights are
    those that it stores, and latents and descriptor spaces keep their versions: cards, indexes and words go on to be
    valid. A folder that is no bundle has nothing to give.

    Raises:
        BundleError: the bundle is damaged.
    """
    if not (folder / MANIFEST).exists():
        return []
    bundle = Bundle.open(folder)
    networks = load_networks(bundle)
    manifest = bundle.manifest
    parts: dict[str, tuple[nn.Module | None, str]] = {
        frozen.autoencoder_run: (networks.autoencoder, manifest.latents),
        frozen.style_run: (networks.style, manifest.style.version),
        frozen.content_run: (networks.content, manifest.content.version),
        words: (networks.words, ""),
    }
    if networks.words:
        networks.words.spaces.copy_(torch.tensor([int(manifest.style.version, 16), int(manifest.content.version, 16)]))
    own = [run for run, (network, _) in parts.items() if network and run in manifest.training]
    missing = [run for run in own if not (runs / run / BEST).exists()]
    for run in missing:
        network, version = parts[run]
        assert network is not None
        record = {**manifest.training[run], "from": manifest.name, **({"version": version} if version else {})}
        (runs / run).mkdir(parents=True, exist_ok=True)
        save_tensors(runs / run / BEST, _state(network), record)
    return missing


def _state(network: nn.Module) -> dict[str, Tensor]:
    return {name: value.clone() for name, value in network.state_dict().items()}  # the encoders share a trunk

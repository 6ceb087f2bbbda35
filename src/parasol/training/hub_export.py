"""One of our small models as a folder that diffusers loads, and such a folder as a bundle again.

FOLDER/unet, vae, scheduler    what diffusers moves, changes and saves, in its own layout
FOLDER/parasol                 the bundle, for everything else that the model has
"""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from safetensors.numpy import save

from parasol.backbones.inspection import SCHEDULER, UNET, VAE
from parasol.bundle import CONTENT_MAP, GUIDE, GUIDE_WEIGHTS, MANIFEST, WEIGHTS, Bundle, graph_file, sha256
from parasol.errors import ParasolError
from parasol.images import write_atomic
from parasol.networks.hub import HubNetwork
from parasol.runtime.torch import OWN_BUNDLE, load_networks
from parasol.training.backbone_export import scheduler, to_core, write_hub, write_json
from parasol.training.export import once, stored

HUB_CLASS = ["parasol.networks.hub", "HubNetwork"]
COMPONENTS = {"denoise": UNET, "encode": VAE, "decode": VAE}


def to_folder(bundle: Bundle, folder: Path) -> None:
    """Write a bundle as a folder that `DiffusionPipeline` and `ModularPipeline` load."""
    if bundle.manifest.backbone:
        raise ParasolError(f"{bundle.folder} is such a folder already: give it to diffusers as it is")
    folder.mkdir(parents=True, exist_ok=True)
    networks = load_networks(bundle)
    settings = networks.configurations()
    aligned = bool(settings.get(CONTENT_MAP, {}).get("aligned", False))
    for part, sort, network, config in (
        (UNET, "aligned" if aligned else "unet", networks.unet, settings["unet"]),
        (VAE, "autoencoder", networks.autoencoder, settings["autoencoder"]),
    ):
        made = HubNetwork(sort, config)
        made.network.load_state_dict(network.state_dict())
        made.save_pretrained(folder / part)
    write_json(
        folder / SCHEDULER / "scheduler_config.json", scheduler(bundle.manifest.schedule, bundle.manifest.prediction)
    )
    write_hub(folder, {UNET: HUB_CLASS, VAE: HUB_CLASS})
    shutil.copytree(bundle.folder, folder / OWN_BUNDLE, dirs_exist_ok=True)


def to_bundle(folder: Path, out: Path) -> Bundle:
    """The bundle of such a folder with the U-Net and the autoencoder that are in it now; the same where they are.

    Of a bundle on a backbone, the one that runs without torch.
    """
    if (folder / MANIFEST).exists() and Bundle.open(folder).manifest.backbone:
        return to_core(Bundle.open(folder), out)
    old = Bundle.open(folder / OWN_BUNDLE)
    tensors: dict[str, np.ndarray] = dict(old._tensors(""))
    weights = dict(tensors)
    for component, part in COMPONENTS.items():
        network = HubNetwork.from_pretrained(folder / part).network
        graph = onnx.load_from_string(old.graph(component)).graph
        weights |= stored(component, network, [weight.name for weight in graph.initializer if weight.external_data])
    changed = {name.partition("/")[0] for name, value in weights.items() if not np.array_equal(value, tensors[name])}
    shutil.copytree(old.folder, out, dirs_exist_ok=True)
    if not changed:
        return Bundle.open(out)
    (out / MANIFEST).unlink()
    write_atomic(out / WEIGHTS, save(*once(weights)))
    files = {**old.manifest.files, WEIGHTS: sha256(out / WEIGHTS)}
    latents = files[WEIGHTS][:12] if changed & {"encode", "decode"} else old.manifest.latents
    for file in (graph_file(GUIDE), GUIDE_WEIGHTS):  # it has learned what the old weights predict
        (out / file).unlink(missing_ok=True)
        files.pop(file, None)
    own, networks = old.manifest, {name: value for name, value in old.manifest.networks.items() if name != GUIDE}
    dials = own.dials.model_copy(update={"distilled": False})
    manifest: Any = own.model_copy(update={"files": files, "latents": latents, "networks": networks, "dials": dials})
    write_atomic(out / MANIFEST, f"{manifest.model_dump_json(indent=1)}\n".encode())
    return Bundle.open(out)

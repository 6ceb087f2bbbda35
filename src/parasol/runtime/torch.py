"""The train extra's runtime: the networks themselves, on any device, from the same weights file.

It is what the ONNX graphs are checked against, and what runs on a GPU.
"""

import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, final

import numpy as np
import torch
from torch import Tensor, nn

from parasol.adaptation import Adaptations, adapted
from parasol.bundle import CONTENT_MAP, GET_ANOTHER, GUIDE, WORDS, Bundle, BundleError, weights_file
from parasol.errors import ParasolError
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.content_map import ContentMap, ContentMapConfig
from parasol.networks.guide import Guide, GuideConfig
from parasol.networks.projector import Projector, ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.unet import TokenUNet, attentive, unet_class
from parasol.networks.words import WordsConfig, WordsHeads
from parasol.runtime import Components

if TYPE_CHECKING:
    from parasol.backbones.encoders import TextTower
    from parasol.backbones.networks import Networks as BackboneNetworks

OWN_BUNDLE = "parasol"  # folder of the bundle of a small model, in one that diffusers loads
_COUNTERS = "num_batches_tracked"  # of batch norms: they matter to training alone and are not stored


@dataclasses.dataclass(frozen=True, kw_only=True)
class Networks:
    """The torch networks of one model. The autoencoder and the words are two components each, the others one."""

    autoencoder: Autoencoder
    unet: TokenUNet
    style: StyleEncoder
    content: ContentEncoder
    projector: Projector
    words: WordsHeads | None = None
    content_map: ContentMap | None = None
    guide: Guide | None = None

    @classmethod
    def build(cls, configurations: Mapping[str, Mapping[str, Any]]) -> "Networks":
        """Networks with fresh weights, in evaluation mode, from what `configurations` returned."""
        return cls(
            autoencoder=Autoencoder(_config(AutoencoderConfig, configurations["autoencoder"])).eval(),
            unet=attentive(unet_class(_aligned(configurations))(**configurations["unet"])).eval(),
            style=StyleEncoder(_config(StyleEncoderConfig, configurations["style"])).eval(),
            content=ContentEncoder(_config(ContentEncoderConfig, configurations["content"])).eval(),
            projector=Projector(_config(ProjectorConfig, configurations["projector"])).eval(),
            words=WordsHeads(_config(WordsConfig, configurations["words"])).eval()
            if "words" in configurations
            else None,
            content_map=ContentMap(_config(ContentMapConfig, configurations[CONTENT_MAP])).eval()
            if CONTENT_MAP in configurations
            else None,
            guide=Guide(_config(GuideConfig, configurations[GUIDE])).eval() if GUIDE in configurations else None,
        )

    def configurations(self) -> dict[str, dict[str, Any]]:
        """Configuration of each network, as JSON values."""
        unet = {name: value for name, value in self.unet.config.items() if not name.startswith("_")}
        names = ("autoencoder", "style", "content", "projector", "words", CONTENT_MAP, GUIDE)
        rest = {name: getattr(self, name) for name in names}
        return {"unet": unet, **{name: dataclasses.asdict(network.config) for name, network in rest.items() if network}}

    def components(self) -> dict[str, tuple[nn.Module, Callable[..., Tensor]]]:
        """Component -> the network that holds its parameters, and its function of tensors."""
        pictures: dict[str, tuple[nn.Module, Callable[..., Tensor]]] = {
            "encode": (self.autoencoder, self.autoencoder.encode),
            "decode": (self.autoencoder, self.autoencoder.decode),
            "denoise": (self.unet, lambda z, t, tokens: self.unet(z, t, encoder_hidden_states=tokens).sample),
            "style": (self.style, self.style.forward),
            "content": (self.content, self.content.forward),
            "project": (self.projector, self.projector.forward),
        }
        if self.content_map:
            pictures[CONTENT_MAP] = (self.content_map, self.content_map.forward)
        if self.guide:
            pictures[GUIDE] = (self.guide, self.guide.forward)
        if self.words is None:
            return pictures
        words: tuple[nn.Module, nn.Module] = self.words.style, self.words.content
        return pictures | {name: (head, head.forward) for name, head in zip(WORDS, words, strict=True)}


@final
class TorchComponents(Components):
    """The components of a bundle in eager torch."""

    def __init__(self, bundle: Bundle, *, device: str = "cpu", networks: Networks | None = None) -> None:
        """networks: those that somebody has loaded already."""
        super().__init__(bundle)
        networks = networks or load_networks(bundle)
        for network, _ in networks.components().values():
            network.to(device)
        self._device, self._networks = device, networks
        self._functions = {name: function for name, (_, function) in networks.components().items()}
        self._functions["denoise"] = by_branch(self._functions["denoise"])

    def _changed(self, adaptations: Adaptations) -> "TorchComponents":
        unet = copy.deepcopy(self._networks.unet)  # of the very weights that it has here, which may be the user's own
        weights = {name: value.detach().float().cpu().numpy() for name, value in unet.named_parameters()}
        state = {name: torch.from_numpy(value) for name, value in adapted(weights, adaptations).items()}
        unet.load_state_dict(state, strict=False)
        bundle = dataclasses.replace(self.bundle, adaptations=adaptations)
        networks = dataclasses.replace(self._networks, unet=unet)
        changed = TorchComponents(bundle, device=self._device, networks=networks)
        changed._networks = self._networks  # which another change starts from, in place of this one
        return changed

    @torch.inference_mode()
    def _run(self, component: str, *inputs: np.ndarray) -> np.ndarray:
        tensors = [torch.tensor(np.ascontiguousarray(value), device=self._device) for value in inputs]  # a copy
        return self._functions[component](*tensors).cpu().numpy()


@final
class BackboneComponents(Components):
    """The components of a bundle on somebody else's backbone.

    The U-Net runs in `precision`, everything else in float32."""

    def __init__(
        self,
        bundle: Bundle,
        networks: "BackboneNetworks",
        *,
        device: str = "cpu",
        precision: torch.dtype = torch.float32,
    ) -> None:
        super().__init__(bundle)
        self._networks = networks
        for network in networks.modules().values():
            network.eval().to(device)
        nn.Module.to(networks.denoiser.unet, precision)  # diffusers' own warns whatever happens
        self._device, self._precision = device, precision
        self._functions = {name: function for name, (_, function) in networks.components().items()}
        self._functions["denoise"] = by_branch(self._denoised)

    def _changed(self, adaptations: Adaptations) -> "BackboneComponents":
        raise ParasolError("a model on a backbone cannot be taught by a style card yet: use another style, or model")

    def named(self, texts: Sequence[str]) -> np.ndarray:
        return self._text(texts).cpu().numpy()

    @cached_property
    def _text(self) -> "TextTower":
        from parasol.backbones.encoders import TextTower
        from parasol.backbones.inspection import words_in

        folder = words_in(self.bundle.folder)
        assert folder is not None
        return TextTower(folder, self._device)

    @torch.inference_mode()
    def _run(self, component: str, *inputs: np.ndarray) -> np.ndarray:
        tensors = [torch.from_numpy(np.array(value)).to(self._device) for value in inputs]
        return self._functions[component](*tensors).float().cpu().numpy()

    def _denoised(self, z: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        return self._networks.denoiser(z.to(self._precision), t, tokens)


def by_branch(denoise: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A U-Net that on a CPU is given one branch at a time: there the bits of a convolution depend on the batch, and a
    picture must not, for what is remembered changes which branches are asked for."""

    def denoised(z: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        rows = 1 if z.device.type == "cpu" else len(z)
        parts = zip(z.split(rows), tokens.split(rows), strict=True)
        return torch.cat([denoise(part, t, heard) for part, heard in parts])

    return denoised


def open_components(bundle: Bundle) -> Components:
    """The components of a bundle in torch; those on a backbone run on a GPU where there is one, the U-Net in bfloat16.

    Raises:
        BundleError: the weights do not belong to the configurations.
    """
    if not bundle.manifest.backbone:
        return TorchComponents(bundle)
    from parasol.backbones.inspection import backbone_of
    from parasol.backbones.networks import load

    networks = load(bundle.folder, backbone_of(bundle.folder))
    if torch.cuda.is_available():
        return BackboneComponents(bundle, networks, device="cuda", precision=torch.bfloat16)
    return BackboneComponents(bundle, networks)


def components_with(unet: nn.Module, vae: nn.Module) -> Components:
    """The components of the bundle in whose folder diffusers found a U-Net and an autoencoder, with those two."""
    module: Any = unet
    place = Path(module.config["_name_or_path"])
    folder = place if (place / "unet").is_dir() else place.parent
    own_folder = folder / OWN_BUNDLE
    bundle, parameter = Bundle.open(own_folder if own_folder.is_dir() else folder), next(unet.parameters())
    if own_folder.is_dir():
        for weight in (*unet.parameters(), *vae.parameters()):
            # Mapped from a file they lie anywhere, and the last bits of products hear of it.
            weight.data = weight.data.clone()
        parts: Any = {"unet": module.network, "autoencoder": vae.network}
        networks = dataclasses.replace(load_networks(bundle), **parts)
        return TorchComponents(bundle, device=str(parameter.device), networks=networks)
    from parasol.backbones.inspection import backbone_of
    from parasol.backbones.networks import load

    theirs: Any = load(folder, backbone_of(folder), unet=module, vae=vae)  # type: ignore[arg-type]
    return BackboneComponents(bundle, theirs, device=str(parameter.device), precision=parameter.dtype)


def load_networks(bundle: Bundle) -> Networks:
    """The networks of a bundle with its weights.

    Raises:
        BundleError: the manifest's configurations and the weights do not belong together.
    """
    where = f"the model in {str(bundle.folder)!r}"
    try:
        networks = Networks.build(bundle.manifest.networks)
    except (KeyError, TypeError, ValueError) as error:
        raise BundleError(f"{where}: its networks cannot be built ({error}): {GET_ANOTHER}") from error
    states: dict[nn.Module, tuple[str, dict[str, Tensor]]] = {}
    for component, (network, _) in networks.components().items():
        weights = {name: torch.from_numpy(value) for name, value in bundle.weights(component).items()}
        states.setdefault(network, (weights_file(component), {}))[1].update(weights)
    for network, (file, state) in states.items():
        try:
            missing, unexpected = network.load_state_dict(state, strict=False)
        except RuntimeError as error:
            detail = " ".join(str(error).split())
            raise BundleError(f"{where}: {file} does not fit its networks ({detail}): {GET_ANOTHER}") from error
        wrong = [*unexpected, *(name for name in missing if not name.endswith(_COUNTERS))]
        if wrong:
            raise BundleError(f"{where}: {file} does not fit its networks at {wrong[0]!r}: {GET_ANOTHER}")
    return networks


def _aligned(configurations: Mapping[str, Mapping[str, Any]]) -> bool:
    """Whether the U-Net is given the content map where it belongs; no map of before that was."""
    return bool(configurations.get(CONTENT_MAP, {}).get("aligned", False))


def _config(kind: type, values: Mapping[str, Any]) -> Any:
    """A network's configuration record from JSON values, in which tuples have become lists."""
    return kind(**{name: tuple(value) if isinstance(value, list) else value for name, value in values.items()})

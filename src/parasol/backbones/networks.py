"""The networks of a backbone in torch, with the paper's conditioning: [m_s, c_y] where the text used to be.

Both tokens have unit norm. Cross-attention trained on text expects states behind a layer norm, whose length is about
the square root of their width: tokens are brought to that, filled up with zeros where the context is wider than the
content descriptor. Null is zeros, as everywhere here.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.nn import functional

from parasol.backbones.encoders import PictureEncoder, load_encoder
from parasol.backbones.files import SUFFIX, BackboneError, Shape, Tensors, config
from parasol.backbones.inspection import CONTENT, ENCODER_STEM, STYLE, UNET, VAE, Backbone, Encoder
from parasol.networks.projector import Projector, ProjectorConfig

OLD_NAMES = ((".query.", ".to_q."), (".key.", ".to_k."), (".value.", ".to_v."), (".proj_attn.", ".to_out.0."))
"""Of attention in autoencoders before diffusers 0.17, which it still reads."""

PROJECTOR, HIDDEN = "projector", 1024  # the folder of M, and its width


class Denoiser(nn.Module):
    """What training trains: the U-Net and the projector M."""

    def __init__(self, unet: UNet2DConditionModel, projector: nn.Module, backbone: Backbone) -> None:
        super().__init__()
        self.unet, self.projector, self.backbone = unet, projector, backbone

    def tokens(self, style: Float[Tensor, "B a"], content: Float[Tensor, "B d"]) -> Float[Tensor, "B 2 d"]:
        """[m_s, c_y], unit norm each."""
        return torch.stack([self.projector(style), content], dim=1)

    def forward(
        self, z: Float[Tensor, "B C h w"], t: Tensor, tokens: Float[Tensor, "B 2 d"]
    ) -> Float[Tensor, "B C h w"]:
        """What the U-Net predicts, epsilon or v. A token of zeros is null."""
        width = self.backbone.context
        heard = functional.pad(tokens, (0, width - tokens.shape[2])) * math.sqrt(width)
        return self.unet(z, t, encoder_hidden_states=heard.to(z.dtype), added_cond_kwargs=self.added(z)).sample

    def added(self, z: Float[Tensor, "B C h w"]) -> dict[str, Any] | None:
        """What SDXL is told besides: the picture's size, no cut, the result's; of the text nothing."""
        if not self.backbone.pooled:
            return None
        # counted rather than read, so that a graph of ONNX goes on asking for the size
        side = 8.0 * torch.stack([z.new_ones(length).sum() for length in z.shape[2:]])
        sizes = torch.cat([side, torch.zeros_like(side), side]).expand(z.shape[0], 6)
        return {"time_ids": sizes, "text_embeds": z.new_zeros(z.shape[0], self.backbone.pooled)}


@dataclass(frozen=True, kw_only=True)
class Networks:
    """Everything that a model on a backbone consists of."""

    backbone: Backbone
    denoiser: Denoiser
    vae: AutoencoderKL
    style: PictureEncoder
    content: PictureEncoder

    def encode(self, pixels: Float[Tensor, "B 3 H W"]) -> Float[Tensor, "B C h w"]:
        """E(x): the middle of what the autoencoder says, scaled as the U-Net knows it."""
        latent = self.vae.encode(2.0 * pixels - 1.0).latent_dist.mode()  # type: ignore[union-attr]
        return (latent - self.backbone.shift) * self.backbone.scaling

    def decode(self, z: Float[Tensor, "B C h w"]) -> Float[Tensor, "B 3 H W"]:
        """D(z), in [0, 1]."""
        pixels = self.vae.decode(z / self.backbone.scaling + self.backbone.shift).sample  # type: ignore[union-attr]
        return (0.5 * pixels + 0.5).clamp(0.0, 1.0)

    def components(self) -> dict[str, tuple[nn.Module, Callable[..., Tensor]]]:
        """Component -> the network that holds its parameters, and its function of tensors."""
        denoiser, projector = self.denoiser, self.denoiser.projector
        return {
            "encode": (self.vae, self.encode), "decode": (self.vae, self.decode),
            "denoise": (denoiser.unet, denoiser.forward), "project": (projector, projector.forward),
            "style": (self.style, self.style.forward), "content": (self.content, self.content.forward),
        }  # fmt: skip

    def modules(self) -> Mapping[str, nn.Module]:
        """Every network by name."""
        return {"denoiser": self.denoiser, "vae": self.vae, "style": self.style, "content": self.content}


def load(
    folder: Path,
    backbone: Backbone,
    *,
    seed: int = 0,
    unet: UNet2DConditionModel | None = None,
    vae: AutoencoderKL | None = None,
    decoupled: bool = False,
) -> Networks:
    """The networks of a base, float32, with a fresh M of `seed`, or with the one that is in the folder.

    decoupled: whether adapters hear the conditions beside a frozen U-Net; a folder that holds some has them.
    unet, vae: those that somebody has loaded already.

    Raises:
        BackboneError: an encoder does not fit.
    """
    style, content = load_encoder(folder / STYLE), load_encoder(folder / CONTENT)
    fit_content(folder / CONTENT, content.card, backbone)
    stored: dict[str, Any] = {"local_files_only": True, "use_safetensors": True, "torch_dtype": torch.float32}
    unet = unet or UNet2DConditionModel.from_pretrained(folder, subfolder=UNET, **stored)  # type: ignore[assignment]
    vae = vae or AutoencoderKL.from_pretrained(folder, subfolder=VAE, **stored)  # type: ignore[assignment]
    assert isinstance(unet, UNet2DConditionModel)
    assert isinstance(vae, AutoencoderKL)
    random = torch.random.get_rng_state()
    torch.manual_seed(seed)
    denoiser = _denoiser(folder, backbone, unet, (style.card.dimension, content.card.dimension), decoupled)
    torch.random.set_rng_state(random)
    return Networks(
        backbone=backbone, denoiser=denoiser, vae=vae.eval().requires_grad_(False), style=style, content=content
    )


def _denoiser(
    folder: Path, backbone: Backbone, unet: UNet2DConditionModel, widths: tuple[int, int], decoupled: bool
) -> Denoiser:
    """With M, or adapters, of the folder where it has them; with fresh ones else."""
    from parasol.backbones.decoupled import ADAPTERS, DecoupledDenoiser, fresh, read

    if decoupled or (folder / ADAPTERS).is_dir():
        states = read(folder) if (folder / ADAPTERS).is_dir() else fresh(unet, widths)
        return DecoupledDenoiser(unet, widths, backbone, states)
    projector = Projector(ProjectorConfig(style_dimension=widths[0], hidden=HIDDEN, content_dimension=widths[1]))
    trained = folder / PROJECTOR / f"{ENCODER_STEM}{SUFFIX}"
    if trained.exists():
        projector.load_state_dict(load_file(trained))
    return Denoiser(unet, projector, backbone)


def fit_content(source: Path, card: Encoder, backbone: Backbone) -> None:
    """Raise BackboneError where the U-Net has no room for a content descriptor."""
    if card.dimension > backbone.context:
        raise BackboneError(
            f"{source} gives {card.dimension} numbers and the U-Net attends to {backbone.context}: take a smaller "
            "content encoder"
        )


def on_meta(kind: type[UNet2DConditionModel] | type[AutoencoderKL], folder: Path) -> nn.Module:
    """A network of a configuration without a single number in memory."""
    with torch.device("meta"):
        return kind.from_config(config(folder))  # type: ignore[return-value]


def check_keys(folder: Path, kind: type[UNet2DConditionModel] | type[AutoencoderKL], tensors: Tensors) -> None:
    """Raise BackboneError at the first key that a network lacks, has in another shape, or does not know.

    The network is built without memory.
    """
    wanted: dict[str, Shape] = {name: tuple(value.shape) for name, value in on_meta(kind, folder).state_dict().items()}
    shapes = {_renamed(name): shape for name, shape in tensors.shapes.items()}
    for name, shape in wanted.items():
        there = shapes.get(name)
        if there is None:
            raise BackboneError(f"{folder}: {name!r} of shape {list(shape)} is missing: take both files of one model")
        if there != shape:
            raise BackboneError(
                f"{folder}: {name!r} has shape {list(there)} and its configuration asks for {list(shape)}: take both "
                "files of one model"
            )
    for name in shapes:
        if name not in wanted:
            raise BackboneError(
                f"{folder}: {name!r} of shape {list(shapes[name])} is nothing that its configuration knows: take both "
                "files of one model"
            )


def _renamed(name: str) -> str:
    for old, new in OLD_NAMES:
        name = name.replace(old, new)
    return name

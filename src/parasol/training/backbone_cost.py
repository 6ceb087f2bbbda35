"""What a step of fine-tuning takes, found before anything is allocated: networks and activations on meta tensors, and
the rate of this machine from one real layer."""

import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_2d_blocks import UpDecoderBlock2D
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.flop_counter import FlopCounterMode

from parasol.backbones.decoupled import fresh
from parasol.backbones.files import config
from parasol.backbones.inspection import CONTENT, STYLE, UNET, VAE, Backbone, encoder_in
from parasol.backbones.networks import HIDDEN, Denoiser, on_meta
from parasol.errors import ParasolError
from parasol.training.backbone import BackboneTraining, trained_backbone
from parasol.training.devices import accelerator
from parasol.training.recipes import Recipe

LAYERS = (ResnetBlock2D, Transformer2DModel, UpDecoderBlock2D)  # computed again as a whole; the last, of a decoder
STATE = 16  # bytes a trained parameter: itself, its gradient, AdamW's two moments
AVERAGE, COPY = 4, 2  # bytes more: its average, where that is not aside; what bfloat16 products read of it
ROUNDS = 3  # of the real layer


@dataclass
class Kept:
    """What autograd keeps for the gradient: bytes in all, and of the layer that keeps most."""

    bytes: int = 0
    largest: int = 0


@contextmanager
def fused_attention() -> Iterator[None]:
    """On meta tensors attention comes apart, matrix and all; real devices run it in one, which keeps no matrix.

    It is replaced in its module, for what is computed again in a gradient hears of no mode of torch's.
    """
    plain = functional.scaled_dot_product_attention

    def fused(query: Tensor, key: Tensor, value: Tensor, **_: Any) -> Tensor:
        return torch.ops.aten._scaled_dot_product_flash_attention(query, key, value, 0.0, False)[0]

    functional.scaled_dot_product_attention = fused
    try:
        yield
    finally:
        functional.scaled_dot_product_attention = plain


def cost_of(recipe: Recipe, base: Path) -> dict[str, Any]:
    """Memory in GiB and time of one step on this machine, for one process that takes the whole batch.

    Not counted: what the picture encoders keep for the modality losses, and what the allocator leaves unused.
    """
    training = recipe.configuration.get("backbone_training")
    if not isinstance(training, BackboneTraining):
        raise ParasolError(f"the recipe {recipe.name!r} fine-tunes no backbone: leave --backbone out")
    backbone, batch = trained_backbone(base, training), recipe.optimisation.batch
    kind = torch.bfloat16 if training.precision == "bfloat16" else torch.float32
    unet, vae = on_meta(UNet2DConditionModel, base / UNET), on_meta(AutoencoderKL, base / VAE)
    assert isinstance(unet, UNet2DConditionModel)
    encoders = [encoder_in(base / part) for part in (STYLE, CONTENT)]
    style, content = (card.dimension for card, _ in encoders)
    trained, frozen = (sum(one.numel() for one in network.parameters()) for network in (unet, vae))
    if training.decoupled:  # what the frozen U-Net keeps is then counted as if it were trained: at most that
        states = fresh(unet, (style, content))
        frozen, trained = (
            frozen + trained,
            sum(v.numel() for one in states for part in one.values() for v in part.values()),
        )
    else:
        trained += (style + 1) * HIDDEN + (HIDDEN + 1) * HIDDEN + (HIDDEN + 1) * content
    frozen += sum(tensors.parameters for _, tensors in encoders)
    nn.Module.to(unet, kind)
    kept, flops = denoising(unet, backbone, batch, checkpointing=training.checkpointing)
    pictures = training.modality.pictures if training.modality else 0
    decoded, of_vae = autoencoding(vae, backbone, batch, pictures, checkpointing=training.checkpointing)
    rate = measured_rate(base, backbone, kind)
    gib = 2**30
    state = STATE + (0 if recipe.optimisation.average_aside else AVERAGE) + (COPY if kind == torch.bfloat16 else 0)
    parts = {
        "weights, gradients, moments, average": state * trained / gib,
        "frozen networks": 4 * frozen / gib,
        "activations of the U-Net": (kept.bytes + (kept.largest if training.checkpointing else 0)) / gib,
        "activations of the decoder": (decoded.bytes + (decoded.largest if training.checkpointing else 0)) / gib,
    }
    return {
        "batch": batch,
        "size": backbone.size,
        "trained parameters": trained,
        "GiB": {name: round(value, 3) for name, value in parts.items()} | {"in all": round(sum(parts.values()), 3)},
        "TFLOP a step": round((flops + of_vae) / 1e12, 6),
        "TFLOP/s of this machine": round(rate / 1e12, 4),
        "seconds a step": round((flops + of_vae) / rate, 3),
    }


def denoising(unet: UNet2DConditionModel, backbone: Backbone, batch: int, *, checkpointing: bool) -> tuple[Kept, float]:
    """What one pass of the U-Net keeps, and the operations of it and its gradient (again, where activations are)."""
    parameter = next(unet.parameters())
    denoiser = Denoiser(unet, nn.Identity(), backbone)
    side = backbone.size // 8
    like = {"device": parameter.device, "dtype": parameter.dtype}
    z = torch.zeros(batch, backbone.latent_channels, side, side, **like)
    tokens, t = torch.zeros(batch, 2, backbone.context, **like), torch.zeros(batch, device=parameter.device)
    unet.train()
    attention = fused_attention if parameter.is_meta else nullcontext
    with attention(), keeping(unet) as whole, FlopCounterMode(display=False) as counter:
        denoiser(z, t, tokens).float().square().mean().backward()
    if not checkpointing:
        return whole, float(counter.get_total_flops())
    unet.enable_gradient_checkpointing()
    with attention(), keeping(unet) as boundaries, FlopCounterMode(display=False) as counter:
        denoiser(z, t, tokens).float().square().mean().backward()
    boundaries.largest = whole.largest
    return boundaries, float(counter.get_total_flops())


@contextmanager
def keeping(network: nn.Module) -> Iterator[Kept]:
    """Count what autograd keeps of a pass, beside the parameters; each storage once."""
    own = {one.untyped_storage()._cdata for one in network.parameters()}
    kept, alive, entered = Kept(), dict[int, Tensor](), list[int]()

    def pack(tensor: Tensor) -> Tensor:
        storage = tensor.untyped_storage()
        if storage._cdata not in own and storage._cdata not in alive:
            alive[storage._cdata] = tensor  # so that no other storage gets its address
            kept.bytes += storage.nbytes()
        return tensor

    def enter(*_: object) -> None:
        entered.append(kept.bytes)

    def leave(*_: object) -> None:
        kept.largest = max(kept.largest, kept.bytes - entered.pop())

    layers = [one for one in network.modules() if isinstance(one, LAYERS)]
    hooks = [
        hook for one in layers for hook in (one.register_forward_pre_hook(enter), one.register_forward_hook(leave))
    ]
    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        yield kept
    for hook in hooks:
        hook.remove()
    alive.clear()


def measured_rate(base: Path, backbone: Backbone, kind: torch.dtype) -> float:
    """FLOP/s of this machine in a pass and its gradient through real layers: a residual block of every width."""
    device, side = accelerator(), backbone.size // 8
    told = config(base / UNET)
    widths, groups = told["block_out_channels"], int(told.get("norm_num_groups") or 32)
    total, seconds = 0.0, 0.0
    for level, width in enumerate(widths):
        block = ResnetBlock2D(in_channels=width, temb_channels=width, groups=groups).to(device, kind)
        here = max(1, side >> level)
        x, t = (
            torch.randn(2, width, here, here, device=device, dtype=kind),
            torch.zeros(2, width, device=device, dtype=kind),
        )
        with FlopCounterMode(display=False) as counter:
            block(x, t).sum().backward()  # the first pass warms up
        _wait(device)
        started = time.perf_counter()
        for _ in range(ROUNDS):
            block(x, t).sum().backward()
        _wait(device)
        seconds += time.perf_counter() - started
        total += ROUNDS * counter.get_total_flops()
    return total / seconds


def _wait(device: torch.device) -> None:
    if device.type == "cuda":
        torch.cuda.synchronize()


def autoencoding(
    vae: nn.Module, backbone: Backbone, batch: int, decoded: int, *, checkpointing: bool
) -> tuple[Kept, float]:
    """What decoding pictures for the modality losses keeps, and the operations of encoding and of that, on meta."""
    assert isinstance(vae, AutoencoderKL)
    vae.requires_grad_(False)
    side = backbone.size
    with torch.no_grad(), fused_attention(), FlopCounterMode(display=False) as counter:
        vae.encode(torch.zeros(batch, 3, side, side, device="meta"))
    flops, found = float(counter.get_total_flops()), Kept()
    if not decoded:
        return found, flops
    largest = 0
    for again in (False, True) if checkpointing else (False,):
        if again:
            largest = found.largest
            vae.enable_gradient_checkpointing()
        z = torch.zeros(decoded, backbone.latent_channels, side // 8, side // 8, device="meta", requires_grad=True)
        with fused_attention(), keeping(vae) as found, FlopCounterMode(display=False) as counter:
            vae.decode(z).sample.sum().backward()  # type: ignore[union-attr]
    found.largest = max(found.largest, largest)
    return found, flops + float(counter.get_total_flops())

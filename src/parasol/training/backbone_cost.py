"""What a step of fine-tuning takes, found before the model is allocated: memory from a step on tensors without numbers,
time from every kind of layer of it, run for real on its own and counted as often as a step comes through it."""

import copy
import time
import weakref
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from diffusers.models.attention_processor import Attention
from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.downsampling import Downsample2D
from diffusers.models.embeddings import TimestepEmbedding
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from diffusers.models.upsampling import Upsample2D
from torch import Tensor, nn
from torch._subclasses.fake_tensor import FakeTensorMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only
from torch.utils.flop_counter import flop_registry

from parasol.backbones.decoupled import DecoupledDenoiser, fresh
from parasol.backbones.encoders import load_encoder
from parasol.backbones.files import config
from parasol.backbones.inspection import CONTENT, STYLE, UNET, VAE, Backbone, encoder_in
from parasol.backbones.networks import HIDDEN, Denoiser
from parasol.errors import ParasolError
from parasol.networks.projector import Projector, ProjectorConfig
from parasol.training.backbone import BackboneTraining, Triplets, trained_backbone
from parasol.training.devices import accelerator
from parasol.training.ema import update_average
from parasol.training.recipes import Recipe

AGAIN = (ResnetBlock2D, Transformer2DModel)  # what is computed again where activations are not kept
LAYERS = (*AGAIN, Downsample2D, Upsample2D, Attention, TimestepEmbedding, nn.Conv2d, nn.GroupNorm, nn.Linear, Projector)
_aten = torch.ops.aten
_fused = _aten._scaled_dot_product_flash_attention, _aten._scaled_dot_product_flash_attention_backward
_of_cpus = _aten._scaled_dot_product_flash_attention_for_cpu, _aten._scaled_dot_product_flash_attention_for_cpu_backward
OPERATIONS: dict[Any, Any] = {
    **flop_registry,
    **{ours: flop_registry[theirs] for ours, theirs in zip(_of_cpus, _fused, strict=True)},
}
"""Operation -> how many multiplications and additions it is; torch leaves the fused attention of CPUs out."""

FLOAT, MOMENTS = 4, 8  # bytes a parameter: itself, its average or its gradient; AdamW's two moments
SAMPLE = 2**25  # parameters, at most, that the optimiser is timed on
ROUNDS, LONG = 7, 0.5  # passes that are timed, fewer where one takes so many seconds


class Live(TorchDispatchMode):
    """How many bytes of tensors made in this block are alive, and were at most, each storage once; operations too."""

    def __init__(self) -> None:
        super().__init__()
        self.now, self.peak, self.flops = 0, 0, 0
        self._known: set[int] = set()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        tree_map_only(Tensor, lambda x: self._seen(x, 0), (args, kwargs))  # what is not known yet was there before
        made = func(*args, **(kwargs or {}))
        tree_map_only(Tensor, lambda x: self._seen(x, x.untyped_storage().nbytes()), made)
        if counted := OPERATIONS.get(func._overloadpacket):
            self.flops += counted(*args, **(kwargs or {}), out_val=made)
        return made

    def _seen(self, tensor: Tensor, size: int) -> None:
        storage = tensor.untyped_storage()
        if storage._cdata not in self._known:
            self._known.add(storage._cdata)
            weakref.finalize(storage, self._gone, storage._cdata, size)
            self.now += size
            self.peak = max(self.peak, self.now)

    def _gone(self, key: int, size: int) -> None:
        self._known.discard(key)
        self.now -= size


@dataclass(frozen=True, kw_only=True)
class Call:
    """A layer as it was called. grad: whether a gradient went back through it. half: whether products are bfloat16."""

    layer: nn.Module
    inputs: tuple[Any, dict[str, Any]]
    grad: bool
    half: bool

    @property
    def key(self) -> str:
        """The same for layers that take the same time."""
        shapes = [(tuple(x.shape), x.requires_grad) for x in tree_leaves(self.inputs) if isinstance(x, Tensor)]
        trained = any(parameter.requires_grad for parameter in self.layer.parameters())
        return f"{self.layer} {shapes} {self.grad} {self.half} {trained}"


@dataclass(frozen=True, kw_only=True)
class Step:
    """What one step does. peak: bytes of activations and gradients at most. flops: of everything but the encoders.

    calls: by network, in order.
    """

    peak: int
    flops: float
    calls: dict[str, list[Call]]


def cost_of(recipe: Recipe, base: Path, triplets: Triplets | None = None) -> dict[str, Any]:
    """Memory in GiB and time of one step on this machine, for one process that takes the whole batch.

    Seconds are of the clock on a GPU and of the processor on a CPU, which others may be using. Pictures are read where
    triplets are named. Not counted: what allocators and kernels keep for themselves.
    """
    training = recipe.configuration.get("backbone_training")
    if not isinstance(training, BackboneTraining):
        raise ParasolError(f"the recipe {recipe.name!r} fine-tunes no backbone: leave --backbone out")
    backbone, batch = trained_backbone(base, training), recipe.optimisation.batch
    encoders = [encoder_in(base / part) for part in (STYLE, CONTENT)]
    widths = encoders[0][0].dimension, encoders[1][0].dimension
    with FakeTensorMode():
        denoiser, vae = without_numbers(base, backbone, training, widths)
        step = step_of(denoiser, vae, widths, training, batch)
        every = sum(parameter.numel() for parameter in denoiser.parameters())
        shapes = [tuple(parameter.shape) for parameter in denoiser.parameters() if parameter.requires_grad]
        frozen = every - _numbers(shapes) + sum(parameter.numel() for parameter in vae.parameters())
    pictures = training.modality.pictures if training.modality else 0
    kept, of_encoders = encoders_of(base, backbone, batch, pictures)
    average = 0 if recipe.optimisation.average_aside else FLOAT * every
    parts = {
        "weights and moments": (FLOAT + MOMENTS) * _numbers(shapes),
        "average": average,
        "frozen networks": FLOAT * (frozen + sum(tensors.parameters for _, tensors in encoders)),
        # a validation copies the average when gradients are gone
        "activations and gradients": max(step.peak + kept, FLOAT * every),
    }
    seconds = {name: _seconds_of(calls, training) for name, calls in step.calls.items()}
    seconds |= {"encoders": of_encoders, "optimiser and average": _upkeep(shapes)}
    if triplets is not None:
        rows = np.arange(batch) % len(triplets)
        seconds["reading pictures"] = timed(lambda: triplets.read(rows, backbone.size), torch.device("cpu"))
    whole, gib = sum(seconds.values()), 2**30
    clock = "seconds" if accelerator().type == "cuda" else "CPU-seconds"
    return {
        "batch": batch,
        "size": backbone.size,
        "trained parameters": _numbers(shapes),
        "GiB": {name: round(value / gib, 5) for name, value in (parts | {"in all": sum(parts.values())}).items()},
        "TFLOP a step": round(step.flops / 1e12, 6),
        clock: {name: round(value, 4) for name, value in seconds.items()},
        f"{clock} a step": round(whole, 4),
    }


def without_numbers(
    base: Path, backbone: Backbone, training: BackboneTraining, widths: tuple[int, int]
) -> tuple[Denoiser, AutoencoderKL]:
    """What is trained, and the autoencoder, of a base's configurations; call it within a `FakeTensorMode`.

    widths: of the style and content descriptors.
    """
    unet: Any = UNet2DConditionModel.from_config(config(base / UNET))
    vae: Any = AutoencoderKL.from_config(config(base / VAE))
    if training.decoupled:
        denoiser: Denoiser = DecoupledDenoiser(unet, widths, backbone, fresh(unet, widths))
    else:
        shape = ProjectorConfig(style_dimension=widths[0], hidden=HIDDEN, content_dimension=widths[1])
        denoiser = Denoiser(unet, Projector(shape), backbone)
    if training.checkpointing:
        unet.enable_gradient_checkpointing()
        vae.enable_gradient_checkpointing()
    return denoiser.train(), vae.eval().requires_grad_(False)


def step_of(
    denoiser: Denoiser, vae: AutoencoderKL, widths: tuple[int, int], training: BackboneTraining, batch: int
) -> Step:
    """What a step takes, on tensors with or without numbers; the gradients are left."""
    with Live() as live:
        calls = pass_of(denoiser, vae, widths, training, batch)
    return Step(peak=live.peak, flops=float(live.flops), calls=calls)


def pass_of(
    denoiser: Denoiser, vae: AutoencoderKL, widths: tuple[int, int], training: BackboneTraining, batch: int
) -> dict[str, list[Call]]:
    """A step of `BackboneTask` up to its gradients, without the encoders; the layers that were called, by network."""
    side, device, calls = denoiser.backbone.size, next(denoiser.parameters()).device, dict[str, list[Call]]()
    with called(vae) as calls["encoding"], torch.no_grad():
        z = vae.encode(torch.zeros(batch, 3, side, side, device=device)).latent_dist.mode()  # type: ignore[union-attr]
    style, content = (torch.zeros(batch, width, device=device) for width in widths)
    with called(denoiser) as calls["U-Net and M"], _autocast(device, training.precision == "bfloat16"):
        t = torch.zeros(batch, dtype=torch.int64, device=device)
        predicted = denoiser(z, t, denoiser.tokens(style, content)).float()
    loss = predicted.square().mean()
    if training.modality:
        with called(vae) as calls["decoding"]:
            loss = loss + vae.decode(predicted[: training.modality.pictures]).sample.square().mean()  # type: ignore[union-attr]
    loss.backward()
    return calls


@contextmanager
def called(network: nn.Module) -> Iterator[list[Call]]:
    """Note how the layers of a network are called in the block; layers within a layer are a part of it."""
    calls, within = list[Call](), list[nn.Module]()

    def enter(layer: nn.Module, args: Any, kwargs: Any) -> None:
        if not within:
            empty = tree_map_only(Tensor, lambda x: x.detach().requires_grad_(x.requires_grad), (args, kwargs))
            half = any(map(torch.is_autocast_enabled, ("cpu", "cuda")))
            calls.append(Call(layer=layer, inputs=empty, grad=torch.is_grad_enabled(), half=half))
        within.append(layer)

    def leave(layer: nn.Module, *_: Any) -> None:
        within.pop()

    layers = [layer for layer in network.modules() if isinstance(layer, LAYERS)]
    hooks = [layer.register_forward_pre_hook(enter, with_kwargs=True) for layer in layers]
    hooks += [layer.register_forward_hook(leave) for layer in layers]
    yield calls
    for hook in hooks:
        hook.remove()


def timed(run: Callable[[], object], device: torch.device) -> float:
    """Median seconds of a call that has been made before, unless one call is long."""

    def once() -> float:
        started = time.perf_counter() if device.type == "cuda" else time.process_time()
        run()
        if device.type == "cuda":
            torch.cuda.synchronize()
            return time.perf_counter() - started
        return time.process_time() - started

    first = once()
    return first if first > LONG and device.type == "cpu" else median(once() for _ in range(ROUNDS))


def _seconds_of(calls: Sequence[Call], training: BackboneTraining) -> float:
    """Of all calls; each kind of layer is made and run once, one after another."""
    seconds: dict[str, float] = {}
    for call in calls:
        if call.key not in seconds:
            seconds[call.key] = _seconds(call, training)
    return sum(seconds[call.key] for call in calls)


def _seconds(call: Call, training: BackboneTraining) -> float:
    device = accelerator()
    layer = copy.deepcopy(call.layer)
    for part in layer.modules():
        for name, value in (*part._parameters.items(), *part._buffers.items()):
            if value is not None:
                setattr(part, name, _filled(value, device, parameter=name in part._parameters))
    args, kwargs = tree_map_only(Tensor, lambda x: _filled(x, device), call.inputs)
    again = training.checkpointing and call.grad and isinstance(call.layer, AGAIN)

    def run() -> None:
        with torch.set_grad_enabled(call.grad), _autocast(device, call.half):
            made = tree_leaves(layer(*args, **kwargs))[0]
        if made.requires_grad:
            made.sum().backward()
        for parameter in layer.parameters():
            parameter.grad = None

    def forward() -> None:
        with torch.no_grad(), _autocast(device, call.half):
            layer(*args, **kwargs)

    return timed(run, device) + (timed(forward, device) if again else 0.0)


def _filled(like: Tensor, device: torch.device, *, parameter: bool = False) -> Any:
    """Small numbers in the shape of a tensor that has none."""
    shape, kind = tuple(like.shape), like.dtype
    made = torch.zeros(shape, dtype=kind, device=device)
    if kind.is_floating_point:
        made.uniform_(-0.05, 0.05)
    return nn.Parameter(made, like.requires_grad) if parameter else made.requires_grad_(like.requires_grad)


def encoders_of(base: Path, backbone: Backbone, batch: int, pictures: int) -> tuple[int, float]:
    """Bytes that both encoders keep for the modality losses, and seconds; each is loaded and run for real."""
    device, kept, seconds = accelerator(), 0, 0.0
    for part in (STYLE, CONTENT):
        encoder = load_encoder(base / part).to(device)
        x = torch.rand(batch, 3, backbone.size, backbone.size, device=device)
        with torch.no_grad():
            seconds += timed(lambda encoder=encoder, x=x: encoder(x), device)
        if pictures:
            few = torch.rand(pictures, 3, backbone.size, backbone.size, device=device, requires_grad=True)
            with Live() as live:
                encoder(few).sum().backward()
            kept += live.peak
            seconds += timed(lambda encoder=encoder, few=few: encoder(few).sum().backward(), device)
    return kept, seconds


def _upkeep(shapes: Sequence[tuple[int, ...]]) -> float:
    """Seconds of clipping, AdamW and the average, of a part of the parameters where there are many."""
    device, every = accelerator(), _numbers(shapes)
    part = list(shapes[:: -(-every // SAMPLE)])
    model, average = (nn.ParameterList([torch.zeros(shape, device=device) for shape in part]) for _ in range(2))
    for parameter in model:
        parameter.grad = torch.full_like(parameter, 1e-3)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    average.requires_grad_(False)

    def run() -> None:
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        update_average(average, model, 0.99, 100)

    return timed(run, device) * every / _numbers(part)


def _numbers(shapes: Sequence[tuple[int, ...]]) -> int:
    return sum(int(np.prod(shape)) for shape in shapes)


def _autocast(device: torch.device, half: bool) -> Any:
    return torch.autocast(device.type, torch.bfloat16, enabled=half)

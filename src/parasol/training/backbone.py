"""Fine-tuning of somebody else's latent diffusion model and of M on triplets of pictures, as in the paper: the U-Net
and M are trained, autoencoder and encoders frozen (sections 3 and 4)."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from diffusers.models.resnet import ResnetBlock2D
from diffusers.models.transformers.transformer_2d import Transformer2DModel
from torch import Tensor, nn

from parasol.backbones.files import BackboneError
from parasol.backbones.inspection import Backbone, backbone_of
from parasol.backbones.networks import Networks, load
from parasol.errors import ParasolError
from parasol.images import load as load_picture
from parasol.maths.steps import add_noise, per_picture, predict_z0
from parasol.training.devices import CPU
from parasol.training.diffusion import VALIDATION
from parasol.training.draws import draws, torch_draws
from parasol.training.loop import Task
from parasol.training.losses import diffusion_loss, modality_losses, velocity_loss
from parasol.training.modality import ModalityTraining
from parasol.triplets.dataset import TripletDataset
from parasol.triplets.descriptors import open_descriptors

MODES = {"joint": (1.0, 1.0), "style": (1.0, 0.0), "content": (0.0, 1.0), "null": (0.0, 0.0)}
"""What a sample hears: style token kept, content token kept."""

HELD = 16  # triplets, at most, that validation sees: the last ones


@dataclass(frozen=True, kw_only=True)
class BackboneTraining:
    """shares: of a batch that hears both tokens, the style alone, the content alone, nothing.

    snr_cap: of min-SNR (`diffusion_loss`); inf for the paper's unweighted loss. zero_terminal: whether the chain is
    made to end on noise alone and the network to predict the velocity (Lin et al. 2024), whatever the base did before.
    modality: the two modality losses, where they are wanted. precision: of the U-Net's products. checkpointing: whether
    activations are computed again for the gradient instead of kept: a third more time, a few times less memory.
    decoupled: whether two adapters are trained beside the U-Net, which then stays as it is, instead of it and of M.
    size: side in px of the pictures, 0 for the base's own. seed: of every draw.
    """

    shares: tuple[float, float, float, float] = (0.3, 0.3, 0.3, 0.1)
    snr_cap: float = 5.0
    zero_terminal: bool = False
    modality: ModalityTraining | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    checkpointing: bool = False
    decoupled: bool = False
    size: int = 0
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Foreseen:
    """z0_hat of a batch, the descriptors that it was to have, and how much each of the two counts."""

    z_0: Tensor
    style: Tensor
    content: Tensor
    weights: Tensor


class Triplets(ABC):
    """Triplets of pictures: output x, content y, style s."""

    @abstractmethod
    def __len__(self) -> int:
        """How many there are."""

    def rows(self, random: np.random.Generator, batch: int, *, seed: int, step: int) -> np.ndarray:
        """Which of them a step takes, a function of (seed, step), of which `random` is made."""
        return random.choice(len(self), batch, replace=False)

    @abstractmethod
    def read(self, rows: np.ndarray, size: int) -> tuple[Tensor, Tensor, Tensor]:
        """x, y and s of some of them: pixels in [0,1], [B, 3, size, size]."""


class MinedTriplets(Triplets):
    """What `parasol triplets mine` found, read from the pictures that were indexed."""

    def __init__(self, folder: Path) -> None:
        dataset = TripletDataset(folder)
        tables = [dataset.results.kept(task) for task in sorted(dataset.results.shards)]
        self.rows_of = np.stack([np.concatenate([part[name] for part in tables]) for name in ("x", "y", "s")])
        descriptors = open_descriptors(Path(dataset.results.plan.index))
        self.root, self.paths = Path(descriptors.index.manifest.pictures), descriptors.paths

    def __len__(self) -> int:
        return self.rows_of.shape[1]

    def read(self, rows: np.ndarray, size: int) -> tuple[Tensor, Tensor, Tensor]:
        files = [[self.root / self.paths[row] for row in part[rows]] for part in self.rows_of]
        x, y, s = (torch.stack([middle(file, size) for file in part]) for part in files)
        return x, y, s


def middle(file: Path | bytes, size: int) -> Tensor:
    """The square in the middle of a picture, [3, size, size]. What is transparent is white."""
    pixels = torch.from_numpy(load_picture(file)).permute(2, 0, 1)
    side = min(pixels.shape[1:])
    top, left = ((length - side) // 2 for length in pixels.shape[1:])
    cut = pixels[None, :, top : top + side, left : left + side]
    return nn.functional.interpolate(cut, (size, size), mode="bicubic", antialias=True)[0].clamp(0.0, 1.0)


def trained_backbone(base: Path, training: BackboneTraining) -> Backbone:
    """The backbone as it is trained, and as the bundle says afterwards. Raises BackboneError where sizes do not fit."""
    backbone = backbone_of(base)
    if training.zero_terminal:
        schedule = replace(backbone.schedule, zero_terminal=True, spacing="trailing", clean=True)
        backbone = replace(backbone, schedule=schedule, prediction="v")
    size = training.size or backbone.size
    if size % backbone.stride:
        raise BackboneError(f"size is {size} and {base} needs a multiple of {backbone.stride} px: choose another")
    return replace(backbone, size=size)


class BackboneTask(Task):
    """L = L_DM + w_s L_s + w_y L_y on triplets. The score is L_DM on the last triplets, every mode, drawn once."""

    accelerated = True

    def __init__(self, base: Path, triplets: Triplets, training: BackboneTraining, batch: int) -> None:
        if len(triplets) < batch:
            raise ParasolError(f"there are {len(triplets)} triplets and a batch takes {batch}: mine more")
        self.backbone = trained_backbone(base, training)
        self.networks: Networks = load(base, self.backbone, seed=training.seed, decoupled=training.decoupled)
        self.model, self.device = self.networks.denoiser, CPU
        if training.checkpointing:
            self.networks.denoiser.unet.enable_gradient_checkpointing()
            self.networks.vae.enable_gradient_checkpointing()
        self.triplets, self.training, self.batch = triplets, training, batch
        self.alpha_bars = torch.tensor(self.backbone.schedule.alpha_bars)

    def to(self, device: torch.device) -> None:
        """Bring every network to a device."""
        for network in self.networks.modules().values():
            network.to(device)
        self.device, self.alpha_bars = device, self.alpha_bars.to(device)

    def layers(self, model: nn.Module) -> list[nn.Module]:
        """The layers of the U-Net that are computed again, the rest of it, and M; adapters are small and not spread."""
        if self.training.decoupled:
            return []
        unet, projector = model.get_submodule("unet"), model.get_submodule("projector")
        inner = [module for module in unet.modules() if isinstance(module, (ResnetBlock2D, Transformer2DModel))]
        return [*inner, unet, projector]

    def given(self) -> dict[str, float]:
        """How many triplets, and how large what is trained is."""
        parameters = sum(parameter.numel() for parameter in self.model.parameters() if parameter.requires_grad)
        return {"triplets": float(len(self.triplets)), "parameters": float(parameters)}

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        random, generator = draws(self.training.seed, step), torch_draws(self.training.seed, step, self.device)
        chosen = self.triplets.rows(random, self.batch, seed=self.training.seed, step=step)
        times = (np.arange(self.batch) + random.random(self.batch)) / self.batch * len(self.alpha_bars)
        modes = random.choice(len(MODES), self.batch, p=self.training.shares)
        sides = [self.backbone.size // 8] * 2
        eps = torch.randn((self.batch, self.backbone.latent_channels, *sides), generator=generator, device=self.device)
        kept = torch.tensor([*MODES.values()])[modes].to(self.device)
        t = torch.from_numpy(times.astype(np.int64)).to(self.device)
        decoded = self._decoded(t, kept) if self._hears(step) else None
        rows = self.part.rows(self.batch)
        noise, foreseen = self._noise(model, self._seen(chosen[rows]), t[rows], eps[rows], kept[rows])
        wanted = self.training.modality
        if wanted is None or decoded is None:
            return noise, {}
        own = decoded[rows]
        share = int(own.sum()) * self.part.count / max(1, int(decoded.sum()))  # 1 where the batch is whole
        of_style, of_content = (share * loss for loss in self._modality(foreseen, own))
        figures = {"noise": noise.detach(), "of_style": of_style.detach(), "of_content": of_content.detach()}
        return noise + wanted.style * of_style + wanted.content * of_content, figures

    def _hears(self, step: int) -> bool:
        return self.training.modality is not None and step >= self.training.modality.since

    def _decoded(self, t: Tensor, kept: Tensor) -> Tensor:
        """Which of the whole batch are decoded for the modality losses."""
        assert self.training.modality is not None
        fit = (self.alpha_bars[t] >= self.training.modality.least) & (kept.amax(1) > 0.0)
        return fit & (fit.cumsum(0) <= self.training.modality.pictures)

    @torch.no_grad()
    def _seen(self, chosen: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        """z_0 = E(x), a_s = A(s) and c_y = C(y) of some triplets."""
        x, y, s = (part.to(self.device) for part in self.triplets.read(chosen, self.backbone.size))
        return self.networks.encode(x), self.networks.style(s), self.networks.content(y)

    def _noise(
        self, model: nn.Module, inputs: tuple[Tensor, Tensor, Tensor], t: Tensor, eps: Tensor, kept: Tensor
    ) -> tuple[Tensor, Foreseen]:
        """L_DM of triplets as they are seen, and what the modality losses need."""
        (z_0, style, content), alpha_bar = inputs, self.alpha_bars[t]
        share = per_picture(alpha_bar, z_0)
        z = add_noise(z_0, eps, share)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.training.precision == "bfloat16"):
            tokens = model.tokens(style, content) * kept[:, :, None]  # type: ignore[operator]
            predicted = model(z, t, tokens).float()
        if self.backbone.prediction == "v":
            v = share**0.5 * eps - (1.0 - share) ** 0.5 * z_0
            noise = velocity_loss(v, predicted, alpha_bar, self.training.snr_cap)
            foreseen = share**0.5 * z - (1.0 - share) ** 0.5 * predicted
        else:
            noise = diffusion_loss(eps, predicted, alpha_bar, self.training.snr_cap)
            foreseen = predict_z0(z, predicted, share)
        return noise, Foreseen(z_0=foreseen, style=style, content=content, weights=alpha_bar[:, None] * kept)

    def _modality(self, foreseen: Foreseen, decoded: Tensor) -> tuple[Tensor, Tensor]:
        """L_s and L_y of the pictures that one pass of the U-Net foresees."""
        rows = torch.nonzero(decoded)[:, 0]
        if not len(rows):
            return torch.zeros((), device=self.device), torch.zeros((), device=self.device)
        pixels = self.networks.decode(foreseen.z_0[rows])
        descriptors = self.networks.style(pixels), self.networks.content(pixels)
        return modality_losses(descriptors, (foreseen.style[rows], foreseen.content[rows]), foreseen.weights[rows])

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        held = np.arange(max(0, len(self.triplets) - HELD), len(self.triplets))
        t = torch.linspace(0, len(self.alpha_bars) - 1, len(held)).long().to(self.device)
        sides = [self.backbone.size // 8] * 2
        generator = torch_draws(self.training.seed, VALIDATION, self.device)
        eps = torch.randn((len(held), self.backbone.latent_channels, *sides), generator=generator, device=self.device)
        figures = dict.fromkeys(MODES, 0.0)
        for i in torch.arange(len(held)).split(self.batch):
            inputs = self._seen(held[i.numpy()])
            for mode, row in MODES.items():
                kept = torch.tensor([row], device=self.device).expand(len(i), 2)
                figures[mode] += float(self._noise(model, inputs, t[i], eps[i], kept)[0]) * len(i) / len(held)
        return {"score": sum(figures.values()) / len(figures), **figures}

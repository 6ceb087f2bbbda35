"""Training of the autoencoder E / D, then of its decoder alone or of both, to look sharp: crops on many backgrounds."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from parasol.corpora import Corpus
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.trunk import Trunk, load_published_trunk
from parasol.training.draws import draws, torch_draws
from parasol.training.loop import Task
from parasol.training.losses import edge_loss, perceptual_loss
from parasol.training.pictures import blocks, composite, rows_of, spread


@dataclass(frozen=True, kw_only=True)
class AutoencoderTraining:
    """crop: side of training crops in px. plain: share of pictures on white; the others get a random background colour.

    noise: deviation of the noise added to the latent while training, relative to its scale of about one, so that what
    the diffusion model gets slightly wrong decodes to something slightly wrong. shrink: weight of the latent's mean
    square.
    """

    crop: int = 64
    plain: float = 0.6
    noise: float = 0.05
    shrink: float = 1e-4
    seed: int = 0


class AutoencoderTask(Task):
    """Minimises |x' - x| + (x' - x)^2; the score is minus the mean PSNR (dB) over validation contents."""

    accelerated = True

    def __init__(self, corpus: Corpus, network: AutoencoderConfig, training: AutoencoderTraining, batch: int) -> None:
        self.model = Autoencoder(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.training, self.batch = training, batch
        self.pixels = corpus.rgba()
        self.rows = rows_of(corpus, "train")
        self.validation = spread(rows_of(corpus, "content-val"), 256)

    def batch_of(self, step: int) -> Tensor:
        """Pixels [B,3,crop,crop] in [0,1] of this step."""
        random = draws(self.training.seed, step)
        rows = random.choice(self.rows, self.batch, replace=False)
        side, crop = self.pixels.shape[1], self.training.crop
        top, left = random.integers(0, side - crop + 1, (2, self.batch))
        flip = random.random(self.batch) < 0.5
        crops = np.stack(
            [
                self.pixels[r, t : t + crop, s : s + crop][:, :: -1 if f else 1]
                for r, t, s, f in zip(rows, top, left, flip, strict=True)
            ]
        )
        plain = random.random((self.batch, 1)) < self.training.plain
        background = np.where(plain, 1.0, random.random((self.batch, 3)))
        return composite(crops, background).contiguous(memory_format=torch.channels_last)

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        assert isinstance(model, Autoencoder)
        rows = self.part.rows(self.batch)
        pixels = self.batch_of(step)[rows]
        latent = model.raw_encode(pixels)
        generator = torch_draws(self.training.seed, step, pixels.device)
        noise = torch.randn((self.batch, *latent.shape[1:]), generator=generator, device=pixels.device)[rows]
        decoded = model.raw_decode(latent + self.training.noise * noise)
        squared = functional.mse_loss(decoded, pixels)
        loss = functional.l1_loss(decoded, pixels) + squared + self.training.shrink * latent.square().mean()
        return loss, {"psnr": -10.0 * squared.detach().log10(), "latent": latent.detach().std()}

    @torch.no_grad()
    def finish(self, model: nn.Module) -> None:
        """Measure the latent's mean and deviation per channel on training pictures, for `encode` and `decode`."""
        assert isinstance(model, Autoencoder)
        raw = model.raw_encode(composite(self.pixels[spread(self.rows, 256, seed=1)]))
        model.latent_mean.copy_(raw.mean((0, 2, 3), keepdim=True))
        model.latent_std.copy_(raw.std((0, 2, 3), keepdim=True))

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, Autoencoder)
        ratios = []
        for rows in blocks(self.validation):
            pixels = composite(self.pixels[rows])
            error = (model.decode(model.encode(pixels)) - pixels).square().mean((1, 2, 3))
            ratios.append(-10.0 * error.clamp_min(1e-10).log10())
        ratio = torch.cat(ratios)
        return {"score": -float(ratio.mean()), "psnr": float(ratio.mean()), "psnr_p10": float(ratio.quantile(0.1))}


@dataclass(frozen=True, kw_only=True)
class DecoderTraining(AutoencoderTraining):
    """As of the autoencoder, and the weights of what it takes to look sharp.

    noise: largest deviation of the noise on the latent, in units of its own; each picture draws one below it.
    edges: weight of the error of differences between neighbouring pixels. perceptual: weight of the perceptual distance
    on the maps of EfficientNet-Lite0 that `LAYERS` names. encoder: whether E is trained too; latents, and all that is
    made of them, are then others. precision: of the products; sums, weights and losses are float32 in any case.
    """

    noise: float = 0.1
    edges: float = 1.0
    perceptual: float = 0.03
    encoder: bool = False
    precision: Literal["float32", "bfloat16"] = "float32"


LAYERS = (1, 4, 6, 9, 12)  # of Lite0: the stem and the ends of the stages, blocks 2, 4, 7 and 10


class DecoderTask(AutoencoderTask):
    """Teaches a trained autoencoder to draw sharply: its decoder alone, so that every latent stays what it is, or both.

    The score is the loss over validation contents, whole pictures without noise.
    """

    training: DecoderTraining

    def __init__(self, corpus: Corpus, start: Autoencoder, training: DecoderTraining, batch: int) -> None:
        super().__init__(corpus, start.config, training, batch)
        self.model.load_state_dict(start.state_dict())
        self.model.encoder.requires_grad_(training.encoder)
        self.trunk = Trunk(blocks=max(LAYERS) - 1).eval()
        load_published_trunk(self.trunk)

    def to(self, device: torch.device) -> None:
        """Bring the autoencoder and the judge of its sharpness to a device."""
        super().to(device)
        self.trunk.to(device)

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        assert isinstance(model, Autoencoder)
        rows = self.part.rows(self.batch)
        pixels = self.batch_of(step)[rows]
        device, generator = pixels.device, torch_draws(self.training.seed, step, pixels.device)
        with torch.autocast(device.type, torch.bfloat16, enabled=self.training.precision == "bfloat16"):
            raw = model.raw_encode(pixels).float()
            noise = torch.randn((self.batch, *raw.shape[1:]), generator=generator, device=device)
            much = self.training.noise * torch.rand((self.batch, 1, 1, 1), generator=generator, device=device)
            noise = model.latent_std * (much * noise)[rows]
            loss, figures = self._loss(model.raw_decode(raw + noise).float(), pixels)
        return (loss + self.training.shrink * raw.square().mean() if self.training.encoder else loss), figures

    def _loss(self, decoded: Tensor, pixels: Tensor) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        with torch.no_grad():
            wanted = [maps.float() for maps in self.trunk.maps(pixels, LAYERS)]
        features = [maps.float() for maps in self.trunk.maps(decoded, LAYERS)]
        perceptual, edges = perceptual_loss(features, wanted), edge_loss(decoded, pixels)
        squared = functional.mse_loss(decoded, pixels)
        loss = functional.l1_loss(decoded, pixels) + squared
        loss = loss + self.training.edges * edges + self.training.perceptual * perceptual
        psnr = -10.0 * squared.detach().log10()
        return loss, {"psnr": psnr, "edges": edges.detach(), "perceptual": perceptual.detach()}

    def finish(self, model: nn.Module) -> None:
        """Measure the latent's scale anew where E was trained."""
        if self.training.encoder:
            super().finish(model)

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, Autoencoder)
        measured = super().validate(model)
        parts = []
        for rows in blocks(self.validation):
            pixels = composite(self.pixels[rows])
            loss, figures = self._loss(model.decode(model.encode(pixels)), pixels)
            parts.append((len(rows), {**figures, "score": loss}))
        total = sum(count for count, _ in parts)
        means = {name: sum(count * float(figures[name]) for count, figures in parts) / total for name in parts[0][1]}
        return {**measured, **{name: means[name] for name in ("score", "edges", "perceptual")}}

"""Training of the autoencoder E / D: crops of pictograms on many backgrounds, a little noise on the latent."""

from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from parasol.corpora import Corpus
from parasol.training.draws import draws, torch_draws
from parasol.training.loop import Task
from parasol.training.networks.autoencoder import Autoencoder, AutoencoderConfig
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

    def __init__(self, corpus: Corpus, network: AutoencoderConfig, training: AutoencoderTraining, batch: int) -> None:
        self.model = Autoencoder(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.training, self.batch = training, batch
        self.pixels = corpus.rgba()
        self.rows = rows_of(corpus, "train")
        self.validation = spread(rows_of(corpus, "content-val"), 256)

    def _batch(self, step: int) -> Tensor:
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

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, Autoencoder)
        rows, device = self.part.rows(self.batch), next(model.parameters()).device
        pixels = self._batch(step)[rows].to(device)
        latent = model.raw_encode(pixels)
        noise = torch.randn((self.batch, *latent.shape[1:]), generator=torch_draws(self.training.seed, step))
        noise = noise[rows].to(device)
        decoded = model.raw_decode(latent + self.training.noise * noise)
        squared = functional.mse_loss(decoded, pixels)
        loss = functional.l1_loss(decoded, pixels) + squared + self.training.shrink * latent.square().mean()
        return loss, {"psnr": -10.0 * float(squared.detach().log10()), "latent": float(latent.detach().std())}

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

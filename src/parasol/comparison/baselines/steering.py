"""The torch side of `diffuseit`: losses on a predicted picture, and sampling that follows their gradient."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, final

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from parasol.bundle import Bundle
from parasol.maths.schedule import Step
from parasol.maths.steps import add_noise, epsilon_of_velocity, predict_z0, sigma, step_mean
from parasol.networks.trunk import Trunk, load_published_trunk
from parasol.runtime.torch import load_networks
from parasol.types import Picture

BLOCKS = 11  # of the trunk: blocks 0 to 10
SELF_SIMILARITY = 5.0  # times the patch contrast, as in the paper (1000 to 200)
TEMPERATURE = 0.1  # of the patch contrast
LARGEST = 0.15  # length of a step downhill, in those of the noise that the same step adds
FLAT = 1e-2  # added to variances: what says next to nothing is not blown up


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """Weights of the two losses, whose sum's gradient with respect to z_t is taken off each step.

    Where little of the signal is left the gradient can be many times the noise; it is shortened to `LARGEST` then.
    """

    style: float
    content: float


class Seen(NamedTuple):
    """What the feature network makes of pictures."""

    keys: Float[Tensor, "B p c"]
    """Block 10 at each place (stride 16), each channel standardised over the picture, at unit norm."""
    moments: list[Float[Tensor, "B _"]]
    """Mean and deviation of each channel, by layer: the colours, the stem, blocks 0 to 10."""


def look(trunk: Trunk, pixels: Float[Tensor, "B 3 H W"]) -> Seen:
    """Keys and moments of pictures in [0, 1], H and W multiples of 32 or nearly."""
    moments, features = trunk.read(pixels)
    places = features.flatten(2)
    centred = places - places.mean(2, keepdim=True)
    standard = centred / (centred.square().mean(2, keepdim=True) + FLAT).sqrt()
    return Seen(
        keys=functional.normalize(standard.transpose(1, 2), dim=2),
        moments=[*moments.split([2 * width for width in trunk.widths], dim=1)],
    )


def structure_loss(result: Float[Tensor, "B p c"], wanted: Float[Tensor, "B p c"]) -> Float[Tensor, ""]:
    """Self-similarity and patch contrast of keys (Kwon and Ye 2023, eq. 8 and 9).

    The first is the mean squared difference of the two matrices of cosines between places. The second is the cross
    entropy of finding each place among all those of the wanted keys.
    """
    similar = (result @ result.transpose(1, 2) - wanted @ wanted.transpose(1, 2)).square().mean()
    logits = result @ wanted.transpose(1, 2) / TEMPERATURE
    place = torch.arange(logits.shape[1]).expand(len(logits), -1)
    return SELF_SIMILARITY * similar + functional.cross_entropy(logits.flatten(0, 1), place.flatten())


def style_loss(result: Sequence[Float[Tensor, "B _"]], wanted: Sequence[Float[Tensor, "B _"]]) -> Float[Tensor, ""]:
    """Squared difference of the layers' means and deviations, each layer over the wanted variance, averaged."""
    parts = [
        ((moments - other).square().sum(1) / (other.chunk(2, dim=1)[1].square().sum(1) + FLAT)).mean()
        for moments, other in zip(result, wanted, strict=True)
    ]
    return torch.stack(parts).mean()


def guidance_loss(result: Seen, content: Seen, style: Seen, guidance: Guidance) -> Float[Tensor, ""]:
    """What is made small: the content's structure and the style's moments, each by its weight."""
    return guidance.content * structure_loss(result.keys, content.keys) + guidance.style * style_loss(
        result.moments, style.moments
    )


def shortened(gradient: Float[Tensor, "B C h w"], longest: float) -> Float[Tensor, "B C h w"]:
    """The gradient, or where its root mean square is above `longest` the same direction at that length."""
    length = float(gradient.square().mean().sqrt())
    return gradient if length <= longest else gradient * (longest / length)


@final
class Steered:
    """The model's autoencoder and U-Net, the latter without conditions, on the steps that are left of a chain."""

    def __init__(self, bundle: Bundle, steps: Sequence[Step], guidance: Guidance) -> None:
        networks = load_networks(bundle)
        self._autoencoder = networks.autoencoder.requires_grad_(False)
        self._unet = networks.unet.requires_grad_(False)
        self._trunk = Trunk(BLOCKS).eval()
        load_published_trunk(self._trunk)
        self._null = torch.zeros(1, 2, bundle.manifest.content.dimension)
        self._prediction = bundle.manifest.prediction
        self._steps, self._guidance = steps, guidance

    def __call__(self, content: Picture, style: Picture, seed: int) -> Picture:
        """The content picture noised to the first step, then sampled towards its structure and the style's look.

        Both have sides that are multiples of the model's stride.
        """
        random = np.random.default_rng(seed)
        pixels, wanted = (torch.from_numpy(picture.transpose(2, 0, 1).copy())[None] for picture in (content, style))
        with torch.no_grad():
            z = self._autoencoder.encode(pixels)
            shown, looks = look(self._trunk, pixels), look(self._trunk, wanted)

        def noise() -> Tensor:
            return torch.from_numpy(random.standard_normal(z.shape, dtype=np.float32))

        if self._steps:
            z = add_noise(z, noise(), self._steps[0].alpha_bar)
        for step in self._steps:
            eps, downhill = self._gradient(z, step, shown, looks)
            spread = sigma(step, eta=1.0)
            z = step_mean(z, eps, step, eta=1.0) + spread * noise() - shortened(downhill, LARGEST * spread)
        with torch.no_grad():
            return self._autoencoder.decode(z)[0].permute(1, 2, 0).numpy()

    def _gradient(self, z: Tensor, step: Step, content: Seen, style: Seen) -> tuple[Tensor, Tensor]:
        """The predicted noise, and the gradient of the loss on the picture that it foresees."""
        z = z.detach().requires_grad_()
        eps = self._unet(z, step.t, encoder_hidden_states=self._null).sample
        if self._prediction == "v":
            eps = epsilon_of_velocity(eps, z, step.alpha_bar)
        z_0 = predict_z0(z, eps, step.alpha_bar)
        pixels = self._autoencoder.raw_decode(z_0 * self._autoencoder.latent_std + self._autoencoder.latent_mean)
        loss = guidance_loss(look(self._trunk, pixels), content, style, self._guidance)
        return eps.detach(), torch.autograd.grad(loss, z)[0]

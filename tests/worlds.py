"""Data whose perfect denoiser is known in closed form, so that a sampler can be judged without a trained network."""

from dataclasses import dataclass, field

import numpy as np

from parasol.maths.schedule import Schedule
from parasol.types import Condition, DenoiseFn, Z

SCHEDULE = Schedule()


def last(states):
    """The latent that a sampling loop ends on."""
    *_, (_, z) = states
    return z


def rms(a, b) -> float:
    return float(np.sqrt(np.mean((np.asarray(a) - np.asarray(b)) ** 2)))


def normal(seed: int, *shape: int, dtype=np.float32):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def unit_rows(seed: int, rows: int, width: int):
    vectors = normal(seed, rows, width)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@dataclass(frozen=True)
class GaussianWorld:
    """z_0 ~ N(m + c, spread^2) with one mean per channel: the sum of the two tokens. Numpy and torch alike."""

    spread: float = 0.5

    def variance(self, alpha_bar: float) -> float:
        return alpha_bar * self.spread**2 + 1.0 - alpha_bar

    def denoise(self, z: Z, t: int, tokens: Z) -> Z:
        alpha_bar = SCHEDULE.alpha_bars[t]
        mean = (tokens[:, 0] + tokens[:, 1]).reshape(*z.shape[:2], 1, 1)
        return (1.0 - alpha_bar) ** 0.5 / self.variance(alpha_bar) * (z - alpha_bar**0.5 * mean)


@dataclass(frozen=True)
class FiniteWorld:
    """z_0 is one of styles x contents pictures; a token makes the pictures whose descriptor it resembles likelier."""

    pictures: np.ndarray
    """[styles, contents, C, h, w]"""
    styles: np.ndarray
    contents: np.ndarray
    sharpness: float = 12.0

    @staticmethod
    def make(seed: int = 0, styles: int = 4, contents: int = 5) -> "FiniteWorld":
        looks, shapes = normal(seed, styles, 1, 3, 1, 1), normal(seed + 1, 1, contents, 3, 4, 4)
        pictures = (looks + shapes) / 2**0.5
        return FiniteWorld(pictures, unit_rows(seed + 2, styles, 16), unit_rows(seed + 3, contents, 16))

    def condition(self, style: int, content: int) -> Condition:
        return Condition(style=self.styles[[style]], content=self.contents[[content]])

    def denoise(self, z, t: int, tokens):
        alpha_bar = SCHEDULE.alpha_bars[t]
        flat, latents = self.pictures.reshape(-1, z[0].size).astype(np.float64), z.reshape(len(z), -1)
        likings = (tokens[:, 0] @ self.styles.T)[:, :, None] + (tokens[:, 1] @ self.contents.T)[:, None, :]
        distances = np.sum((latents[:, None] - alpha_bar**0.5 * flat) ** 2, axis=-1)
        logits = self.sharpness * likings.reshape(len(z), -1) - distances / (2.0 * (1.0 - alpha_bar))
        posterior = np.exp(logits - logits.max(axis=1, keepdims=True))
        z_0 = (posterior / posterior.sum(axis=1, keepdims=True)) @ flat
        return ((latents - alpha_bar**0.5 * z_0) / (1.0 - alpha_bar) ** 0.5).reshape(z.shape).astype(z.dtype)


@dataclass
class Recorder:
    """Passes calls on to a denoiser and remembers what it was asked."""

    denoise: DenoiseFn
    calls: list = field(default_factory=list)

    def __call__(self, z, t, tokens):
        self.calls.append((t, np.array(tokens)))
        return self.denoise(z, t, tokens)

"""Texture as a wrapper, as guidance is one: a noise predictor in, one whose pictures have a given texture out."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from parasol.maths.schedule import Step
from parasol.maths.steps import foreseen
from parasol.maths.texture import towards_texture
from parasol.types import EpsFn


def textured(
    eps_fn: EpsFn[np.ndarray],
    texture: Float[np.ndarray, "k q"],
    *,
    share: float,
    alpha_bars: Sequence[float],
    velocity: bool = False,
) -> EpsFn[np.ndarray]:
    """The predictor that foresees, at every step, what `eps_fn` does, moved towards a texture by `share`.

    What is moved is the one-step estimate z0_hat, so that later steps draw on it. Not in the paper. `alpha_bars` are
    the schedule's, by timestep. With a share of 0 it is `eps_fn` itself. velocity: whether that is what it predicts.

    Raises:
        ValueError: when called, the texture is not one of latents like z_t.
    """
    if share == 0.0:
        return eps_fn

    def moved(z: np.ndarray, t: int) -> np.ndarray:
        eps, alpha_bar = eps_fn(z, t), alpha_bars[t]
        z_0 = foreseen(z, eps, Step(t=t, alpha_bar=alpha_bar, alpha_bar_prev=1.0, velocity=velocity))
        change = np.stack([towards_texture(latent, texture, share) - latent for latent in z_0])
        return eps - ((1.0 if velocity else alpha_bar) / (1.0 - alpha_bar)) ** 0.5 * change

    return moved

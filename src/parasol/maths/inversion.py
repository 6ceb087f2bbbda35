"""Inversion by solved noise: what a step of the sampler must be given to land on a stored latent.

The paper stores the noise of the forward process and denoises with it. Read literally, as feeding the forward noise
back in as sampler noise, that does not reconstruct the picture (rms about 1; `tests/test_sampling_inversion.py` keeps
it failing). What does is to keep the chain of latents and to solve each step for the noise that leads along it, as
CycleDiffusion's DPM-Encoder does.
"""

from jaxtyping import Float

from parasol.maths.schedule import Step
from parasol.maths.steps import step_mean
from parasol.types import Z


def forward_step(z_prev: Float[Z, "*shape"], noise: Float[Z, "*shape"], step: Step) -> Float[Z, "*shape"]:
    """q(z_t | z_{t-1}): one link of the forward Markov chain on the sampling grid (DDPM eq. 2).

    `noise` is standard normal. `step` is the sampling step that this link is the opposite of.
    """
    alpha = step.alpha_bar / step.alpha_bar_prev
    return alpha**0.5 * z_prev + (1.0 - alpha) ** 0.5 * noise


def residual(
    z_prev: Float[Z, "*shape"], z_t: Float[Z, "*shape"], eps: Float[Z, "*shape"], step: Step, *, eta: float
) -> Float[Z, "*shape"]:
    """r_t = z_{t-1} - mu(z_t): what the sampler has to add after its mean to land exactly on z_{t-1}.

    It is sigma times CycleDiffusion's solved noise (its eq. 6), and unlike that noise it exists where sigma is 0 too:
    on the last step, and on every step of DDIM.
    """
    return z_prev - step_mean(z_t, eps, step, eta=eta)


def between(
    z_cleaner: Float[Z, "*shape"],
    z_noisier: Float[Z, "*shape"],
    noise: Float[Z, "*shape"],
    alpha_bars: tuple[float, float, float],
) -> Float[Z, "*shape"]:
    """q(z_t | both neighbours): the forward process at a level between two of its latents, a Brownian bridge.

    `alpha_bars` are those of the cleaner latent, of z_t and of the noisier latent, falling; `noise` is standard normal.
    z / sqrt(alpha_bar) - z_0 is Brownian motion in (1 - alpha_bar) / alpha_bar. A latent of noise alone says nothing of
    the others.
    """
    if alpha_bars[2] == 0.0:
        link = alpha_bars[1] / alpha_bars[0]
        return link**0.5 * z_cleaner + (1.0 - link) ** 0.5 * noise
    cleaner, here, noisier = ((1.0 - alpha_bar) / alpha_bar for alpha_bar in alpha_bars)
    share = (here - cleaner) / (noisier - cleaner)
    spread = (share * (noisier - here)) ** 0.5
    a, b, c = (alpha_bar**0.5 for alpha_bar in alpha_bars)
    return b * ((1.0 - share) / a * z_cleaner + share / c * z_noisier + spread * noise)

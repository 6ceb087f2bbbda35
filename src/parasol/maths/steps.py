"""The diffusion process itself: adding noise, undoing it, and one sampling step between two noise levels.

Coefficients are Python floats, so numpy arrays and torch tensors keep their dtype. Training hands in one alpha_bar per
picture instead, expanded by `per_picture`.
"""

import math

from jaxtyping import Float

from parasol.maths.schedule import Step
from parasol.types import Array, Z


def per_picture(values: Float[Z, " B"], like: Array) -> Float[Z, " B *ones"]:
    """One scalar a picture, reshaped to broadcast over the trailing axes of `like`.

    Raises:
        ValueError: `values` is not a vector with one value for each picture; `(B,)` against `(B, D)` would broadcast
            along the wrong axis without a word when B == D.
    """
    if values.ndim != 1 or values.shape[0] != like.shape[0]:
        raise ValueError(
            f"values have shape {tuple(values.shape)} for a batch of shape {tuple(like.shape)}; "
            "pass one value for each picture, as a vector"
        )
    return values.reshape(values.shape[0], *[1] * (like.ndim - 1))


def add_noise(z_0: Z, eps: Z, alpha_bar: float | Z) -> Z:
    """z_t = sqrt(alpha_bar) z_0 + sqrt(1 - alpha_bar) eps (DDPM eq. 4; paper, "Latent Diffusion Model Background")."""
    return alpha_bar**0.5 * z_0 + (1.0 - alpha_bar) ** 0.5 * eps


def predict_z0(z_t: Z, eps: Z, alpha_bar: float | Z) -> Z:
    """z0_hat = (z_t - sqrt(1 - alpha_bar) eps) / sqrt(alpha_bar), the one-step estimate behind the modality losses.

    It amplifies an error in eps by sqrt(1 / alpha_bar - 1), up to tens at the noisy end (DDPM eq. 15).
    """
    return (z_t - (1.0 - alpha_bar) ** 0.5 * eps) / alpha_bar**0.5


def epsilon_of_velocity(v: Z, z_t: Z, alpha_bar: float | Z) -> Z:
    """eps = sqrt(alpha_bar) v + sqrt(1 - alpha_bar) z_t, for a network that predicts the velocity.

    v = sqrt(alpha_bar) eps - sqrt(1 - alpha_bar) z_0 (Salimans and Ho 2022, section 4). Where nearly all is noise,
    eps is nearly z_t itself and v is nearly -z_0: an error of the network no longer grows by 1 / sqrt(alpha_bar).
    """
    return alpha_bar**0.5 * v + (1.0 - alpha_bar) ** 0.5 * z_t


def foreseen(z_t: Z, predicted: Z, step: Step) -> Z:
    """z0_hat, from what the network predicts: the noise, or the velocity where the step says so."""
    if step.velocity:
        return step.alpha_bar**0.5 * z_t - (1.0 - step.alpha_bar) ** 0.5 * predicted
    return predict_z0(z_t, predicted, step.alpha_bar)


def sigma(step: Step, *, eta: float) -> float:
    """Standard deviation of the noise that a step adds: 0 for DDIM (eta = 0), the DDPM posterior's for eta = 1.

    DDIM eq. 16. It is 0 on the last step whatever eta is.

    Raises:
        ValueError: `eta` is not in 0..1.
    """
    if not 0.0 <= eta <= 1.0:
        raise ValueError(f"eta is {eta}; it must lie in 0 (DDIM, no noise) to 1 (DDPM)")
    left_after = (1.0 - step.alpha_bar_prev) / (1.0 - step.alpha_bar)
    return eta * (left_after * (1.0 - step.alpha_bar / step.alpha_bar_prev)) ** 0.5


def step_mean(z_t: Float[Z, "*shape"], eps: Float[Z, "*shape"], step: Step, *, eta: float) -> Float[Z, "*shape"]:
    """mu(z_t): where a step lands before noise is added (DDIM eq. 12; with eta = 1 it is DDPM eq. 7).

    mu = sqrt(alpha_bar_prev) z0_hat + sqrt(1 - alpha_bar_prev - sigma^2) eps, with z0_hat written out: the two large
    terms that cancel at the noisy end are cancelled here among float64 coefficients rather than in float32 latents.
    Where the step goes by the velocity, `eps` is that, and nothing is divided by alpha_bar.
    """
    towards_noise = max(0.0, 1.0 - step.alpha_bar_prev - sigma(step, eta=eta) ** 2) ** 0.5
    if step.velocity:
        signal, noise, kept = step.alpha_bar**0.5, (1.0 - step.alpha_bar) ** 0.5, step.alpha_bar_prev**0.5
        return (kept * signal + towards_noise * noise) * z_t + (towards_noise * signal - kept * noise) * eps
    scale = (step.alpha_bar_prev / step.alpha_bar) ** 0.5
    return scale * z_t + (towards_noise - scale * (1.0 - step.alpha_bar) ** 0.5) * eps


def second_order(
    eps: Float[Z, "*shape"], z_0: Float[Z, "*shape"], z_0_before: Float[Z, "*shape"], step: Step, step_before: Step
) -> Float[Z, "*shape"]:
    """The noise to take a step with where the step before is known: `step_mean` of it is of second order.

    It is the noise of D = z_0 + (z_0 - z_0_before) / (2 r), r = h_before / h, with the pictures z_0 that this step and
    the one before foresaw (DPM-Solver++(2M), Lu et al. 2022, algorithm 2; with eta = 1 SDE-DPM-Solver++(2M), section
    5). The last step, which ends on the picture, is of first order: r would be 0; so is one after bare noise. Where the
    step goes by the velocity, `eps` and what is returned are that.
    """
    share = 0.5 * step.log_snr_gain / step_before.log_snr_gain
    if math.isinf(step.log_snr_gain):
        return eps
    if step.velocity:
        return eps - share / (1.0 - step.alpha_bar) ** 0.5 * (z_0 - z_0_before)
    return eps - share * (step.alpha_bar / (1.0 - step.alpha_bar)) ** 0.5 * (z_0 - z_0_before)

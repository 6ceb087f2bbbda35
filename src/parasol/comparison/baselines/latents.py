"""Feed-forward statistics matching in the latent space of the model's autoencoder: AdaIN and WCT.

The papers match the statistics of VGG features and train a decoder for those; here the latents are matched and decoded
by D as it is.
"""

from collections.abc import Callable, Mapping

import numpy as np
from jaxtyping import Float

from parasol.comparison.method import AnyPicture, Method, of_model, require, settings
from parasol.images import fit, pad_to_multiple
from parasol.pipeline import Parasol
from parasol.types import Picture

SMALLEST_VARIANCE = 1e-5  # as in AdaIN: below it a channel is flat and is not amplified

Latent = Float[np.ndarray, "1 C h w"]
OtherLatent = Float[np.ndarray, "1 C H W"]


def adain(given: Mapping[str, str], model: str | None) -> Method:
    """AdaIN (Huang and Belongie 2017), AdaIN-style at this scale. strength: share of the way from the content's z_0."""
    loaded = Parasol.load(model)
    chosen = settings("adain", given, {"strength": 1.0})
    require("adain", chosen, "strength", 0.0, 1.0, "0 is no change, 1 all of it")
    paint = in_latents(loaded, adaptive_normalisation, chosen["strength"])
    return Method(settings={**of_model(loaded), **chosen}, paint=paint)


def wct(given: Mapping[str, str], model: str | None) -> Method:
    """Whitening and colouring transform (Li et al. 2017), WCT-style at this scale, on the latents' one level.

    strength: alpha of the paper, the share of the way from the content's latent to the transformed one. floor: smallest
    variance of a direction of the latent space that whitening takes for real; a flatter one is treated as if it had so
    much, so that a content picture of one colour is not blown up to noise. Latents have about unit variance.
    """
    loaded = Parasol.load(model)
    chosen = settings("wct", given, {"strength": 1.0, "floor": 1e-3})
    require("wct", chosen, "strength", 0.0, 1.0, "0 is no change, 1 all of it")
    require("wct", chosen, "floor", 1e-12, 1.0, "a variance, where the latents' own is about 1")

    def transform(content: Latent, style: OtherLatent) -> Latent:
        return whitened_and_coloured(content, style, chosen["floor"])

    return Method(settings={**of_model(loaded), **chosen}, paint=in_latents(loaded, transform, chosen["strength"]))


def in_latents(
    model: Parasol, transform: Callable[[Latent, OtherLatent], Latent], strength: float
) -> Callable[[Picture, AnyPicture], Picture]:
    """Paint by transforming E(content) after E(style), going `strength` of the way, and decoding."""
    size, stride = model.bundle.manifest.size, model.bundle.manifest.stride

    def paint(content: Picture, style: AnyPicture) -> Picture:
        padded, box = pad_to_multiple(content, stride)
        z_0 = model.painter.encode(padded)
        z = transform(z_0, model.painter.encode(pad_to_multiple(fit(style, size), stride)[0]))
        mixed = (z_0 + strength * (z - z_0)).astype(np.float32)
        return model.painter.decode(mixed, box)

    return paint


def adaptive_normalisation(content: Latent, style: OtherLatent) -> Latent:
    """sigma(s) (c - mu(c)) / sigma(c) + mu(s), channel by channel over places (Huang and Belongie 2017, AdaIN)."""
    c, s = content.astype(np.float64), style.astype(np.float64)
    places = (2, 3)
    scale = np.sqrt(
        (s.var(places, keepdims=True) + SMALLEST_VARIANCE) / (c.var(places, keepdims=True) + SMALLEST_VARIANCE)
    )
    return (c - c.mean(places, keepdims=True)) * scale + s.mean(places, keepdims=True)


def whitened_and_coloured(content: Latent, style: OtherLatent, floor: float) -> Latent:
    """S^1/2 C^-1/2 (c - mu(c)) + mu(s): the style's mean and covariance over places (Li et al. 2017, section 3.2).

    C and S are the covariances of content and style over places; their roots are the symmetric ones. Eigenvalues of C
    below `floor` are taken for `floor`; where none is, mean and covariance of the result are the style's exactly.
    """
    c, s = (latent.astype(np.float64)[0].reshape(latent.shape[1], -1) for latent in (content, style))
    centred = c - c.mean(1, keepdims=True)
    whitened = _power(np.cov(c, bias=True), -0.5, floor) @ centred
    coloured = _power(np.cov(s, bias=True), 0.5, 0.0) @ whitened + s.mean(1, keepdims=True)
    return coloured.reshape(content.shape)


def _power(matrix: Float[np.ndarray, "C C"], power: float, floor: float) -> Float[np.ndarray, "C C"]:
    """A symmetric matrix to a power, its eigenvalues at least `floor`."""
    values, vectors = np.linalg.eigh(np.atleast_2d(matrix))
    return (vectors * np.maximum(values, floor) ** power) @ vectors.T

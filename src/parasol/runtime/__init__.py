"""Runtimes: the six components of a bundle as functions of numpy arrays, behind one small protocol."""

from typing import Protocol, runtime_checkable

import numpy as np
from jaxtyping import Float


@runtime_checkable
class Components(Protocol):
    """What every runtime offers. All arrays are float32; pixels lie in [0, 1], normalisation is the networks' own."""

    def encode(self, pixels: Float[np.ndarray, "B 3 H W"]) -> Float[np.ndarray, "B C h w"]:
        """E(x): pixels to latents of about zero mean and unit variance. H and W are multiples of the stride."""
        ...

    def decode(self, z: Float[np.ndarray, "B C h w"]) -> Float[np.ndarray, "B 3 H W"]:
        """D(z): latents to pixels."""
        ...

    def denoise(
        self, z: Float[np.ndarray, "B C h w"], t: int, tokens: Float[np.ndarray, "B 2 d"]
    ) -> Float[np.ndarray, "B C h w"]:
        """eps(z_t, t, tokens), a `DenoiseFn`: one call is one evaluation of the U-Net on a batch of branches."""
        ...

    def style(self, pixels: Float[np.ndarray, "B 3 S S"]) -> Float[np.ndarray, "B a"]:
        """A(x): unit-norm style descriptors."""
        ...

    def content(self, pixels: Float[np.ndarray, "B 3 S S"]) -> Float[np.ndarray, "B d"]:
        """C(x): unit-norm content descriptors."""
        ...

    def project(self, style: Float[np.ndarray, "B a"]) -> Float[np.ndarray, "B d"]:
        """M(a): style descriptors in the content descriptors' space, unit norm."""
        ...

"""Runtimes: the components of a bundle as functions of numpy arrays, behind one small class."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from threading import Lock

import numpy as np
from jaxtyping import Float

from parasol.adaptation import Adaptations
from parasol.bundle import Bundle
from parasol.maths.steps import epsilon_of_velocity, predict_z0


class Components(ABC):
    """What every runtime offers. All arrays are float32; pixels lie in [0, 1], normalisation is the networks' own."""

    def __init__(self, bundle: Bundle) -> None:
        self.bundle = bundle
        self._last: tuple[Adaptations, Components] | None = None
        self._lock = Lock()  # several threads may draw

    def adapted(self, adaptations: Adaptations) -> "Components":
        """The same with a U-Net that adaptations have changed. The last one is kept, which has weights of its own.

        Raises ParasolError where one does not fit the U-Net, then or when it is first called.
        """
        with self._lock:
            if self._last is None or self._last[0] != adaptations:
                self._last = adaptations, self._changed(adaptations)
            return self._last[1]

    @abstractmethod
    def _changed(self, adaptations: Adaptations) -> "Components":
        """Components whose bundle has those adaptations."""

    def prepare(self, *components: str) -> None:
        """Say which components will be called soon: a runtime that can readies them while other work goes on."""

    @abstractmethod
    def _run(self, component: str, *inputs: np.ndarray) -> np.ndarray:
        """Output of one component's network."""

    def encode(self, pixels: Float[np.ndarray, "B 3 H W"]) -> Float[np.ndarray, "B C h w"]:
        """E(x): pixels to latents of about zero mean and unit variance. H and W are multiples of the stride."""
        return self._run("encode", pixels)

    def decode(self, z: Float[np.ndarray, "B C h w"]) -> Float[np.ndarray, "B 3 H W"]:
        """D(z): latents to pixels."""
        return self._run("decode", z)

    def denoise(
        self, z: Float[np.ndarray, "B C h w"], t: int, tokens: Float[np.ndarray, "B n d"]
    ) -> Float[np.ndarray, "B C h w"]:
        """eps(z_t, t, tokens), a `DenoiseFn`: one call is one evaluation of the U-Net on a batch of branches.

        It is the velocity instead under a schedule whose steps go by that.
        """
        predicted, schedule = self._run("denoise", z, np.array(t, np.int64), tokens), self.bundle.manifest.schedule
        if self.bundle.manifest.prediction == "v" and not schedule.zero_terminal:
            return epsilon_of_velocity(predicted, z, schedule.alpha_bars[t])
        return predicted

    def guide(
        self,
        z: Float[np.ndarray, "B C h w"],
        t: int,
        tokens: Float[np.ndarray, "B n d"],
        eps: Float[np.ndarray, "B C h w"],
    ) -> Float[np.ndarray, "B two_C h w"]:
        """How far from eps, which is `denoise` with those tokens, it is without any, then with the content's alone.

        Only where the bundle has a guide.
        """
        foreseen = predict_z0(z, eps, self.bundle.manifest.schedule.alpha_bars[t])
        return self._run("guide", z, np.array(t, np.int64), tokens, foreseen)

    def style(self, pixels: Float[np.ndarray, "B 3 S S"]) -> Float[np.ndarray, "B a"]:
        """A(x): unit-norm style descriptors."""
        return self._run("style", pixels)

    def content(self, pixels: Float[np.ndarray, "B 3 S S"]) -> Float[np.ndarray, "B d"]:
        """C(x): unit-norm content descriptors."""
        return self._run("content", pixels)

    def content_map(self, pixels: Float[np.ndarray, "B 3 S S"]) -> Float[np.ndarray, "B p d"]:
        """Spatial content tokens, unit norm each, row by row; only where the bundle has them."""
        return self._run("content_map", pixels)

    def project(self, style: Float[np.ndarray, "B a"]) -> Float[np.ndarray, "B d"]:
        """M(a): style descriptors in the content descriptors' space, unit norm."""
        return self._run("project", style)

    def named(self, texts: Sequence[str]) -> Float[np.ndarray, "n d"]:
        """Unit-norm content descriptors of texts, by the content encoder's own text encoder where a bundle has that."""
        raise NotImplementedError

    def words_style(self, sentences: Float[np.ndarray, "B s"]) -> Float[np.ndarray, "B a"]:
        """Sentence vectors to unit-norm style descriptors; only where the bundle has words."""
        return self._run("words_style", sentences)

    def words_content(self, sentences: Float[np.ndarray, "B s"]) -> Float[np.ndarray, "B d"]:
        """Sentence vectors to unit-norm content descriptors; only where the bundle has words."""
        return self._run("words_content", sentences)

"""The content encoder C (paper section 2): what a picture shows, however it is drawn."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.bundle import EncoderCard
from parasol.images import square
from parasol.runtime import Components
from parasol.types import Picture


@dataclass(frozen=True, kw_only=True)
class ContentEncoder:
    """C(x) on a runtime's components."""

    components: Components
    card: EncoderCard

    def __call__(self, picture: Picture) -> Float[np.ndarray, " d"]:
        """Unit-norm content descriptor of the whole picture, letterboxed into the encoder's square."""
        return self.components.content(self._pixels(picture))[0]

    def map(self, picture: Picture) -> Float[np.ndarray, "p d"]:
        """Spatial content tokens of the same square, unit norm each, row by row; only where the bundle has them."""
        return self.components.content_map(self._pixels(picture))[0]

    def _pixels(self, picture: Picture) -> Float[np.ndarray, "1 3 S S"]:
        return np.ascontiguousarray(square(picture, self.card.size).transpose(2, 0, 1)[None])

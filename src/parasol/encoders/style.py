"""The style encoder A (paper section 2): what a picture looks like, whatever it shows."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

from parasol.bundle import EncoderCard
from parasol.images import square
from parasol.runtime import Components
from parasol.types import Picture


@dataclass(frozen=True, kw_only=True)
class StyleEncoder:
    """A(x) on a runtime's components."""

    components: Components
    card: EncoderCard

    def __call__(self, picture: Picture) -> Float[np.ndarray, " a"]:
        """Unit-norm style descriptor of the whole picture, letterboxed into the encoder's square."""
        pixels = square(picture, self.card.size).transpose(2, 0, 1)[None]
        return self.components.style(np.ascontiguousarray(pixels))[0]

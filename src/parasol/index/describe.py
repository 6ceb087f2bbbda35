"""A picture -> its row in an index: both descriptors side by side."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float16

from parasol.encoders.content import ContentEncoder
from parasol.encoders.style import StyleEncoder
from parasol.images import load_shown
from parasol.index.store import Encoders
from parasol.runtime import Components


@dataclass(frozen=True, kw_only=True)
class Describer:
    """Both encoders of a model.

    One picture at a time: a batch gains next to nothing on a CPU (docs/decisions), and a row depends on its picture
    alone, wherever a build was interrupted.
    """

    style: StyleEncoder
    content: ContentEncoder

    @classmethod
    def of(cls, components: Components) -> "Describer":
        """The encoders of a runtime's components."""
        manifest = components.bundle.manifest
        return cls(
            style=StyleEncoder(components=components, card=manifest.style),
            content=ContentEncoder(components=components, card=manifest.content),
        )

    @property
    def encoders(self) -> Encoders:
        """Identity of the two spaces."""
        return Encoders(style=self.style.card, content=self.content.card)

    def __call__(self, file: Path) -> Float16[np.ndarray, " d"]:
        """Style descriptor, then content descriptor, rounded to float16. Raises PictureError."""
        picture = load_shown(file)
        return np.concatenate([self.style(picture), self.content(picture)]).astype(np.float16)

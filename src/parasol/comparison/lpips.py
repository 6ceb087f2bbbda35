"""LPIPS itself (Zhang et al. 2018, version 0.1 on AlexNet), where the user has its weights, which nothing here ships.

    from safetensors.torch import save_file
    save_file({k: v.clone() for k, v in lpips.LPIPS(net="alex").state_dict().items()}, "lpips.safetensors")

writes the file from an installation of the authors' package. The network is spelt out here, without torchvision.
"""

from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float

from parasol.bundle import sha256
from parasol.comparison.backbone import Backbone
from parasol.comparison.weights import read
from parasol.errors import ParasolError
from parasol.metrics.perceptual import perceptual_distance
from parasol.types import Picture

LAYERS = ("net.slice1.0", "net.slice2.3", "net.slice3.6", "net.slice4.8", "net.slice5.10")
SHAPES = ((64, 3, 11, 11), (192, 64, 5, 5), (384, 192, 3, 3), (256, 384, 3, 3), (256, 256, 3, 3))
STRIDES, PADDINGS, POOLED_BEFORE = (4, 1, 1, 1, 1), (2, 2, 1, 1, 1), (1, 2)
SMALLEST = 31  # px: below it the second pooling has no place left
HOW = "write it with the lines at the head of parasol/comparison/lpips.py"


@final
class Lpips:
    """The network and its learned weights of channels.

    Raises:
        ValueError: the file cannot be read, or holds other tensors than LPIPS on AlexNet.
    """

    def __init__(self, file: Path) -> None:
        wanted = {"scaling_layer.shift": (1, 3, 1, 1), "scaling_layer.scale": (1, 3, 1, 1)}
        for place, (layer, shape) in enumerate(zip(LAYERS, SHAPES, strict=True)):
            wanted |= {f"{layer}.weight": shape, f"{layer}.bias": shape[:1]}
            wanted[f"lin{place}.model.1.weight"] = (1, shape[0], 1, 1)
        self._tensors = read(file, wanted, "LPIPS on AlexNet", HOW)
        self._weights = [self._tensors[f"lin{place}.model.1.weight"].numpy().ravel() for place in range(len(LAYERS))]
        self.backbone = Backbone(
            name="LPIPS 0.1, AlexNet", weights=sha256(file),
            preprocessing="RGB 2x - 1, shifted and scaled by its own layer, at the picture's size and in its shape",
        )  # fmt: skip

    def maps(self, picture: Picture) -> list[Float[np.ndarray, "_ _ _"]]:
        """What the five convolutions say, after their ReLU.

        Raises:
            ValueError: a side is shorter than 31 px.
        """
        import torch
        from torch.nn import functional

        height, width = picture.shape[:2]
        if min(height, width) < SMALLEST:
            raise ParasolError(f"it comes to {width} x {height} px and LPIPS needs {SMALLEST} a side")
        outputs, tensors = [], self._tensors
        with torch.inference_mode():
            features = 2.0 * torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None] - 1.0
            features = (features - tensors["scaling_layer.shift"]) / tensors["scaling_layer.scale"]
            for place, layer in enumerate(LAYERS):
                if place in POOLED_BEFORE:
                    features = functional.max_pool2d(features, 3, 2)
                weight, bias = tensors[f"{layer}.weight"], tensors[f"{layer}.bias"]
                features = functional.conv2d(features, weight, bias, STRIDES[place], PADDINGS[place]).relu()
                outputs.append(features[0].numpy())
        return outputs

    def distance(self, a: list[Float[np.ndarray, "_ _ _"]], b: list[Float[np.ndarray, "_ _ _"]]) -> float:
        """LPIPS of two pictures of one shape, given their `maps`."""
        return perceptual_distance(a, b, self._weights)

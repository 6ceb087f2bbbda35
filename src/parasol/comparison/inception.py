"""The first convolutions of Inception v3, whose weights the user brings, for SIFID as SinGAN computes it.

    network = torchvision.models.inception_v3(weights="DEFAULT").state_dict()
    save_file({k: v.clone() for k, v in network.items() if k.startswith("Conv2d_")}, "inception.safetensors")

writes the file from an installation of torchvision. The network is spelt out here, without it.
"""

from pathlib import Path
from typing import final

import numpy as np
from jaxtyping import Float

from parasol.bundle import sha256
from parasol.comparison.backbone import Backbone
from parasol.comparison.weights import read
from parasol.types import Picture

# name, (channels out, channels in, side), stride, padding
CONVOLUTIONS = (
    ("Conv2d_1a_3x3", (32, 3, 3), 2, 0),
    ("Conv2d_2a_3x3", (32, 32, 3), 1, 0),
    ("Conv2d_2b_3x3", (64, 32, 3), 1, 1),
    ("Conv2d_3b_1x1", (80, 64, 1), 1, 0),
    ("Conv2d_4a_3x3", (192, 80, 3), 1, 0),
)
POOLED_BEFORE = "Conv2d_3b_1x1"
LAYERS = {64: "Conv2d_2b_3x3", 192: "Conv2d_4a_3x3"}
"""What lies before the first pooling and before the second, by its channels: SinGAN's code has had both."""
EPSILON = 1e-3  # of its batch norms
PARTS = ("conv.weight", "bn.weight", "bn.bias", "bn.running_mean", "bn.running_var")
HOW = "write it with the lines at the head of parasol/comparison/inception.py"


@final
class Inception:
    """The network up to its second pooling.

    Raises:
        ValueError: the file cannot be read, or holds other tensors than Inception v3.
    """

    def __init__(self, file: Path) -> None:
        wanted = {
            f"{name}.{part}": (*shape, shape[2]) if part == PARTS[0] else shape[:1]
            for name, shape, _, _ in CONVOLUTIONS
            for part in PARTS
        }
        self._tensors = read(file, wanted, "Inception v3", HOW)
        self.backbone = Backbone(
            name="Inception v3, its first five convolutions", weights=sha256(file),
            preprocessing="RGB 2x - 1, at the picture's size and in its shape",
        )  # fmt: skip

    def maps(self, picture: Picture) -> dict[int, Float[np.ndarray, "_ _ _"]]:
        """What the layers of `LAYERS` say, by their channels. SIFID refuses maps with too few places."""
        import torch
        from torch.nn import functional

        outputs = dict[int, np.ndarray]()
        with torch.inference_mode():
            features = 2.0 * torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None] - 1.0
            for name, shape, stride, padding in CONVOLUTIONS:
                weight, *norm = (self._tensors[f"{name}.{part}"] for part in PARTS)
                scale, shift, mean, variance = norm
                if name == POOLED_BEFORE:
                    features = functional.max_pool2d(features, 3, 2)
                features = functional.conv2d(features, weight, stride=stride, padding=padding)
                features = functional.batch_norm(features, mean, variance, scale, shift, eps=EPSILON).relu()
                if LAYERS.get(shape[0]) == name:
                    outputs[shape[0]] = features[0].numpy()
        return outputs

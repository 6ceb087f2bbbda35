"""Scenes that a guide's walks go through: content pictures and styles, as the core's own networks see them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor

from parasol.bundle import Bundle
from parasol.encoders.content import ContentEncoder
from parasol.encoders.style import StyleEncoder
from parasol.images import from_uint8
from parasol.runtime import Components
from parasol.runtime.onnx import OnnxComponents
from parasol.training.checkpoint import load_record, save_tensors
from parasol.training.pool import Group

SHOWN = 4
"""Content pictures of a group that are outputs themselves, and as many that were made from them."""


@dataclass(frozen=True)
class Teacher:
    """A bundled model whose guide is trained."""

    components: Components

    @classmethod
    def open(cls, name: str) -> "Teacher":
        """As the core runs it, on one thread: walks are the same on any machine of one kind."""
        return cls(OnnxComponents(Bundle.open(name), threads=1))

    @property
    def bundle(self) -> Bundle:
        """Where it is from."""
        return self.components.bundle

    @cached_property
    def style(self) -> StyleEncoder:
        """Of style descriptors."""
        return StyleEncoder(components=self.components, card=self.bundle.manifest.style)

    @cached_property
    def content(self) -> ContentEncoder:
        """Of content descriptors and maps."""
        return ContentEncoder(components=self.components, card=self.bundle.manifest.content)


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
    def kept(cls, path: Path, teacher: Teacher, groups: Callable[[int], Group], seeds: Sequence[int]) -> "Scenes":
        """Those of some groups, computed where `path` does not hold them."""
        key = f"{teacher.bundle.identity} {list(seeds)}"
        if not (path.exists() and load_record(path).get("key") == key):
            path.parent.mkdir(parents=True, exist_ok=True)
            save_tensors(path, _seen(teacher, [groups(seed) for seed in seeds]), {"key": key})
        stored = load_file(path)
        return cls(**{part.name: stored[part.name] for part in fields(cls)})


def _seen(teacher: Teacher, groups: Sequence[Group]) -> dict[str, Tensor]:
    arrays: dict[str, list[np.ndarray]] = {part.name: [] for part in fields(Scenes)}
    for group in groups:
        x, y = (np.stack([from_uint8(picture) for picture in pictures]) for pictures in (group.x, group.y))
        arrays["styles"].append(np.stack([teacher.style(picture) for picture in x]))
        for picture in (*x[:SHOWN], *y[SHOWN : 2 * SHOWN]):
            arrays["latents"].append(teacher.components.encode(picture.transpose(2, 0, 1)[None])[0])
            arrays["content"].append(teacher.content(picture))
            arrays["places"].append(teacher.content.map(picture))
            arrays["own"].append(teacher.style(picture))
    return {name: torch.from_numpy(np.stack(values)).half() for name, values in arrays.items()}

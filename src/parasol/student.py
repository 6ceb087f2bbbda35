"""A student of a model's U-Net, which gives in one pass what guidance mixes from two to four branches.

It is the U-Net with a low-rank change (`adaptation`). The weights of the branches, of which both kinds of guidance are
made, are told to it by what is added to its first two tokens. A modality of scale 0 stays null, so that not a bit of it
is heard. `training.distillation` trains one; a bundle keeps it in a file beside its weights.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from parasol.adaptation import Adaptation
from parasol.errors import ParasolError
from parasol.maths.guidance import BranchWeights

WIDTH = 64
"""Of the layer between the weights and what is added."""
STYLE_SCALES, CONTENT_SCALES = (0.0, 3.0), (0.0, 2.0)
"""What it has learned; beyond, guidance goes branch by branch."""
SINCE = 350
"""Least t at which it is asked. Below, guidance changes a prediction by less than the student errs, and what both
modalities say is taken as it is (as in a limited interval, Kynkaanniemi et al. 2024)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Student:
    """A student. What is added to two tokens of d numbers is second @ silu(first @ weights + bias)."""

    adaptation: Adaptation
    first: Float[np.ndarray, "k 4"]
    bias: Float[np.ndarray, " k"]
    second: Float[np.ndarray, "D k"]
    """D is 2 d."""

    @classmethod
    def of(
        cls,
        model: str,
        factors: Mapping[str, tuple[Float[np.ndarray, "o r"], Float[np.ndarray, "r i"]]],
        parts: Mapping[str, np.ndarray],
    ) -> "Student":
        """From what was learned: (up, down) of each weight, and first, bias and second."""
        return cls(adaptation=Adaptation.of(model, factors), **parts)

    @classmethod
    def parse(cls, data: bytes, model: str) -> "Student":
        """Inverse of `data`, for the model with that identity.

        Raises:
            ParasolError: the bytes are no student.
        """
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            parts = load(data)
            change, rank = parts.pop("change"), int(parts.pop("rank")[0])
            adaptation = Adaptation(model=model, rank=rank, data=change.astype("<f2").tobytes())
            student = cls(adaptation=adaptation, **{name: part.astype(np.float32) for name, part in parts.items()})
            shapes = student.first.shape, student.bias.shape, student.second.shape
            if shapes != ((WIDTH, 4), (WIDTH,), (len(student.second), WIDTH)):
                raise ValueError(f"its shapes are {shapes}")
        except (SafetensorError, KeyError, TypeError, ValueError, IndexError, AttributeError) as error:
            raise ParasolError(f"is no student ({str(error)[:120]})") from error
        if not all(np.isfinite(part).all() for part in (student.first, student.bias, student.second)):
            raise ParasolError("is no student (it holds what is no finite number)")
        return student

    def data(self) -> bytes:
        """As the file of a bundle."""
        from safetensors.numpy import save

        change = np.frombuffer(self.adaptation.data, "<f2")
        parts = {"first": self.first, "bias": self.bias, "second": self.second}
        stored = {name: np.ascontiguousarray(part, np.float32) for name, part in parts.items()}
        return save({"change": change, "rank": np.array([self.adaptation.rank]), **stored})

    @cached_property
    def digest(self) -> str:
        """SHA-256 of all that it is, by which recipes name it."""
        parts = (part.astype("<f4").tobytes() for part in (self.first, self.bias, self.second))
        return hashlib.sha256(self.adaptation.digest.encode() + b"".join(parts)).hexdigest()

    def covers(self, g_s: float, g_y: float) -> bool:
        """Whether it has learned such scales."""
        return STYLE_SCALES[0] <= g_s <= STYLE_SCALES[1] and CONTENT_SCALES[0] <= g_y <= CONTENT_SCALES[1]

    def told(self, weights: BranchWeights) -> Float[np.ndarray, "2 d"]:
        """What is added to the tokens of style and content."""
        line = self.first @ np.array(weights, np.float32) + self.bias
        return (self.second @ (line / (1.0 + np.exp(-line)))).reshape(2, -1).astype(np.float32)

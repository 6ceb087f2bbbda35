"""Low-rank changes of a model's U-Net: what `parasol teach` learns of one set, and a style card carries.

A weight W [o, i] becomes W + share * up @ down with up [o, r] and down [r, i] (LoRA, Hu et al. 2022); a convolution's
kernel counts as [o, i * h * w]. The core adds them when it hands the weights to the runtime, so that a picture costs
what it costs without.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError

LARGEST_RANK = 16


@dataclass(frozen=True, kw_only=True, eq=False)
class Adaptation:
    """A change of rank `rank` of every matrix and kernel of the U-Net of the model with the identity `model`.

    data: up, then down, of each weight in the order of its names, as little-endian float16.
    """

    model: str
    rank: int
    data: bytes

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what it changes, by which recipes name it."""
        return hashlib.sha256(f"{self.model} {self.rank} ".encode() + self.data).hexdigest()

    @classmethod
    def of(
        cls, model: str, factors: Mapping[str, tuple[Float[np.ndarray, "o r"], Float[np.ndarray, "r i"]]]
    ) -> "Adaptation":
        """From (up, down) of each adaptable weight."""
        parts = [part.astype("<f2").tobytes() for name in sorted(factors) for part in factors[name]]
        rank = next(iter(factors.values()))[1].shape[0]
        return cls(model=model, rank=rank, data=b"".join(parts))

    def change(self, weights: Mapping[str, np.ndarray]) -> Iterator[tuple[str, np.ndarray]]:
        """(name, what is added to that weight) of each weight that it changes.

        Raises:
            ParasolError: it does not fit these weights.
        """
        names = adaptable(weights)
        shapes = {name: (weights[name].shape[0], int(np.prod(weights[name].shape[1:]))) for name in names}
        values = np.frombuffer(self.data[: len(self.data) // 2 * 2], "<f2").astype(np.float32)
        count = self.rank * sum(sum(shape) for shape in shapes.values())
        if len(self.data) != 2 * count or not np.isfinite(values).all():
            raise ParasolError(
                f"what the style card was taught holds {len(self.data)} bytes instead of {count} finite float16 "
                "values: teach it anew with `parasol teach`"
            )
        at = 0
        for name, (rows, columns) in shapes.items():
            up, down = values[at : at + rows * self.rank], values[at + rows * self.rank :][: self.rank * columns]
            at += self.rank * (rows + columns)
            yield name, (up.reshape(rows, self.rank) @ down.reshape(self.rank, columns)).reshape(weights[name].shape)


Adaptations = tuple[tuple[Adaptation, float], ...]
"""Each with the share that it has."""


def adaptable(weights: Mapping[str, Any]) -> list[str]:
    """Names of the weights that an adaptation changes: every matrix and kernel, in order."""
    return sorted(name for name, value in weights.items() if value.ndim >= 2)


def adapted(weights: Mapping[str, np.ndarray], adaptations: Adaptations) -> dict[str, np.ndarray]:
    """The weights with all adaptations added, each by its share. Raises ParasolError where one does not fit."""
    sums = dict(weights)
    for adaptation, share in adaptations:
        for name, change in adaptation.change(weights):
            sums[name] = sums[name] + np.float32(share) * change
    return sums


def mixed_adaptations(parts: Sequence[tuple[Adaptations, float]]) -> Adaptations:
    """What styles with signed weights were taught, each by its part of all positive weights.

    Raises:
        ParasolError: one that was taught is to be pushed away from.
    """
    whole = sum(max(weight, 0.0) for _, weight in parts)
    shares: dict[str, tuple[Adaptation, float]] = {}
    for adaptations, weight in parts:
        if adaptations and weight < 0.0:
            raise ParasolError(
                f"a style card that was taught has the weight {weight:g}, and what it was taught has no opposite: give "
                "it a weight above 0, or make a card of the same pictures with `parasol card`"
            )
        for adaptation, share in adaptations:
            if weight > 0.0:
                before = shares.get(adaptation.digest, (adaptation, 0.0))[1]
                shares[adaptation.digest] = (adaptation, before + share * weight / whole)
    return tuple(shares[digest] for digest in sorted(shares))

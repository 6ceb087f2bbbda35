"""The vocabulary that every layer shares: arrays, the two callables between sampler and model, and the condition.

Symbols are the paper's inside `maths/` and `sampling/` (z, t, eps, alpha_bar, g_s, g_y, lam); words are used outside
(style_scale, content_scale, structure).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable

import numpy as np
from jaxtyping import Float

Picture = Float[np.ndarray, "H W 3"]
"""THE pixel convention for one picture: RGB in [0, 1], float32, row 0 at the top."""

Record = dict[str, Any]
"""JSON values by name."""


@runtime_checkable
class Array(Protocol):
    """What numpy arrays and torch tensors share, and all that the sampler asks of either.

    Arithmetic with Python floats keeps the array's own dtype and device, so no formula mentions a library.
    """

    @property
    def shape(self) -> tuple[int, ...]:
        """Length of every axis."""
        ...

    @property
    def ndim(self) -> int:
        """Number of axes."""
        ...

    def reshape(self, *shape: int) -> Any:
        """The same values in another shape, of which one length may be -1."""
        ...

    def __getitem__(self, key: Any, /) -> Any: ...
    def __setitem__(self, key: Any, value: Any, /) -> None: ...
    def __add__(self, other: Any, /) -> Any: ...
    def __sub__(self, other: Any, /) -> Any: ...
    def __mul__(self, other: Any, /) -> Any: ...
    def __rmul__(self, other: Any, /) -> Any: ...
    def __rsub__(self, other: Any, /) -> Any: ...
    def __truediv__(self, other: Any, /) -> Any: ...
    def __pow__(self, other: Any, /) -> Any: ...


Z = TypeVar("Z", bound=Array)
"""Numpy array or torch tensor: whatever goes in comes out."""

EpsFn = Callable[[Z, int], Z]
"""(z_t `B C h w`, t) -> predicted noise `B C h w`: the one line in which a sampler meets a model."""

DenoiseFn = Callable[[Z, int, Z], Z]
"""(z_t `N C h w`, t, tokens `N n d`) -> predicted noise `N C h w`: the conditional network, before guidance."""


@dataclass(frozen=True, kw_only=True)
class Condition(Generic[Z]):
    """What a picture is to show, in the joint space of the two tokens (paper, section 2).

    Raises:
        ValueError: the two descriptors do not have the same shape `B d`, or the map is not `B p d`.
    """

    style: Float[Z, "..."]
    """m = M(a), `B d`: the projected style descriptor, unit norm. Token 0."""

    content: Float[Z, "..."]
    """c, `B d`: the content descriptor, unit norm. Token 1."""

    content_map: Float[Z, "..."] | None = None
    """`B p d`: spatial content tokens, unit norm each, behind the other two; none where place is left open, as in the
    paper."""

    def __post_init__(self) -> None:
        here = self.content_map
        if here is not None and (here.ndim != 3 or (here.shape[0], here.shape[2]) != tuple(self.content.shape)):
            raise ValueError(
                f"the content map has shape {tuple(here.shape)} beside a content of {tuple(self.content.shape)}; it "
                "must be [B, places, d]"
            )
        if self.style.ndim != 2 or self.style.shape != self.content.shape:
            raise ValueError(
                f"style has shape {tuple(self.style.shape)} and content {tuple(self.content.shape)}; both must be the "
                "same [B, d]: project the style descriptor into the content space first, and keep the batch axis"
            )


@dataclass(frozen=True, kw_only=True)
class Stage:
    """How far one stage of a long job is."""

    what: str
    done: int
    total: int

"""Guidance as a wrapper: a conditional network in, the plain noise predictor that samplers call out."""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, Protocol, final, runtime_checkable

from jaxtyping import Float

from parasol.maths.guidance import BranchWeights, branch_weights, combine, joint_weights
from parasol.types import Condition, DenoiseFn, EpsFn, Z

Branch = Literal["null", "style", "content", "joint"]


@runtime_checkable
class Known(Protocol):
    """Predictions by (t, branch and who predicts it), of one condition and of the one z that is asked at each t."""

    def get(self, key: tuple[int, str], /) -> Any:
        """The prediction, `B C h w`, if it is known."""
        ...

    def put(self, key: tuple[int, str], eps: Any, /) -> None:
        """Take a prediction, which nobody writes to afterwards."""
        ...


Guide = Callable[[Any, int, Any, Any], Any]
"""(z, t, tokens, joint prediction) -> what to add to that, `B 2C h w`, for the null and the content branch."""


@final
class Begun:
    """What a source knows of its target: where that begins, at the source's own z, all that is not of the style."""

    def __init__(self, source: Known, t: int) -> None:
        """t: of the target's first step."""
        self._source = source
        self._shared: tuple[tuple[int, str], ...] = ((t, "null"), (t, "content"))

    def get(self, key: tuple[int, str], /) -> Any:
        """The source's prediction, where it is the target's too."""
        return self._source.get(key) if key in self._shared else None

    def put(self, key: tuple[int, str], eps: Any, /) -> None:
        """Nothing that the target predicts is of use to the source."""


def guided(
    denoise: DenoiseFn[Z],
    condition: Condition[Z],
    *,
    g_s: float,
    g_y: float,
    joint: bool = False,
    since: int = 0,
    known: Known | None = None,
    guide: Guide | None = None,
) -> EpsFn[Z]:
    """The guided predictor eps(z_t, t, m_s, c_y) of the paper's guidance equation, or of `joint_weights`.

    A branch whose weight is exactly 0 is never evaluated, so that with g_s = 0 the style cannot reach a single bit of
    the result; the others go through `denoise` as one batch, branch by branch. Branches that are `known` are not
    evaluated again, whatever the scales; what is evaluated is made known. At t below `since` scales above 1 count as 1,
    which is plain conditional where they weigh jointly (guidance in a limited interval, Kynkaanniemi et al. 2024).
    With a `guide` the joint branch alone goes through `denoise`, and the guide says the null and the content branch;
    where the style branch has a weight, or the joint one has none, it is not asked.

    Raises:
        ValueError: a scale is not finite; or, when called, z_t and the condition differ in batch size.
    """
    mixed = joint_weights if joint else branch_weights
    pushing, plain = (_Mixture.of(mixed(*scales)) for scales in ((g_s, g_y), (min(g_s, 1.0), min(g_y, 1.0))))
    batch = condition.style.shape[0]

    @cache
    def tokens(*branches: Branch) -> Any:
        return branch_tokens(condition, branches)

    def eps_fn(z: Z, t: int) -> Z:
        if z.shape[0] != batch:
            raise ValueError(f"z holds {z.shape[0]} latents for {batch} conditions; pass one condition for each")
        names, weights = pushing if t >= since else plain
        by = guide if "joint" in names and "style" not in names else None
        keys = {name: (t, name if by is None or name == "joint" else f"{name}, by the guide") for name in names}
        predictions: dict[Branch, Any] = {} if known is None else {name: known.get(keys[name]) for name in names}
        missing: list[Branch] = [name for name in names if predictions.get(name) is None]
        asked: list[Branch] = missing if by is None else [name for name in missing if name == "joint"]
        if asked:
            eps = denoise(repeat(z, len(asked)), t, tokens(*asked))
            predictions |= {name: eps[i * batch : (i + 1) * batch] for i, name in enumerate(asked)}
        if by is not None and asked != missing:
            joint = predictions["joint"]
            apart = by(z, t, tokens("joint"), joint)
            said = {"null": joint + apart[:, : z.shape[1]], "content": joint + apart[:, z.shape[1] :]}
            predictions |= {name: said[name] for name in missing if name in said}
        if known is not None:
            for name in missing:
                known.put(keys[name], predictions[name])
        return combine([(weight, predictions[name]) for name, weight in zip(names, weights, strict=True)])

    return eps_fn


class _Mixture(NamedTuple):
    """The branches that guidance evaluates, and what each weighs."""

    names: list[Branch]
    weights: list[float]

    @classmethod
    def of(cls, weights: BranchWeights) -> "_Mixture":
        names: list[Branch] = [name for name in ("null", "style", "content", "joint") if getattr(weights, name) != 0.0]
        return cls(names, [getattr(weights, name) for name in names])


def branch_tokens(condition: Condition[Z], branches: Sequence[Branch]) -> Float[Z, "N n d"]:
    """Tokens [style, content, *content map] of the named branches, one block of B after another; null is zeros."""
    batch, width = condition.style.shape
    count = 2 if condition.content_map is None else 2 + condition.content_map.shape[1]
    tokens = repeat(condition.style, count * len(branches)).reshape(len(branches) * batch, count, width)
    tokens[:] = 0.0
    for i, branch in enumerate(branches):
        block = slice(i * batch, (i + 1) * batch)
        if branch in ("style", "joint"):
            tokens[block, 0] = condition.style
        if branch in ("content", "joint"):
            tokens[block, 1] = condition.content
            if condition.content_map is not None:
                tokens[block, 2:] = condition.content_map
    return tokens


def repeat(array: Float[Z, " B *rest"], times: int) -> Float[Z, " N *rest"]:
    """The whole batch `times` times over, as a copy: indexing by a list is how numpy and torch both allocate."""
    return array[list(range(array.shape[0])) * times]

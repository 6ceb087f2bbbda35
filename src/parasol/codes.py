"""Style codes: a style in 44 characters that can be said, typed and pasted.

A code has a letter for its code book, 201 bits of the style's descriptor, 45 of its colours, and 12 that tell a typing
error. A book is of one style encoder; it is never changed, so that a code means the same for ever: what is better is
another book, under another letter. Textures have no room in a code.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from statistics import NormalDist

import numpy as np
from jaxtyping import Float
from safetensors import safe_open

from parasol.bundle import Manifest
from parasol.conditions import Style
from parasol.errors import ParasolError
from parasol.maths.colour import ColourStatistics

LENGTH = 44
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
DESCRIPTOR_BITS, CHECK_BITS = 201, 12
MEAN_BITS, DEVIATION_BITS, CORRELATION_BITS = 6, 5, 4
LOWEST_DEVIATION, HIGHEST_DEVIATION = 1e-3, 0.6  # of a colour channel in [0, 1]
BOOKS = Path(__file__).parent / "codebooks"
SPREAD = 3.0**0.5  # of the compander that is best for a normal distribution in fine steps (Panter and Dite, 1951)
_NORMAL = NormalDist()


class CodeError(ParasolError):
    """A style code that is mistyped, or of another encoder. One line, with the way out."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Book:
    """How the descriptors of one style encoder are told in few bits: along `axes`, each with so many bits."""

    letter: str
    encoder: tuple[str, str]
    """Name and version."""

    mean: Float[np.ndarray, " a"]
    axes: Float[np.ndarray, "k a"]
    deviations: Float[np.ndarray, " k"]
    bits: tuple[int, ...]


@cache
def books() -> dict[str, Book]:
    """Every book by its letter."""
    by_letter = {}
    for file in sorted(BOOKS.glob("?-*.safetensors")):
        letter, name, version = _split(file.stem)
        with safe_open(file, "numpy") as data:
            mean, axes, deviations = (data.get_tensor(key).astype(np.float64) for key in ("mean", "axes", "deviations"))
            bits = tuple(int(count) for count in data.get_tensor("bits"))
        by_letter[letter] = Book(
            letter=letter, encoder=(name, version), mean=mean, axes=axes, deviations=deviations, bits=bits
        )
    return by_letter


def _split(stem: str) -> tuple[str, str, str]:
    letter, _, rest = stem.partition("-")
    name, _, version = rest.rpartition("-")
    return letter, name, version


def code_of(style: Style, manifest: Manifest) -> str:
    """The code of a style as that model sees it.

    Raises:
        CodeError: the style is of words alone, without colours, or there is no book of the model's style encoder.
    """
    own = (manifest.style.name, manifest.style.version)
    fitting = [book for book in books().values() if book.encoder == own]
    if not fitting:
        raise CodeError(
            f"the style encoder {own[0]} {own[1]} of the model {manifest.name!r} has no style codes: save a style card"
        )
    if style.colours is None:
        raise CodeError("a style of words alone has no colours and so no code: add a style picture, or save a card")
    book = fitting[-1]
    along = book.axes @ (style.descriptor.astype(np.float64) - book.mean)
    fields = [
        (_level(value / deviation, bits), bits)
        for value, deviation, bits in zip(along, book.deviations, book.bits, strict=True)
    ]
    fields += _colour_fields(style.colours)
    payload = 0
    for value, bits in fields:
        payload = payload << bits | value
    number = payload << CHECK_BITS | _check(book.letter, payload)
    return book.letter + "".join(LETTERS[number >> 6 * place & 63] for place in range(LENGTH - 2, -1, -1))


def style_of(code: str, manifest: Manifest) -> Style:
    """The style that a code means.

    Raises:
        CodeError: it is mistyped, or of another encoder than the model's.
    """
    text = "".join(code.split())
    if len(text) != LENGTH or any(letter not in LETTERS for letter in text):
        raise CodeError(f"a style code has {LENGTH} letters, digits, - and _; this has {len(text)} characters: copy it")
    number = 0
    for letter in text[1:]:
        number = number << 6 | LETTERS.index(letter)
    payload, check = number >> CHECK_BITS, number & (1 << CHECK_BITS) - 1
    if check != _check(text[0], payload):
        raise CodeError(f"the style code {text[:8]}… is mistyped: copy it anew")
    book = books().get(text[0])
    if book is None or book.encoder != (manifest.style.name, manifest.style.version):
        raise CodeError(
            f"the style code {text[:8]}… is of another style encoder than that of the model {manifest.name!r}: "
            "use the model that it was made with, or a newer parasol-style"
        )
    widths = [*book.bits, *[MEAN_BITS] * 3, *[DEVIATION_BITS] * 3, *[CORRELATION_BITS] * 3]
    values = []
    for bits in reversed(widths):
        values.insert(0, payload & (1 << bits) - 1)
        payload >>= bits
    along = [
        _value(value, bits) * deviation
        for value, bits, deviation in zip(values, book.bits, book.deviations, strict=False)
    ]
    descriptor = book.mean + np.array(along) @ book.axes
    descriptor = (descriptor / np.linalg.norm(descriptor)).astype(np.float32)
    return Style(descriptor=descriptor, colours=_colours(values[len(book.bits) :]))


def _level(value: float, bits: int) -> int:
    """A number of a standard normal distribution, as one of 2^bits levels."""
    return min(int(_NORMAL.cdf(value / SPREAD) * 2**bits), 2**bits - 1)


def _value(level: int, bits: int) -> float:
    return SPREAD * _NORMAL.inv_cdf((level + 0.5) / 2**bits)


def _colour_fields(colours: ColourStatistics) -> list[tuple[int, int]]:
    """Means, deviations on a logarithmic scale, and correlations of the three channels."""
    deviations = np.sqrt(np.maximum(np.diag(colours.covariance), LOWEST_DEVIATION**2))
    correlations = colours.covariance / np.outer(deviations, deviations)
    scale = np.log(HIGHEST_DEVIATION / LOWEST_DEVIATION)
    shares = [*colours.mean, *(np.log(deviations / LOWEST_DEVIATION) / scale)]
    shares += [(correlations[row, column] + 1) / 2 for row, column in ((0, 1), (0, 2), (1, 2))]
    widths = [*[MEAN_BITS] * 3, *[DEVIATION_BITS] * 3, *[CORRELATION_BITS] * 3]
    return [
        (int(np.clip(round(float(share) * (2**bits - 1)), 0, 2**bits - 1)), bits)
        for share, bits in zip(shares, widths, strict=True)
    ]


def _colours(levels: Sequence[int]) -> ColourStatistics:
    widths = [*[MEAN_BITS] * 3, *[DEVIATION_BITS] * 3, *[CORRELATION_BITS] * 3]
    shares = np.array([level / (2**bits - 1) for level, bits in zip(levels, widths, strict=True)])
    deviations = LOWEST_DEVIATION * (HIGHEST_DEVIATION / LOWEST_DEVIATION) ** shares[3:6]
    correlations = np.eye(3)
    for (row, column), share in zip(((0, 1), (0, 2), (1, 2)), shares[6:], strict=True):
        correlations[row, column] = correlations[column, row] = 2 * share - 1
    values, vectors = np.linalg.eigh(correlations)  # rounding may have made it none of any colours: the nearest that is
    correlations = vectors @ np.diag(np.maximum(values, 0.0)) @ vectors.T
    return ColourStatistics(mean=shares[:3], covariance=correlations * np.outer(deviations, deviations))


def _check(letter: str, payload: int) -> int:
    digest = hashlib.sha256(f"{letter}{payload}".encode()).digest()
    return int.from_bytes(digest[:2], "big") >> 16 - CHECK_BITS

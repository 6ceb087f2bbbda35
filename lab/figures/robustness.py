"""Do descriptors survive what happens to pictures on their way: flips, crops, JPEG, other sizes, other backgrounds?"""

import io
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from PIL import Image

from lab.figure import Figure
from lab.figures.encoders import described
from parasol.held_out import CONTENT_TEST, Subject, held_out, shuffled
from parasol.images import from_uint8
from parasol.types import Record

QUERIES = 400
MARGIN = 0.1  # of each side that a crop takes away
BACKGROUND = (70, 120, 150)  # far from white, and no colour that one of the sets is known by


def _on(colour: tuple[int, int, int], rgba: Image.Image) -> Image.Image:
    return Image.alpha_composite(Image.new("RGBA", rgba.size, (*colour, 255)), rgba).convert("RGB")


def _white(rgba: Image.Image) -> Image.Image:
    return _on((255, 255, 255), rgba)


def _cropped(rgba: Image.Image) -> Image.Image:
    width, height = rgba.size
    left, top = round(MARGIN * width), round(MARGIN * height)
    return _white(rgba).crop((left, top, width - left, height - top))


def _jpeg(rgba: Image.Image) -> Image.Image:
    buffer = io.BytesIO()
    _white(rgba).save(buffer, "JPEG", quality=50)
    return Image.open(buffer).convert("RGB")


def _resized(side: int) -> Callable[[Image.Image], Image.Image]:
    return lambda rgba: _white(rgba).resize((side, side), Image.Resampling.BICUBIC)


ALTERATIONS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "none": _white,
    "flip": lambda rgba: _white(rgba).transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "crop": _cropped,
    "jpeg_50": _jpeg,
    "32_px": _resized(32),
    "512_px": _resized(512),
    "background": lambda rgba: _on(BACKGROUND, rgba),
}


def robustness(subject: Subject) -> Figure:
    """Retrieval when the query is altered and the gallery is not, over 400 pictures of held-out contents.

    Gallery: every held-out content in every set, on white. style: the nearest picture of another content is of the same
    family. content: the nearest picture in another set shows the same content. Alterations: mirrored; a tenth cut off
    each side; JPEG at quality 50; shrunk to 32 px; enlarged to 512 px; on a blue-grey background. `lost` is in points
    against the unaltered queries. Wanted: at most 5 lost, each.
    """
    cells = held_out(subject.corpus, CONTENT_TEST)
    queries = shuffled(cells, "robustness")[:QUERIES]
    gallery = cache(lambda: described(subject, cells))
    families, codepoints, sets = (
        np.array([getattr(cell, name) for cell in cells]) for name in ("family", "codepoint", "set")
    )

    def measure(name: str) -> Record:
        styles, contents = gallery()
        right: dict[str, list[bool]] = {"style": [], "content": []}
        for cell in queries:
            rgba = Image.open(subject.file(cell)).convert("RGBA")
            picture = from_uint8(np.asarray(ALTERATIONS[name](rgba)))
            others, elsewhere = codepoints != cell.codepoint, sets != cell.set
            match = _nearest(subject.model.embed_style(picture), styles, others)
            right["style"].append(bool(families[match] == cell.family))
            if (codepoints[elsewhere] == cell.codepoint).any():
                match = _nearest(subject.model.embed_content(picture), contents, elsewhere)
                right["content"].append(bool(codepoints[match] == cell.codepoint))
        return {"alteration": name, **{kind: round(float(np.mean(values)), 4) for kind, values in right.items()}}

    def summarise(records: Sequence[Record]) -> Record:
        plain = records[0]
        lost = {
            record["alteration"]: {
                kind: round(100.0 * (plain[kind] - record[kind]), 1) for kind in ("style", "content")
            }
            for record in records[1:]
        }
        return {"style": plain["style"], "content": plain["content"], "lost": lost}

    return Figure(units=list(ALTERATIONS), measure=measure, summarise=summarise)


def _nearest(descriptor: np.ndarray, gallery: np.ndarray, candidates: np.ndarray) -> int:
    return int(np.where(candidates, gallery @ descriptor, -np.inf).argmax())

"""Look at every result of every method, pair by pair, and keep what was seen."""

from base64 import b64decode, b64encode
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol.comparison.journal import Journal
from parasol.comparison.judges import Judges, View, pixels_hash
from parasol.comparison.measures import Measure, Scene, measure
from parasol.comparison.method import AnyPicture
from parasol.comparison.paint import result_file
from parasol.comparison.pairs import PicturePair
from parasol.errors import ParasolError
from parasol.images import PictureError, fit, from_uint8, load, to_uint8
from parasol.types import Picture

MEASURES_FILE = "measures.jsonl"
STYLE = ""  # stands for the style picture itself where a method's name stands else
LARGEST_STRETCH = 0.02  # by which a result's shape may differ from the content picture's


class Seen:
    """Values and embeddings of results, by pair and method."""

    def __init__(self, path: Path, judged_by: Mapping[str, Measure]) -> None:
        key = {"measures": {name: asdict(measure) for name, measure in judged_by.items()}}
        self._journal = Journal(path, key, renew=True)
        self._records = {(record["pair"], record["method"]): record for record in self._journal.records()}

    def holds(self, pair: str, method: str, pixels: str) -> bool:
        """Whether that very result was seen beside those very pictures."""
        return self._records.get((pair, method), {}).get("pixels") == pixels

    def add(
        self,
        pair: str,
        method: str,
        *,
        pixels: str,
        values: Mapping[str, float],
        embeddings: Mapping[str, Float[np.ndarray, " _"]],
    ) -> None:
        """Keep what was seen of one result: metrics by name, and `lite0`, `lite2` and `own` embeddings."""
        record = {
            "pair": pair,
            "method": method,
            "pixels": pixels,
            "values": dict(values),
            "embeddings": {name: _packed(vector) for name, vector in embeddings.items()},
        }
        self._journal.append(record)
        self._records[pair, method] = record

    def names(self, pair: str, method: str) -> list[str]:
        """Metrics that one result has by itself."""
        return list(self._records[pair, method]["values"])

    def values(self, method: str, name: str, pairs: Sequence[PicturePair]) -> Float[np.ndarray, " N"]:
        """One metric of those results that have it, in the order of the pairs."""
        values = [self._records[pair.name, method]["values"].get(name) for pair in pairs]
        return np.array([value for value in values if value is not None], np.float64)

    def embeddings(self, method: str, name: str, pairs: Sequence[PicturePair]) -> Float[np.ndarray, "N d"]:
        """Of the results of all pairs, or (method STYLE) of their style pictures; `name` is lite0, lite2 or own."""
        return np.stack([_unpacked(self._records[pair.name, method]["embeddings"][name]) for pair in pairs])


def look(
    pairs: Sequence[PicturePair], folders: Mapping[str, Path], judges: Judges, size: int, seen: Seen
) -> Iterator[int]:
    """Measure the results in each method's folder into `seen`; yields how many are measured, at the start 0.

    What was seen before of the same pixels by the same judges is kept.

    Raises:
        ValueError: a result is missing, cannot be read, or has another shape than its content picture.
    """
    check_complete(pairs, folders)
    done = 0
    yield done
    for pair in pairs:
        scene, pictures = _scene(pair, judges, size)
        subjects = {STYLE: None, **{method: result_file(folder, pair) for method, folder in folders.items()}}
        for method, file in subjects.items():
            view = scene.style if file is None else View(picture=shaped(file, scene.content.picture), judges=judges)
            pixels = pixels_hash(view.picture, *pictures)
            if not seen.holds(pair.name, method, pixels):
                try:
                    values = {} if file is None else measure(view, scene, identity=pair.identity)
                    embeddings = {"lite0": view.pooled, "lite2": view.brushwork, "own": view.content}
                except ParasolError as error:
                    which = f"the result of {method!r}" if method else "the style picture"
                    raise ParasolError(f"{which} for the pair {pair.name!r} cannot be measured: {error}") from error
                seen.add(pair.name, method, pixels=pixels, values=values, embeddings=embeddings)
            done += 1
            yield done


def check_complete(pairs: Sequence[PicturePair], folders: Mapping[str, Path]) -> None:
    """Refuse folders that lack results. Raises PictureError."""
    for folder in folders.values():
        missing = [pair.name for pair in pairs if not result_file(folder, pair).exists()]
        if missing:
            raise PictureError(
                f"the folder {str(folder)!r} lacks {len(missing)} of {len(pairs)} results, the first of them "
                f"{missing[0]}.png: put one PNG a pair there, named after it"
            )


def _scene(pair: PicturePair, judges: Judges, size: int) -> tuple[Scene, tuple[AnyPicture | None, ...]]:
    content, style = fit(load(pair.content), size), fit(load(pair.style), size)
    truth = None if pair.truth is None else shaped(pair.truth, content)
    content_view = View(picture=content, judges=judges)
    scene = Scene(
        content=content_view,
        style=content_view if pair.identity else View(picture=style, judges=judges),
        truth=None if truth is None else View(picture=truth, judges=judges),
    )
    return scene, (content, style, truth)


def shaped(file: Path, like: Picture) -> Picture:
    """A picture at the very size of another, of whose shape it must be but for rounding."""
    image = load(file)
    height, width = like.shape[:2]
    stretch = image.shape[1] * height / (image.shape[0] * width)
    if abs(stretch - 1.0) > LARGEST_STRETCH + 1.0 / min(height, width):
        raise PictureError(
            f"{str(file)!r} has {image.shape[1]} x {image.shape[0]} pixels and its content picture comes to {width} x "
            f"{height}: give the result the content picture's shape"
        )
    if image.shape == like.shape:
        return image
    resized = Image.fromarray(to_uint8(image)).resize((width, height), Image.Resampling.BICUBIC)
    return from_uint8(np.asarray(resized))


def _packed(vector: Float[np.ndarray, " d"]) -> str:
    return b64encode(vector.astype("<f4").tobytes()).decode()


def _unpacked(text: str) -> Float[np.ndarray, " d"]:
    return np.frombuffer(b64decode(text), "<f4").astype(np.float64)

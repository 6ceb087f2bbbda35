"""Changes to JSON documents and to bytes, by a seed: what a stranger may hand over in place of a file of ours."""

import json
from collections.abc import Iterator
from typing import Any

import numpy as np

DEEP = 3000
HOSTILE: tuple[Any, ...] = (
    None, True, -1, 0, 1, 7, 2**31, 2**63, 10**400, 0.5, -0.5, 1e38, 1e308, float("nan"), float("inf"),
    "", "x", "x" * 100_000, "\0", "\n", "../../x", "/dev/zero", "\ud800", "#12345g", "AAAA", "é",
    [], [[]], [0.0], [0] * 5000, {}, {"x": 1},
)  # fmt: skip
"""What each field of a document is set to in turn."""

Place = tuple[str | int, ...]


def places(document: Any, at: Place = ()) -> Iterator[Place]:
    """The way to every field of a document, whole parts before what they hold; of lists the first two items alone."""
    yield at
    if isinstance(document, dict):
        for key, value in document.items():
            yield from places(value, (*at, key))
    elif isinstance(document, list):
        for number, value in enumerate(document[:2]):
            yield from places(value, (*at, number))


def changed(document: Any, place: Place, value: Any) -> Any:
    """The document with another value there."""
    if not place:
        return value
    first, *rest = place
    copy: Any = dict(document) if isinstance(document, dict) else list(document)
    copy[first] = changed(document[first], tuple(rest), value)
    return copy


def without(document: Any, place: Place) -> Any:
    """The document without that field, or with one more beside it where it is an item of a list."""
    *way, last = place
    holder = document
    for step in way:
        holder = holder[step]
    if isinstance(holder, list):
        return changed(document, tuple(way), [*holder, *holder])
    return changed(document, tuple(way), {key: value for key, value in holder.items() if key != last})


def documents(text: str, seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """(what was done, the bytes) of `count` changes to a JSON document: values, fields left out, depth, bytes."""
    document, random = json.loads(text), np.random.default_rng(seed)
    ways = [*places(document)]
    deep = "[" * DEEP + "]" * DEEP
    for number in range(count):
        place = ways[int(random.integers(len(ways)))]
        kind = number % 8
        if kind < 5:
            value = HOSTILE[int(random.integers(len(HOSTILE)))]
            yield f"{place} = {str(value)[:20]!r}", json.dumps(changed(document, place, value)).encode()
        elif kind == 5 and place:
            yield f"{place} left out or doubled", json.dumps(without(document, place)).encode()
        elif kind == 6:
            mark = "\x01deep\x01"
            whole = json.dumps(changed(document, place, mark)).replace(json.dumps(mark), deep)
            yield f"{place} nested", whole.encode()
        else:
            yield from (
                (f"bytes: {what}", data) for what, data in mangled(text.encode(), int(random.integers(2**31)), 1)
            )


def mangled(data: bytes, seed: int, count: int) -> Iterator[tuple[str, bytes]]:
    """(what was done, the bytes) of `count` changes: cut off, bytes replaced, a stretch doubled, left out or zeroed."""
    random = np.random.default_rng(seed)
    for _ in range(count):
        at = int(random.integers(1, max(2, len(data))))
        kind = int(random.integers(5))
        end = min(len(data), at + int(random.integers(1, 40)))
        if kind == 0:
            yield f"cut at {at}", data[:at]
        elif kind == 1:
            copy = bytearray(data)
            for place in random.integers(0, len(data), int(random.integers(1, 9))):
                copy[int(place)] = int(random.integers(256))
            yield "bytes replaced", bytes(copy)
        elif kind == 2:
            yield f"{at}:{end} doubled", data[:end] + data[at:]
        elif kind == 3:
            yield f"{at}:{end} left out", data[:at] + data[end:]
        else:
            yield f"{at}:{end} set to 255", data[:at] + b"\xff" * (end - at) + data[end:]

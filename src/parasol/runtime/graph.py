"""What an ONNX graph reads from outside itself, found in its protobuf wire format without the `onnx` package.

A graph may name any file as the place of a tensor. Ours name the weights file alone, and the core hands those weights
over itself; a graph that names anything else must be refused before a runtime opens it.
"""

from collections.abc import Iterator, Mapping
from mmap import mmap

from parasol.errors import ParasolError

# Field numbers of onnx.proto that lead from a model to its tensors.
_CHILDREN: Mapping[str, Mapping[int, str]] = {
    "model": {7: "graph", 25: "function"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "function": {7: "node", 11: "attribute"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
    "tensor": {},
}
_TENSOR_NAME, _EXTERNAL_DATA, _DATA_LOCATION = 8, 13, 14
_KEY, _VALUE = 1, 2
_LONGEST_NUMBER = 70  # bits that protobuf's longest varint holds


def external_tensors(model: bytes | mmap) -> list[tuple[str, str]]:
    """(tensor name, file name) of every tensor that the graph keeps outside itself; "" where it names no file.

    Raises:
        ValueError: the bytes are no protobuf message.
    """
    try:
        return list(_walk(memoryview(model), "model"))
    except (IndexError, UnicodeDecodeError, RecursionError) as error:
        raise ParasolError("the graph is no ONNX file or breaks off") from error


def _walk(message: memoryview, kind: str) -> Iterator[tuple[str, str]]:
    if kind == "tensor":
        yield from _tensor(message)
        return
    children = _CHILDREN[kind]
    for number, value in _fields(message):
        if number in children and isinstance(value, memoryview):
            yield from _walk(value, children[number])


def _tensor(message: memoryview) -> Iterator[tuple[str, str]]:
    name, locations, outside = "", list[str](), False
    for number, value in _fields(message):
        if number == _TENSOR_NAME:
            name = _text(value)
        elif number == _DATA_LOCATION:
            outside = outside or value == 1
        elif number == _EXTERNAL_DATA and isinstance(value, memoryview):
            outside = True
            entry = {part: _text(text) for part, text in _fields(value)}
            if entry.get(_KEY) == "location":
                locations.append(entry.get(_VALUE, ""))
    if outside:
        yield from ((name, location) for location in locations or [""])


def _text(value: memoryview | int) -> str:
    return bytes(value).decode() if isinstance(value, memoryview) else ""


def _fields(message: memoryview) -> Iterator[tuple[int, memoryview | int]]:
    """(field number, value) of one message: bytes of a length-delimited field, the integer of a varint, else 0."""
    at, end = 0, len(message)
    while at < end:
        key, at = _varint(message, at)
        wire = key & 7
        value: memoryview | int = 0
        if wire == 0:
            value, at = _varint(message, at)
        elif wire == 2:
            length, at = _varint(message, at)
            value, at = message[at : at + length], at + length
        elif wire in (1, 5):
            at += 8 if wire == 1 else 4
        else:
            raise IndexError
        if at > end:
            raise IndexError
        yield key >> 3, value


def _varint(message: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if shift == _LONGEST_NUMBER:
            raise IndexError
        byte = message[at]
        value |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return value, at

"""The parts that PNG, AVIF and JPEG 2000 files are made of, by name: what Pillow passes over is looked up here."""

from collections.abc import Iterator

PNG_START = b"\x89PNG\r\n\x1a\n"
NESTED = {b"jp2h": 0, b"iprp": 0, b"ipco": 0, b"meta": 4}  # boxes of boxes -> bytes before the first
DEEPEST = 4
CODESTREAM = b"\xff\x4f\xff\x51"  # of JPEG 2000: its start, and the marker of its sizes
COMPONENTS = 40  # byte at which the codestream counts its components; 3 bytes for each follow


def png_chunk(data: bytes, name: bytes) -> bytes | None:
    """The first chunk of that name before the pixels of a PNG file; None where there is none."""
    at = len(PNG_START)
    while data.startswith(PNG_START) and at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8]
        if kind == name:
            return data[at + 8 : at + 8 + length]
        if kind == b"IDAT":
            return None
        at += 12 + length
    return None


def boxes(data: bytes, name: bytes, *, depth: int = 0) -> Iterator[bytes]:
    """What every box of that name holds, in an ISO file (AVIF, JP2), boxes in boxes included."""
    at = 0
    while at + 8 <= len(data):
        length, kind, head = int.from_bytes(data[at : at + 4]), data[at + 4 : at + 8], 8
        if length == 1:
            length, head = int.from_bytes(data[at + 8 : at + 16]), 16
        end = len(data) if length == 0 else at + length
        if end < at + head:
            return
        inner = data[at + head : end]
        if kind == name:
            yield inner
        elif kind in NESTED and depth < DEEPEST:
            yield from boxes(inner[NESTED[kind] :], name, depth=depth + 1)
        at = end


def deepest_component(data: bytes) -> int:
    """Bits of the deepest channel that a JPEG 2000 file says it has; 0 where it does not say."""
    start = data.find(CODESTREAM)
    if start < 0 or len(data) < start + COMPONENTS + 2:
        return 0
    first = start + COMPONENTS + 2
    count = int.from_bytes(data[first - 2 : first])
    depths = data[first : first + 3 * count : 3]
    return max(((depth & 0x7F) + 1 for depth in depths), default=0)

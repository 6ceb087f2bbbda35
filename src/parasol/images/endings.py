"""The endings of files that results go into, and which of them the bytes of a file call for."""

RASTERS = (".png", ".webp", ".jpg", ".jpeg")
DRAWING = ".svg"
ENDINGS = (*RASTERS, DRAWING)


def is_drawing(data: bytes) -> bool:
    """Whether the bytes of a file are an SVG as Parasol writes it."""
    return data.startswith(b"<svg")


def ending_of(data: bytes) -> str:
    """The ending that goes with the bytes of a file that Parasol wrote; .png for anything unknown."""
    if is_drawing(data):
        return DRAWING
    if data.startswith(b"RIFF"):
        return ".webp"
    return ".jpg" if data.startswith(b"\xff\xd8") else ".png"


def same_kind(first: str, second: str) -> bool:
    """Whether two endings stand for one format."""
    return first.lower().replace("jpeg", "jpg") == second.lower().replace("jpeg", "jpg")

"""A drawing as square RGBA pixels, and the check that something can be seen on them."""

from io import BytesIO

import numpy as np
from jaxtyping import UInt8
from PIL import Image

from parasol.corpora.drawings import Drawing
from parasol.errors import ParasolError

# Of 255. Below these a cell shows nothing: no pixel stands out from a blank sheet, or all are the same.
FAINTEST_ALPHA = 16
SMALLEST_RANGE = 4


def render(drawing: Drawing, size: int) -> Image.Image:
    """The drawing as RGBA with straight alpha, `size` pixels square. Raises ValueError when it can't be drawn."""
    if drawing.vector:
        # Imported here: only building a corpus needs the renderer.
        import resvg_py

        data = bytes(
            resvg_py.svg_to_bytes(
                svg_string=drawing.data.decode("utf-8"), width=size, height=size, skip_system_fonts=True
            )
        )
    else:
        data = drawing.data
    try:
        with Image.open(BytesIO(data)) as opened:
            picture = opened.convert("RGBA")
    except OSError as error:
        # Pillow's own words may hold an address in memory, and two builds must tell the same.
        raise ParasolError("broken: the picture can't be decoded") from error
    return picture if picture.size == (size, size) else _fit(picture, size)


def cell_png(drawing: Drawing, size: int, background: str = "alpha") -> bytes:
    """The drawing as the PNG of a cell. Raises ValueError when it can't be drawn, or shows nothing."""
    picture = render(drawing, size)
    if reason := refusal(np.asarray(picture)):
        raise ParasolError(reason)
    return encode(picture, background=background)


def encode(picture: Image.Image, *, background: str) -> bytes:
    """The picture as PNG: laid on a colour, or clear where `background` is `alpha`."""
    if background != "alpha":
        sheet = Image.new("RGBA", picture.size, background)
        picture = Image.alpha_composite(sheet, picture).convert("RGB")
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def _fit(picture: Image.Image, size: int) -> Image.Image:
    """Longer side to `size`, centred on a clear square. Resized premultiplied, so that no clear pixel bleeds."""
    scale = size / max(picture.size)
    width, height = (max(1, round(side * scale)) for side in picture.size)
    scaled = picture.convert("RGBa").resize((width, height), Image.Resampling.LANCZOS).convert("RGBA")
    square = Image.new("RGBA", (size, size))
    square.paste(scaled, ((size - width) // 2, (size - height) // 2))
    return square


def refusal(pixels: UInt8[np.ndarray, "S S 4"]) -> str:
    """Why these pixels (straight alpha) show nothing, or an empty string."""
    alpha = pixels[..., 3]
    if alpha.max() < FAINTEST_ALPHA:
        return "blank: no visible pixel"
    premultiplied = np.concatenate([pixels[..., :3] * (alpha[..., None] / 255.0), alpha[..., None]], axis=-1)
    if np.ptp(premultiplied, axis=(0, 1)).max() < SMALLEST_RANGE:
        return "blank: every pixel is the same"
    return ""

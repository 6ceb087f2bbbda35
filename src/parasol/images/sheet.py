"""Contact sheets: pictures in rows and columns, with labels."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from PIL import Image, ImageDraw, ImageFont

from parasol.errors import ParasolError
from parasol.images.arrange import fit, from_uint8, to_uint8

GAP = 4  # px between cells
LINE = 18  # px a label needs


def sheet(
    rows: Sequence[Sequence[Float[np.ndarray, "_ _ 3"]]],
    *,
    cell: int,
    row_labels: Sequence[str] = (),
    column_labels: Sequence[str] = (),
) -> Float[np.ndarray, "H W 3"]:
    """Lay pictures out on white, each fitted into `cell` x `cell` px; labels stand left of rows and above columns.

    Raises ValueError where labels and pictures differ in number.
    """
    columns = max((len(row) for row in rows), default=0)
    if columns == 0:
        raise ParasolError("a sheet of 0 pictures cannot be drawn: give at least one")
    for labels, number, what in ((row_labels, len(rows), "rows"), (column_labels, columns, "columns")):
        if labels and len(labels) != number:
            raise ParasolError(f"{len(labels)} labels do not name {number} {what}: give one for each")
    font = ImageFont.load_default(LINE * 2 / 3)
    left = GAP + max((int(font.getlength(label)) + 2 * GAP for label in row_labels), default=0)
    top = GAP + (LINE if column_labels else 0)
    size = (left + columns * (cell + GAP), top + len(rows) * (cell + GAP))
    canvas = Image.new("RGB", size, "white")
    draw = ImageDraw.Draw(canvas)
    for i, label in enumerate(row_labels):
        draw.text((GAP, top + i * (cell + GAP) + cell // 2), label, "black", font, anchor="lm")
    for j, label in enumerate(column_labels):
        middle = (left + j * (cell + GAP) + cell // 2, top // 2)
        draw.text(middle, _shorten(label, font, cell), "black", font, anchor="mm")
    for i, row in enumerate(rows):
        for j, pixels in enumerate(row):
            picture = Image.fromarray(to_uint8(fit(pixels, cell)))
            inset = ((cell - picture.width) // 2, (cell - picture.height) // 2)
            canvas.paste(picture, (left + j * (cell + GAP) + inset[0], top + i * (cell + GAP) + inset[1]))
    return from_uint8(np.asarray(canvas))


def _shorten(label: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont, width: int) -> str:
    if font.getlength(label) <= width:
        return label
    while label and font.getlength(label + "...") > width:
        label = label[:-1]
    return label + "..."

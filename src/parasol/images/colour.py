"""What a picture's numbers mean: from its profile, its code points or its gamma to sRGB."""

import io
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol.images.boxes import boxes, png_chunk
from parasol.images.errors import PictureError
from parasol.maths.lab import TO_XYZ

if TYPE_CHECKING:
    from PIL import ImageCms

D65 = (0.3127, 0.3290)
SRGB = (0.64, 0.33, 0.30, 0.60, 0.15, 0.06)
# Code points of ITU-T H.273: x and y of red, green and blue, all with D65 as white.
PRIMARIES = {
    1: SRGB,
    5: (0.64, 0.33, 0.29, 0.60, 0.15, 0.06),
    6: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    7: (0.63, 0.34, 0.31, 0.595, 0.155, 0.07),
    9: (0.708, 0.292, 0.17, 0.797, 0.131, 0.046),
    12: (0.68, 0.32, 0.265, 0.69, 0.15, 0.06),
}
SRGB_CURVE = 0.0  # in place of a gamma
# Those of video (1, 6, 14, 15) are shown by sRGB's curve, as browsers do.
GAMMAS = {1: SRGB_CURVE, 4: 2.2, 5: 2.8, 6: SRGB_CURVE, 8: 1.0, 13: SRGB_CURVE, 14: SRGB_CURVE, 15: SRGB_CURVE}
UNSAID = (0, 2, 3)  # reserved, unspecified: sRGB, as browsers take it
HIGH_RANGE = (16, 18)  # PQ, HLG
SAME_GAMMA = 0.05  # share by which a gamma may differ from 2.2 and still mean sRGB's curve; libpng's own
SAME_PLACE = 0.01  # of x and y
NARROW = (16, 235)  # black and white of video levels
BRADFORD = np.array([[0.8951, 0.2664, -0.1614], [-0.7502, 1.7135, 0.0367], [0.0389, -0.0685, 1.0296]])


class Numbers(NamedTuple):
    """Colours told by number."""

    primaries: tuple[float, ...] = SRGB
    white: tuple[float, float] = D65
    gamma: float = SRGB_CURVE
    narrow: bool = False
    """Whether black is 16 and white 235."""

    @property
    def plain(self) -> bool:
        """Whether that is sRGB, near enough."""
        there = np.subtract((*self.primaries, *self.white), (*SRGB, *D65))
        return self.gamma == SRGB_CURVE and not self.narrow and bool(np.abs(there).max() < SAME_PLACE)


class Meaning(NamedTuple):
    """What a file says of its colours; a profile goes before numbers, save in PNG (cICP)."""

    profile: bytes | None = None
    numbers: Numbers = Numbers()


def meaning(picture: Image.Image, data: bytes, name: str) -> Meaning:
    """What is said by a picture, of which the header is read, and by the bytes of its file. Raises PictureError."""
    profile = picture.info.get("icc_profile")
    if picture.format == "PNG":
        coded = png_chunk(data, b"cICP")
        if coded is not None and len(coded) == 4:
            return Meaning(numbers=_coded(coded[0], coded[1], name)._replace(narrow=coded[3] == 0))
        stated = "srgb" in picture.info or profile or not picture.info.get("gamma")
        return Meaning(profile) if stated else Meaning(numbers=_by_gamma(picture))
    for box in boxes(data, b"colr") if picture.format in ("AVIF", "JPEG2000") else ():
        if box[:4] == b"nclx" and len(box) >= 8 and not profile:
            return Meaning(numbers=_coded(int.from_bytes(box[4:6]), int.from_bytes(box[6:8]), name))
        if picture.format == "JPEG2000" and box[:1] in (b"\x02", b"\x03"):
            profile = profile or box[3:]
    return Meaning(profile)


def _coded(primaries: int, transfer: int, name: str) -> Numbers:
    way_out = "save it in sRGB"
    if transfer in HIGH_RANGE:
        raise PictureError(f"{name} is of high dynamic range (transfer {transfer}) and that is not read: {way_out}")
    unknown = [
        str(code) for code, known in ((primaries, PRIMARIES), (transfer, GAMMAS)) if code not in (*known, *UNSAID)
    ]
    if unknown:
        raise PictureError(f"{name} tells its colours by code {unknown[0]}, which is not known here: {way_out}")
    return Numbers(PRIMARIES.get(primaries, SRGB), gamma=GAMMAS.get(transfer, SRGB_CURVE))


def _by_gamma(picture: Image.Image) -> Numbers:
    """gAMA and cHRM of a PNG; chromaticities that are no colours say nothing."""
    places = picture.info.get("chromaticity", ())
    gamma = 1 / picture.info["gamma"]
    curve = SRGB_CURVE if abs(gamma / 2.2 - 1) < SAME_GAMMA else gamma
    if len(places) != 8 or not all(0 < place < 1 for place in places):
        return Numbers(gamma=curve)
    return Numbers(tuple(places[2:]), tuple(places[:2]), curve)


def to_srgb(picture: Image.Image, said: Meaning) -> Image.Image:
    """RGB, or RGBA where there was alpha, in sRGB. `picture` is L, LA, RGB, RGBA or CMYK."""
    alpha = picture.getchannel("A") if picture.mode in ("LA", "RGBA") else None
    base = picture if alpha is None else picture.convert(picture.mode.removesuffix("A"))
    rgb = _through_profile(base, said.profile) if said.profile else base.convert("RGB")
    if not said.numbers.plain:
        rgb = _by_numbers(rgb, said.numbers)
    if alpha is not None:
        rgb.putalpha(alpha)
    return rgb


def _through_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    from PIL import ImageCms

    try:
        embedded = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        space = getattr(embedded.profile, "xcolor_space", "")
        mode = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}.get(space.strip(), "")
        if mode == "RGB" and picture.mode == "L":
            picture = picture.convert(mode)
        if picture.mode == mode:
            step = ImageCms.buildTransform(embedded, ImageCms.createProfile("sRGB"), mode, "RGB")
            if mode != "RGB" or _changes(step):
                return ImageCms.applyTransform(picture, step) or picture.convert("RGB")
    except (ImageCms.PyCMSError, OSError):
        pass  # a broken or foreign profile says nothing; the numbers are then taken as sRGB, as viewers do
    return picture.convert("RGB")


def _changes(step: "ImageCms.ImageCmsTransform") -> bool:
    """Whether a transform is more than rounding: whatever a profile is called, what it does counts."""
    from PIL import ImageCms

    levels = np.linspace(0, 255, 9).round().astype(np.uint8)
    cube = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(27, 27, 3)
    probe = Image.fromarray(cube)
    there = np.asarray(ImageCms.applyTransform(probe, step))
    return bool(np.abs(there.astype(int) - cube).max() > 1)


def _by_numbers(picture: Image.Image, numbers: Numbers) -> Image.Image:
    low, high = NARROW if numbers.narrow else (0, 255)
    levels = ((np.arange(256) - low) / (high - low)).clip(0, 1)
    linear = _decode(levels) if numbers.gamma == SRGB_CURVE else levels**numbers.gamma
    matrix = np.linalg.inv(TO_XYZ) @ _adapted(numbers) @ _to_xyz(numbers.primaries, numbers.white)
    values = linear.astype(np.float32)[np.asarray(picture)] @ matrix.T.astype(np.float32)
    values = values.clip(0, 1)
    encoded = np.where(values <= 0.0031308, values * 12.92, 1.055 * values ** np.float32(1 / 2.4) - 0.055)
    return Image.fromarray(np.rint(encoded * 255).astype(np.uint8))


def _decode(levels: Float[np.ndarray, " n"]) -> Float[np.ndarray, " n"]:
    return np.where(levels <= 0.04045, levels / 12.92, ((levels + 0.055) / 1.055) ** 2.4)


def _to_xyz(primaries: tuple[float, ...], white: tuple[float, float]) -> Float[np.ndarray, "3 3"]:
    """Linear RGB with these primaries -> XYZ in which white has Y 1."""
    places = np.array([_xyz(*primaries[at : at + 2]) for at in (0, 2, 4)]).T
    return places * np.linalg.solve(places, _xyz(*white))


def _adapted(numbers: Numbers) -> Float[np.ndarray, "3 3"]:
    """From their white to D65, by Bradford's cones."""
    gains = (BRADFORD @ _xyz(*D65)) / (BRADFORD @ _xyz(*numbers.white))
    return np.linalg.inv(BRADFORD) @ np.diag(gains) @ BRADFORD


def _xyz(x: float, y: float) -> Float[np.ndarray, " 3"]:
    return np.array([x / y, 1.0, (1 - x - y) / y])

"""A picture of any mode, size, orientation and kind -> float32 RGB in [0, 1]."""

import errno
import io
import stat
import sys
import warnings
from pathlib import Path

import numpy as np
from jaxtyping import Float
from PIL import Image, UnidentifiedImageError

from parasol.images.arrange import from_uint8
from parasol.images.colour import meaning, to_srgb
from parasol.images.depth import plain, prepare
from parasol.images.errors import PictureError, cannot_read
from parasol.images.ground import FAINTEST_ALPHA, WHITE, ground_for, shows_nothing
from parasol.images.svg import draw as svg

MIN_SIDE = 8  # px; one latent
MAX_ASPECT = 16  # longer side over shorter side
MAX_PIXELS = 50_000_000  # a 48-megapixel photograph passes
MAX_BYTES = 200_000_000
WORKING_SIDE = 2048  # px; larger pictures are shrunk at once, and no model sees more
DRAWN = 1024  # px, longer side at which an SVG is drawn where no more is needed

RASTER_FORMATS = ("PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF", "AVIF", "JPEG2000", "PPM")
# What counts as a picture in a folder.
SUFFIXES = frozenset(
    {".avif", ".bmp", ".gif", ".j2k", ".jfif", ".jp2", ".jpe", ".jpeg", ".jpf", ".jpg", ".jpx", ".pbm", ".pgm", ".png"}
    | {".pnm", ".ppm", ".svg", ".svgz", ".tif", ".tiff", ".webp"}
)
WAY_OUT = "use PNG, JPEG, WebP, GIF, BMP, TIFF, AVIF, JPEG 2000, PPM or SVG"
EXIF_ORIENTATION = 0x0112
UPRIGHT = {  # EXIF orientation -> what undoes it
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

Source = str | Path | bytes | Image.Image | np.ndarray


def load_shown(source: Source) -> Float[np.ndarray, "H W 3"]:
    """As `load`, for a picture that is to show something: PictureError where every pixel is the same."""
    pixels = load(source)
    if shows_nothing(pixels):
        raise blank_picture(source)
    return pixels


def blank_picture(source: Source) -> PictureError:
    """The error for a picture in which nothing is to be seen."""
    return PictureError(f"{_name(source)} is blank (every pixel is the same): give a picture that shows something")


def load(source: Source, *, background: tuple[float, float, float] | None = None) -> Float[np.ndarray, "H W 3"]:
    """Read a picture, upright, in sRGB, its transparent parts laid on `background` (RGB in [0, 1]).

    Without one the ground is white, or black or grey for a drawing that white would hide; a picture that is transparent
    everywhere is then refused.

    `source` is a path, the bytes of a file, "-" for standard input, a PIL picture, or an array (uint8, or float in
    [0, 1]; H W, H W 3 or H W 4). Pictures above 2048 px are shrunk to that. Animations and files of several pages
    are refused: which frame is meant is not ours to guess. Raises PictureError.
    """
    name = _name(source)
    decoded = _decoded(source, name)
    if background is None and decoded.mode == "RGBA":
        _refuse_clear(decoded, name)
        background = ground_for(decoded)
    return _composite(decoded, background or WHITE)


def load_rgba(source: Source, *, name: str = "", drawn: int = DRAWN) -> Float[np.ndarray, "H W 4"]:
    """As `load`, with alpha in place of a ground; 1 everywhere where the picture is opaque. Raises PictureError.

    `name` is what errors call it, where the source does not say; `drawn` the longer side in px that an SVG is drawn at.
    """
    name = name or _name(source)
    decoded = _decoded(source, name, drawn)
    if decoded.mode == "RGBA":
        _refuse_clear(decoded, name)
    return from_uint8(np.asarray(decoded.convert("RGBA")))


def _refuse_clear(picture: Image.Image, name: str) -> None:
    if np.asarray(picture.getchannel("A")).max() < FAINTEST_ALPHA:
        raise PictureError(f"{name} is blank (nothing in it is to be seen): export it again, or as PNG")


def _decoded(source: Source, name: str, drawn: int = DRAWN) -> Image.Image:
    """Upright RGB or RGBA in sRGB, as `load` takes it."""
    if isinstance(source, np.ndarray):
        return _decode(_from_array(source, name), b"", name)
    if isinstance(source, Image.Image):
        return _decode(source, b"", name)
    data = _filled(source, name) if isinstance(source, bytes) else read_bytes(source)
    if svg.looks_like_svg(data):
        return _decode(svg.render(data, drawn, name), b"", name)
    return _decode(_open(data, name), data, name)


def _name(source: Source) -> str:
    if isinstance(source, str | Path):
        return "standard input" if str(source) == "-" else repr(str(source))
    return "the picture"


def read_bytes(source: str | Path) -> bytes:
    """The bytes of a file, or of standard input for "-". Raises PictureError where there are none, or too many."""
    name = _name(source)
    try:
        if str(source) == "-":
            if sys.stdin is None:
                raise OSError(errno.EBADF, "it is closed")
            data = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            _require_ending(Path(source), name)
            with Path(source).open("rb") as file:
                data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise cannot_read(name, error) from error
    except ValueError as error:  # a NUL in the path
        raise PictureError(f"{name} is no path ({error}): give the path of a picture") from error
    if len(data) > MAX_BYTES:
        raise PictureError(f"{name} has more than {MAX_BYTES // 1_000_000} MB, the limit: shrink the picture first")
    return _filled(data, name)


def _require_ending(path: Path, name: str) -> None:
    """Refuse pipes and the like, which nobody may ever write to, unless a shell hands one over as /dev/fd/..."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode) or path.is_relative_to("/dev")):
        raise PictureError(f"{name} is no regular file: give the path of a picture, or - for standard input")


def _filled(data: bytes, name: str) -> bytes:
    if not data:
        raise PictureError(f"{name} is empty (0 bytes): export or download it again")
    return data


def _open(data: bytes, name: str) -> Image.Image:
    """Read the header alone."""
    Image.init()  # with a list of formats, Pillow registers only the commonest on its own
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)  # our own limit is the lower one
            picture = Image.open(io.BytesIO(data), formats=RASTER_FORMATS)
    except UnidentifiedImageError as error:
        raise PictureError(f"{name} is not a picture that can be read: {WAY_OUT}") from error
    except Image.DecompressionBombError as error:
        raise _too_large(name) from error
    except Exception as error:  # Pillow's readers raise whatever a broken header leads them to
        raise _damaged(name, error) from error
    return picture


def _check_shape(picture: Image.Image, name: str) -> None:
    short, long = sorted(picture.size)
    size = f"{name} has {picture.width} x {picture.height} pixels"
    if short * long > MAX_PIXELS:
        raise _too_large(name)
    if short < MIN_SIDE:
        raise PictureError(f"{size} and each side needs {MIN_SIDE} at least: use a larger picture")
    if long > MAX_ASPECT * short:
        raise PictureError(f"{size} and the longer side may be {MAX_ASPECT} times the shorter: cut a part out")
    # An MPO is one photograph with its previews or its second lens.
    try:
        frames = 1 if picture.format == "MPO" else getattr(picture, "n_frames", 1)
    except Exception as error:  # as in _open: they are counted by going through the file, which may break off
        raise _damaged(name, error) from error
    if frames > 1:
        raise PictureError(f"{name} has {frames} frames or pages and one is needed: save the one you mean as a PNG")


def _decode(picture: Image.Image, data: bytes, name: str) -> Image.Image:
    """Upright RGB or RGBA of at most the working side, in sRGB, 8 bits a channel. `data` is its file, if any."""
    _check_shape(picture, name)
    try:
        said = meaning(picture, data, name)
        if data:
            prepare(picture, data, name)
            picture.draft(None, (WORKING_SIDE, WORKING_SIDE))  # JPEG decodes straight to a smaller size
        picture.load()
        turn = UPRIGHT.get(picture.getexif().get(EXIF_ORIENTATION, 1))
        small = _shrink(plain(picture, data, name))  # first, so that the other steps cost no memory
        return to_srgb(small if turn is None else small.transpose(turn), said)
    except PictureError:
        raise
    except Exception as error:  # as in _open
        raise _damaged(name, error) from error


def _shrink(picture: Image.Image) -> Image.Image:
    scale = WORKING_SIDE / max(picture.size)
    if scale >= 1:
        return picture
    target = (max(1, round(picture.width * scale)), max(1, round(picture.height * scale)))
    return picture.resize(target, Image.Resampling.BICUBIC, reducing_gap=3.0)


def _composite(picture: Image.Image, background: tuple[float, float, float]) -> Float[np.ndarray, "H W 3"]:
    values = from_uint8(np.asarray(picture))
    if values.shape[2] == 3:
        return values
    alpha = values[:, :, 3:]
    return values[:, :, :3] * alpha + np.asarray(background, np.float32) * (1 - alpha)


def _from_array(values: np.ndarray, name: str) -> Image.Image:
    rule = "an array must be H x W, H x W x 3 or H x W x 4, bool, uint8 or float in [0, 1]"
    if values.ndim not in (2, 3) or (values.ndim == 3 and values.shape[2] not in (3, 4)) or values.size == 0:
        raise PictureError(f"{name} has the shape {values.shape}, and {rule}: transpose or slice it")
    if np.issubdtype(values.dtype, np.floating):
        if not (np.isfinite(values).all() and values.min() >= 0 and values.max() <= 1):
            raise PictureError(f"{name} has values outside [0, 1], and {rule}: divide or clip it")
        values = np.rint(values * 255).astype(np.uint8)
    if values.dtype == np.bool_:
        values = values * np.uint8(255)
    if values.dtype != np.uint8:
        raise PictureError(f"{name} has the type {values.dtype}, and {rule}: convert it")
    return Image.fromarray(np.ascontiguousarray(values))


def _too_large(name: str) -> PictureError:
    return PictureError(f"{name} has more than {MAX_PIXELS // 1_000_000} million pixels, the limit: shrink it first")


def _damaged(name: str, error: Exception) -> PictureError:
    detail = " ".join(str(error).split()) or type(error).__name__
    return PictureError(f"{name} is damaged or breaks off ({detail}): download or export it again")

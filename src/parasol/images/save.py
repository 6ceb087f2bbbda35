"""Pictures to files: whole or not at all, with text in them."""

import contextlib
import errno
import io
import os
import re
import secrets
import stat
import sys
from collections.abc import Collection, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from parasol.images.encode import FORMATS, Pixels, embedded, encode_png
from parasol.images.errors import PictureError, cannot_write
from parasol.images.read import read_bytes

PART = re.compile(r"\..+\.[0-9a-f]{8}\.part")
"""What a file is called until it is whole."""


def save_png(path: str | Path, pixels: Pixels, *, text: Mapping[str, str] | None = None) -> None:
    """Write a PNG file, or to standard output for "-". Raises PictureError and then leaves nothing behind."""
    check_target(path)
    write_atomic(path, encode_png(pixels, text=text))


def check_target(path: str | Path, suffixes: Collection[str] = (".png",)) -> None:
    """Refuse early what could not be written later: call it before the work begins.

    `suffixes` are the endings, in lower case, that the file may have. Raises PictureError.
    """
    if str(path) == "-":
        return
    name, target = repr(str(path)), Path(path)
    if target.suffix.lower() not in suffixes:
        only = "the format that keeps every pixel" if len(suffixes) == 1 else "which are what is written"
        raise PictureError(f"{name} does not end in {' or '.join(suffixes)}, {only}: rename the output")
    try:
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            if not stat.S_ISREG(target.stat().st_mode):  # which tells of links that lead round in a circle, too
                raise _irregular(name)
        parent = next(folder for folder in target.absolute().parents if folder.exists())
        if not parent.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"{parent} is no folder")
        if not os.access(parent, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    except OSError as error:
        raise cannot_write(name, error) from error


def write_atomic(path: str | Path, data: bytes) -> None:
    """Write beside the target, flush to the disk, then rename: a reader sees the old file or the new one.

    Missing folders are made. "-" is standard output. Raises PictureError and then leaves nothing behind.
    """
    name = repr(str(path))
    try:
        if str(path) == "-":
            if sys.stdout is None:
                raise OSError(errno.EBADF, "it is closed")
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        else:
            _write_file(Path(os.path.realpath(path)), data, name)
    except OSError as error:
        raise cannot_write("standard output" if str(path) == "-" else name, error) from error


def _write_file(target: Path, data: bytes, name: str) -> None:
    if target.exists() and not target.is_file():
        raise _irregular(name)
    target.parent.mkdir(parents=True, exist_ok=True)
    _sweep(target.parent)
    part = target.with_name(f".{target.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        with part.open("xb") as file:
            _lock(file)
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
            if sys.platform != "win32":  # which renames no open file, and sweeps none
                part.replace(target)
        if sys.platform == "win32":
            part.replace(target)
    except FileNotFoundError:  # another process took the file for a stray in the moment before it was locked
        if not target.parent.is_dir() or part.exists():
            raise
        _write_file(target, data, name)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


@cache
def _sweep(folder: Path) -> None:
    """Remove what processes that were killed left unfinished in a folder, once."""
    with contextlib.suppress(OSError):
        for path in folder.iterdir():
            if PART.fullmatch(path.name) and path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    if _lock(file):
                        path.unlink()


def _lock(file: BinaryIO) -> bool:
    """Say that the file is being written; False where another process says so, or the system has no such locks.

    A process that is killed gives its locks back.
    """
    if sys.platform == "win32":
        return False
    import fcntl

    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def read_text(source: str | Path | bytes, key: str, *, name: str = "") -> str | None:
    """The text under a keyword of a PNG, WebP or JPEG file, None if it has none; `name` is for errors about bytes.

    Raises PictureError.
    """
    name = (name or "the picture") if isinstance(source, bytes) else repr(str(source))
    data = source if isinstance(source, bytes) else read_bytes(source)
    try:
        with Image.open(io.BytesIO(data), formats=sorted(set(FORMATS.values()))) as picture:
            picture.load()  # text may follow the pixels
            return embedded(picture, key)
    except Exception as error:  # Pillow's readers raise whatever a broken file leads them to
        raise PictureError(f"{name} is not a whole PNG, WebP or JPEG file: give one that Parasol wrote") from error


def carries(path: str | Path, keys: Sequence[str]) -> bool:
    """Whether a picture file holds text under one of the keywords; the pixels of a PNG may break off."""
    try:
        with Image.open(path, formats=["PNG"]) as picture:
            return any(key in picture.info for key in keys)  # before the pixels, where `encode_png` puts it
    except Exception:  # no PNG; as above
        with contextlib.suppress(PictureError):
            return any(read_text(path, key) is not None for key in keys)
    return False


def _irregular(name: str) -> PictureError:
    return PictureError(f"{name} is not a regular file: give the path of a file, or - for standard output")

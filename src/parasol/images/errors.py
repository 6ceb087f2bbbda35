"""The one error of pictures, and how the system's own errors become it."""

import errno

from parasol.errors import ParasolError


class PictureError(ParasolError):
    """A picture that cannot be read or written. One line: the value, the rule, the way out."""


def cannot_read(name: str, error: OSError) -> PictureError:
    """The error for a file that could not be opened or read."""
    if isinstance(error, FileNotFoundError | NotADirectoryError):
        return PictureError(f"{name} does not exist: give the path of a picture, or - for standard input")
    if isinstance(error, IsADirectoryError):
        return PictureError(f"{name} is a folder and one picture is needed here: give one of its files")
    if isinstance(error, PermissionError):
        return PictureError(f"{name} may not be read (permission denied): change its permissions or copy it")
    return PictureError(f"{name} cannot be read ({error.strerror or error}): copy it to a local disk and try again")


def cannot_write(name: str, error: OSError) -> PictureError:
    """The error for a file that could not be written; nothing of it is left."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return PictureError(f"{name} cannot be written (the disk is full): free some space or write elsewhere")
    if isinstance(error, PermissionError) or error.errno == errno.EROFS:
        return PictureError(f"{name} may not be written (permission denied): choose another folder")
    return PictureError(f"{name} cannot be written ({error.strerror or error}): choose another place")

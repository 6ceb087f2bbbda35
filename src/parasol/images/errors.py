"""The one error of pictures, and how the system's own errors become it."""

import errno
from typing import Self


class PictureError(ValueError):
    """A picture that cannot be read or written. One line: the value, the rule, the way out."""

    @classmethod
    def reading(cls, name: str, error: OSError) -> Self:
        """The error for a file that could not be opened or read."""
        if isinstance(error, FileNotFoundError | NotADirectoryError):
            return cls(f"{name} does not exist: give the path of a picture, or - for standard input")
        if isinstance(error, IsADirectoryError):
            return cls(f"{name} is a folder and one picture is needed here: give one of its files")
        if isinstance(error, PermissionError):
            return cls(f"{name} may not be read (permission denied): change its permissions or copy it")
        return cls(f"{name} cannot be read ({error.strerror or error}): copy it to a local disk and try again")

    @classmethod
    def writing(cls, name: str, error: OSError) -> Self:
        """The error for a file that could not be written; nothing of it is left."""
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            return cls(f"{name} cannot be written (the disk is full): free some space or write elsewhere with -o")
        if isinstance(error, PermissionError) or error.errno == errno.EROFS:
            return cls(f"{name} may not be written (permission denied): choose another folder with -o")
        return cls(f"{name} cannot be written ({error.strerror or error}): choose another place with -o")

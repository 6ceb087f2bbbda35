"""The one base of what this package refuses: `except parasol.ParasolError` catches every error that is its own."""

from collections.abc import Iterator
from contextlib import contextmanager


class ParasolError(ValueError):
    """Something given cannot be used: a picture, a file, a model, or a choice. One line: value, rule and way out.

    It is a ValueError, which is all that it was before there was this base. What the system refuses stays an OSError.
    """


@contextmanager
def reading(file: object) -> Iterator[None]:
    """What a broken file makes its reader raise, in one line. Raises ParasolError."""
    try:
        yield
    except ParasolError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise ParasolError(f"{str(file)!r} is damaged, or none of ours: copy it again, or make it anew") from error

"""The one base of what this package refuses: `except parasol.ParasolError` catches every error that is its own."""

from collections.abc import Iterator
from contextlib import contextmanager

TRAIN_ROOMS = (
    "apps.corpus", "apps.evaluate", "apps.report", "apps.triplets", "backbones", "calibration", "charts", "comparison",
    "corpora", "held_out", "metrics", "networks", "report", "runtime.torch", "teaching", "training", "triplets",
)  # fmt: skip
"""What is in the second wheel, parasol-style-train, which `train/` builds."""


class ParasolError(ValueError):
    """Something given cannot be used: a picture, a file, a model, or a choice. One line: value, rule and way out.

    It is a ValueError, which is all that it was before there was this base. What the system refuses stays an OSError.
    """


def in_second_wheel(error: ImportError) -> bool:
    """Whether what could not be imported is ours, and in the wheel that is not there."""
    return (error.name or "").startswith(tuple(f"parasol.{room}" for room in TRAIN_ROOMS))


def brought_by(error: ImportError, extra: str = "train") -> str:
    """What pip has to install for what could not be imported."""
    return "parasol-style-train" if in_second_wheel(error) else f"parasol-style[{extra}]"


@contextmanager
def reading(file: object) -> Iterator[None]:
    """What a broken file makes its reader raise, in one line. Raises ParasolError."""
    try:
        yield
    except ParasolError:
        raise
    except (ValueError, KeyError, TypeError, AttributeError, EOFError) as error:
        raise ParasolError(f"{str(file)!r} is damaged, or none of ours: copy it again, or make it anew") from error

"""The rights of somebody else: root may read and write everything, so tests of permissions step down."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NOBODY = 65534


@contextmanager
def as_nobody(folder: Path) -> Iterator[None]:
    """Lose root's rights, where the tests run as root; the way to `folder` stays open."""
    root = os.geteuid() == 0
    if root:
        for parent in (folder, *folder.parents):
            if parent.stat().st_mode & 0o055 != 0o055:  # the group stays root's
                parent.chmod(parent.stat().st_mode | 0o055)
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        if root:
            os.seteuid(0)

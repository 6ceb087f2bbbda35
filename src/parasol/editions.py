"""Editions: what the bundled models were over time, by which old pictures are told which model made them.

`editions.json` has one line a manifest that was ever bundled, the newest first. A model is named by its identity, of
which its pictures depend; what was written before there were identities names the hash of a whole manifest, in which
default dials and texts took part, so that several manifests are one edition.
"""

import json
import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).with_name("editions.json")
DIGITS = 12
"""Of a hash, where it is shown, and where the table keeps one."""
FOLDERS = "PARASOL_MODELS"
"""Environment variable: folders of bundles, or folders that hold such, joined as in PATH."""


@dataclass(frozen=True, kw_only=True)
class Edition:
    """One manifest that was bundled."""

    name: str
    edition: int
    """From 1; manifests of one edition share the identity."""

    manifest: str
    """First digits of the SHA-256 of `bundle.json`."""

    identity: str
    """Of the model, whole: `Bundle.identity`."""

    commit: str
    """Of this project's repository, which holds the bundle's folder; "" while the package itself brings it."""

    figures: str = ""
    """First digits of the hash by which stored figures of this manifest named the model, if there are any."""


@cache
def editions() -> tuple[Edition, ...]:
    """The table."""
    return tuple(Edition(**line) for line in json.loads(TABLE.read_text("utf-8")))


def of_hash(digits: str) -> Edition | None:
    """The edition that a hash names, of at least 12 digits: an identity, or a former name of the model."""
    start = digits[:DIGITS]
    if len(start) < DIGITS:
        return None
    matches = (row for row in editions() if start in (row.manifest, row.figures) or row.identity.startswith(digits))
    return next(matches, None)


def identity_of(digits: str) -> str:
    """The identity that a hash stands for: that of its edition, or the hash itself, where the table knows none."""
    edition = of_hash(digits)
    return digits if edition is None else edition.identity


def by_identity(value: Any) -> Any:
    """What stored results say that they are about, as this version says it: identities, and no version of the package.

    So results under a former name of the same model count as measured.
    """
    if isinstance(value, dict):
        return {name: by_identity(part) for name, part in value.items() if name != "version"}
    if isinstance(value, list | tuple):
        return [by_identity(part) for part in value]
    return identity_of(value) if isinstance(value, str) and len(value) == 64 else value


def named(digits: str) -> str:
    """A model in a table: its name and edition, or the first digits of its hash, where there is no such edition."""
    edition = of_hash(digits)
    return digits[:DIGITS] if edition is None else f"{edition.name}, edition {edition.edition}"


def titled(name: str, digits: str) -> str:
    """A model for an error: its name, its edition where the table has it, and the first digits of its hash."""
    shown = name if len(name) <= 40 else f"{name[:37]}..."
    edition = of_hash(digits)
    if edition is None:
        start = digits[:DIGITS]
        return f"{shown!r} with hash {start if start.isascii() and start.isalnum() else repr(start)}"
    return f"{edition.name!r}, edition {edition.edition} ({edition.identity[:DIGITS]})"


def way_to(digits: str) -> str:
    """How to come by the model of a hash."""
    named = of_hash(digits)
    if named is None:
        return f"name that model or its folder, or put the folder into {FOLDERS}"
    newest = next(row for row in editions() if row.identity == named.identity)  # the newest, which this version reads
    if not newest.commit:
        return "update parasol-style, which brings it"
    place = f"src/parasol/models/{newest.name} of the commit {newest.commit} of Parasol's repository"
    return f"take the folder {place}, and name it as the model or in {FOLDERS}"


def named_folders() -> list[Path]:
    """The folders in `PARASOL_MODELS`, in its order; none where it is not set."""
    return [Path(word) for word in os.environ.get(FOLDERS, "").split(os.pathsep) if word]

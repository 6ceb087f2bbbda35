"""The thirteen pictogram sets: where each is fetched, how its package is laid out, its style family."""

import json
from dataclasses import dataclass
from importlib.resources import files
from typing import Literal

from parasol.corpora.packages import Package

Layout = Literal["icons", "webp", "svg"]


@dataclass(frozen=True, kw_only=True)
class IconSet:
    """One style. `layout` says how the package stores it: an Iconify JSON, a folder of WebP, a folder of SVG."""

    name: str
    family: str
    layout: Layout
    package: Package


def _read(row: dict) -> IconSet:
    package = Package(name=row["package"], version=row["version"], integrity=row["integrity"])
    return IconSet(name=row["name"], family=row["family"], layout=row["layout"], package=package)


SETS = tuple(map(_read, json.loads(files("parasol.corpora").joinpath("pictogram_sets.json").read_text("utf-8"))))

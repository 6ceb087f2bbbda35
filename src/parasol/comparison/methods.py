"""What is compared, by name: ours, baselines, and folders of results that another tool has painted."""

import dataclasses
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from parasol.comparison.baselines import cast, diffuseit, latents, magenta, plain, rdm
from parasol.comparison.method import AnyPicture, Make, Method, of_model, read
from parasol.errors import ParasolError
from parasol.pipeline import Parasol
from parasol.types import Picture

PATHS = ("run", "index")
"""Settings that say where something lies on this machine."""

FOLDER = "folder"
"""Kind of a method that another tool has run: its results lie in a folder, named after the pairs."""


@dataclass(frozen=True, kw_only=True)
class Asked:
    """A method as the caller names it: `ours`, `ours:structure=0.2,steps=20`, or a folder."""

    spec: str
    kind: str
    """A name in `METHODS`, or "folder"."""
    given: Mapping[str, str]
    """Settings in the caller's words."""

    @classmethod
    def parse(cls, spec: str) -> "Asked":
        """Read a name with settings, or find the folder.

        Raises:
            ValueError: it is neither, or a setting has no value.
        """
        kind, _, rest = spec.partition(":")
        if kind in METHODS:
            parts = [part.partition("=") for part in rest.split(",") if part]
            missing = [name for name, equals, value in parts if not (equals and value)]
            if missing:
                raise ParasolError(f"the setting {missing[0]!r} in {spec!r} has no value: write {missing[0]}=VALUE")
            return cls(spec=spec, kind=kind, given={name.replace("-", "_"): value for name, _, value in parts})
        if Path(spec).is_dir():
            return cls(spec=spec, kind=FOLDER, given={})
        raise ParasolError(
            f"there is no method or folder {spec!r}: choose a folder of pictures or {', '.join(METHODS)}"
        )

    @property
    def title(self) -> str:
        """What tables and folders call it: a folder's own name, or the kind and those settings that are no paths."""
        settings = ",".join(f"{name}={value}" for name, value in self.given.items() if name not in PATHS)
        name = (
            Path(self.spec).resolve().name
            if self.kind == FOLDER
            else f"{self.kind}:{settings}"
            if settings
            else self.kind
        )
        return re.sub(r"[^\w.,=+-]+", "-", name)


def method(asked: Asked, model: str | None) -> Method:
    """Load what a method needs.

    Raises:
        ValueError: a setting is unknown or out of range, or there is no such model.
    """
    return METHODS[asked.kind](asked.given, model)


def ours(given: Mapping[str, str], model: str | None) -> Method:
    """Parasol at its model's own dials, seed 0, but for those that are given.

    finish: as `parasol style` takes it, which has "auto"; here it is "none" if left out.
    """
    loaded = Parasol.load(model)
    known = {**dataclasses.asdict(loaded.dials()), "strength": 1.0, "finish": "none"}
    chosen = read("ours", given, known)
    named = chosen.pop("finish", "none")
    dials = loaded.dials(**chosen)
    loaded.finish((), finish=named)  # refuses a name that is none

    def paint(content: Picture, style: AnyPicture) -> Picture:
        finish = loaded.finish(style, finish=named)
        return loaded.paint(loaded.recipe(content, style, dials, size=max(content.shape[:2]), finish=finish)).pixels

    return Method(settings={**of_model(loaded), **dataclasses.asdict(dials), "finish": named}, paint=paint)


METHODS: dict[str, Make] = {
    make.__name__: make
    for make in (
        ours, plain.content, plain.style, plain.colour, latents.adain, latents.wct, magenta.magenta, magenta.magenta26,
        rdm.rdm, diffuseit.diffuseit, cast.cast,
    )
}  # fmt: skip

"""Teaching: a bundled model learns one set from 8 to 200 of its pictures, as a low-rank change that a card carries.

The descriptors, latents and content maps that it learns from come from the core, so that they are what painting will
see. Needs the train extra; painting with the card does not.
"""

import hashlib
import shutil
from collections.abc import Callable, Generator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float

from parasol.adaptation import Adaptation
from parasol.cards import StyleCard
from parasol.conditions import Style, mixed_style
from parasol.errors import ParasolError
from parasol.images import fit, from_uint8, load_shown, to_uint8
from parasol.pipeline import Parasol
from parasol.runtime.torch import load_networks
from parasol.training.checkpoint import BEST, load_record
from parasol.training.loop import STATE, Event, run
from parasol.training.reinking import reink
from parasol.training.teach import Lessons, Teaching, TeachTask, learned
from parasol.types import Picture

LEAST, MOST = 8, 200
"""Pictures of a set."""
INKS = 4
"""Content pictures that are made from each."""
LOOKED = 16
"""Pictures, at most, that say how results are finished, as of a card of references."""


def teach(
    model: Parasol,
    files: Sequence[str],
    folder: Path,
    teaching: Teaching,
    *,
    seen: Callable[[int, int], None] = lambda done, count: None,
) -> Generator[Event, None, StyleCard]:
    """Teach `model` the set in `files`; yields every event, returns the card.

    `folder` holds the state, and the same call resumes it. `seen` is told how many pictures are described.

    Raises:
        ParasolError: a picture cannot be read, there are too few or too many, the model predicts no velocity or has no
            content map, or `folder` is of another teaching.
    """
    manifest = model.bundle.manifest
    if not LEAST <= len(files) <= MOST:
        raise ParasolError(f"{len(files)} pictures are given; a set is taught from {LEAST} to {MOST}")
    if manifest.prediction != "v" or not manifest.content_map or manifest.backbone:
        raise ParasolError(
            f"the model {manifest.name!r} cannot be taught: it needs a U-Net of ours that predicts velocities and has "
            "a content map, as pictogram has"
        )
    record = _record(model, files, teaching)
    for file in (folder / STATE, folder / BEST):
        if file.exists() and (known := load_record(file)) and any(known.get(key) != record[key] for key in record):
            raise ParasolError(
                f"{str(folder)!r} holds the beginning of another teaching: give what it was begun with, or delete it"
            )
    lessons, style = _lessons(model, files, teaching, seen)
    task = TeachTask(load_networks(model.bundle), manifest.schedule.alpha_bars, lessons, teaching)
    yield from run(task, teaching.optimisation(), folder, record)
    adaptation = Adaptation.of(model.bundle.identity, learned(task, folder))
    known = Style(
        descriptor=style.descriptor, colours=style.colours, texture=style.texture, taught=((adaptation, 1.0),)
    )
    look = model.finish(files[:: -(-len(files) // LOOKED)], finish="auto")
    return StyleCard.write(known, manifest, [(Path(file).name, 1.0 / len(files)) for file in files], look)


def finished(
    model: Parasol,
    files: Sequence[str],
    out: str | Path,
    teaching: Teaching | None = None,
    *,
    tell: Callable[[float, float, str], None] = lambda done, count, note: None,
) -> StyleCard:
    """As `teach`, to its end: writes the card, keeping the state beside it until then. `tell` hears how far it is."""
    folder = Path(f"{out}.teaching")
    events = teach(model, files, folder, teaching or Teaching(), seen=lambda done, count: tell(done, count, "looking"))
    while True:
        try:
            event = next(events)
        except StopIteration as end:
            card: StyleCard = end.value
            break
        if event.kind == "step":
            tell(event.step, event.steps, f"step {event.step}")
    card.save(out)
    shutil.rmtree(folder)
    return card


def _record(model: Parasol, files: Sequence[str], teaching: Teaching) -> dict[str, Any]:
    """What a teaching is the same by, but for its length."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(hashlib.sha256(Path(file).read_bytes()).digest())
    settings = {name: value for name, value in asdict(teaching).items() if name != "steps"}
    return {"model": model.bundle.identity, "pictures": digest.hexdigest(), "teaching": settings}


def _lessons(
    model: Parasol, files: Sequence[str], teaching: Teaching, seen: Callable[[int, int], None]
) -> tuple[Lessons, Style]:
    """The set as the model's own networks see it, and the style that it is together."""
    random = np.random.default_rng([21, teaching.seed])
    painter, size = model.painter, model.bundle.manifest.size
    looks, latents, content, maps = [], [], [], []
    for number, file in enumerate(files):
        looks.append(model.style(file))
        x = squared(load_shown(file), size)
        latents.append(painter.encode(x)[0])
        inked = [from_uint8(reink(to_uint8(x), random)) for _ in range(INKS)]
        content.append(np.stack([painter.content(y) for y in inked]))
        maps.append(np.stack([painter.content.map(y) for y in inked]))
        seen(number + 1, len(files))
    style = mixed_style([(look, 1.0) for look in looks])
    given = ([look.descriptor for look in looks], latents, content, maps)
    lessons = Lessons.of(*(np.stack(values) for values in given), whole=style.descriptor)
    return lessons, style


def squared(picture: Picture, size: int) -> Float[np.ndarray, "size size 3"]:
    """A picture fitted into a square of `size` px, which its own edges fill."""
    fitted = fit(picture, size)
    height, width = fitted.shape[:2]
    top, left = (size - height) // 2, (size - width) // 2
    return np.pad(fitted, ((top, size - height - top), (left, size - width - left), (0, 0)), mode="edge")

"""One report from its folder to its page: draw what is missing, measure it, write the page."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from parasol import corpora
from parasol.errors import ParasolError
from parasol.held_out import Subject
from parasol.images import write_atomic
from parasol.pipeline import Parasol
from parasol.report.page import page
from parasol.report.sections import sections, shots
from parasol.report.shots import Kept, drawing
from parasol.types import Record, Stage

PAGE_FILE = "report.html"


@dataclass(frozen=True, kw_only=True)
class Report:
    """What is reported, and where to."""

    out: Path
    """Folder of the page, its pictures and what was measured of them."""
    corpus: Path
    """Folder of a built corpus, of which held-out pairs are shown."""
    model: str | None = None
    """A bundled model or a bundle's folder; the bundled default if none."""
    pairs: int = 3
    """How many of the corpus' fixed list of held-out pairs, at least 2."""
    steps: int | None = None
    """Sampling steps of each picture; the model's own if none."""
    table: Path | None = None
    """JSON of a finished comparison, whose table the page then holds."""


def report(wanted: Report) -> Iterator[Stage]:
    """Every step of a report; what an earlier run finished is kept. At the end the page is written.

    Raises:
        ValueError: corpus, model, pairs, steps or table are not as they must be, or the folder holds another report.
    """
    comparison = None if wanted.table is None else read_comparison(wanted.table)
    model = Parasol.load(wanted.model)
    steps = model.dials(steps=wanted.steps).steps
    if wanted.pairs < 2:
        raise ParasolError(f"{wanted.pairs} pairs are asked for; the mesh between pairs needs 2 at least")
    subject = Subject.of(model, corpora.load(wanted.corpus), wanted.pairs)
    kept, plan = Kept(folder=wanted.out, subject=subject, steps=steps), sections(subject, steps)
    every = [*shots(plan)]
    for done in drawing(kept, every):
        yield Stage(what="drawing", done=done, total=len(every))
    write_atomic(wanted.out / PAGE_FILE, page(kept, plan, comparison).encode())


def read_comparison(file: Path) -> Record:
    """What `parasol evaluate` wrote. Raises ValueError where the file is something else."""
    try:
        record = json.loads(file.read_bytes())
        if not {"pairs", "interval", "measures", "methods"} <= {*record}:
            raise KeyError("methods")
    except OSError as error:
        raise ParasolError(
            f"the table {str(file)!r} cannot be read ({error.strerror}): name a comparison.json"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise ParasolError(f"{str(file)!r} is no outcome of `parasol evaluate`: name its comparison.json") from error
    return record

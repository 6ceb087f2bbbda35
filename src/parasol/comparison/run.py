"""One comparison from its pairs to its table: paint what is missing, measure what is new, sum up."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from parasol.bundle import Bundle
from parasol.comparison.brought import brought
from parasol.comparison.comparison_page import ENDS, contact_sheet, markdown
from parasol.comparison.duels import losses_sheet
from parasol.comparison.judges import Judges
from parasol.comparison.measures import measures
from parasol.comparison.measuring import MEASURES_FILE, Seen, check_complete, look
from parasol.comparison.methods import FOLDER, Asked
from parasol.comparison.paint import Task, painting
from parasol.comparison.pairs import read_pairs
from parasol.comparison.summary import summary
from parasol.errors import ParasolError
from parasol.images import save_png, write_atomic
from parasol.pipeline import Parasol
from parasol.types import Stage

JSON_FILE, MARKDOWN_FILE, SHEET_FILE, LOSSES_FILE = "comparison.json", "comparison.md", "sheet.png", "losses.png"


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """What is compared, on what, and where to.

    Raises:
        ValueError: no method is named, or two would lie in one folder.
    """

    file: Path
    """The frozen list of pairs."""
    methods: tuple[Asked, ...]
    out: Path
    """Folder of results, records and the table."""
    pictures: Path | None = None
    """The folder that the list's paths start from; its own folder if none."""
    first: int | None = None
    """How many of the pairs; all if none."""
    model: str | None = None
    """Whose encoders judge, and whose parts `ours` and most baselines take; the bundled default if none."""
    lpips: Path | None = None
    """LPIPS's weights, by which it judges too; it does not if none. So are the next two, a folder and a file."""
    clip: Path | None = None
    inception: Path | None = None
    size: int | None = None
    """Longer side of the pictures in px; that of the model's training if none."""

    def __post_init__(self) -> None:
        if not self.methods:
            raise ParasolError("no method is named: give at least one with --method")
        counts = Counter(method.title for method in self.methods)
        twice = [title for title, count in counts.items() if count > 1]
        if twice:
            raise ParasolError(f"two methods are called {twice[0]!r}: leave one out, or rename its folder")

    def folder(self, asked: Asked) -> Path:
        """Where a method's results lie."""
        return Path(asked.spec) if asked.kind == FOLDER else self.out / "results" / asked.title


def compare(comparison: Comparison) -> Iterator[Stage]:
    """Every step of a comparison; what an earlier run finished is kept. At the end the files in `out` are written.

    Raises:
        ValueError: the pairs, a picture, a method or a folder is not as it must be.
    """
    pairs = read_pairs(comparison.file, comparison.pictures, comparison.first)
    folders = {method.title: comparison.folder(method) for method in comparison.methods}
    given = {method.title: folders[method.title] for method in comparison.methods if method.kind == FOLDER}
    check_complete(pairs, given)  # before anything is painted for hours
    size = comparison.size or Bundle.open(comparison.model).manifest.size
    others = brought(lpips=comparison.lpips, clip=comparison.clip, inception=comparison.inception)
    judges = Judges.of(Parasol.load(comparison.model), others)
    for method in comparison.methods:
        if method.kind != FOLDER:
            for done in painting(_task(comparison, method, size)):
                yield Stage(what=method.title, done=done, total=len(pairs))
    judged_by = measures(judges, size)
    seen = Seen(comparison.out / MEASURES_FILE, judged_by)
    for done in look(pairs, folders, judges, size, seen):
        yield Stage(what="measuring", done=done, total=len(pairs) * (len(folders) + 1))
    record = summary(pairs, comparison.methods, folders, seen, judged_by)
    shown = {method.title: folders[method.title] for method in comparison.methods if method.kind not in ENDS}
    save_png(comparison.out / SHEET_FILE, contact_sheet(pairs, shown, size))
    lost = losses_sheet(record, pairs, folders, size)
    (comparison.out / LOSSES_FILE).unlink(missing_ok=True)
    if lost is not None:
        save_png(comparison.out / LOSSES_FILE, lost)
    write_atomic(comparison.out / MARKDOWN_FILE, markdown(record).encode())
    write_atomic(comparison.out / JSON_FILE, f"{json.dumps(record, indent=1, ensure_ascii=False)}\n".encode())


def files(out: Path) -> Sequence[Path]:
    """What a finished comparison wrote for its readers."""
    written = [out / name for name in (MARKDOWN_FILE, SHEET_FILE, LOSSES_FILE, JSON_FILE)]
    return [file for file in written if file.exists()]


def _task(comparison: Comparison, asked: Asked, size: int) -> Task:
    return Task(
        file=comparison.file,
        pictures=comparison.pictures,
        first=comparison.first,
        asked=asked,
        out=comparison.folder(asked),
        size=size,
        model=comparison.model,
    )

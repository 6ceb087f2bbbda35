"""Building an index: what is new or changed is described, what is gone is dropped, and everything else stays.

Pictures are described in the order of their paths and added in small shards; the end of a build cuts all rows anew
(`parasol.index.layout`). A build that is killed loses the last few seconds, and the next one goes on from there.
"""

import contextlib
import os
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from jaxtyping import Float16

from parasol.errors import ParasolError
from parasol.images import SUFFIXES, PictureError
from parasol.index.describe import Describer
from parasol.index.layout import arranged
from parasol.index.locks import Busy, locked
from parasol.index.scan import Skipped, scan
from parasol.index.store import FORMAT, MANIFEST, Entry, Index, Manifest, StoreError, require_no_links

FLUSH_ROWS = 512  # pictures
FLUSH_SECONDS = 5.0
AHEAD = 4  # pictures under way for each worker

Progress = Callable[[int, int], None]
"""Called with (pictures described, pictures to describe)."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a build has done: numbers of pictures, and those that could not be described."""

    pictures: int
    described: int
    kept: int
    removed: int
    skipped: tuple[Skipped, ...]


def build(
    source: str | Path, out: str | Path, describer: Describer, *, workers: int, progress: Progress | None = None
) -> Report:
    """Make the index `out` mirror the pictures below `source`; pictures that cannot be read are skipped.

    Stopped at any moment, it is continued by the same call, and the finished index is the same, byte for byte. Shards
    that were damaged are described again.

    Raises:
        ValueError: there are no pictures, or none that the index holds; `out` is another folder, an index of other
            encoders, or being built by another process; the disk is full.
    """
    root, out = Path(os.path.realpath(source)), Path(out)
    wanted, skipped = _pictures(root)
    with _locked(out):
        index = _opened(out, root, describer)
        whole = [shard for shard in index.manifest.shards if index.is_whole(shard)]
        index = index.with_shards(whole, finished=False)
        known = {entry for shard in whole for entry in index.entries(shard)}
        gone = {entry.path for entry in known} - {entry.path for entry in wanted}
        if known and len(gone) == len(known):
            raise StoreError(
                f"{str(root)!r} holds none of the {len(known)} pictures of the index {str(out)!r}: "
                "choose another -o for another folder"
            )
        if known - set(wanted):  # first, so that no index ever holds two states of one picture
            index = index.with_shards(arranged(index, set(wanted)), finished=False)
            index.save()
        new = [entry for entry in wanted if entry not in known]
        index, failed = _with_described(index, root, new, describer, workers, progress or (lambda done, total: None))
        index = index.with_shards(arranged(index, set(wanted)), finished=True)
        index.save()
        index.sweep()
    return Report(
        pictures=sum(shard.rows for shard in index.manifest.shards),
        described=len(new) - len(failed),
        kept=len(wanted) - len(new),
        removed=len(gone),
        skipped=(*skipped, *failed),
    )


def _pictures(root: Path) -> tuple[list[Entry], list[Skipped]]:
    if not root.is_dir():
        raise ParasolError(f"{str(root)!r} is no folder: give the folder of the pictures")
    entries, skipped = scan(root)
    if not entries:
        detail = f" ({skipped[0].reason})" if skipped else ""
        raise ParasolError(
            f"the folder {str(root)!r} holds no picture{detail}: put {', '.join(sorted(SUFFIXES))} there"
        )
    return entries, skipped


def _opened(out: Path, root: Path, describer: Describer) -> Index:
    """The index that is there, or a new one. Raises StoreError where it is of other encoders."""
    encoders = describer.encoders
    require_no_links(out)
    if not (out / MANIFEST).exists():
        if any(file.name[0] != "." for file in out.iterdir()):
            raise StoreError(f"{str(out)!r} is a folder with other things in it: choose a new one with -o")
        manifest = Manifest(format=FORMAT, pictures=str(root), encoders=encoders, finished=False, shards=())
        index = Index(folder=out, manifest=manifest)
        index.save()
        return index
    index = Index.open(out)
    index.require(encoders)
    return Index(folder=out, manifest=index.manifest.model_copy(update={"pictures": str(root)}))


def _with_described(
    index: Index, root: Path, new: Sequence[Entry], describer: Describer, workers: int, progress: Progress
) -> tuple[Index, list[Skipped]]:
    """The index with small shards added, each saved as soon as it is full; also what is done when Ctrl-C comes."""
    failed: list[Skipped] = []
    waiting: list[tuple[Entry, np.ndarray]] = []
    saved = time.monotonic()
    try:
        for done, (entry, outcome) in enumerate(_described(root, new, describer, workers), start=1):
            if isinstance(outcome, Skipped):
                failed.append(outcome)
            else:
                waiting.append((entry, outcome))
            if len(waiting) >= FLUSH_ROWS or time.monotonic() - saved >= FLUSH_SECONDS:
                index, waiting, saved = _with_shard(index, waiting), [], time.monotonic()
            progress(done, len(new))
    finally:
        index = _with_shard(index, waiting)
    return index, failed


def _with_shard(index: Index, described: Sequence[tuple[Entry, np.ndarray]]) -> Index:
    if not described:
        return index
    shard = index.write([entry for entry, _ in described], np.stack([row for _, row in described]))
    index = index.with_shards([*index.manifest.shards, shard], finished=False)
    index.save()
    return index


def _described(
    root: Path, entries: Sequence[Entry], describer: Describer, workers: int
) -> Iterator[tuple[Entry, Float16[np.ndarray, " d"] | Skipped]]:
    """Each picture's row, in order, or why there is none."""
    pool = ThreadPoolExecutor(workers)
    under_way: deque[tuple[Entry, Future[np.ndarray]]] = deque()

    def first() -> tuple[Entry, np.ndarray | Skipped]:
        entry, future = under_way.popleft()
        try:
            return entry, future.result()
        except PictureError as error:
            return entry, Skipped(path=str(root / entry.path), reason=str(error))

    try:
        for entry in entries:
            under_way.append((entry, pool.submit(describer, root / entry.path)))
            if len(under_way) == AHEAD * workers:
                yield first()
        while under_way:
            yield first()
    finally:
        pool.shutdown(cancel_futures=True)


@contextlib.contextmanager
def _locked(folder: Path) -> Iterator[None]:
    """Keep other builds out of the folder. The system takes the lock back from a process that is killed."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StoreError(f"{str(folder)!r} cannot be made ({error.strerror}): choose another -o") from error
    try:
        with locked(folder, wait=False):
            yield
    except Busy as error:
        raise StoreError(f"the index {str(folder)!r} is being built by another process: wait for its end") from error

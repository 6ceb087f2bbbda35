"""Graphs as ONNX Runtime has made them ready, kept from one process to the next where the user names a folder for it.

Most of what opening a model costs is optimising its graphs, which comes to the same each time. With a folder in the
environment variable `PARASOL_CACHE` the outcome is kept there and read again: the same bits, a quarter of the time, and
weights that are mapped from the file. Files are named by their own SHA-256, and their folders by all that the outcome
depends on, so that a file that breaks, or is of another model, library or processor, is as good as none.
"""

import contextlib
import hashlib
import json
import mmap
import os
import platform
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from parasol.bundle import Bundle, BundleError, graph_file, weights_file
from parasol.runtime.graph import external_tensors

FOLDER = "PARASOL_CACHE"
FORMAT = 1


def folder_of(bundle: Bundle, component: str) -> Path | None:
    """Where the graph of a component is kept on this machine; None where the user names no folder, or a card has taught
    the model something.

    Raises:
        BundleError: others may write to the folder, and so have their own graphs run.
    """
    named = os.environ.get(FOLDER)
    if not named or bundle.adaptations:
        return None
    root = Path(named)
    with contextlib.suppress(OSError):
        root.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not root.is_dir():
        raise BundleError(f"{FOLDER} names {named!r}, which is no folder and cannot be made one: correct or unset it")
    if _open_to_others(root):
        raise BundleError(
            f"{FOLDER} names {named!r}, which others may write to: name a folder of your own, or unset it"
        )
    files = bundle.manifest.files
    facts = [FORMAT, component, files.get(graph_file(component)), files.get(weights_file(component)), *_machine()]
    return root / hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:32]


def kept_graph(folder: Path | None) -> Path | None:
    """The graph that is kept in a folder, if it is whole and keeps all of its weights inside itself."""
    for file in () if folder is None else sorted(folder.glob("*.onnx")):
        with contextlib.suppress(OSError, ValueError), file.open("rb") as opened:
            whole = mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ)
            if hashlib.sha256(whole).hexdigest() == file.stem and not external_tensors(whole):
                return file
    return None


@contextmanager
def keeping(folder: Path | None) -> Iterator[str]:
    """A file for ONNX Runtime to write a graph to, kept when the block ends; "" where there is no room for one."""
    if folder is None:
        yield ""
        return
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        os.close(handle)
    except OSError:
        yield ""
        return
    try:
        yield name
        with contextlib.suppress(OSError), Path(name).open("rb") as opened:
            digest = hashlib.file_digest(opened, "sha256").hexdigest()
            Path(name).replace(folder / f"{digest}.onnx")
    finally:
        Path(name).unlink(missing_ok=True)


def _open_to_others(root: Path) -> bool:
    if not hasattr(os, "getuid"):
        return False
    status = root.stat()
    return status.st_uid != os.getuid() or bool(status.st_mode & (stat.S_IWGRP | stat.S_IWOTH))


@cache
def _machine() -> tuple[str, ...]:
    """The library and the processor that a graph is made ready for."""
    import onnxruntime

    processor = platform.processor()
    with contextlib.suppress(OSError):
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        processor = next((line for line in lines if line.startswith(("flags", "Features"))), processor)
    return onnxruntime.__version__, onnxruntime.get_build_info(), platform.machine(), processor

"""Files of models that others made, read without torch: configurations, and what safetensors headers say."""

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from parasol.errors import ParasolError

PICKLED = (".bin", ".ckpt", ".pt", ".pth", ".pkl")
PICKLE_STARTS = (b"PK\x03\x04", b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")  # a zip of torch's, or bare pickle
CONVERT = (
    "it is pickled, which can run anything, and is not opened: convert it where you trust its source, with "
    "torch.load(FILE, weights_only=True) and safetensors.torch.save_file, or take a safetensors variant"
)
AGAIN = "download it again, whole"
FLOATS = ("F64", "F32", "F16", "BF16")
SUFFIX = ".safetensors"
Shape = tuple[int, ...]


class BackboneError(ParasolError):
    """A model of others that cannot be used. One line: file, key, shape, and the way out."""


@dataclass(frozen=True, kw_only=True)
class Tensors:
    """What the headers of one network's weights say."""

    files: tuple[Path, ...]
    """One file, or shards and their index."""

    shapes: dict[str, Shape]
    kinds: frozenset[str]
    """Number formats, as safetensors names them: "F16"."""

    @cached_property
    def parameters(self) -> int:
        """How many numbers there are."""
        return sum(count(shape) for shape in self.shapes.values())


def count(shape: Shape) -> int:
    """How many numbers a tensor has."""
    product = 1
    for side in shape:
        product *= side
    return product


def config(folder: Path, name: str = "config.json") -> dict[str, Any]:
    """A JSON configuration of diffusers or transformers. Raises BackboneError where there is none."""
    path = folder / name
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise BackboneError(f"{path} is missing: take the whole folder, with every {name}") from error
    except (OSError, ValueError) as error:
        raise BackboneError(f"{path} is no JSON configuration ({_short(error)}): {AGAIN}") from error
    if not isinstance(settings, dict):
        raise BackboneError(f"{path} holds {type(settings).__name__} and no settings by name: {AGAIN}")
    return settings


def weights(folder: Path, stem: str) -> Tensors:
    """The weights of one network in diffusers' or transformers' layout: one file, a variant (fp16), or shards.

    Raises:
        BackboneError: there are none, they are pickled, or they break off.
    """
    index = sorted(folder.glob(f"{stem}{SUFFIX}.index*.json"))
    if index:
        return _shards(folder, index[0])
    files = sorted(folder.glob(f"{stem}{SUFFIX}")) or sorted(folder.glob(f"{stem}.*{SUFFIX}"))
    if files:
        return header(files[0])
    pickled = sorted(path for path in folder.glob("*") if path.suffix in PICKLED)
    if pickled:
        raise BackboneError(f"{pickled[0]}: {CONVERT}")
    raise BackboneError(f"{folder} has no {stem}{SUFFIX}: take the whole folder, with its weights as safetensors")


def header(file: Path) -> Tensors:
    """What the header of one safetensors file says; no weights are read. Raises BackboneError as `weights` does."""
    from safetensors import SafetensorError, safe_open

    refuse_pickled(file)
    try:
        with safe_open(file, framework="numpy") as opened:
            slices = {name: opened.get_slice(name) for name in opened.keys()}  # noqa: SIM118 (it has no iterator)
            shapes = {name: tuple(part.get_shape()) for name, part in slices.items()}
            kinds = frozenset(part.get_dtype() for part in slices.values())
    except (SafetensorError, OSError) as error:
        raise BackboneError(f"{file} breaks off or is no safetensors file ({_short(error)}): {AGAIN}") from error
    strange = sorted(kinds - {*FLOATS, "I64"})  # a counter of positions is in old files of CLIP
    if strange:
        raise BackboneError(f"{file} has weights in {strange[0]}, which cannot be trained: take them as F16 or F32")
    return Tensors(files=(file,), shapes=shapes, kinds=kinds)


def refuse_pickled(file: Path) -> None:
    """Raise BackboneError where a file is pickled, by its name or its first bytes, or only points to one."""
    if file.suffix in PICKLED:
        raise BackboneError(f"{file}: {CONVERT}")
    try:
        with file.open("rb") as opened:
            first = opened.read(16)
    except OSError as error:
        raise BackboneError(f"{file} cannot be read ({error.strerror}): {AGAIN}") from error
    if first.startswith(PICKLE_STARTS):
        raise BackboneError(f"{file}: {CONVERT}")
    if first.startswith(b"version https://"):
        raise BackboneError(f"{file} is a pointer of Git LFS and not the weights: fetch them with  git lfs pull")


def _shards(folder: Path, index: Path) -> Tensors:
    named = config(folder, index.name).get("weight_map")
    if not isinstance(named, dict) or not named:
        raise BackboneError(f"{index} names no shard: {AGAIN}")
    parts = [header(folder / Path(str(name)).name) for name in sorted({*named.values()})]
    shapes = {key: shape for part in parts for key, shape in part.shapes.items()}
    lost = next((key for key in named if key not in shapes), None)
    if lost:
        raise BackboneError(f"{index} names {lost!r}, which its shard {named[lost]} does not hold: {AGAIN}")
    files = (index, *(part.files[0] for part in parts))
    return Tensors(files=files, shapes=shapes, kinds=frozenset().union(*(part.kinds for part in parts)))


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    return text if len(text) <= 120 else f"{text[:117]}..."

"""Weights that a user brings, as safetensors."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from parasol.errors import ParasolError

if TYPE_CHECKING:
    from torch import Tensor


def read(file: Path, wanted: Mapping[str, tuple[int, ...]], network: str, how: str) -> "dict[str, Tensor]":
    """The tensors of these names and shapes in float32; `how` says where to get them.

    Raises:
        ValueError: the file cannot be read, or one of them is missing or of another shape.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        tensors = load_file(file)
    except (OSError, SafetensorError) as error:
        raise ParasolError(f"{str(file)!r} cannot be read as safetensors ({error}): {how}") from error
    for name, shape in wanted.items():
        actual = tuple(tensors[name].shape) if name in tensors else "missing"
        if actual != shape:
            raise ParasolError(f"{name} of {str(file)!r} is {actual} and {network} has {tuple(shape)} there: {how}")
    return {name: tensors[name].float() for name in wanted}

"""Arrays as bytes, so that they are written whole or not at all."""

import io

import numpy as np


def npy_bytes(array: np.ndarray) -> bytes:
    """The bytes of a `.npy` file."""
    file = io.BytesIO()
    np.save(file, array, allow_pickle=False)
    return file.getvalue()

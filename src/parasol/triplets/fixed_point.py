"""Descriptors on a grid, so that every cosine is exact.

Coordinates are rounded to multiples of 2^-11, which float16 holds exactly below 1. Products are then multiples of 2^-22
and, for vectors of length 1, no partial sum of them reaches 4: float32 holds each without rounding. A dot product is
therefore the same number in any order of summation, and with it every result on any processor, BLAS, number of
threads, tile or cluster. The rounding moves a cosine by about 2e-4.
"""

import numpy as np
from jaxtyping import Float, Int, UInt64

STEP = 2.0**-11
COSINE_STEP = STEP * STEP
_OFFSET = 1 << 24  # makes every cosine above -4 a positive number of steps
_LOW = np.uint64(32)
_ROWS = np.uint64(0xFFFFFFFF)


def on_grid(values: Float[np.ndarray, "N d"]) -> Float[np.ndarray, "N d"]:
    """Coordinates rounded to the grid, float32."""
    fixed = np.multiply(values, 1.0 / STEP, dtype=np.float32)
    np.rint(fixed, out=fixed)
    fixed *= STEP
    return fixed


def pack(cosines: Float[np.ndarray, " n"], rows: Int[np.ndarray, " n"]) -> UInt64[np.ndarray, " n"]:
    """One number a candidate that sorts by cosine, then towards the lower row; above 0. Rows are below 2^32."""
    steps = (cosines * (1.0 / COSINE_STEP)).astype(np.int64) + _OFFSET
    return (steps.astype(np.uint64) << _LOW) | (_ROWS - rows.astype(np.uint64))


def unpack(keys: UInt64[np.ndarray, "*n"]) -> tuple[Int[np.ndarray, "*n"], Float[np.ndarray, "*n"]]:
    """Rows and cosines of packed candidates."""
    steps = (keys >> _LOW).astype(np.int64) - _OFFSET
    return (_ROWS - (keys & _ROWS)).astype(np.int64), (steps * COSINE_STEP).astype(np.float32)

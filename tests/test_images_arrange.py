"""Fit, pad, crop, letterbox, and the step between bytes and floats."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from parasol.images import crop, fit, from_uint8, pad_to_multiple, sheet, square, to_uint8

SIDES = st.integers(8, 90)


def noise(height: int, width: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((height, width, 3), dtype=np.float32)


def test_bytes_survive_the_float_convention() -> None:
    every = np.arange(256, dtype=np.uint8)
    assert (to_uint8(from_uint8(every)) == every).all()


def test_to_uint8_rounds_and_clips() -> None:
    assert to_uint8(np.float32([-1, 0.4999 / 255, 0.5001 / 255, 2])).tolist() == [0, 0, 1, 255]


@given(SIDES, SIDES, st.sampled_from([16, 64, 128]))
def test_fit_keeps_the_shape_and_is_whole_in_bytes(height: int, width: int, size: int) -> None:
    fitted = fit(noise(height, width), size)
    assert max(fitted.shape[:2]) == size
    assert abs(min(fitted.shape[:2]) - size * min(height, width) / max(height, width)) <= 0.5
    assert np.array_equal(from_uint8(to_uint8(fitted)), fitted)
    assert np.array_equal(fit(fitted, size), fitted)


@given(SIDES, SIDES, st.sampled_from([8, 32]))
def test_crop_undoes_padding(height: int, width: int, multiple: int) -> None:
    pixels = noise(height, width)
    padded, box = pad_to_multiple(pixels, multiple)
    assert padded.shape[0] % multiple == padded.shape[1] % multiple == 0
    assert padded.shape[0] - height < multiple > padded.shape[1] - width
    assert np.array_equal(crop(padded, box), pixels)
    assert np.array_equal(padded[0, box.left : box.left + width], pixels[0])  # edges repeat


def test_square_centres_on_the_colour_of_the_border() -> None:
    pixels = np.full((20, 40, 3), (1, 0, 0), np.float32)
    pixels[8:12, 10:30] = (0, 1, 0)
    boxed = square(pixels, 80)
    assert boxed.shape == (80, 80, 3)
    assert boxed[2, 40].tolist() == [1, 0, 0]
    assert np.array_equal(boxed[20:60], fit(pixels, 80))


def test_sheet_puts_cells_where_they_belong() -> None:
    black, grey = np.zeros((10, 10, 3), np.float32), np.full((10, 20, 3), 0.2, np.float32)
    drawn = sheet([[black, grey], [grey, black]], cell=20)
    assert drawn.shape == (4 + 2 * 24, 4 + 2 * 24, 3)
    assert (drawn[4:24, 4:24] == 0).all()
    assert np.allclose(drawn[34:42, 4:24], 0.2)
    assert (drawn[28:33, 4:24] == 1).all()  # a wide picture leaves white above itself


def test_sheet_draws_labels() -> None:
    rows = [[np.ones((8, 8, 3), np.float32)] * 2]
    plain = sheet(rows, cell=64)
    labelled = sheet(rows, cell=64, row_labels=["row"], column_labels=["a", "a very long label indeed"])
    assert plain.min() == 1
    assert labelled.min() < 0.5
    assert labelled.shape > plain.shape


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        ([], [], "a sheet of 0 pictures"),
        ([[np.ones((8, 8, 3), np.float32)]], ["a", "b"], "2 labels do not name 1 rows"),
    ],
)
def test_sheet_refuses(rows: list, labels: list[str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        sheet(rows, cell=8, row_labels=labels)

"""Palettes: chosen without chance, given exactly, mixtures left out; Lab against scikit-image."""

from pathlib import Path

import numpy as np
import pytest
from skimage.color import lab2rgb, rgb2lab

from parasol.images import save_png
from parasol.maths.lab import lab, rgb
from parasol.vector import PaletteError, choices, choose_of, given_palette
from parasol.vector.palette import choose_palette


def blended(first: str, second: str) -> np.ndarray:
    """A disc of one colour on another, with soft edges."""
    y, x = np.mgrid[:96, :96]
    share = np.clip(30 - np.hypot(x - 48, y - 48) + 0.5, 0, 1)[..., None].astype(np.float32)
    on, off = (given_palette(colour).colours[0] for colour in (first, second))
    return (share * on + (1 - share) * off).astype(np.float32)


def test_lab_and_back_are_those_of_scikit_image() -> None:
    pixels = np.random.default_rng(0).random((16, 16, 3)).astype(np.float32)
    np.testing.assert_allclose(lab(pixels), rgb2lab(pixels), atol=0.02)
    np.testing.assert_allclose(rgb(lab(pixels)), pixels, atol=2e-4)
    beyond = lab(pixels) + np.float32([30, 0, 0])
    np.testing.assert_allclose(rgb(beyond), lab2rgb(beyond), atol=0.002)


def test_a_soft_edge_is_no_colour_and_the_ground_comes_first() -> None:
    assert choose_palette(blended("#e11d48", "#ffffff")).hexes == ["#ffffff", "#e11d48"]


def test_thin_ink_is_kept() -> None:
    picture = np.ones((96, 96, 3), np.float32)
    picture[20:80, 47] = 0.0
    assert choose_palette(picture).hexes == ["#ffffff", "#000000"]


def test_the_same_twice_and_no_more_than_asked_for() -> None:
    picture = np.random.default_rng(1).random((64, 64, 3)).astype(np.float32)
    assert choose_palette(picture, 5).hexes == choose_palette(picture, 5).hexes
    assert len(choose_palette(picture, 5).colours) == 5


def test_one_palette_of_a_set() -> None:
    found = choose_of([blended("#e11d48", "#ffffff"), blended("#0f172a", "#ffffff")])
    assert sorted(found.hexes) == ["#0f172a", "#e11d48", "#ffffff"]


def test_named_in_every_way(tmp_path: Path) -> None:
    (tmp_path / "brand.gpl").write_text("GIMP Palette\nName: x\n#\n225  29  72\tred\n  0   0   0\n")
    (tmp_path / "brand.txt").write_text("#e11d48 and #000\n")
    (tmp_path / "brand.hex").write_text("e11d48\n000000\n")
    save_png(tmp_path / "brand.png", blended("#e11d48", "#000000"))
    wanted = {"#e11d48", "#000000"}
    assert set(given_palette("#E11D48,#000").hexes) == wanted
    assert given_palette("#E11D48; #000 ").hexes == given_palette("#E11D48\n#000").hexes == ["#e11d48", "#000000"]
    for name in ("brand.gpl", "brand.txt", "brand.hex", "brand.png"):
        assert set(given_palette(str(tmp_path / name)).hexes) == wanted, name


@pytest.mark.parametrize("wrong", ["#12", "#e11d48,blue", ",", "", " "])
def test_what_is_no_colour_is_told(wrong: str) -> None:
    with pytest.raises(PaletteError):
        given_palette(wrong)


def test_what_a_palette_did_is_told() -> None:
    rows = choices(blended("#e11d48", "#ffffff"), given_palette("#e11d48,#ffffff,#00ff00"))
    assert [name for name, _, _ in rows] == ["#e11d48", "#ffffff", "#00ff00"]
    assert rows[0][1] == pytest.approx(0.307, abs=0.02)
    assert rows[2][1] == 0.0
    assert max(off for _, _, off in rows) < 3

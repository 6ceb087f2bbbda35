"""The palette of a picture: shares of area by colour, against the definition written out."""

import numpy as np
import torch

from parasol.networks.palette import FLAT, SIDE, WIDTH, Palette


def test_the_definition_pixel_by_pixel() -> None:
    pixels = np.random.default_rng(1).random((3, 5, 4))
    levels = np.linspace(0.0, 1.0, SIDE)
    wanted = np.zeros((SIDE, SIDE, 2, SIDE))
    for row, column in np.ndindex(5, 4):
        colour = pixels[:, row, column]
        right, below = pixels[:, row, min(column + 1, 3)], pixels[:, min(row + 1, 4), column]
        steep = max(np.abs(right - colour).max(), np.abs(below - colour).max())
        near = np.exp(-((colour[:, None] - levels) ** 2) / (2.0 * WIDTH**2))
        red, green, blue = near / near.sum(1, keepdims=True)
        fill = np.exp(-((steep / FLAT) ** 2))
        kinds = np.stack([fill * blue, (1.0 - fill) * blue])
        wanted += red[:, None, None, None] * green[None, :, None, None] * kinds / 20
    found = Palette()(torch.from_numpy(pixels)[None]).numpy()[0]
    np.testing.assert_allclose(found, np.sqrt(wanted.ravel() + 1e-4), rtol=1e-6)


def test_shares_add_up_and_one_fill_is_one_colour() -> None:
    flat = torch.tensor([1.0, 0.0, 0.0])[None, :, None, None].expand(2, 3, 16, 16)
    shares = Palette()(flat).square() - 1e-4
    torch.testing.assert_close(shares.sum(1), torch.ones(2), rtol=1e-5, atol=1e-5)
    red = shares[0].reshape(SIDE, SIDE, 2, SIDE)[-1, 0, 0, 0]
    assert red > 0.85  # the nearest colour; the rest lies at its neighbours
    assert shares[0].reshape(SIDE, SIDE, 2, SIDE)[:, :, 1].max() < 1e-6  # and nothing on edges

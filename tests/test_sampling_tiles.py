"""Tiles: whole where the network is local, smooth where it is not, and never more than a tile at once."""

from collections.abc import Callable

import numpy as np
import pytest
import torch

from parasol.sampling.tiles import Tiles, Window, blend, tiled
from parasol.types import EpsFn

SHAPES = [(40, 40), (64, 20), (20, 72), (36, 100), (16, 17)]


def latents(height: int, width: int, batch: int = 1, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((batch, 3, height, width)).astype(np.float32)


def local(z, t: int):
    """Translation-equivariant, and blind beyond its own place, so that tiles lose nothing."""
    return z * 0.5 + z * z * (0.001 * t)


def everywhere(eps_fn: EpsFn) -> Callable[[Window], EpsFn]:
    return lambda window: eps_fn


@pytest.mark.parametrize(("tile", "overlap", "margin"), [(16, 4, 0), (16, 8, 2), (12, 11, 5), (24, 16, 5)])
@pytest.mark.parametrize("shape", SHAPES)
def test_shares_sum_to_one_everywhere(shape: tuple[int, int], tile: int, overlap: int, margin: int) -> None:
    tiles = Tiles(height=shape[0], width=shape[1], tile=tile, overlap=overlap, margin=margin)
    total = np.zeros(shape)
    for window, (down, across) in zip(tiles.windows, tiles.shares(), strict=True):
        assert min(*down, *across) >= 0.0
        total[window.top : window.top + window.height, window.left : window.left + window.width] += np.outer(
            down, across
        )
    np.testing.assert_allclose(total, 1.0, atol=1e-12)


def test_shares_are_smooth_and_nothing_in_the_margins() -> None:
    tiles = Tiles(height=8, width=60, tile=24, overlap=16, margin=4)
    for window, (down, across) in zip(tiles.windows, tiles.shares(), strict=True):
        assert down == [1.0] * 8
        assert np.abs(np.diff(across)).max() < 0.25
        if window.left > 0:
            assert across[:4] == [0.0] * 4
        if window.left + window.width < 60:
            assert across[-4:] == [0.0] * 4
    _, (_, across) = Tiles(height=8, width=40, tile=24, overlap=8).shares()
    places = (np.arange(8) + 0.5) / 8
    np.testing.assert_allclose(across[:8], places**2 * (3 - 2 * places), err_msg="flat where a tile begins and ends")


@pytest.mark.parametrize("shape", SHAPES)
def test_a_local_network_is_the_same_in_tiles(shape: tuple[int, int]) -> None:
    z = latents(*shape)
    found = tiled(everywhere(local), tile=16, overlap=8)(z, 7)
    np.testing.assert_allclose(found, local(z, 7), atol=1e-6)


def test_a_convolution_is_the_same_beyond_its_reach() -> None:
    """Three 3 x 3 convolutions reach 3 places beyond a tile: a margin of 3 hides that."""
    torch.manual_seed(0)
    layers = torch.nn.Sequential(*(torch.nn.Conv2d(3, 3, 3, padding=1) for _ in range(3)))
    z = torch.randn(1, 3, 40, 56)
    with torch.no_grad():
        whole = layers(z)
        for margin, exact in ((3, True), (0, False)):
            tiles = Tiles(height=40, width=56, tile=16, overlap=8, margin=margin)
            found = blend((layers(window.of(z)) for window in tiles.windows), tiles)
            assert bool((found - whole).abs().max() < 1e-6) == exact


@pytest.mark.parametrize("shape", [(16, 16), (8, 16), (4, 4)])
def test_what_fits_into_a_tile_goes_through_bit_for_bit(shape: tuple[int, int]) -> None:
    seen = []

    def eps_fn(z: np.ndarray, t: int) -> np.ndarray:
        seen.append(z)
        return z / 3.0

    z = latents(*shape)
    assert np.array_equal(tiled(everywhere(eps_fn), tile=16, overlap=8)(z, 1), z / 3.0)
    assert len(seen) == 1
    assert seen[0].shape == z.shape


@pytest.mark.parametrize("shape", SHAPES)
def test_no_call_is_larger_than_a_tile_and_none_is_off_the_stride(shape: tuple[int, int]) -> None:
    calls: list[Window] = []

    def eps_at(window: Window) -> EpsFn[np.ndarray]:
        def eps_fn(z: np.ndarray, t: int) -> np.ndarray:
            calls.append(window)
            assert z.shape[2:] == (window.height, window.width)
            return z

        return eps_fn

    tiled(eps_at, tile=16, overlap=4)(latents(*shape), 0)
    assert max(max(window.height, window.width) for window in calls) <= 16
    if all(side % 4 == 0 for side in shape):
        assert all(value % 4 == 0 for window in calls for value in window)
    assert len(calls) == len(set(calls))


def test_a_constant_per_tile_makes_no_jump_above_a_step_of_the_shares() -> None:
    """A network that errs by another constant in every tile: the worst that a seam can be made of."""
    random = np.random.default_rng(0)
    found = tiled(everywhere(lambda z, t: np.full_like(z, random.uniform(-1.0, 1.0))), tile=16, overlap=8)(
        latents(64, 64), 0
    )
    slope = 1.5 / 8  # of the smooth ramp, in its middle; two constants differ by at most 2
    assert max(np.abs(np.diff(found, axis=axis)).max() for axis in (2, 3)) <= 2.0 * slope
    assert np.ptp(found) > 0.5


def test_a_batch_of_eight_is_eight_times_one() -> None:
    z = latents(40, 24, batch=8)
    eps_fn = tiled(everywhere(lambda part, t: part * part.mean(axis=(2, 3), keepdims=True)), tile=16, overlap=4)
    together = eps_fn(z, 0)
    for row in range(8):
        assert np.array_equal(eps_fn(z[row : row + 1], 0)[0], together[row])


def test_numpy_and_torch_agree() -> None:
    z = latents(40, 28)
    eps_fn = tiled(everywhere(local), tile=16, overlap=8)
    found = eps_fn(torch.from_numpy(z), 3)  # type: ignore[type-var]
    assert isinstance(found, torch.Tensor)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found.numpy(), eps_fn(z, 3), atol=1e-7)


def test_what_goes_in_stays_as_it_is() -> None:
    z = latents(40, 28)
    kept = z.copy()
    tiled(everywhere(lambda part, t: part), tile=16, overlap=8)(z, 0)
    assert np.array_equal(z, kept)


def test_every_tile_is_told_its_own() -> None:
    """What is told may depend on the window: here each tile predicts its number, and far from borders that is all."""
    numbers: dict[Window, float] = {}

    def eps_at(window: Window) -> EpsFn[np.ndarray]:
        number = numbers.setdefault(window, float(len(numbers)))
        return lambda z, t: np.full_like(z, number)

    found = tiled(eps_at, tile=16, overlap=4)(latents(28, 28), 0)
    assert (found[0, 0, 0, 0], found[0, 0, 0, -1], found[0, 0, -1, 0], found[0, 0, -1, -1]) == (0.0, 1.0, 2.0, 3.0)


@pytest.mark.parametrize(("overlap", "margin"), [(0, 0), (16, 0), (4, 2), (8, -1)])
def test_an_overlap_without_room_is_refused(overlap: int, margin: int) -> None:
    with pytest.raises(ValueError, match=f"overlap is {overlap} for tiles of 16 with margins of {margin}"):
        Tiles(height=40, width=40, tile=16, overlap=overlap, margin=margin)


def test_a_part_too_few_is_refused() -> None:
    tiles = Tiles(height=16, width=28, tile=16, overlap=4)
    with pytest.raises(ValueError, match="zip"):
        blend([latents(16, 16)], tiles)

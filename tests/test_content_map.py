"""Content maps: heard where they are given, silent where they are null, and never a way in for style."""

import numpy as np
import pytest
import torch

from parasol import Parasol
from parasol.bundle import Bundle
from parasol.maths.distances import psnr
from parasol.networks.content_map import ContentMap, ContentMapConfig
from parasol.networks.unet import UNetConfig, build_unet
from parasol.sampling.guided import branch_tokens
from parasol.types import Condition
from small_model import copy_of, drawing, edit_manifest

CONTENT, STYLE, OTHER = drawing(1), drawing(2), drawing(3)
FREE = {"steps": 4, "structure": 0.0}


@pytest.fixture(scope="module")
def placed(tmp_path_factory: pytest.TempPathFactory, mapped: Bundle, threads: int) -> Parasol:
    """A small model with a content map, which is on unless it is said otherwise."""
    folder = copy_of(mapped, tmp_path_factory.mktemp("placed") / "small")
    edit_manifest(folder, dials=mapped.manifest.dials.model_copy(update={"content_map": True}).model_dump())
    return Parasol.load(folder, threads=threads)


@pytest.mark.parametrize(("fine", "width"), [(0, 80), (5, 80 + 4 * 40)])
def test_the_map_has_no_mean_and_no_scale_of_its_channels(fine: int, width: int) -> None:
    torch.manual_seed(0)
    network = ContentMap(ContentMapConfig(blocks=6, dimension=16, size=64, fine=fine)).eval()
    measured = network.measure(torch.rand(2, 3, 64, 64))
    assert measured.shape == (2, 16, width)
    channels = [measured[..., :80], measured[..., 80:].unflatten(2, (-1, 4)).transpose(2, 3).flatten(1, 2)]
    for part in channels if fine else channels[:1]:
        assert part.mean(1).abs().max() < 1e-4
        assert part.square().mean(1).max() <= 1.0 + 1e-4
    tokens = network.tokens(measured)
    assert tokens.shape == (2, 16, 16)
    torch.testing.assert_close(tokens.norm(dim=2), torch.ones(2, 16))


def test_a_trained_map_becomes_a_finer_one_without_a_change() -> None:
    torch.manual_seed(0)
    coarse, fine = (ContentMap(ContentMapConfig(blocks=6, dimension=16, size=64, fine=fine)).eval() for fine in (0, 5))
    missing, unexpected = fine.load_state_dict(coarse.state_dict(), strict=False)
    assert (missing, unexpected) == (["fine.weight"], [])
    pixels = torch.rand(2, 3, 64, 64)
    assert torch.equal(fine(pixels), coarse(pixels))


@pytest.mark.parametrize("config", [{"blocks": 5}, {"fine": 3}, {"fine": 6}])
def test_maps_of_other_strides_are_refused(config: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="at a stride of"):
        ContentMapConfig(**config)


def test_a_null_map_is_not_heard_and_a_given_one_is() -> None:
    torch.manual_seed(0)
    unet = build_unet(UNetConfig(latent_channels=4, widths=(32, 32), token_dimension=16, heads=2)).eval()
    z, t, tokens = torch.randn(2, 4, 8, 8), torch.tensor([10, 900]), torch.randn(2, 2, 16)
    null = torch.cat([tokens, torch.zeros(2, 9, 16)], dim=1)
    given = null.clone()
    given[1, 5] = torch.randn(16)
    short, padded, heard = (unet(z, t, encoder_hidden_states=one).sample for one in (tokens, null, given))
    torch.testing.assert_close(padded, short, atol=1e-5, rtol=0.0)
    assert (heard[0] - short[0]).abs().max() < 1e-5
    assert (heard[1] - short[1]).abs().max() > 1e-3


def test_the_map_goes_with_the_content_branch_alone() -> None:
    one = np.ones((1, 3))
    condition = Condition(style=one, content=2 * one, content_map=np.full((1, 2, 3), 3.0))
    tokens = branch_tokens(condition, ["null", "style", "content"])
    assert tokens[..., 0].tolist() == [[0, 0, 0, 0], [1, 0, 0, 0], [0, 2, 3, 3]]


@pytest.mark.parametrize("shape", [(2, 4, 3), (1, 4, 2), (4, 3)])
def test_a_map_of_another_batch_or_width_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="the content map has shape"):
        Condition(style=np.ones((1, 3)), content=np.ones((1, 3)), content_map=np.zeros(shape))


def test_both_runtimes_draw_the_same_with_a_map(placed: Parasol) -> None:
    recipe = placed.recipe(CONTENT, STYLE, placed.dials(steps=4, structure=0.2))
    other = Parasol.load(placed.bundle.folder, runtime="torch")
    assert psnr(placed.paint(recipe).pixels, other.paint(recipe).pixels) > 45.0


def test_the_map_changes_the_picture_and_stays_in_the_recipe(placed: Parasol) -> None:
    with_map, without = (placed.stylize(CONTENT, STYLE, content_map=one, **FREE) for one in (None, False))
    assert np.abs(with_map.pixels - without.pixels).max() > 2 / 255
    assert with_map.recipe.dials.content_map
    assert np.array_equal(placed.paint(with_map.recipe).pixels, with_map.pixels)


def test_scales_of_zero_silence_the_map_and_the_style(placed: Parasol) -> None:
    drawn = [placed.stylize(CONTENT, style, style_scale=0.0, **FREE).pixels for style in (STYLE, OTHER)]
    assert np.array_equal(*drawn)
    drawn = [
        placed.stylize(content, STYLE, content_scale=0.0, fresh=True, steps=4).pixels for content in (CONTENT, OTHER)
    ]
    assert np.array_equal(*drawn)


def test_what_is_shown_instead_is_nowhere_in_particular(placed: Parasol) -> None:
    shown = [
        placed.stylize(CONTENT, STYLE, shows=OTHER, content_map=one, fresh=True, steps=4).pixels
        for one in (True, False)
    ]
    assert np.array_equal(*shown)


def test_structure_one_rebuilds_the_picture_with_a_map_too(placed: Parasol) -> None:
    whole = placed.stylize(CONTENT, STYLE, structure=1.0, steps=4)
    assert np.array_equal(np.asarray(whole.image), np.asarray(placed.reconstruct(CONTENT)))


def test_a_model_without_a_map_refuses_one(model: Parasol) -> None:
    with pytest.raises(ValueError, match="the model 'small' has none: leave it out"):
        model.stylize(CONTENT, STYLE, content_map=True)


def test_two_maps_have_nothing_between_them(placed: Parasol) -> None:
    from parasol.blend import between

    dials = placed.dials(fresh=True, steps=2)
    first, second = (placed.recipe(content, STYLE, dials) for content in (CONTENT, OTHER))
    with pytest.raises(ValueError, match="two content maps have nothing between them"):
        between(placed, first, second, 0.5)

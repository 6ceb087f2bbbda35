"""A set taught to a model: what is learned, the card that carries it, and the pictures that it draws."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from parasol import Parasol
from parasol.adaptation import Adaptation, adaptable, adapted, mixed_adaptations
from parasol.apps.cli import main
from parasol.bundle import Bundle
from parasol.cards import CardError, StyleCard
from parasol.conditions import mixed_style
from parasol.errors import ParasolError
from parasol.recipe import Recipe, RecipeError
from parasol.runtime.torch import TorchComponents, load_networks
from parasol.training.checkpoint import load_record
from small_model import copy_of, drawing, edit_manifest

QUICK = {"steps": 3, "structure": 0.0}


@pytest.fixture(scope="module")
def teachable(tmp_path_factory: pytest.TempPathFactory, mapped: Bundle) -> Bundle:
    """A small model with a content map, that predicts velocities."""
    folder = copy_of(mapped, tmp_path_factory.mktemp("teachable") / "small")
    edit_manifest(folder, prediction="v")
    return Bundle.open(folder)


@pytest.fixture(scope="module")
def pupil(teachable: Bundle) -> Parasol:
    return Parasol.load(teachable.folder, threads=1)


def adaptation_of(bundle: Bundle, seed: int, rank: int = 2, size: float = 0.1) -> Adaptation:
    """A change of the model that shows."""
    random, weights = np.random.default_rng(seed), bundle.weights("denoise")
    factors = {
        name: (
            size * random.standard_normal((weights[name].shape[0], rank)).astype(np.float32),
            random.standard_normal((rank, weights[name][0].size)).astype(np.float32) / weights[name][0].size ** 0.5,
        )
        for name in adaptable(weights)
    }
    return Adaptation.of(bundle.identity, factors)


@pytest.fixture(scope="module")
def card(pupil: Parasol) -> StyleCard:
    """A card of two pictures that was also taught something."""
    style = pupil.style([drawing(1), drawing(2)])
    taught = ((adaptation_of(pupil.bundle, 1), 1.0),)
    return StyleCard.write(replace(style, taught=taught), pupil.bundle.manifest, [("a", 0.5), ("b", 0.5)])


def test_a_change_is_up_times_down_by_its_share(teachable: Bundle) -> None:
    weights, one = teachable.weights("denoise"), adaptation_of(teachable, 1)
    changed = adapted(weights, ((one, 0.5),))
    assert {name for name in weights if not np.array_equal(weights[name], changed[name])} == {*adaptable(weights)}
    whole = dict(one.change(weights))
    for name, change in whole.items():
        np.testing.assert_allclose(changed[name] - weights[name], 0.5 * change, atol=1e-6)
        assert np.linalg.matrix_rank(change.reshape(len(change), -1)) <= 2
    assert len(one.data) == 2 * 2 * sum(len(weights[name]) + weights[name][0].size for name in whole)


def test_a_change_that_does_not_fit_is_refused(teachable: Bundle) -> None:
    one = adaptation_of(teachable, 1)
    for data in (one.data[:-2], one.data + b"\0\0", one.data[:-2] + np.float16(np.inf).tobytes()):
        broken = Adaptation(model=one.model, rank=one.rank, data=data)
        with pytest.raises(ParasolError, match="finite float16 values: teach it anew"):
            adapted(teachable.weights("denoise"), ((broken, 1.0),))


def test_mixed_styles_share_what_was_taught(teachable: Bundle, pupil: Parasol) -> None:
    one, two = adaptation_of(teachable, 1), adaptation_of(teachable, 2)
    plain = pupil.style(drawing(1))
    first, second = (replace(plain, taught=((each, 1.0),)) for each in (one, two))
    shares = {each.digest: share for each, share in mixed_style([(first, 3.0), (second, 1.0)]).taught}
    assert shares == {one.digest: 0.75, two.digest: 0.25}
    assert mixed_style([(first, 1.0), (plain, 1.0)]).taught[0][1] == 0.5
    assert mixed_style([(first, 0.0), (plain, 1.0)]).taught == ()
    assert mixed_style([(second, 1.0), (first, 1.0)]).taught == mixed_style([(first, 1.0), (second, 1.0)]).taught
    with pytest.raises(ParasolError, match="has no opposite"):
        mixed_adaptations([(first.taught, -1.0), ((), 2.0)])


def test_a_taught_card_survives_its_file_and_older_cards_are_the_same_bytes(
    card: StyleCard, pupil: Parasol, tmp_path: Path
) -> None:
    card.save(tmp_path / "brand.style.json")
    again = StyleCard.parse((tmp_path / "brand.style.json").read_bytes())
    assert again == card
    assert json.loads(card.text())["format"] == 2
    plain = pupil.card(drawing(1))
    assert json.loads(plain.text())["format"] == 1
    assert "taught" not in json.loads(plain.text())


def test_a_picture_is_drawn_with_what_was_taught_and_again_from_its_recipe(
    card: StyleCard, teachable: Bundle, pupil: Parasol
) -> None:
    plain = card.model_copy(update={"taught": ()})
    drawn, other = (pupil.stylize(drawing(0), each, **QUICK) for each in (card, plain))
    assert np.abs(drawn.pixels - other.pixels).max() > 0.02
    png = drawn.encoded(".png")
    assert len(png) < len(other.encoded(".png")) + 500, "the card itself does not go along"
    np.testing.assert_array_equal(pupil.replay(png).pixels, drawn.pixels)
    fresh = Parasol.load(teachable.folder, threads=1)
    with pytest.raises(RecipeError, match="--card"):
        fresh.replay(png)
    fresh.style(card)
    np.testing.assert_array_equal(fresh.replay(png).pixels, drawn.pixels)
    assert not Recipe.read(png).repeats(Recipe.read(other.encoded(".png")), teachable)


def test_cards_are_found_where_models_are(
    card: StyleCard, teachable: Bundle, pupil: Parasol, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    png = pupil.stylize(drawing(0), card, **QUICK).encoded(".png")
    card.save(tmp_path / "brand.style.json")
    (tmp_path / "other.style.json").write_text("no card")
    monkeypatch.setenv("PARASOL_MODELS", str(tmp_path))
    fresh = Parasol.load(teachable.folder, threads=1)
    np.testing.assert_array_equal(fresh.replay(png).pixels, pupil.replay(png).pixels)


def test_a_canvas_draws_with_what_was_taught(card: StyleCard, pupil: Parasol) -> None:
    expected = pupil.stylize(drawing(0), card, **QUICK).pixels
    found = pupil.canvas(drawing(0)).draw(card, pupil.dials(**QUICK)).pixels
    np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("dials", [{"structure": 1.0}, {"style_scale": 0.0, "structure": 0.0}, {"style_scale": -1.0}])
def test_the_ends_of_the_dials_stay_exact(card: StyleCard, pupil: Parasol, dials: dict[str, float]) -> None:
    plain = card.model_copy(update={"taught": ()})
    taught, other = (pupil.stylize(drawing(0), each, steps=3, **dials) for each in (card, plain))
    np.testing.assert_array_equal(taught.pixels, other.pixels)


def test_torch_draws_what_the_core_draws(card: StyleCard, teachable: Bundle, pupil: Parasol) -> None:
    other = Parasol.load(teachable.folder, runtime="torch")
    found = [model.stylize(drawing(0), card, **QUICK).pixels for model in (pupil, other)]
    np.testing.assert_allclose(*found, atol=2 / 255)


def test_what_a_card_taught_is_added_to_the_weights_at_hand(card: StyleCard, teachable: Bundle) -> None:
    """As diffusers hands them in: a U-Net that somebody has trained on keeps that, whatever its bundle's file holds."""
    networks = load_networks(teachable)
    with torch.no_grad():
        networks.unet.conv_out.bias.add_(1.0)
    mine, stored = TorchComponents(teachable, networks=networks), TorchComponents(teachable)
    given = np.zeros((1, 12, 16, 16), np.float32), 500, np.zeros((1, 2, 256), np.float32)
    taught = tuple((part.adaptation(), 1.0) for part in card.taught)
    apart = mine.adapted(taught).denoise(*given) - stored.adapted(taught).denoise(*given)
    np.testing.assert_allclose(apart, teachable.manifest.schedule.alpha_bars[500] ** 0.5, atol=1e-4)  # of v
    assert not np.allclose(mine.adapted(taught).denoise(*given), mine.denoise(*given))


def test_a_card_of_another_model_is_refused(card: StyleCard, model: Parasol, pupil: Parasol) -> None:
    part = card.taught[0].model_copy(update={"model": "0" * 64})
    with pytest.raises(CardError, match="was taught to another model"):
        pupil.style(card.model_copy(update={"taught": (part,)}))


@pytest.fixture
def brand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder of a set, and a command that teaches it in a few steps."""
    monkeypatch.chdir(tmp_path)
    Path("brand").mkdir()
    for seed in range(8):
        drawing(seed, 64, 64).save(f"brand/{seed}.png")
    drawing(9).save("content.png")
    return ["teach", "brand", "-o", "brand.style.json", "--rank", "1"]


def test_a_set_is_taught_resumed_and_drawn(
    brand: list[str], teachable: Bundle, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = ["--model", str(teachable.folder)]
    assert main([*brand, *words, "--steps", "6", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["pictures"] == 8
    assert not Path("brand.style.json.teaching").exists()
    whole = Path("brand.style.json").read_bytes()

    Path("brand.style.json").unlink()
    from parasol.training import loop

    save = loop.save_state

    def stop(*arguments: object, **more: object) -> None:
        save(*arguments, **more)  # type: ignore[arg-type]
        if load_record(Path("brand.style.json.teaching/state.safetensors"))["step"] == 3:
            raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(loop, "save_state", stop)
        assert main([*brand, *words, "--steps", "3"]) == 130
    assert not Path("brand.style.json").exists()
    assert main([*brand, *words, "--steps", "6", "--seed", "1"]) == 2
    assert "another teaching" in capsys.readouterr().err
    assert main([*brand, *words, "--steps", "6"]) == 0
    card = StyleCard.parse(Path("brand.style.json").read_bytes())
    assert card.taught[0].rank == 1
    assert StyleCard.parse(whole).style == card.style

    assert main(["style", "content.png", "--like", "brand.style.json", "-o", "out.png", "--steps", "2", *words]) == 0
    assert main(["replay", "out.png", "--card", "brand.style.json", "-o", "again.png", "--json", *words]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["identical"]


def test_too_few_pictures_and_models_that_cannot_learn(
    brand: list[str], teachable: Bundle, model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("brand/0.png").unlink()
    assert main([*brand, "--model", str(teachable.folder)]) == 2
    assert "7 pictures are given; a set is taught from 8 to 200" in capsys.readouterr().err
    drawing(0).save("brand/0.png")
    assert main([*brand, "--model", str(model.bundle.folder)]) == 2
    assert "cannot be taught" in capsys.readouterr().err
    assert main([*brand, "--model", str(teachable.folder), "--rank", "17"]) == 2
    assert "rank is 17" in capsys.readouterr().err


def test_nothing_is_changed_at_first(teachable: Bundle) -> None:
    from parasol.training.teach import LowRank

    weights = {name: torch.from_numpy(value) for name, value in teachable.weights("denoise").items()}
    changed = LowRank(weights, 2)(weights)
    assert {*changed} == {*adaptable(teachable.weights("denoise"))}
    assert all(torch.equal(changed[name], weights[name]) for name in changed)

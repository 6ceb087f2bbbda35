"""The figures on a small real model and a drawn corpus: each is what it says, and goes on where it was stopped."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import held_out_corpus
from lab.figure import Figure, Make, Store, measured
from lab.figures import determinism
from lab.figures import run as figures
from lab.figures import searches as searches_module
from lab.figures.determinism import same_pixels
from lab.figures.dials import STYLE_SCALES, no_content, no_style, structure, style_scale
from lab.figures.encoders import encoders, gallery
from lab.figures.frozen import frozen
from lab.figures.metric import metric
from lab.figures.quality import quality
from lab.figures.reconstruction import autoencoder, full_structure
from lab.figures.robustness import ALTERATIONS, robustness
from lab.judging.features import fit_discriminant
from lab.statistics import rms
from lab.subject import strength_key, through_autoencoder
from parasol import Parasol
from parasol.comparison.journal import as_lines
from parasol.corpora import Corpus
from parasol.corpora.corpus import PICTURES_FILE
from parasol.held_out import Subject
from parasol.images import from_uint8
from parasol.maths.distances import psnr
from parasol.types import Record
from small_model import copy_of, edit_manifest


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return held_out_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def subject(model: Parasol, corpus: Corpus) -> Subject:
    return Subject.of(model, corpus, 4)


def records_of(figure: Figure, units: int | None = None) -> list[Record]:
    return [figure.measure(unit) for unit in figure.units[:units]]


def test_autoencoder_is_the_psnr_of_reconstruct(subject: Subject) -> None:
    figure = autoencoder(subject)
    records = records_of(figure)
    summary = figure.summarise(records)
    assert summary["all"]["count"] == 20
    assert summary["unseen"]["count"] == 19
    one = next(cell for cell in subject.corpus.cells if cell.id == "pale/1f306")
    rebuilt = from_uint8(np.asarray(subject.model.reconstruct(subject.file(one))))
    expected = psnr(rebuilt, subject.fitted(one))
    assert records[figure.units.index("pale")]["psnr"]["1f306"] == pytest.approx(expected, abs=1e-3)
    every = [db for record in records for db in record["psnr"].values()]
    assert summary["all"]["mean"] == pytest.approx(np.mean(every), abs=0.01)
    assert summary["all"]["tenth_percentile"] == pytest.approx(np.percentile(every, 10), abs=0.01)


def test_everything_is_measured_at_the_size_of_the_training(subject: Subject, tmp_path: Path) -> None:
    folder = copy_of(subject.model.bundle, tmp_path / "larger")
    edit_manifest(folder, result_size=160)
    larger, pair = replace(subject, model=Parasol.load(folder)), subject.pairs[0]
    drawn = (
        larger.paint(pair, larger.dials(steps=2)),
        larger.fitted(pair.content),
        through_autoencoder(larger, pair.content),
    )
    assert {picture.shape for picture in drawn} == {subject.fitted(pair.content).shape}
    assert larger.model.stylize(larger.file(pair.content), larger.file(pair.style), steps=2).pixels.shape[0] == 160


def test_full_structure_is_identical(subject: Subject) -> None:
    figure = full_structure(subject)
    assert figure.summarise(records_of(figure)) == {"lowest": 100.0, "identical": 4, "of": 4}


@pytest.mark.parametrize("make", [no_style, no_content])
def test_a_scale_of_zero_leaves_no_trace(subject: Subject, make: Make) -> None:
    figure = make(subject)
    records = records_of(figure, 2)
    assert figure.summarise(records) == {"identical": 2, "of": 2}
    assert records[0]["pictures"] == 4


def test_a_trace_would_be_seen(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    """The dial at 1 instead of 0 must fail the same figure."""
    dials = Subject.dials
    monkeypatch.setattr(Subject, "dials", lambda self, **chosen: dials(self, **chosen | {"style_scale": 1.0}))
    assert not no_style(subject).measure((subject.pairs[0], 0.0))["identical"]


def test_structure_ends_on_the_reconstruction(subject: Subject) -> None:
    figure, content = structure(subject), subject.pairs[0].content
    record = figure.measure(subject.pairs[0])
    rebuilt = from_uint8(np.asarray(subject.model.reconstruct(subject.file(content))))
    assert record["content_rms"][-1] == pytest.approx(rms(rebuilt, subject.fitted(content)), abs=1e-6)
    assert len(set(record["content_rms"])) > 5, "on the way there every value gives another picture"


def test_curves_are_means_over_pairs(subject: Subject) -> None:
    falling, flat = np.linspace(0.9, 0, 10).tolist(), [0.5] * 10
    records = [{"pair": "a", "content_rms": falling, "content_distance": flat, "style_distance": falling[::-1]},
               {"pair": "b", "content_rms": flat, "content_distance": flat, "style_distance": flat}]  # fmt: skip
    summary = structure(subject).summarise(records)
    assert summary["mean"]["content_rms"] == pytest.approx(np.linspace(0.7, 0.25, 10).tolist())
    assert summary["spearman"] == {"content_rms": -1.0, "content_distance": 0.0, "style_distance": 1.0}
    assert summary["mean_spearman_of_a_pair"]["content_rms"] == -0.5
    assert summary["values"][-1] == 1.0


def test_style_scale_sweeps_what_it_says(subject: Subject) -> None:
    figure = style_scale(subject)
    record = figure.measure(subject.pairs[0])
    pair, model = subject.pairs[0], subject.model
    result = model.stylize(subject.file(pair.content), subject.file(pair.style), style_scale=STYLE_SCALES[2])
    cosine = model.embed_style(result.pixels) @ model.embed_style(subject.file(pair.style))
    assert record["style_distance"][2] == pytest.approx(1 - cosine, abs=1e-5)
    assert len(record["style_distance"]) == 6


def test_one_seed_is_one_picture(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(determinism, "COUNT", 2)
    figure = same_pixels(subject)
    record = figure.measure(subject.pairs[0])
    wanted = {"command": True, "replay_python": True, "replay_command": True, "count": 2}
    assert {name: record[name] for name in wanted} == wanted
    assert figure.summarise([record, record | {"command": False, "count": 1}]) == {
        **wanted, "command": False, "count": 1, "of": 2,
    }  # fmt: skip


def test_runtimes_agree(subject: Subject) -> None:
    figure = figures.FIGURES["runtimes"](subject)
    assert figure.summarise(records_of(figure, 1))["lowest"] >= 45


def test_galleries(corpus: Corpus) -> None:
    cells, queries = gallery(corpus, "content-test")
    assert len(cells) == 19
    assert queries.all()
    cells, queries = gallery(corpus, "style-test")
    assert {cell.set for cell, query in zip(cells, queries, strict=True) if query} == {"leaf"}
    assert queries.sum() == 4
    assert len(cells) == 20, "in every set"


def test_encoders_report_both_galleries(subject: Subject) -> None:
    figure = encoders(subject)
    summary = figure.summarise(records_of(figure))
    assert list(summary) == ["content-test", "style-test"]
    for found in summary.values():
        assert all(0 <= found[name] <= 1 for name in ("style_retrieval", "content_retrieval", "style_leak"))
    assert list(summary["style-test"]["style_retrieval_of_set"]) == ["leaf"]
    assert summary["style-test"]["content_chance"] == pytest.approx(1 / 4)


def test_quality_rates_are_means(subject: Subject) -> None:
    figure = quality(subject)
    records = records_of(figure, 2)
    summary = figure.summarise(records)
    assert summary["pairs"] == 2
    assert summary["pairs_for_content"] == 2
    assert summary["style_real"] == np.mean([record["style_real"] for record in records])


KEY = {"model": "small", "pairs": 2}


def counted(subject: Subject) -> Figure:
    """Counts."""
    return Figure(units=range(3), measure=lambda unit: {"unit": unit}, summarise=lambda records: {"of": len(records)})


def test_a_figure_goes_on_where_it_was_stopped(subject: Subject, tmp_path: Path) -> None:
    store = Store(path=tmp_path / "f.json", key=KEY)
    figure = counted(subject)
    states = measured(figure)
    store.write("counted", counted, figure, next(states))
    assert store.read()["counted"] == {"definition": "Counts.", "units": 3, "records": [{"unit": 0}]}
    later = list(measured(figure, store.records("counted", counted)))
    assert later[0] == [{"unit": 0}, {"unit": 1}]
    assert store.write("counted", counted, figure, later[-1])["summary"] == {"of": 3}
    assert list(measured(figure, store.records("counted", counted))) == []


def test_figures_of_another_model_or_definition_are_not_kept(subject: Subject, tmp_path: Path) -> None:
    store = Store(path=tmp_path / "f.json", key=KEY)
    store.write("counted", counted, counted(subject), [{"unit": 0}])
    assert Store(path=store.path, key=KEY | {"model": "other"}).read() == {}

    def otherwise(subject: Subject) -> Figure:
        """Counts otherwise."""
        return counted(subject)

    assert store.records("counted", otherwise) == []
    assert store.records("counted", counted) == [{"unit": 0}]


def test_a_dial_that_is_laid_out_anew_leaves_the_other_figures_be(subject: Subject, tmp_path: Path) -> None:
    folder = copy_of(subject.model.bundle, tmp_path / "calibrated")
    edit_manifest(folder, strength=[{"style_scale": 1.0, "structure": 1.0}, {"style_scale": 5.0, "structure": 0.0}])
    anew = replace(subject, model=Parasol.load(folder))
    assert anew.key() == subject.key()
    assert strength_key(anew) != strength_key(subject)
    edit_manifest(folder, dials=anew.model.bundle.manifest.dials.model_dump() | {"structure": 0.9})
    assert replace(subject, model=Parasol.load(folder)).key() != subject.key()
    figures.measure(["strength"], replace(anew, pairs=anew.pairs[:1]), tmp_path / "figures.json")
    assert list(tmp_path.glob("*.json")) == [tmp_path / "figures-strength.json"]


def test_a_file_of_something_else_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "notes.json"
    path.write_text("[1, 2]")
    with pytest.raises(ValueError, match=r"notes.json' holds no figures"):
        Store(path=path, key=KEY).read()
    assert path.read_text() == "[1, 2]"


def test_lines_are_the_same_json() -> None:
    value = {"a": [{"b": [1, 2], "c": {}}, {"b": [], "c": "é"}], "d": 0.25}
    text = as_lines(value, 2)
    assert json.loads(text) == value
    assert text.splitlines()[2] == '  {"b": [1, 2], "c": {}},'


def test_the_command(subject: Subject, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = ["--corpus", str(subject.corpus.folder), "--model", str(subject.model.bundle.folder), "--pairs", "2"]
    out = tmp_path / "figures.json"
    assert figures.main([*words, "--only", "full_structure", "--out", str(out)]) == 0
    told, content = capsys.readouterr().out, json.loads(out.read_text())
    assert content["subject"] == subject.key() | {"pairs": 2}
    assert content["figures"]["full_structure"]["summary"] == {"lowest": 100.0, "identical": 2, "of": 2}
    assert json.loads("{" + told + "}")["full_structure"]["identical"] == 2
    with pytest.raises(SystemExit, match="2"):
        figures.main([*words, "--only", "nothing", "--out", str(out)])
    told = capsys.readouterr().err
    assert "there is no figure 'nothing' of" in told
    assert "choose among autoencoder, full_structure" in told
    with pytest.raises(SystemExit, match="2"):
        figures.main([*words[:-1], "99", "--out", str(out)])
    assert "99 pairs are asked for" in capsys.readouterr().err


def test_the_command_measures_finished_results_apart(
    subject: Subject, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(searches_module, "SEARCHES", 1)
    words = ["--corpus", str(subject.corpus.folder), "--model", str(subject.model.bundle.folder), "--pairs", "2"]
    out = Path("lab/results/figures")
    for finish in ("none", "auto"):
        assert figures.main([*words, "--only", "searches", "--finish", finish]) == 0
    plain, finished = (json.loads((out / name).read_text()) for name in ("small.json", "small-finish.json"))
    assert finished["subject"] == plain["subject"] | {"finish": "auto"}
    drawn, flat = (content["figures"]["searches"] for content in (plain, finished))
    assert drawn["definition"] == flat["definition"]
    assert drawn["summary"]["chamfer"]["made"] != flat["summary"]["chamfer"]["made"]
    assert drawn["summary"]["chamfer"]["first_retrieved"] == flat["summary"]["chamfer"]["first_retrieved"]
    (tmp_path / "paintings").mkdir()
    (tmp_path / "paintings" / PICTURES_FILE).write_text("")
    for corpus, name, told in (
        (words[1], "structure", "with --finish auto: choose among judged, forced_choice, searches, leak"),
        ("paintings", "structure", "there is no figure of paintings with --finish auto: leave --finish out"),
    ):
        with pytest.raises(SystemExit, match="2"):
            figures.main([*words[2:], "--corpus", corpus, "--only", name, "--finish", "auto"])
        assert told in capsys.readouterr().err


def test_robustness_counts_what_alterations_cost(subject: Subject) -> None:
    figure = robustness(subject)
    plain, flipped = figure.measure("none"), figure.measure("flip")
    galleries = [record for record in records_of(encoders(subject)) if record["gallery"] == "content-test"]
    assert plain["content"] == pytest.approx(galleries[0]["content_retrieval"], abs=1e-4)
    lost = figure.summarise([plain, flipped])["lost"]["flip"]
    assert lost["style"] == pytest.approx(100 * (plain["style"] - flipped["style"]), abs=0.06)
    assert next(iter(ALTERATIONS)) == "none", "what the others are compared with comes first"


def test_alterations_alter() -> None:
    rgba = Image.fromarray(np.random.default_rng(0).integers(0, 256, (64, 64, 4), np.uint8))
    altered = {name: np.asarray(alter(rgba)) for name, alter in ALTERATIONS.items()}
    shapes = {name: picture.shape[0] for name, picture in altered.items()}
    assert shapes == {"none": 64, "flip": 64, "crop": 52, "jpeg_50": 64, "32_px": 32, "512_px": 512, "background": 64}
    for name in ("flip", "jpeg_50", "background"):
        assert not np.array_equal(altered[name], altered["none"])
    assert np.array_equal(altered["flip"][:, ::-1], altered["none"])


def test_metric_is_a_rank_correlation_of_distances(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    figure = metric(subject)
    assert set(figure.units) == {"flat", "pale", "outline", "night", "leaf"}
    record = figure.measure("flat")
    assert -1.0 <= record["pictures"] <= 1.0
    monkeypatch.setattr(Parasol, "embed_style", lambda _, picture: MetricByLightness.describe(picture))
    monkeypatch.setattr("lab.figures.metric.look_of", MetricByLightness.look)
    assert metric(subject).measure("flat")["styles"] > 0.95, "a descriptor that is the parameter is metric"
    records = [{"set": "a", "styles": 0.5, "pictures": 0.1}, {"set": "b", "styles": 0.9, "pictures": 0.3}]
    assert figure.summarise(records) == {"styles": 0.7, "pictures": 0.2, "lowest": "a"}


class MetricByLightness:
    """Looks that differ in lightness alone, and a unit vector whose angle is the darkness of a picture."""

    @staticmethod
    def look(seed: int, place: int) -> np.ndarray:
        return np.array([0.5, 0.5, (place * 7 % 24) / 23, 0, 0, 0], np.float32)

    @staticmethod
    def describe(picture: np.ndarray) -> np.ndarray:
        angle = float(picture.mean())
        return np.array([np.cos(angle), np.sin(angle)], np.float32)


def test_frozen_descriptors_stand_beside_ours(subject: Subject) -> None:
    figure = frozen(subject)
    names = [name for split, name in figure.units if split == "content-test"]
    ours = figure.measure(("content-test", "ours, style"))
    galleries = [record for record in records_of(encoders(subject)) if record["gallery"] == "content-test"]
    assert ours["content"] == pytest.approx(galleries[0]["content_leak"], abs=1e-4)
    for name in names[2:]:
        record = figure.measure(("content-test", name))
        assert record["content_chance"] == pytest.approx(galleries[0]["content_chance"], abs=1e-4)
        assert 0.0 <= record["style"] <= 1.0
    assert set(figure.summarise([ours])["content-test"]["ours, style"]) == {"style", "content"}


def test_the_discriminant_finds_what_tells_labels_apart() -> None:
    random = np.random.default_rng(0)
    values = random.normal(size=(300, 6)) * (1, 1, 20, 1, 1, 1)
    labels = np.repeat(["a", "b", "c"], 100)
    values[:, 4] += np.repeat([0.0, 6.0, 12.0], 100)
    projected = fit_discriminant(values, labels)(values)
    assert projected.shape == (300, 2)
    assert abs(np.corrcoef(projected[:, 0], np.repeat([0, 1, 2], 100))[0, 1]) > 0.95

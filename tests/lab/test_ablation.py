"""The paper's ablation: rows that differ in one thing, sampled as they say, and a table of what was found."""

import dataclasses
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

import drawn_corpus
import judged_corpus
from lab.ablation import rows as rows
from lab.ablation import trainings as spec
from lab.ablation.rows import ROWS, Trained, load_trained, noise_like, paint
from lab.ablation.run import COLUMNS, Ablation, measure
from lab.ablation.table import MEASURES, PAPER, markdown, paper_step, sign, summary, verdict
from lab.ablation.trainings import SEEDS, TRAINED, TRAININGS, WHOLE, ablation
from lab.judging.judge import means
from parasol import Parasol
from parasol.bundle import DefaultDials
from parasol.corpora import load
from parasol.held_out import Subject
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.projector import Projector, ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.trunk import load_published_trunk
from parasol.networks.unet import UNetConfig
from parasol.training.assemble import assemble
from parasol.training.checkpoint import load_record, save_tensors
from parasol.training.diffusion import Denoiser, DiffusionTask, Frozen
from parasol.training.draws import draws
from parasol.training.recipes import Places
from parasol.training.train import record_of, train
from parasol.triplets import Mining
from parasol.types import Record
from worlds import FiniteWorld

WORLD = FiniteWorld.make()
KEY = {"model_hash": "0123456789abcdef", "dials": {"steps": 20, "scale": 5.0, "structure": 0.4}}
BY_NAME = {row.name: row for row in ROWS}


# Trainings


def flat(record: object, prefix: str = "") -> dict[str, object]:
    """Leaves of nested JSON by their dotted path."""
    if not isinstance(record, dict):
        return {prefix.strip("."): record}
    return {path: leaf for name, part in record.items() for path, leaf in flat(part, f"{prefix}{name}.").items()}


def differing(first: str, second: str) -> set[str]:
    one, other = (flat(json.loads(json.dumps(record_of(TRAININGS[name]())))) for name in (first, second))
    return {path for path in one.keys() | other.keys() if one.get(path, "none") != other.get(path, "none")}


@pytest.mark.parametrize(
    ("before", "row", "named"),
    [
        ("rdm", "encoder", {"row.style_token", "projector.style_dimension"}),
        ("encoder", "projector", {"row.projector", "projector.hidden"}),
        ("projector", "modality", {"row.modality", "training.modality"}),
    ],
)
def test_each_row_adds_one_thing(before: str, row: str, named: set[str]) -> None:
    found = differing(f"ablation-{before}-1", f"ablation-{row}-1")
    assert {path.replace("training.modality.", "training.modality/").split("/")[0] for path in found} == {
        "recipe", "row.name", *named,
    }  # fmt: skip


@pytest.mark.parametrize("row", TRAINED)
def test_seeds_differ_in_the_seed_alone(row: str) -> None:
    assert differing(f"ablation-{row}-0", f"ablation-{row}-2") == {"recipe", "training.seed"}
    assert {f"ablation-{row}-{seed}" for seed in SEEDS} <= TRAININGS.keys()


def frozen(size: int) -> Frozen:
    return Frozen(
        autoencoder=AutoencoderConfig(widths=(8, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1)),
        style=StyleEncoderConfig(blocks=3, hidden=16, dimension=16, size=size),
        content=ContentEncoderConfig(hidden=16, dimension=32, size=size),
        autoencoder_run="pictogram-refined",
        style_run="pictogram-guise-style",
        content_run="pictogram-content",
    )


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    """The ablation's recipes at a size for tests."""
    monkeypatch.setattr(spec, "FROZEN", frozen(128))
    monkeypatch.setattr(spec, "ABLATED_UNET", UNetConfig(widths=(32, 32), heads=2, token_dimension=32, prediction="v"))
    monkeypatch.setattr(spec, "ABLATED_OPTIMISATION", replace(spec.ABLATED_OPTIMISATION, batch=4))
    monkeypatch.setattr(spec, "WHOLE", replace(WHOLE, precision="float32"))
    monkeypatch.setattr(rows, "STEPS", 4)


def save_frozen(runs: Path, networks: Frozen) -> None:
    torch.manual_seed(0)
    style, content = StyleEncoder(networks.style), ContentEncoder(networks.content)
    for encoder in (style, content):
        load_published_trunk(encoder.trunk)
    for run, network in (
        (networks.autoencoder_run, Autoencoder(networks.autoencoder)),
        (networks.style_run, style),
        (networks.content_run, content),
    ):
        (runs / run).mkdir()
        save_tensors(runs / run / "best.safetensors", network.state_dict(), {"recipe": run})


@pytest.fixture
def places(small: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Places:
    """A corpus to train on, with frozen networks."""
    monkeypatch.setattr(spec, "FROZEN", frozen(drawn_corpus.SIZE))
    (tmp_path / "corpus").mkdir()
    (tmp_path / "runs").mkdir()
    drawn_corpus.make(tmp_path / "corpus")
    save_frozen(tmp_path / "runs", spec.FROZEN)
    return Places(corpus=tmp_path / "corpus", runs=tmp_path / "runs")


def style_tokens(task: DiffusionTask, step: int) -> tuple[torch.Tensor, np.ndarray]:
    """What goes into attention for the style in a step, and the rows of the style pictures."""
    seen: list[torch.Tensor] = []
    handle = task.model.projector.register_forward_hook(lambda _, given, token: seen.append(token.detach()))
    task.loss(task.model, step)
    handle.remove()
    chosen = draws(task.training.seed, step).choice(len(task.triplets.x), task.batch, replace=False)
    return seen[0], task.triplets.s[chosen]


def task_of(row: str, seed: int, places: Places) -> DiffusionTask:
    task = ablation(row, seed).task(places)
    assert isinstance(task, DiffusionTask)
    return task


def test_style_tokens_are_what_the_row_says(places: Places) -> None:
    rdm, encoder, projector = (task_of(row, 1, places) for row in ("rdm", "encoder", "projector"))
    token, s = style_tokens(rdm, 0)
    torch.testing.assert_close(token, rdm.table.content[0, s])
    token, same = style_tokens(encoder, 0)
    assert same.tolist() == s.tolist(), "the rows see the same triplets"
    torch.testing.assert_close(token[:, :16], encoder.table.style[s])
    assert not token[:, 16:].any()
    token, _ = style_tokens(projector, 0)
    torch.testing.assert_close(token, projector.model.projector(projector.table.style[s]))
    assert token[:, 16:].abs().sum() > 0.1


def test_rows_begin_alike_and_seeds_do_not(places: Places) -> None:
    before = torch.get_rng_state()
    one, other, later = task_of("rdm", 0, places), task_of("modality", 0, places), task_of("modality", 1, places)
    assert torch.equal(torch.get_rng_state(), before)
    weights = [task.model.unet.state_dict()["conv_in.weight"] for task in (one, other, later)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[1], weights[2])
    assert (one.modality is None, other.modality is None) == (True, False)


def test_without_m_a_descriptor_needs_room() -> None:
    style = torch.nn.functional.normalize(torch.randn(3, 4), dim=1)
    plain = Projector(ProjectorConfig(style_dimension=4, hidden=0, content_dimension=6))
    assert not [*plain.parameters()]
    torch.testing.assert_close(plain(style), torch.cat([style, torch.zeros(3, 2)], dim=1))
    with pytest.raises(ValueError, match="a style of 8 numbers does not fit into 6 without M"):
        ProjectorConfig(style_dimension=8, hidden=0, content_dimension=6)


def test_rows_without_m_are_not_exported(tmp_path: Path) -> None:
    dials = DefaultDials(style_scale=5.0, content_scale=5.0, structure=0.4, steps=20)
    for row in ("rdm", "encoder"):
        with pytest.raises(ValueError, match="is an ablation without M, and a bundle has one"):
            assemble(ablation(row, 0), Places(corpus=tmp_path, runs=tmp_path), name="a", licence="b", dials=dials)


def test_modality_losses_ask_for_a_style_descriptor(places: Places) -> None:
    row = replace(TRAINED["rdm"], modality=True)
    with pytest.raises(ValueError, match="leave one of the two"):
        DiffusionTask(
            load(places.corpus), places.runs, spec.FROZEN, spec.ABLATED_UNET, row.m(spec.FROZEN),
            Mining(), row.training(0), 4, style_token="content",
        )  # fmt: skip


# Sampling


def test_rows_begin_with_a_trained_rdm(places: Places) -> None:
    recipe = ablation("projector", 0)
    with pytest.raises(FileNotFoundError, match="is missing: train it first with  parasol train pictogram-rdm"):
        next(train(recipe, places))
    assert not (places.runs / recipe.name).exists()
    rdm = Denoiser(spec.ABLATED_UNET, TRAINED["rdm"].m(spec.FROZEN))
    (places.runs / "pictogram-rdm").mkdir()
    save_tensors(places.runs / "pictogram-rdm" / "best.safetensors", rdm.state_dict(), {"recipe": "pictogram-rdm"})
    still = replace(recipe, optimisation=replace(recipe.optimisation, steps=1, learning_rate=0.0))
    assert [event.step for event in train(still, places) if event.kind == "step"] == [1]
    found = load_file(places.runs / recipe.name / "best.safetensors")
    for name, value in rdm.unet.state_dict().items():
        torch.testing.assert_close(found[f"unet.{name}"], value)
    assert load_record(places.runs / recipe.name / "best.safetensors")["start"] == "pictogram-rdm"


@pytest.fixture
def runs(small: None, tmp_path: Path) -> Path:
    """Finished trainings of the first seed, with random weights."""
    folder = tmp_path / "runs"
    folder.mkdir()
    save_frozen(folder, spec.FROZEN)
    for name, row in TRAINED.items():
        recipe = ablation(name, 0)
        denoiser = Denoiser(spec.ABLATED_UNET, row.m(spec.FROZEN))
        with torch.no_grad():
            for parameter in denoiser.parameters():  # louder than the usual start, so that both pictures matter
                parameter.add_(0.1 * torch.randn_like(parameter))
        run, record = folder / recipe.name, {**record_of(recipe), "step": recipe.optimisation.steps}
        run.mkdir()
        save_tensors(run / "best.safetensors", denoiser.state_dict(), record)
        save_tensors(run / "state.safetensors", {"empty": torch.zeros(1)}, record)
    return folder


def pictures() -> tuple[torch.Tensor, torch.Tensor]:
    """Two content and two style pictures."""
    drawn = [
        drawn_corpus.pixels(shape, hand, 128)
        for shape, hand in (("circle", "flat"), ("stairs", "night"), ("cross", "outline"), ("square", "leaf"))
    ]
    content, style = torch.from_numpy(np.stack(drawn)).permute(0, 3, 1, 2).contiguous().split(2)
    return content, style


def painted(
    row: rows.Row, trained: Trained, content: torch.Tensor, style: torch.Tensor, seed: int = 0, scale: float = 5.0
) -> torch.Tensor:
    return paint(row, trained, content, style, seed=seed, scale=scale)


def test_rdm_reads_the_style_picture_as_content(runs: Path) -> None:
    content, style = pictures()
    with torch.no_grad():
        for name in TRAINED:
            trained = load_trained(name, 0, runs)
            found = trained.condition(style, content)
            torch.testing.assert_close(found.content, trained.contents(content))
            assert torch.allclose(found.style, trained.contents(style), atol=1e-5) == (name == "rdm")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_a_picture_does_not_depend_on_the_others_of_its_batch(runs: Path, row: rows.Row) -> None:
    content, style = pictures()
    trained = load_trained(row.trained, 0, runs)
    both = painted(row, trained, content, style)
    assert both.shape == content.shape
    torch.testing.assert_close(painted(row, trained, content[:1], style[:1]), both[:1], atol=1e-3, rtol=0)
    assert not torch.allclose(painted(row, trained, content, style.flip(0)), both, atol=1e-3), "the style is heard"
    other = painted(row, trained, content, style, seed=1)
    assert not torch.allclose(other, both, atol=1e-3), "the noise is the seed's"


def test_the_last_row_alone_starts_from_the_content_picture(runs: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    content, style = pictures()
    trained = load_trained("modality", 0, runs)
    with torch.no_grad():
        rebuilt = trained.autoencoder.decode(trained.autoencoder.encode(content)).clamp(0.0, 1.0)
    monkeypatch.setattr(rows, "STRUCTURE", 1.0)
    torch.testing.assert_close(painted(BY_NAME["inversion"], trained, content, style), rebuilt)
    assert not torch.allclose(painted(BY_NAME["guidance"], trained, content, style), rebuilt, atol=1e-2)


def test_rows_four_and_five_are_guided_differently(runs: Path) -> None:
    content, style = pictures()
    trained = load_trained("modality", 0, runs)
    joint, apart = (painted(BY_NAME[name], trained, content, style) for name in ("modality", "guidance"))
    assert not torch.allclose(joint, apart, atol=1e-3)
    joint, apart = (painted(BY_NAME[name], trained, content, style, scale=0.0) for name in ("modality", "guidance"))
    torch.testing.assert_close(joint, apart, atol=1e-4, rtol=0, msg="without a scale both are the null branch")


def test_noise_is_a_pictures_own() -> None:
    z = torch.zeros(3, 4, 8, 8)
    many, few = noise_like(z, 0, 5), noise_like(z[:2], 0, 5)
    assert len(many) == 5
    assert torch.equal(many[4][:2], few[4])
    assert not torch.equal(many[0][0], many[0][1])


def test_trainings_that_are_not_equal_are_refused(runs: Path) -> None:
    with pytest.raises(ValueError, match=r"no training: run  python -m lab ablation-train ablation-rdm-1 --runs "):
        load_trained("rdm", 1, runs)
    recipe = ablation("rdm", 0)
    state, record = runs / recipe.name / "state.safetensors", record_of(recipe)
    save_tensors(state, {"empty": torch.zeros(1)}, {**record, "step": 100})
    with pytest.raises(ValueError, match=r"step 100 of 300: go on with  python -m lab ablation-train ablation-rdm-0"):
        load_trained("rdm", 0, runs)
    shorter = dataclasses.asdict(replace(recipe.optimisation, steps=100))
    save_tensors(state, {"empty": torch.zeros(1)}, {**record, "optimisation": shorter, "step": 100})
    with pytest.raises(ValueError, match="with another 'optimisation': remove it"):
        load_trained("rdm", 0, runs)


# The table


def test_means_leave_out_what_was_impossible() -> None:
    assert means([{"a": 1.0}, {"a": 2.0, "content": 1.0}, {"a": 3.0, "content": 0.0}]) == {"a": 2.0, "content": 0.5}


def test_nothing_is_not_measured() -> None:
    for cases, seeds in ((0, (0,)), (1, ())):
        with pytest.raises(ValueError, match=f"{len(seeds)} seeds and {cases} cases are asked for"):
            Ablation(runs=Path(), cases=cases, seeds=seeds, scale=5.0)


def test_signs_need_all_seeds() -> None:
    given = [[1.0, 2.0], [-1.0, -2.0], [1.0, -2.0], [1.0, 0.0], [0.0, 0.0]]
    assert [sign(np.array(values)) for values in given] == [*"+-??0"]


def test_the_papers_steps() -> None:
    assert [paper_step("LPIPS", place)[0] for place in range(1, 6)] == ["+", "-", "-", "0", "-"]
    assert [paper_step("ALADIN-MSE", place)[0] for place in range(1, 6)] == ["+", "-", "-", "0", "+"]
    assert paper_step("SIFID", 1)[1] == pytest.approx(7.759 / 3.077 - 1)
    assert all(len(values) == len(ROWS) for values in PAPER.values())
    told = [verdict("+", "+"), verdict("-", "+"), verdict("?", "+"), verdict("+", "0")]
    assert told == ["as in the paper", "**not** as in the paper", "seeds disagree", "flat in the paper"]


def record(row: str, seed: int, column: str, style: float) -> Record:
    values = dict.fromkeys(MEASURES, 0.5)
    return {"row": row, "seed": seed, "column": column, "cases": 7, **values, "style": style, "family": 0.25 * seed}


def test_the_table_of_known_records() -> None:
    style = {"rdm": 0.5, "encoder": 0.75, "projector": 0.7, "modality": 0.8, "guidance": 0.8, "inversion": 0.9}
    records = [
        record(row.name, seed, column, style[row.name] + 0.01 * seed)
        for seed in SEEDS
        for row in ROWS
        for column in COLUMNS
    ]
    found = summary(records)[COLUMNS[1]]
    assert found["rows"]["encoder"]["style"] == {"mean": 0.76, "spread": 0.01}
    assert found["rows"]["rdm"]["family"] == {"mean": 0.25, "spread": 0.25}
    assert found["steps"]["encoder"]["style"] == {"mean": 0.25, "spread": 0.0, "sign": "+"}
    assert found["steps"]["projector"]["style"]["sign"] == "-"
    assert found["steps"]["guidance"]["style"]["sign"] == "0"
    judge = {"name": "a network", "weights": "0123456789abcdef", "fitted_to": "cells"}
    page = markdown({"definition": "What it says.", "summary": {"judge": judge, **summary(records)}}, KEY)
    assert page.count("| style encoder, without M | 25.0 ± 25.0 | 50.0 ± 0.0 | 0.7600 ± 0.0100 |") == len(COLUMNS)
    assert "\n| style encoder, without M | +152.2 %: as in the paper | +28.5 %: as in the paper |" in page
    assert "\n| + modality losses | -38.0 %: **not** as in the paper |" in page
    assert "Unseen contents, 7 cases" in page
    assert "weights 0123456789ab," in page
    assert "Latents and descriptors are those of 0123456789ab. " in page


def on(model: Parasol, *runs: str) -> Parasol:
    """A model that says of itself that it stands on these trainings."""
    manifest = model.bundle.manifest.model_copy(update={"training": {run: {} for run in runs}})
    return Parasol(replace(model.bundle, manifest=manifest), model.components)


def test_trainings_on_other_latents_than_the_models_are_refused(model: Parasol, tmp_path: Path) -> None:
    corpus, plan = judged_corpus.make(tmp_path), Ablation(runs=tmp_path, cases=1, seeds=(0,), scale=5.0)
    with pytest.raises(ValueError, match="stand on pictogram-refined, pictogram-guise-style, and the model"):
        plan.key(Subject(model=on(model, "pictogram-content", "pictogram-style"), corpus=corpus, pairs=()))


def test_the_ablation_is_measured_and_goes_on(runs: Path, model: Parasol, tmp_path: Path) -> None:
    (tmp_path / "corpus").mkdir()
    subject = Subject(model=on(model, *rows.FROZEN_RUNS), corpus=judged_corpus.make(tmp_path / "corpus"), pairs=())
    figures, out = tmp_path / "ablation.json", tmp_path / "ablation.md"
    plan = Ablation(runs=runs, cases=1, seeds=(0,), scale=5.0)
    measure(plan, subject, figures, out)
    page, file = out.read_text(), figures
    assert json.loads(file.read_text())["subject"]["weights"].keys() == {path.name for path in runs.iterdir()}
    entry = json.loads(file.read_text())["figures"]["ablation"]
    assert [(one["row"], one["column"]) for one in entry["records"]] == [
        (row.name, column) for row in ROWS for column in COLUMNS
    ]
    assert all(np.isfinite(one[name]) for one in entry["records"] for name in MEASURES)
    assert len({one["truth"] for one in entry["records"]}) == len(entry["records"]), "every row paints its own"
    half = json.loads(file.read_text())
    kept = half["figures"]["ablation"]["records"][:11]
    kept[0]["style"] = 9.0
    half["figures"]["ablation"]["records"] = kept
    file.write_text(json.dumps(half))
    measure(plan, subject, figures, out)
    assert json.loads(file.read_text())["figures"]["ablation"]["records"][0]["style"] == 9.0, "what is done is kept"
    assert out.read_text() != page

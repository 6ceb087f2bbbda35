"""The identity of a model, the table of editions, and several editions side by side."""

import hashlib
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from safetensors import safe_open
from safetensors.numpy import save_file

from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import MANIFEST, WEIGHTS, Bundle, BundleError, _identity, available_models, installed
from parasol.comparison.journal import Journal
from parasol.editions import FOLDERS, by_identity, editions, identity_of, of_hash, way_to
from parasol.images import load
from parasol.recipe import ModelPart, Recipe
from small_model import copy_of, drawing, edit_manifest, reseal

ROOT = Path(__file__).parents[1]


def rewrite_weights(folder: Path, change: Callable[[dict[str, np.ndarray]], object]) -> None:
    with safe_open(folder / WEIGHTS, framework="numpy") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        metadata = file.metadata()
    change(tensors)
    save_file(tensors, folder / WEIGHTS, metadata)
    reseal(folder)


def nudge(component: str) -> Callable[[Path], None]:
    def change(tensors: dict[str, np.ndarray]) -> None:
        name = min(name for name in tensors if name.startswith(f"{component}/"))
        tensors[name].flat[0] += 1.0

    return lambda folder: rewrite_weights(folder, change)


def edit_graph(component: str) -> Callable[[Path], None]:
    def edit(folder: Path) -> None:
        with (folder / f"{component}.onnx").open("ab") as file:
            file.write(b"\x32\x00")  # an empty doc_string
        reseal(folder)

    return edit


def store_copies_twice(folder: Path) -> None:
    """The same values, each tensor at a place of its own."""
    with safe_open(folder / WEIGHTS, framework="numpy") as file:
        places = {name: name for name in file.keys()} | file.metadata()  # noqa: SIM118
        tensors = {name: file.get_tensor(place) for name, place in places.items()}
    save_file(tensors, folder / WEIGHTS)
    reseal(folder)


SAME: dict[str, Callable[[Path], object]] = {
    "name": lambda f: edit_manifest(f, name="other"),
    "licence": lambda f: edit_manifest(f, licence="another"),
    "training record": lambda f: edit_manifest(f, training={"weights": "trained"}),
    "default dials": lambda f: edit_manifest(
        f, dials={"style_scale": 1, "content_scale": 1, "structure": 0, "steps": 9}
    ),
    "strength stops": lambda f: edit_manifest(f, strength=[{"style_scale": 1.0, "structure": 1.0}]),
    "version of the latents": lambda f: edit_manifest(f, latents="9"),
    "words": nudge("words_style"),
    "graph of words": edit_graph("words_content"),
    "attribution": lambda f: (f / "ATTRIBUTION").write_text("someone else\n") and reseal(f),
    "where tensors are stored": store_copies_twice,
}
ANOTHER: dict[str, Callable[[Path], object]] = {
    "schedule": lambda f: edit_manifest(f, schedule={"beta_end": 0.016}),
    "prediction": lambda f: edit_manifest(f, prediction="v"),
    "size": lambda f: edit_manifest(f, result_size=96),
    "stride": lambda f: edit_manifest(f, stride=32),
    "what torch builds": lambda f: edit_manifest(
        f,
        networks={
            **(own := json.loads((f / MANIFEST).read_text())["networks"]),
            "unet": {**own["unet"], "norm_eps": 1e-3},
        },
    ),
    **{f"one weight of {name}": nudge(name) for name in ("encode", "decode", "denoise", "style", "content", "project")},
    **{f"graph of {name}": edit_graph(name) for name in ("denoise", "style")},
}


@pytest.mark.parametrize("case", SAME)
def test_what_no_pixel_depends_on_leaves_the_identity(case: str, bundle: Bundle, tmp_path: Path) -> None:
    folder = copy_of(bundle, tmp_path / "copy")
    SAME[case](folder)
    changed = Bundle.open(folder)
    assert changed.hash != bundle.hash
    assert changed.identity == bundle.identity


@pytest.mark.parametrize("case", ANOTHER)
def test_what_pixels_depend_on_is_another_identity(case: str, bundle: Bundle, tmp_path: Path) -> None:
    folder = copy_of(bundle, tmp_path / "copy")
    ANOTHER[case](folder)
    assert Bundle.open(folder).identity != bundle.identity


@pytest.mark.parametrize("name", available_models())
def test_a_bundled_model_has_its_line(name: str) -> None:
    bundle = Bundle.open(name)
    latest = next(one for one in editions() if one.name == name)
    number = latest.edition + (latest.identity != _identity(bundle))
    line = {
        "name": name, "edition": number, "manifest": bundle.hash[:12], "identity": _identity(bundle), "commit": "",
    }  # fmt: skip
    told = f"add this line as the first of {name!r} in src/parasol/editions.json:\n {json.dumps(line)},"
    assert of_hash(bundle.hash) is not None, told
    assert (latest.manifest, latest.identity) == (bundle.hash[:12], _identity(bundle)), told


def test_former_editions_can_be_had() -> None:
    bundled = {Bundle.open(name).hash[:12] for name in available_models()}
    lacking = [one for one in editions() if not one.commit and one.manifest not in bundled]
    assert not lacking, "name the commit that holds them, for they are no longer bundled"


def test_the_commits_hold_the_editions() -> None:
    for one in editions():
        place = f"{one.commit}:src/parasol/models/{one.name}/{MANIFEST}"
        done = subprocess.run(["git", "-C", ROOT, "show", place], capture_output=True, check=False)
        if one.commit and done.returncode == 0:  # a shallow clone lacks them
            assert hashlib.sha256(done.stdout).hexdigest()[:12] == one.manifest


def test_manifests_of_one_edition_share_the_identity() -> None:
    by_number: dict[tuple[str, int], set[str]] = {}
    for one in editions():
        by_number.setdefault((one.name, one.edition), set()).add(one.identity)
    assert all(len(found) == 1 for found in by_number.values())
    assert len(set.union(*by_number.values())) == len(by_number)
    assert len({one.manifest for one in editions()}) == len(editions())
    assert "e331bd88810f" in way_to("554602e8d040"), "the newest manifest of the seventh edition"


def test_a_recipe_that_names_the_manifest_is_of_the_same_model(model: Parasol) -> None:
    recipe = model.recipe(drawing(0), drawing(1), model.dials(steps=1), size=32)
    assert recipe.model == ModelPart(name="small", hash=model.bundle.identity)
    former = recipe.model_copy(update={"model": ModelPart(name="small", hash=model.bundle.hash)})
    assert np.array_equal(model.paint(former).pixels, model.paint(recipe).pixels)


def test_a_release_and_other_defaults_repaint_no_folder(
    bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    folder = copy_of(bundle, tmp_path / "model")
    Path("in").mkdir()
    for seed in range(2):
        drawing(seed).save(f"in/{seed}.png")
    drawing(3).save("style.png")
    words = ["style", "in", "--like", "style.png", "-o", "out", "--model", "model", "--size", "32", "--steps", "1"]
    words += ["--style-scale", "2", "--content-scale", "2", "--structure", "0.5", "--json"]
    assert main(words) == 0
    capsys.readouterr()
    edit_manifest(folder, licence="another", dials={"style_scale": 1, "content_scale": 1, "structure": 0, "steps": 9})
    monkeypatch.setattr("parasol.pipeline.__version__", "9.9")
    assert main(words) == 0
    assert [json.loads(line)["kept"] for line in capsys.readouterr().out.splitlines()] == [True, True]
    nudge("denoise")(folder)
    assert main(words) == 0
    assert [json.loads(line)["kept"] for line in capsys.readouterr().out.splitlines()] == [False, False]


def test_stored_results_under_a_former_name_count(tmp_path: Path) -> None:
    painting = next(one for one in editions() if one.name == "painting")
    former = {
        "settings": {
            "model_hash": "5b0b38ce0a09cf5a88ef8bdcfeb0f437564f164505f5f63c3f9b9512018ce30f",
            "version": "0.1.0",
        }
    }
    Journal(tmp_path / "a.jsonl", former, renew=False).append({"pair": "one"})
    again = Journal(tmp_path / "a.jsonl", {"settings": {"model_hash": painting.identity}}, renew=False)
    assert [*again.records()] == [{"pair": "one"}]
    with pytest.raises(ValueError, match="holds results of another settings"):
        Journal(tmp_path / "a.jsonl", {"settings": {"model_hash": "0" * 64}}, renew=False)


def test_committed_figures_are_those_of_the_bundled_model() -> None:
    stored = json.loads((ROOT / "lab/results/figures/painting.json").read_text())["subject"]
    assert by_identity(stored)["model_hash"] == Bundle.open("painting").identity
    assert identity_of("0" * 64) == "0" * 64


@pytest.fixture
def several(bundle: Bundle, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two editions of the small model in a folder of PARASOL_MODELS, and a broken one."""
    for name in ("one", "two", "broken"):
        copy_of(bundle, tmp_path / "several" / name)
    nudge("decode")(tmp_path / "several" / "two")
    (tmp_path / "several" / "broken" / MANIFEST).write_text("{}")
    monkeypatch.setenv(FOLDERS, str(tmp_path / "several"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "several"


def test_editions_side_by_side(several: Path, bundle: Bundle, threads: int, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = (Bundle.open(several / name) for name in ("one", "two"))
    assert one.identity == bundle.identity != two.identity
    for own in (one, two):
        for digits in (own.identity, own.identity[:6], own.hash, own.hash[:12]):
            assert Bundle.open(f"small@{digits}").folder == own.folder
            assert Parasol.load(f"small@{digits}", threads=threads).bundle.hash == own.hash
        made = Parasol.load(own.folder, threads=threads).stylize(drawing(0), drawing(1), steps=1, size=32)
        made.save("made.png")
        assert Parasol.of(Recipe.read("made.png").model).bundle.folder == own.folder
        assert main(["replay", "made.png", "-o", "again.png"]) == 0
        assert np.array_equal(load("again.png"), made.pixels)
    assert main(["models", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert [row["folder"] for row in rows if row["name"] == "small"] == [str(one.folder), str(two.folder)]
    assert main(["models"]) == 0
    assert f"small@{two.identity[:12]}" in capsys.readouterr().out


def test_a_folder_may_be_the_bundle_itself(several: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDERS, str(several / "two"))
    assert Bundle.open("small").folder == several / "two"
    assert [one.folder for one in installed()][-1] == several / "two"


@pytest.mark.parametrize(
    ("model", "message"),
    [
        ("small", r"there are several models 'small': name one of small@\w{12}, small@\w{12}, or its folder"),
        ("small@00000000", "there is no model 'small@00000000': name a bundled one"),
        ("other@{identity}", "there is no model 'other@"),
        ("pictogram@34e4f98c948a", r"'pictogram', edition 7 \(3a06562dab16\) is not installed: take the folder src/"),
    ],
)
def test_what_is_not_there_is_one_line(several: Path, bundle: Bundle, model: str, message: str) -> None:
    with pytest.raises(BundleError, match=message) as caught:
        Bundle.open(model.replace("{identity}", bundle.identity[:12]))
    assert "\n" not in str(caught.value)


def test_a_model_that_nobody_knows(several: Path) -> None:
    with pytest.raises(BundleError, match=r"'mine' with hash 000000000000 made this and is not installed: name that"):
        Bundle.named("mine", "0" * 64)
    with pytest.raises(BundleError, match=r"'/etc/x' with hash .* made this and is not installed"):
        Bundle.named("/etc/x", "../..")
    for digits in ("", "3", "\x1b[31m"):
        with pytest.raises(BundleError, match="made this and is not installed") as caught:
            Bundle.named("small", digits)
        assert str(caught.value).isprintable()


def test_a_wrong_variable_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(FOLDERS, "/nowhere/at/all")
    assert Bundle.open().manifest.name in available_models(), "not needed, not asked"
    with pytest.raises(BundleError, match="PARASOL_MODELS names '/nowhere/at/all', which is no folder: correct"):
        Bundle.open("small")

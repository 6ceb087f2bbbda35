"""Building an index with a small real model: what is in it, what is done again, what is skipped, what is refused."""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from lab.faults import files
from parasol import Parasol
from parasol.apps.cli import main
from parasol.index import layout
from parasol.index.build import Report, build
from parasol.index.describe import Describer
from parasol.index.store import MANIFEST, Entry, Index, StoreError
from small_model import drawing

SVG = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="3" fill="teal"/></svg>'
Build = Callable[[str], Report]


@pytest.fixture(scope="module")
def describer(bundle) -> Describer:
    return Describer.of(Parasol.load(bundle.folder, threads=1).components)


@pytest.fixture
def run(tmp_path: Path, describer: Describer, monkeypatch: pytest.MonkeyPatch) -> Build:
    """Builds `pictures` into a named folder. Shards are small, so that there are several."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(layout, "SHARD_ROWS", 4)
    Path("pictures/deep/er").mkdir(parents=True)
    for seed in range(12):
        drawing(seed, 32, 24).save(Path("pictures", "deep" if seed % 3 else ".", f"{seed}.png"))
    Path("pictures/deep/er/drawn.svg").write_text(SVG)
    return lambda out: build("pictures", out, describer, workers=2)


def entries(index: Index) -> list[Entry]:
    return [entry for shard in index.manifest.shards for entry in index.entries(shard)]


def test_a_row_is_both_descriptors_of_a_picture(run: Build, model: Parasol) -> None:
    Path("pictures/.hidden.png").write_bytes(Path("pictures/0.png").read_bytes())
    Path("pictures/notes.txt").write_text("not looked at")
    assert run("index") == Report(pictures=13, described=13, kept=0, removed=0, skipped=())
    index = Index.open("index")
    paths = [entry.path for entry in entries(index)]
    assert paths == sorted(paths)
    assert len(set(paths)) == 13
    assert len(index.manifest.shards) > 1
    row = paths.index("deep/er/drawn.svg")
    file = "pictures/deep/er/drawn.svg"
    expected = np.concatenate([model.embed_style(file), model.embed_content(file)]).astype(np.float16)
    np.testing.assert_allclose(index.table.take(np.array(row)), expected, atol=1e-3)
    assert index.entries_of([row]) == [entries(index)[row]]


def test_an_index_follows_its_folder_and_equals_a_new_one(run: Build) -> None:
    run("index")
    Path("pictures/0.png").unlink()
    drawing(50, 32, 24).save("pictures/3.png")
    drawing(51, 32, 24).save("pictures/deep/zz.png")
    assert run("index") == Report(pictures=13, described=2, kept=11, removed=1, skipped=())
    run("new")
    assert files(Path("index")) == files(Path("new"))


def test_nothing_changes_where_nothing_changed(run: Build) -> None:
    run("index")
    before = {file: file.stat().st_mtime_ns for file in Path("index/shards").iterdir()}
    assert run("index") == Report(pictures=13, described=0, kept=13, removed=0, skipped=())
    assert {file: file.stat().st_mtime_ns for file in Path("index/shards").iterdir()} == before


def test_a_new_picture_changes_one_shard(run: Build) -> None:
    run("index")
    before = set(Index.open("index").manifest.shards)
    path = next(f"deep/{i}a.png" for i in range(99) if not layout.ends_shard(f"deep/{i}a.png"))
    drawing(60, 32, 24).save(Path("pictures", path))
    run("index")
    after = set(Index.open("index").manifest.shards)
    assert (len(before - after), len(after - before)) == (1, 1)
    assert {file.name for file in Path("index/shards").iterdir()} == {name for shard in after for name in shard.files}


def test_broken_pictures_are_told_and_stop_nothing(run: Build) -> None:
    Path("pictures/4.png").write_bytes(b"no picture")
    os.mkfifo("pictures/pipe.png")
    shutil.copy("pictures/0.png", "pictures/two\nlines.png")
    Path("pictures/nowhere.png").symlink_to("missing")
    report = run("index")
    reasons = {Path(skipped.path).name: skipped.reason for skipped in report.skipped}
    assert sorted(reasons) == ["4.png", "nowhere.png", "pipe.png", "two\nlines.png"]
    assert "is not a picture that can be read" in reasons["4.png"]
    assert "is no regular file" in reasons["pipe.png"]
    assert "control characters" in reasons["two\nlines.png"]
    assert all("\n" not in reason for reason in reasons.values())
    drawing(4, 32, 24).save("pictures/4.png")
    assert run("index").described == 1


def test_ctrl_c_keeps_what_is_done(run: Build, describer: Describer) -> None:
    def interrupt(done: int, total: int) -> None:
        if done == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build("pictures", "index", describer, workers=1, progress=interrupt)
    stopped = Index.open("index")
    assert len(entries(stopped)) == 5
    assert not stopped.manifest.finished
    assert run("index").kept == 5
    run("new")
    assert files(Path("index")) == files(Path("new"))


def test_what_is_damaged_is_described_again(run: Build) -> None:
    run("index")
    shard = Index.open("index").manifest.shards[0]
    vectors, lines = (Path("index/shards", name) for name in shard.files)
    data = vectors.read_bytes()
    for damage in (data[:-9], data[:-1] + bytes([data[-1] ^ 1]), b""):
        vectors.write_bytes(damage)
        assert run("index").described == shard.rows
    lines.unlink()
    with pytest.raises(StoreError, match="missing or damaged: run `parasol index build` again"):
        Index.open("index").entries_of([0])
    assert run("index").described == shard.rows
    run("new")
    assert files(Path("index")) == files(Path("new"))


def test_another_encoder_is_refused_and_nothing_is_lost(run: Build, describer: Describer) -> None:
    run("index")
    before = files(Path("index"))
    other = describer.content.card.model_copy(update={"version": "2"})
    content = type(describer.content)(components=describer.content.components, card=other)
    with pytest.raises(StoreError, match="is of the encoders style aladin 1 and content efficientnet-lite0 1, and"):
        build("pictures", "index", Describer(style=describer.style, content=content), workers=1)
    assert files(Path("index")) == before


def test_what_is_no_index_is_left_alone(run: Build, describer: Describer) -> None:
    with pytest.raises(StoreError, match="'pictures' is a folder with other things in it"):
        run("pictures")
    run("index")
    Path("empty").mkdir()
    with pytest.raises(ValueError, match="holds no picture"):
        build("empty", "index", describer, workers=1)
    with pytest.raises(ValueError, match="is no folder"):
        build("nowhere", "index", describer, workers=1)
    drawing(0).save("empty/else.png")
    with pytest.raises(StoreError, match="holds none of the 13 pictures"):
        build("empty", "index", describer, workers=1)
    with pytest.raises(StoreError, match="cannot be made"):
        run("pictures/0.png")


def test_one_build_at_a_time(run: Build, describer: Describer) -> None:
    def second(done: int, total: int) -> None:
        with pytest.raises(StoreError, match="is being built by another process"):
            run("index")

    assert build("pictures", "index", describer, workers=1, progress=second).pictures == 13


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"format": 2}', "has format 2 and this version reads format 1"),
        ("{}", "is no manifest"),
        ('{"format": 1, "pictures": "x"}', "is wrong at encoders"),
    ],
)
def test_a_manifest_that_cannot_be_read_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / MANIFEST).write_text(text)
    with pytest.raises(StoreError, match=message):
        Index.open(tmp_path)


def test_the_command_and_its_facts(run: Build, model: Parasol, capsys: pytest.CaptureFixture[str]) -> None:
    Path("pictures/4.png").write_bytes(b"")
    words = ["index", "build", "pictures", "-o", "index", "--model", str(model.bundle.folder)]
    assert main(words) == 0
    out, err = capsys.readouterr()
    assert out == "index: 13 pictures (13 described, 0 kept, 0 removed, 1 skipped)\n"
    assert err.startswith("parasol: skipped: ")
    assert err.count("\n") == 1
    assert main([*words, "--json"]) == 0
    report = json.loads(capsys.readouterr().out)
    assert (report["kept"], [Path(one["path"]).name for one in report["skipped"]]) == (13, ["4.png"])
    assert main(["index", "info", "index", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["pictures"] == 13
    assert facts["finished"] is True
    assert facts["damaged"] == []
    assert facts["style"] == model.bundle.manifest.style.model_dump()
    next(Path("index/shards").glob("*.npy")).write_bytes(b"")
    assert main(["index", "info", "index"]) == 0
    assert "1 damaged\nnot complete: run `parasol index build` again" in capsys.readouterr().out


def test_a_link_in_an_index_is_not_followed(run: Build) -> None:
    run("index")
    Path("other").mkdir()
    Path("other/precious.npy").write_bytes(b"of somebody else")
    shutil.rmtree("index/shards")
    Path("index/shards").symlink_to(Path("other").resolve())
    before = files(Path("other"))
    with pytest.raises(StoreError, match="'shards' is a link"):
        run("index")
    assert files(Path("other")) == before


def test_what_a_build_did_not_write_stays(run: Build) -> None:
    run("index")
    Path("index/shards/mine").mkdir()
    Path("index/shards/notes.npy").write_bytes(b"mine")
    Path("index/shards/0123456789abcdef.npy").write_bytes(b"left by a build that was killed")
    drawing(50, 32, 24).save("pictures/3.png")
    assert run("index").described == 1
    assert Path("index/shards/mine").is_dir()
    assert Path("index/shards/notes.npy").read_bytes() == b"mine"
    assert not Path("index/shards/0123456789abcdef.npy").exists()


def test_an_opened_index_outlives_a_rebuild(run: Build) -> None:
    run("index")
    opened = Index.open("index")
    paths = entries(Index.open("index"))
    for seed in range(12):
        drawing(seed + 100, 32, 24).save(Path("pictures", "deep" if seed % 3 else ".", f"{seed}.png"))
    run("index")
    assert {name for shard in opened.manifest.shards for name in shard.files}.isdisjoint(
        file.name for file in Path("index/shards").iterdir()
    )
    assert entries(opened) == paths
    assert len(opened.table.take(np.arange(13))) == 13


def test_an_index_does_not_lead_out_of_its_pictures(run: Build) -> None:
    run("index")
    index = Index.open("index")
    for path in ("../secret.png", "/etc/passwd", "a\nb.png"):
        shard = index.write([Entry(path=path, size=1, modified=1)], index.table.take(np.array([0])))
        index.with_shards([shard], finished=True).save()
        with pytest.raises(StoreError, match="missing or damaged"):
            Index.open("index").entries_of([0])

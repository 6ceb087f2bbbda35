"""A run is one result: on every engine, with any number of workers, and after any kill."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from parasol.triplets import Mining
from parasol.triplets.descriptors import open_descriptors
from parasol.triplets.engines import EngineName
from parasol.triplets.results import MANIFEST, Results, load, load_finished
from parasol.triplets.run import mine_table
from planted import alternate, table

MINING = Mining(k=8, confidence=20.0)
BLOCK = 7


def mine(folder: Path, out: Path, engine: EngineName = "local", workers: int = 1, mining: Mining = MINING) -> Results:
    descriptors = open_descriptors(folder)
    steps = mine_table(
        descriptors, alternate(len(descriptors)), mining, out, engine=engine, workers=workers, block=BLOCK
    )
    *_, last = steps
    return last


def files(out: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(out.iterdir())}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return table(tmp_path_factory.mktemp("mined") / "table", noise=0.3)[0].index.folder


@pytest.fixture(scope="module")
def whole(folder: Path) -> Path:
    out = folder.parent / "local"
    mine(folder, out)
    return out


def test_a_pool_of_two_gives_the_same_bytes(folder: Path, whole: Path, tmp_path: Path) -> None:
    mine(folder, tmp_path, "pool", workers=2)
    assert files(tmp_path) == files(whole)


def test_ray_gives_the_same_bytes(folder: Path, whole: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    mine(folder, tmp_path, "ray", workers=2)
    assert files(tmp_path) == files(whole)


def test_ray_missing_is_said_with_its_extra(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Blocker:
        def find_spec(self, name: str, path: object = None, target: object = None) -> None:
            if name == "ray":
                raise ModuleNotFoundError("No module named 'ray'", name="ray")

    monkeypatch.setattr(sys, "meta_path", [Blocker(), *sys.meta_path])
    monkeypatch.delitem(sys.modules, "ray", raising=False)
    with pytest.raises(ValueError, match=r"parasol-style\[ray\]"):
        mine(folder, tmp_path, "ray")


def test_the_report_adds_up(whole: Path) -> None:
    results = load_finished(whole)
    report, plan = results.report, results.plan
    assert report["queries"] == plan.queries == 120
    assert report["whole"] == 120 - len(
        {row for task in range(plan.tasks) for row in results.shard(task)["x"][results.shard(task)["s"] < 0]}
        | {row for task in range(plan.tasks) for row in results.shard(task)["x"][results.shard(task)["y"] < 0]}
    )
    assert report["triplets"] == sum(len(results.kept(task)) for task in range(plan.tasks))
    assert report["yield"] == pytest.approx(0.8, abs=0.02)  # confidence 20 drops a fifth


MINER = """
import sys
from pathlib import Path
from test_triplets_run import mine
mine(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3], int(sys.argv[4]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["local", "pool"])
def test_killed_at_random_moments_and_resumed_it_is_the_same(
    folder: Path, whole: Path, tmp_path: Path, engine: EngineName
) -> None:
    words = [sys.executable, "-c", MINER, str(folder), str(tmp_path), engine, "2"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    random, kills = np.random.default_rng(0), 0
    for _ in range(3):
        child = subprocess.Popen(words, env=environment)
        started = len(list(tmp_path.glob("triplets-*")))
        while child.poll() is None and len(list(tmp_path.glob("triplets-*"))) <= started:
            time.sleep(0.002)  # the moment counts from the first file of this process, not from its imports
        time.sleep(random.random() * 0.03)
        child.send_signal(signal.SIGKILL)
        kills += child.wait() == -signal.SIGKILL
    assert kills
    mine(folder, tmp_path)
    assert files(tmp_path) == files(whole)


def test_a_file_that_lost_bytes_is_mined_again(folder: Path, tmp_path: Path) -> None:
    mine(folder, tmp_path)
    before = files(tmp_path)
    (tmp_path / "triplets-000003.npy").write_bytes(before["triplets-000003.npy"][:-1])
    with pytest.raises(ValueError, match="1 tasks are left"):
        load_finished(tmp_path)
    assert load(tmp_path).left == [3]
    mine(folder, tmp_path)
    assert files(tmp_path) == before


def test_another_rule_does_not_go_on_in_the_same_folder(folder: Path, whole: Path) -> None:
    before = (whole / MANIFEST).read_bytes()
    with pytest.raises(ValueError, match=r"k 8 \(wanted: 9\)"):
        mine(folder, whole, mining=Mining(k=9, confidence=20.0))
    assert (whole / MANIFEST).read_bytes() == before


def test_what_training_reads_is_what_was_kept(whole: Path) -> None:
    results = load_finished(whole)
    triplets = results.triplets()
    rows = np.stack([triplets.x, triplets.y, triplets.s], axis=1).tolist()
    assert rows == [list(row) for task in range(18) for row in results.kept(task)[["x", "y", "s"]].tolist()]
    assert triplets.report["triplets"] == len(rows)
    assert triplets.report["style_limit"] == results.plan.style_limit

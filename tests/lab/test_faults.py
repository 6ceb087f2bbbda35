"""A real build in a process of its own, killed with SIGKILL at several moments and gone on with."""

from pathlib import Path

import numpy as np

from lab.faults import files, finish, kill
from parasol.bundle import Bundle
from parasol.index.store import Index
from small_model import drawing


def test_killed_builds_end_like_an_uninterrupted_one(tmp_path: Path, bundle: Bundle) -> None:
    pictures, model = tmp_path / "pictures", str(bundle.folder)
    pictures.mkdir()
    for seed in range(100):
        drawing(seed, 32, 32).save(pictures / f"{seed}.png")
    whole = tmp_path / "whole"
    seconds = finish(pictures, whole, model)
    out = tmp_path / "killed"
    counts = [kill(pictures, out, model, moment) for moment in np.random.default_rng(0).uniform(0, seconds / 2, 3)]
    assert counts == sorted(counts), "a kill costs nothing that was saved"
    finish(pictures, out, model)
    assert len(Index.open(whole).manifest.shards) > 1
    assert files(out) == files(whole)

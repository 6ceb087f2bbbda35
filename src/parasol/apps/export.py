"""`parasol export`: trained runs -> a bundle."""

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer

from parasol.apps import options
from parasol.apps.paths import check_folder
from parasol.dials import named
from parasol.errors import ParasolError

OWN = [dial for dial in named() if dial.dial.own is not None]
VALUES: dict[str, Any] = {dial.name: dial.dial.own for dial in OWN}


@options.with_dials(among=OWN, **VALUES)
def export(
    recipe: Annotated[str, typer.Argument(metavar="RECIPE", help="The diffusion recipe whose run is exported.")],
    out: Annotated[Path, typer.Option("--out", help="Folder of the bundle.")],
    runs: Annotated[Path, typer.Option(help="Folder in which every recipe has its own.")] = Path("runs"),
    corpus: Annotated[Path, typer.Option(help="Corpus of the training; its ATTRIBUTION goes along.")] = Path(
        "data/pictograms"
    ),
    beside: Annotated[
        Path | None, typer.Option(help="Second corpus of the training, whose ATTRIBUTION goes along too.")
    ] = None,
    backbone: Annotated[
        Path | None, typer.Option(help="Base of the training, for recipes that fine-tune a backbone.")
    ] = None,
    attribution: Annotated[
        Path | None,
        typer.Option(help="With --backbone: file that says who drew the pictures, and under what licences."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Of the model; the folder's name if left out.")] = None,
    licence: Annotated[str, typer.Option(help="Of the weights.")] = "CC-BY-SA-4.0",
    result_size: Annotated[
        int, typer.Option(min=0, max=2048, help="Longer side in px of results where none is asked for; 0: of training.")
    ] = 0,
    **dials: Any,
) -> None:
    """Write the bundle of a trained model: graphs without weights, one copy of the weights, a manifest with hashes.

    The dials are the model's own values, which are taken where a user names none.

    \b
    Example:
      parasol export pictogram-diffusion --out models/mine
      parasol style house.png --like crab.png --model models/mine
      parasol export backbone-24gb --backbone base --out models/large
      parasol export pictogram-guide --out models/mine       # into the bundle of the model that it guides
    """
    from parasol.bundle import GUIDE, MANIFEST, Bundle, DefaultDials, graph_file
    from parasol.networks.guide import GuideConfig
    from parasol.training.assemble import assemble
    from parasol.training.catalogue import RECIPES
    from parasol.training.export import add_guide
    from parasol.training.export import export as write
    from parasol.training.recipes import Places

    if recipe not in RECIPES:
        raise ParasolError(f"there is no recipe {recipe!r}: choose one of {', '.join(RECIPES)}")
    check_folder(out, known_by=[MANIFEST, graph_file("encode")], reads=corpus)
    trained = RECIPES[recipe]()
    if isinstance(network := trained.configuration.get(GUIDE), GuideConfig):
        from parasol.training.guides import guide_of
        from parasol.training.tables import best_record

        run = runs / recipe
        bundle = add_guide(Bundle.open(out), guide_of(run, network), {recipe: best_record(run)})
        print(f"{bundle.folder}  {bundle.hash}")
        return
    own = DefaultDials(**dials)
    if backbone:
        from parasol.training.backbone_export import export_backbone

        bundle = export_backbone(
            trained, backbone, runs, out, name=name or out.name, licence=licence, dials=own,
            attribution=attribution,
        )  # fmt: skip
        print(f"{bundle.folder}  {bundle.hash}")
        return
    networks, card = assemble(
        trained,
        Places(corpus=corpus, runs=runs, beside=beside),
        name=name or out.name,
        licence=licence,
        dials=own,
    )
    card = replace(card, result_size=result_size)
    bundle = write(networks, card, out)
    print(f"{bundle.folder}  {bundle.hash}")

"""`parasol backbone`: models of others as a base to train on."""

from pathlib import Path
from typing import Annotated

import typer

from parasol.apps.paths import check_folder

SOURCE = typer.Argument(metavar="SOURCE", help="Folder in diffusers' layout, or a single .safetensors file.")
PREDICTION = typer.Option(
    metavar="epsilon|v_prediction", help="What a single file predicts, where it does not say (Stable Diffusion 2.x)."
)

backbone_app = typer.Typer(no_args_is_help=True, help="Stable Diffusion and the like, as a base for `parasol train`.")


@backbone_app.command()
def inspect(
    source: Annotated[Path, SOURCE],
    prediction: Annotated[str | None, PREDICTION] = None,
) -> None:
    """Say what a model is, part by part, and what does not fit. Nothing but headers is read.

    \b
    Example:
      parasol backbone inspect stable-diffusion-v1-5
    """
    from parasol.backbones.inspection import Backbone, Component
    from parasol.backbones.inspection import inspect as parts

    for part in parts(source, prediction):
        if isinstance(part, Component):
            print(f"{part.part:14} {part.words}")
        elif isinstance(part, Backbone):
            print(f"{'fits':14} pictures of {part.size} px, sides in multiples of {part.stride}")


@backbone_app.command(name="import")
def bring(
    source: Annotated[Path, SOURCE],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="BASE", help="Folder of the base.")],
    style: Annotated[
        Path | None, typer.Option(help="Style encoder: CSD's file, or a folder; else the model's, or our own.")
    ] = None,
    content: Annotated[
        Path | None, typer.Option(help="Content encoder: a folder; else the model's image_encoder, or our own.")
    ] = None,
    prediction: Annotated[str | None, PREDICTION] = None,
    words: Annotated[
        Path | None,
        typer.Option(
            help="Text encoder of the content encoder's CLIP: a folder with its tokenizer; else a whole CLIP's own."
        ),
    ] = None,
) -> None:
    """Check every key and shape of a model and copy what PARASOL needs of it.

    \b
    Example:
      parasol backbone import stable-diffusion-v1-5 --style csd.safetensors --content clip-vit-large-patch14 -o base
      parasol backbone import v2-1_768.safetensors --prediction v_prediction -o base
    """
    from parasol.backbones.inspection import STYLE, UNET

    check_folder(out, known_by=[STYLE], own=[UNET], reads=source)
    from parasol.backbones.bring import bring as run

    backbone = run(source, out, style=style, content=content, prediction=prediction, words=words)
    print(f"{out}: {backbone.kind}, {backbone.latent_channels} latent channels, pictures of {backbone.size} px")


@backbone_app.command()
def export(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="A bundled model, or the folder of a bundle.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder in diffusers' layout.")],
) -> None:
    """Write a small model as a folder that diffusers' pipelines load.

    \b
    Example:
      parasol backbone export pictogram -o pictogram-diffusers
    """
    from parasol.bundle import Bundle

    check_folder(out, known_by=["model_index.json"], own=["unet"])
    from parasol.training.hub_export import to_folder

    to_folder(Bundle.open(model), out)
    print(out)


@backbone_app.command()
def bundle(
    source: Annotated[
        Path, typer.Argument(metavar="DIR", help="Folder of `parasol backbone export`, or a bundle on a backbone.")
    ],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="BUNDLE", help="Folder of the bundle.")],
) -> None:
    """Make a bundle that needs no torch: of such a folder, with the U-Net and the autoencoder that are in it now, or of
    a bundle on a backbone, as ONNX graphs.

    \b
    Example:
      parasol backbone bundle pictogram-diffusers -o models/again
      parasol backbone bundle models/large -o models/large-onnx
    """
    from parasol.bundle import MANIFEST

    check_folder(out, known_by=[MANIFEST], own=["weights.safetensors"], reads=source)
    from parasol.training.hub_export import to_bundle

    made = to_bundle(source, out)
    print(f"{made.folder}  {made.hash}")

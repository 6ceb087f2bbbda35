"""The commands by name, each of which is imported when it is run: the help of all of them needs none."""

from importlib import import_module
from typing import Any, final

import typer
from typer.core import TyperCommand, TyperGroup
from typer.main import get_command, get_group

COMMANDS = {
    "style": ("style.style", "Draw what CONTENT shows in the style of another picture, of a card, or of words."),
    "replay": ("style.replay", "Make a picture again, pixel for pixel, from the recipe that its file carries."),
    "grid": (
        "grid.grid",
        "Draw every content in every style on one sheet, or one dial across it and another down, or what lies between.",
    ),
    "card": ("card.card", "Save a mix of styles as a card: use it with --like as any style picture."),
    "search": ("search.search", "Find the pictures of an index by style, by content, or by both."),
    "models": (
        "about.models",
        "List the models inside the package and in the folders that PARASOL_MODELS names, joined as in PATH.",
    ),
    "env": ("about.env", "Print versions and the machine, for a bug report."),
    "train": ("train.train", "Train a component; the same command resumes it, and Ctrl-C keeps what is done."),
    "export": (
        "export.export",
        "Write the bundle of a trained model: graphs without weights, one copy of the weights, a manifest with hashes.",
    ),
    "calibrate": (
        "calibrate.calibrate",
        "Lay out --strength so that the style comes near in even steps: the last step of making a model.",
    ),
    "evaluate": (
        "evaluate.evaluate",
        "Let methods paint the same pairs, measure every result, and write a table, sheets and all numbers.",
    ),
    "report": (
        "report.report",
        "Draw the controllability figures of the paper, measure every picture, and write one page, DIR/report.html.",
    ),
    "trace": (
        "vectorize.trace",
        "Turn a flat picture into an SVG of few shapes: circles, rectangles and strokes exact, everything else curves.",
    ),
    "set": ("set.icon_set", "Draw every icon of a folder in the style of references, and make one set of them."),
    "lint": ("lint.lint", "Say how consistent a set of icons is, and which of them are out of line in what."),
    "teach": (
        "teach.teach",
        "Teach a model your own set: a style card that draws it better than any few references do.",
    ),
    "studio": (
        "studio.studio",
        "Open the studio: a page in the browser with every dial, live looks, a history, and search.",
    ),
    "serve": ("studio.serve", "Serve the studio's HTTP interface without its page; /api/openapi.json describes it."),
    "mcp": (
        "studio.mcp",
        "Serve the studio's jobs to an assistant, over the Model Context Protocol on standard input and output.",
    ),
    "index": ("index.index_app", "Indexes: folders of pictures as descriptors, to be searched."),
    "corpus": ("corpus.corpus_app", "Corpora of openly licensed pictures, built from packages."),
    "triplets": ("triplets.triplets_app", "Triplets (output x, content y, style s) found by search."),
    "study": ("study.study_app", "Human studies: which of two pictures people prefer."),
    "backbone": ("backbone.backbone_app", "Stable Diffusion and the like, as a base for `parasol train`."),
}
"""Of each, where it is in `parasol.apps`, and the first sentence of its own help."""

PLAIN: dict[str, Any] = {"add_completion": False, "rich_markup_mode": None, "pretty_exceptions_enable": False}


def implementation(name: str) -> Any:
    """What a name stands for: a function, or a Typer of several commands."""
    module, _, own = COMMANDS[name][0].partition(".")
    return getattr(import_module(f"parasol.apps.{module}"), own)


@final
class Commands(TyperGroup):
    """All commands as one: until one is to run, its name and its help stand for it."""

    def __init__(self, **attributes: Any) -> None:
        super().__init__(**attributes)
        self.commands = {name: TyperCommand(name, help=text) for name, (_, text) in COMMANDS.items()}

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Name, command and what is left of the words, the command imported now."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command and imported(str(name)), rest


def imported(name: str) -> Any:
    """The command of a name, with all that it takes."""
    own, app = implementation(name), typer.Typer(**PLAIN)
    if isinstance(own, typer.Typer):
        app.add_typer(own, name=name)
        return get_group(app).commands[name]
    app.command(name=name)(own)
    return get_command(app)

"""`parasol style` and `parasol replay`: one picture in the style of another, and the same one again."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from parasol.apps import options
from parasol.apps.choice import by_model, of_each
from parasol.apps.draw import Frame, Outcome, Tally, check_endings, draw, reader
from parasol.apps.jobs import STDIN, Job, outputs, plan, sources
from parasol.apps.paths import Plan, model_folder
from parasol.apps.progress import PATIENCE, Progress
from parasol.apps.words import leans, likes, weighed
from parasol.errors import ParasolError

if TYPE_CHECKING:
    from parasol.recipe import Recipe

FORMATS = ("svg", "png", "webp", "jpg")
MOST_SECONDS = 3600.0  # of one core, for a picture that is replayed; 2048 x 2048 px in 50 steps take 1500
UNTOUCHED = (
    "words, and cards without a texture for this model, are met by their descriptor alone: --style-scale 3 "
    "--content-scale 2 brings more of them"
)

FAR = (
    "a style lies far from all that the model was trained on, and the picture may not be like it: more pictures of the "
    "style, or --model, may bring more of it"
)


@options.with_dials(before="ground")
def style(
    content: Annotated[
        str,
        typer.Argument(metavar="[CONTENT]", help="Picture or SVG, a folder of them, - for stdin.", show_default=False),
    ] = "",
    like: options.Like = None,
    like_text: options.LikeText = None,
    lean: options.Lean = None,
    show: Annotated[
        list[str] | None,
        typer.Option(
            metavar="PICTURE[:WEIGHT]",
            help="What to show instead of what CONTENT shows; repeated, contents mix; without CONTENT from new noise.",
        ),
    ] = None,
    content_text: Annotated[
        list[str] | None, typer.Option(metavar="TEXT[:WEIGHT]", help="The same in words; mixes with --show.")
    ] = None,
    out: Annotated[
        str | None,
        typer.Option(
            "--out", "-o", help="PNG, WebP, JPEG or, of drawings, SVG to write; a folder; or - for a PNG to stdout."
        ),
    ] = None,
    also: options.Also = None,
    count: Annotated[
        int, typer.Option(min=1, max=100_000, help="Pictures from seeds SEED, SEED+1, ...; implies --fresh.")
    ] = 1,
    ground: options.Ground = "keep",
    colors: options.Colors = None,
    palette: options.Palette = None,
    finish: options.Finish = "auto",
    size: options.OwnSize = None,
    mask: options.Mask = None,
    protect: options.Protect = None,
    preview: Annotated[
        str | None, typer.Option(metavar="FILE", help="PNG for a quick look first: the model's own size, 5 steps.")
    ] = None,
    model: options.SuitedModel = None,
    overwrite: options.Overwrite = False,
    json_: options.Json = False,
    **dials: Any,
) -> int:
    """Draw what CONTENT shows in the style of another picture, of a card, or of words.

    A folder as CONTENT, or as the one --like, stands for each of its pictures. The same command continues where it was
    stopped, and a picture that fails does not stop the others. Every file carries the recipe to make it again: a PNG as
    text, an SVG as metadata, a WebP (without loss) as XMP, a JPEG (with loss, on an opaque ground) as a comment.

    \b
    Examples:
      parasol style house.png --like crab.png -o out.png
      parasol style house.svg --like crab.png --structure 0.2 --style-scale 8
      parasol style house.png --like crab.png:0.7 --like ink.png:0.3 --like photo.jpg:-0.2
      parasol style house.png --like crab.png --lean saturation=0.6
      parasol style house.png --like crab.png --count 4 -o variants/house.png
      parasol style pictures/ --like crab.png -o styled/
      parasol style house.png --like-text "glossy 3D" --like crab.png:0.3
      parasol style --content-text "red apple" --like crab.png
      parasol style --show cat.png:0.6 --show bus.png:0.4 --like crab.png --count 4
      parasol style house.png --like crab.png --mask roof.png
      parasol style portrait.jpg --like crab.png --protect face.png
      parasol style icon.svg --like set/a.png --like set/b.png -o icon-out.svg --also png
      parasol style icon.svg --like set/a.png --palette '#e11d48,#0f172a,#ffffff' -o brand.svg
      parasol style house.jpg --like crab.png --size 1024 --preview soon.png -o large.png
      cat house.png | parasol style - --like crab.png -o - > out.png
    """
    from parasol.images import check_target

    jobs = plan(content, likes(like, like_text), out, weighed(show, content_text))
    if jobs[0].out == STDIN and (json_ or count > 1):
        raise ParasolError("standard output takes one PNG and nothing else: name a file with -o for --json or --count")
    frame = _frame(jobs, size=options.size_of(size), mask=mask, protect=protect, ground=ground, colors=colors,
                   palette=palette, finish=finish, also=also, lean=leans(lean))  # fmt: skip
    total = len(jobs) * count
    dials["fresh"] = dials["fresh"] or count > 1
    seed = dials["seed"] or 0
    if preview is not None:
        if total > 1 or STDIN in (preview, jobs[0].out):
            raise ParasolError("--preview is one file beside the file of one picture: leave it out, or name two files")
        check_target(preview)
    Plan(
        reads=[*sources(jobs), mask or "", protect or ""],
        within=[model_folder(model)],
        writes=[
            *(file for out in outputs(jobs, range(seed, seed + count)) for file in frame.files(out)),
            preview or "",
        ],
        overwrite=overwrite,
    ).check()

    from parasol.pipeline import Parasol

    read, tally = reader(jobs), Tally(left=total)
    check_endings(frame, jobs, model, read)
    failed, untouched, far = 0, False, False
    with Progress("drawing" if total == 1 else f"drawing {total} pictures") as progress:
        for name, own in by_model(jobs, of_each(model, read)):
            loaded = Parasol.load(name)
            chosen = loaded.dials(**dials)
            drawing = draw(
                loaded, own, chosen, frame, read=read, count=count, tally=tally, progress=progress, preview=preview
            )
            for outcome in drawing:
                progress.clear()
                if outcome.error and total == 1 and outcome.out == jobs[0].out:
                    raise ParasolError(outcome.error)
                failed += bool(outcome.error)
                bare = outcome.result is not None and outcome.result.recipe.style.texture is None
                untouched |= bare and bool(chosen.texture)
                far |= outcome.result is not None and _is_far(loaded, outcome.result.recipe)
                _report(outcome, json_)
    if untouched and dials["style_scale"] is None and dials["strength"] is None:
        print(f"parasol: {UNTOUCHED}", file=sys.stderr)
    if far:
        print(f"parasol: {FAR}", file=sys.stderr)
    if failed:
        print(f"parasol: {failed} of {total} pictures failed; the same command tries them again", file=sys.stderr)
    return 2 if failed else 0


def replay(
    picture: Annotated[
        str, typer.Argument(metavar="PICTURE", help="A PNG, SVG, WebP or JPEG that Parasol wrote, - for stdin.")
    ],
    out: Annotated[
        str | None, typer.Option("--out", "-o", help="File to write, in any of these formats; - for stdout.")
    ] = None,
    card: Annotated[
        list[str] | None, typer.Option(metavar="CARD", help="Taught style card that it was drawn with; repeatable.")
    ] = None,
    model: options.Model = None,
    any_cost: Annotated[bool, typer.Option("--any-cost", help="Even where it takes more than an hour.")] = False,
    overwrite: options.Overwrite = False,
    json_: options.Json = False,
) -> None:
    """Make a picture again, pixel for pixel, from the recipe that its file carries.

    What that costs is told before it begins.

    \b
    Examples:
      parasol replay out.png -o again.png
      parasol replay icon.svg -o again.svg
    """
    from parasol.images import check_target, read_bytes, write_atomic
    from parasol.images.endings import ENDINGS, ending_of, same_kind
    from parasol.pipeline import Parasol
    from parasol.recipe import Recipe

    data = read_bytes(picture)
    ending = ending_of(data)
    target = out if out is not None else f"{'stdin' if picture == STDIN else Path(picture).stem}-replay{ending}"
    check_target(target, ENDINGS)
    Plan(reads=[picture, *(card or [])], within=[model_folder(model)], writes=[target], overwrite=overwrite).check()
    recipe = Recipe.read(data if picture == STDIN else picture)
    loaded = Parasol.of(recipe.model) if model is None else Parasol.load(model)
    _tell_cost(recipe, any_cost)
    with Progress("replaying") as progress:
        for taught in card or []:
            loaded.style(taught)  # which makes what it teaches known
        result = loaded.paint(recipe, progress=progress.update)
    made, identical = result.again(data)
    if target == STDIN or same_kind(Path(target).suffix, ending):
        write_atomic(target, made)
    else:
        result.save(target)
    if not identical:
        print("parasol: the pixels are not those of the given file: it was edited, or made elsewhere", file=sys.stderr)
    if target != STDIN:
        print(json.dumps({"out": target, "identical": identical, **options.as_json(result)}) if json_ else target)


def _tell_cost(recipe: "Recipe", any_cost: bool) -> None:
    """Say what a recipe, which may be a stranger's, costs, unless that is soon over. Raises ParasolError where that is
    absurd.
    """
    height, width = recipe.picture().shape[:2]
    seconds, steps = recipe.seconds(height * width), recipe.dials.steps
    time = f"{max(1.0, seconds):.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"
    cost = f"1 picture of {width} x {height} px in {steps} step{'s' * (steps > 1)} takes about {time} of one core"
    if seconds > MOST_SECONDS and not any_cost:
        raise ParasolError(f"{cost}, and an hour is the limit: add --any-cost to draw it all the same")
    if seconds > PATIENCE:
        print(f"parasol: {cost}", file=sys.stderr)


def _is_far(model: Any, recipe: Any) -> bool:
    manifest = model.bundle.manifest
    return model.far(recipe.style_parts(manifest.style.dimension, manifest.latent_channels))


def _frame(jobs: Sequence[Job], *, palette: str | None, also: Sequence[str] | None, **settings: Any) -> Frame:
    """What all pictures share, and every file beside the named ones checked."""
    from parasol.images import check_target
    from parasol.images.endings import ENDINGS
    from parasol.vector import given_palette

    for name in also or ():
        if name not in FORMATS:
            raise ParasolError(f"--also names {name!r}; it must be one of {', '.join(FORMATS)}")
    wanted = None if palette is None else given_palette(palette)
    frame = Frame(palette=wanted, also=tuple(f".{name}" for name in also or ()), **settings)
    if also and jobs[0].out == STDIN:
        raise ParasolError("standard output takes one picture and --also asks for more: name a file with -o")
    for job in jobs:
        for file in frame.files(job.out)[1:]:
            check_target(file, ENDINGS)
    return frame


def _report(outcome: Outcome, json_: bool) -> None:
    if outcome.error:
        print("parasol: error:", outcome.error, file=sys.stderr, flush=True)
    elif outcome.out != STDIN:
        facts = options.as_json(outcome.result) if outcome.result else {}
        styles, shows = (
            [[like.source, like.weight] for like in named] for named in (outcome.job.styles, outcome.job.shows)
        )
        request = {"out": outcome.out, "content": outcome.job.content, "shows": shows, "styles": styles}
        record = {**request, "kept": outcome.result is None, **facts}
        print(json.dumps(record) if json_ else outcome.out, flush=True)

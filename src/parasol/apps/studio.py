"""`parasol studio` and `parasol serve`: every dial in the browser, and over HTTP alone."""

import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args

import typer

from parasol.apps import options
from parasol.apps.paths import check_folder
from parasol.apps.resident import resident
from parasol.errors import ParasolError

if TYPE_CHECKING:
    from parasol.studio.guard import App

EXTRA = ("fastapi", "uvicorn", "starlette", "mcp", "anyio")
KEEP = Path("parasol.studio")

Source = Annotated[
    Path | None,
    typer.Argument(
        metavar="[INDEX|FOLDER]",
        help="An index to search in, or a folder of pictures to choose from.",
        show_default=False,
    ),
]
Keep = Annotated[Path, typer.Option(metavar="DIR", help="Folder for the history and for pictures that come in.")]
Host = Annotated[
    str, typer.Option(metavar="ADDRESS", help="Address to listen at; beyond this machine a token is asked for.")
]
Port = Annotated[int, typer.Option(min=0, max=65535, help="Port to listen at; 0 takes a free one.")]


def studio(
    source: Source = None,
    keep: Keep = KEEP,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    browser: Annotated[bool, typer.Option("--browser/--no-browser", help="Open the page in the browser.")] = True,
    model: options.Model = None,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Write the view Make to a folder that any web server can hand out: it draws in the browser alone.",
            show_default=False,
        ),
    ] = None,
    runtime: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="Of --export: where npm has put onnxruntime-web 1.30.0; left out, npm is asked for it.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Open the studio: a page in the browser with every dial, live looks, a history, and search.

    It works offline. All that it draws carries its recipe and equals what `parasol style` draws. Ctrl-C stops; what was
    asked for and not drawn yet is drawn when it is started again. While it runs, commands such as `parasol style` draw
    beside it with the models open, and so sooner, unless they say --no-server.

    \b
    Examples:
      parasol studio
      parasol studio pictures.index
      parasol studio pictures/ --keep ideas.studio --no-browser
      parasol studio --export site
    """
    if export is not None:
        _export(export, source, model, runtime)
        return
    if runtime is not None:
        raise ParasolError("--runtime goes with --export, which is not given: leave it out")

    def ready(address: str) -> None:
        print(f"the studio is at {address}", flush=True)
        print(f"it keeps its history in {keep}; Ctrl-C stops", flush=True)
        if browser:
            threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()

    _run(source, keep, host, port, model, page=True, ready=ready)


def _export(out: Path, source: Path | None, model: str | None, runtime: Path | None) -> None:
    from parasol.studio.export import MARK
    from parasol.studio.export import export as write

    if source is not None:
        raise ParasolError(f"an export has no server that could read {str(source)!r}: leave INDEX or FOLDER out")
    if out.exists() and not out.is_dir():
        raise ParasolError(f"{str(out)!r} is no folder: choose a new one with --export")
    check_folder(out, known_by=[MARK], option="--export")
    size = write(out, explained(), model=model, runtime=runtime)
    print(f"wrote {out} ({size / 1e6:.0f} MB): hand it out by any web server, such as  python -m http.server -d {out}")


def serve(
    source: Source = None,
    keep: Keep = KEEP,
    host: Host = "127.0.0.1",
    port: Port = 8765,
    model: options.Model = None,
) -> None:
    """Serve the studio's HTTP interface without its page; /api/openapi.json describes it.

    \b
    Example:
      parasol serve --port 8000
    """

    def ready(address: str) -> None:
        print(f"the interface is at {address}, described in api/openapi.json; Ctrl-C stops", flush=True)

    _run(source, keep, host, port, model, page=False, ready=ready)


def mcp(
    source: Source = None,
    keep: Keep = KEEP,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder for what is made.")] = Path(),
    model: options.Model = None,
) -> None:
    """Serve the studio's jobs to an assistant, over the Model Context Protocol on standard input and output.

    An assistant starts it by itself, by this command in its settings.

    \b
    Example:
      parasol mcp pictures.index --keep ideas.studio -o made
    """

    with _needed("mcp"):
        from parasol.studio.opening import opened
        from parasol.studio.tools import make_server
    _check(source)
    with opened(keep, source=source, model=model, words=explained()) as running:
        out.mkdir(parents=True, exist_ok=True)
        make_server(running, out).run()


def _run(
    source: Path | None,
    keep: Path,
    host: str,
    port: int,
    model: str | None,
    *,
    page: bool,
    ready: Callable[[str], None],
) -> None:
    _check(source)

    @contextmanager
    def opening() -> "Iterator[App]":
        from parasol.studio.opening import opened
        from parasol.studio.server import make_api

        with opened(keep, source=source, model=model, words=explained()) as running:
            yield make_api(running)

    with _needed("studio"):
        from parasol.studio.front import serve

        with resident():
            serve(opening(), host, port, page=page, ready=ready)


def _check(source: Path | None) -> None:
    if source is not None and not source.is_dir():
        raise ParasolError(f"{str(source)!r} is no folder: give an index or a folder of pictures, or leave it out")


@contextmanager
def _needed(extra: str) -> Iterator[None]:
    """What is missing of an extra is told with how to get it."""
    try:
        yield
    except ModuleNotFoundError as error:
        if (error.name or "").partition(".")[0] not in EXTRA:
            raise
        raise ParasolError(
            f"this command needs {error.name}: install it with  pip install 'parasol-style[{extra}]'"
        ) from error


def explained() -> dict[str, str]:
    """What the command line says of each option of `parasol style`, by its name in Python."""
    from parasol.apps.style import style

    given: dict[str, Any] = {
        name: get_args(param.annotation)[1:] for name, param in signature(style).parameters.items()
    }
    return {name: parts[0].help or "" for name, parts in given.items() if parts}

"""The command `parasol`: parsing and printing only."""

import sys
import traceback
from collections.abc import Sequence
from typing import Annotated

import typer

from parasol.apps.commands import PLAIN, Commands
from parasol.apps.start import INTERRUPTED, NO_SERVER, STOPPED, failed_stream
from parasol.errors import ParasolError, brought_by
from parasol.version import __version__

app = typer.Typer(name="parasol", cls=Commands, **PLAIN)

DEBUG = "--debug"


def _version(wanted: bool) -> bool:
    if wanted:
        print(f"parasol {__version__}")
        raise typer.Exit
    return wanted


@app.callback()
def root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
    debug: Annotated[
        bool, typer.Option("--debug", help="Show where an error comes from; anywhere in a command.")
    ] = False,
    alone: Annotated[
        bool, typer.Option(NO_SERVER, help="Draw in this process, though a studio runs; anywhere in a command.")
    ] = False,
) -> None:
    """One picture in the style of another, with dials.

    \b
    Example:
      parasol style house.png --like crab.png -o out.png
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code: 0, 2 after an error (one line on standard error), 130 after Ctrl-C.

    With `--debug` anywhere among the words the traceback stands above that line.
    """
    words = sys.argv[1:] if arguments is None else arguments
    debug, words = DEBUG in words, [word for word in words if word not in (DEBUG, NO_SERVER)]
    try:
        code = app(words or ["--help"], prog_name="parasol", standalone_mode=False) or 0
        if code == INTERRUPTED:
            print(STOPPED, file=sys.stderr)
        return code
    except typer.TyperException as error:
        message = f"{error.format_message().rstrip('.')}: --help after the command shows what it takes"
    except ModuleNotFoundError as error:
        from parasol.apps.train import needs_train_extra

        if not needs_train_extra(error):
            raise
        message = f"this command needs {error.name}: install it with  pip install '{brought_by(error)}'"
    except MemoryError:
        message = "there is not enough memory: use a smaller --size, or close other programs"
    except (ParasolError, OSError) as error:  # any other is a fault of the program, whose traceback is to be seen
        message = str(error)
        if isinstance(error, OSError) and error.strerror and not error.filename:
            message = failed_stream(error)
        if debug:
            traceback.print_exception(error)
    print("parasol: error:", " ".join(message.split()), file=sys.stderr)
    return 2

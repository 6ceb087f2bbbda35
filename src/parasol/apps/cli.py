"""The command `parasol`: parsing and printing only."""

import typer

app = typer.Typer(name="parasol", no_args_is_help=True, add_completion=False)


@app.callback()
def root() -> None:
    """One picture in the style of another, from a model trained on openly licensed art."""


def main() -> None:
    """Run the command line."""
    app()

"""Which model draws: what the network of `parasol.images.kind` learns from, and how often it errs."""

import argparse
from pathlib import Path


def take_corpora(parser: argparse.ArgumentParser) -> None:
    """The options of both commands that say where pictures lie."""
    parser.add_argument("--photographs", type=Path, default=Path("data/paintings"), metavar="DIR")
    parser.add_argument(
        "--drawings", type=Path, nargs="+", default=[Path("data/icons"), Path("data/pictograms")], metavar="DIR"
    )
    parser.add_argument(
        "--icons", type=Path, default=Path("data/icons"), metavar="DIR", help="whose vectors hands redraw"
    )

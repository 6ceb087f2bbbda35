"""Measure the figures of a model on a corpus: python -m lab figures --corpus DIR --out FILE.json.

The file is rewritten after every unit, so that the same command goes on where it was stopped, and measures again what a
new model, corpus or definition has changed. On a corpus of photographs and paintings, held-out ones of each stand for
the pairs, and those figures can be had that need no content x style grid. With `--finish auto` results are those of
`parasol style` and of `parasol search --make`: flat art in the flat finish. Figures of those have a file of their own.
"""

import argparse
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from lab.figure import Make, Store, measured
from lab.figures.determinism import runtimes, same_pixels
from lab.figures.dials import no_content, no_style, structure, style_scale
from lab.figures.diversity import diversity
from lab.figures.encoders import encoders
from lab.figures.forced_choice import forced_choice
from lab.figures.frozen import frozen
from lab.figures.judged import judged
from lab.figures.leak import leak
from lab.figures.metric import metric
from lab.figures.mixing import mixing
from lab.figures.quality import quality
from lab.figures.reconstruction import autoencoder, full_structure
from lab.figures.robustness import robustness
from lab.figures.searches import searches
from lab.figures.strength import strength
from lab.figures.words import words
from lab.subject import descriptors_key, paintings_subject, strength_key
from parasol import corpora
from parasol.apps.progress import Progress
from parasol.comparison.journal import as_lines
from parasol.corpora import gallery
from parasol.held_out import Subject
from parasol.pipeline import Parasol

DESCRIPTORS: dict[str, Make] = {make.__name__: make for make in (encoders, frozen, robustness, metric, words)}
"""Figures about the descriptor spaces alone: a new U-Net leaves them be, so their file is their own."""

FIGURES: dict[str, Make] = {
    make.__name__: make
    for make in (
        autoencoder, full_structure, no_style, no_content, same_pixels, runtimes, *DESCRIPTORS.values(), quality,
        structure, style_scale, strength, mixing, judged, forced_choice, searches, leak, diversity,
    )
}  # fmt: skip
"""Quick ones first."""

OF_PAIRS = [
    make.__name__ for make in (full_structure, no_style, no_content, runtimes, structure, style_scale, strength)
]
"""Those that need nothing but pairs."""

FINISHED = [make.__name__ for make in (judged, forced_choice, searches, leak)]
"""Those of results as users get them; the others are of the network, or of what a dial does to it."""


def measure(names: Sequence[str], subject: Subject, out: Path) -> None:
    """Measure the named figures that `out`, or `-descriptors` beside it, lacks, and print the summary of each.

    `strength` can be laid out anew while all other figures keep what they mean: its file is `-strength`.

    Raises:
        ValueError: `out` holds something else, a picture cannot be read, or a command failed.
    """
    pictures = Store(path=out, key=subject.key())
    spaces = Store(path=out.with_stem(f"{out.stem}-descriptors"), key=descriptors_key(subject))
    dial = Store(path=out.with_stem(f"{out.stem}-strength"), key=strength_key(subject))
    stores = dict.fromkeys(FIGURES, pictures) | dict.fromkeys(DESCRIPTORS, spaces) | {strength.__name__: dial}
    for name in names:
        make, store = FIGURES[name], stores[name]
        figure, records = make(subject), store.records(name, make)
        if len(records) < len(figure.units):
            progress = Progress(name, already=len(records))
            for so_far in measured(figure, records):
                store.write(name, make, figure, so_far)
                progress.update(len(so_far), len(figure.units))
        print(f'"{name}": {as_lines(store.read()[name]["summary"], 2)}', flush=True)


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab figures", description=__doc__)
    parser.add_argument("--corpus", type=Path, default=Path("data/pictograms"), help="folder of a built corpus")
    parser.add_argument("--model", help="a bundled model or the folder of a bundle")
    parser.add_argument("--pairs", type=int, default=50, help="held-out pairs")
    parser.add_argument("--size", type=int, help="longer side of results in px; that of training if left out")
    parser.add_argument("--finish", choices=("none", "auto"), default="none", help=f"for {', '.join(FINISHED)}")
    parser.add_argument("--only", help=f"names with commas between: {', '.join(FIGURES)}")
    parser.add_argument(
        "--out", type=Path, help="JSON file; lab/results/figures/MODEL.json, or MODEL-finish.json, if left out"
    )
    options = parser.parse_args(arguments)
    possible = _possible(options.corpus, options.finish)
    of = f"of {options.corpus}" if options.finish == "none" else f"of {options.corpus} with --finish {options.finish}"
    if not possible:
        parser.error(f"there is no figure {of}: leave --finish out")
    names = options.only.split(",") if options.only else possible
    unknown = [name for name in names if name not in possible]
    if unknown:
        parser.error(f"there is no figure {unknown[0]!r} {of}: choose among {', '.join(possible)}")
    try:
        model = Parasol.load(options.model)
        if corpora.holds_pictures(options.corpus):
            subject = paintings_subject(model, gallery.load(options.corpus), options.pairs, options.size)
        else:
            subject = Subject.of(model, corpora.load(options.corpus), options.pairs)
            subject = replace(subject, size=options.size, finish=options.finish)
        name = model.bundle.manifest.name + ("" if options.finish == "none" else "-finish")
        measure(names, subject, options.out or Path("lab/results/figures", f"{name}.json"))
    except ValueError as error:
        parser.error(str(error))
    return 0


def _possible(corpus: Path, finish: str) -> list[str]:
    """Names of the figures that can be had of a corpus: of finished results, where a finish is asked for."""
    names = OF_PAIRS if corpora.holds_pictures(corpus) else list(FIGURES)
    return names if finish == "none" else [name for name in names if name in FINISHED]

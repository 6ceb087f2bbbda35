"""Choose dials on validation cases: python -m lab selection --corpus DIR --model M DIALS ...

Each DIALS is a setting such as `style_scale=3,structure=0.2`; a Markdown table tells how the judge of `judged` finds it
on contents that nothing was trained on or is tested on, seed 0. `-` stands for the model's own dials.
"""

import argparse
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from lab.judging.cases import UNSEEN, cases
from lab.judging.judge import gallery_of, judged, means, paint
from parasol import corpora
from parasol.apps.progress import Progress
from parasol.comparison.markdown import table as markdown_table
from parasol.comparison.method import read
from parasol.comparison.methods import Asked
from parasol.held_out import CONTENT_VAL, Subject, held_out
from parasol.pipeline import Parasol

SPLIT = CONTENT_VAL
CASES = 40
OWN = "-"
RATES, DISTANCES = ("family", "content"), ("truth", "colours", "style")
"""As the ablation defines them: rates of right answers; distances to the truth, and to the style picture."""


def table(rows: dict[str, dict[str, float]]) -> str:
    """Markdown; rates in percent."""
    lines = []
    for name, values in rows.items():
        rates = [f"{100.0 * values[measure]:.0f} %" for measure in RATES]
        lines.append([name, *rates, *(f"{values[measure]:.4f}" for measure in DISTANCES)])
    return markdown_table(["dials", *RATES, *DISTANCES], lines)


def select(subject: Subject, settings: Sequence[str], count: int) -> dict[str, dict[str, float]]:
    """The true pictures, the content pictures and each setting's results, by name.

    Raises:
        ValueError: a setting is unknown or out of range, or the corpus has no such cases.
    """
    known = {**asdict(subject.dials()), "strength": 1.0}
    given = {name: {} if name == OWN else read("ours", Asked.parse(f"ours:{name}").given, known) for name in settings}
    for dials in given.values():
        subject.dials(**dials)  # refused before anything is painted
    chosen = cases(subject.corpus, UNSEEN, count, SPLIT)
    if not chosen:
        raise ValueError(f"the corpus has no case in the split {SPLIT!r}: build all of it")
    gallery = gallery_of(subject, tuple(held_out(subject.corpus, SPLIT)))
    rows = {
        "real pictures": means([judged(subject, gallery, case, subject.fitted(case.truth)) for case in chosen]),
        "content pictures": means([judged(subject, gallery, case, subject.fitted(case.content)) for case in chosen]),
    }
    progress, done = Progress("painting"), 0
    for name, dials in given.items():
        measures = []
        for case in chosen:
            measures.append(judged(subject, gallery, case, paint(subject, case, **dials)))
            done += 1
            progress.update(done, len(given) * len(chosen))
        rows[name] = means(measures)
    return rows


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab selection", description=__doc__)
    parser.add_argument("dials", nargs="*", default=[OWN], help="NAME=VALUE,... or - for the model's own")
    parser.add_argument("--corpus", type=Path, default=Path("data/pictograms"), help="folder of a built corpus")
    parser.add_argument("--model", help="a bundled model or a bundle's folder; the bundled default if left out")
    parser.add_argument("--cases", type=int, default=CASES)
    options = parser.parse_args(arguments)
    try:
        subject = Subject(model=Parasol.load(options.model), corpus=corpora.load(options.corpus), pairs=())
        print(table(select(subject, options.dials, options.cases)))
    except ValueError as error:
        parser.error(str(error))
    return 0

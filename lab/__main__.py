"""The one door of the workshop: python -m lab NAME ..., where NAME is one of the commands below."""

import sys
from collections.abc import Sequence
from importlib import import_module

COMMANDS = {
    "figures": ("lab.figures.run", "what a model can do: every figure that `make figures` draws, one unit at a time"),
    "sheets": ("lab.sheets.run", "sheets of pictures by a model, uncurated"),
    "bench": ("lab.speed.run", "seconds, memory and downloads of what users run"),
    "ablation": ("lab.ablation.run", "the paper's ablation, judged"),
    "ablation-train": ("lab.ablation.trainings", "one training of the paper's ablation, run or resumed"),
    "proof": ("lab.proof", "what data teach: trainings at equal compute that differ in their pool"),
    "selection": ("lab.judging.selection", "which weights and dials the judge prefers, on validation cases"),
    "pictograms": ("lab.pairs.pictograms", "freeze pairs of pictograms for parasol evaluate"),
    "paintings": ("lab.pairs.paintings", "freeze pairs of photographs and paintings for parasol evaluate"),
    "shuffled": ("lab.pairs.shuffled", "what the measure of leakage finds between pictures that share nothing"),
    "tradeoff": ("lab.pairs.tradeoff", "style against content over a comparison, as a chart"),
    "scale": ("lab.scale", "what fine-tuning backbones takes and gives, foreseen and real"),
    "comfy": ("lab.comfy", "the ComfyUI nodes in ComfyUI itself, by their example workflow"),
    "cost": ("lab.speed.cost", "how time and memory grow with pixels and with pictures"),
    "mining-speed": ("lab.speed.mining", "mining triplets beside faiss's flat searches"),
    "training-speed": ("lab.speed.training", "what part of the machine's peak a training step reaches"),
    "training-curve": ("lab.training_curve", "loss and quality over training, as a chart"),
    "tiles": ("lab.tiles", "seams and agreement of large pictures that are drawn in tiles"),
    "sets": ("lab.icon_sets", "a set of icons by eight references: cost, consistency, kills, and a sheet"),
    "tracing": ("lab.tracing", "SVGs by parasol trace and by other tracers, against the pictures"),
    "drawings": ("lab.drawings", "exact shapes found again, and SVGs drawn alike by Chromium and resvg"),
    "alpha": ("lab.alpha", "results on transparency, against the truth where it is known"),
    "dials": ("lab.dials", "Python's keywords and the pages' tables, from the record of dials"),
    "api": ("lab.api", "the page of the public Python API, from its docstrings"),
    "lowest": ("lab.lowest", "the lowest versions that pyproject.toml allows, installed and used"),
    "mutants": ("lab.mutants.run", "one line of mathematics wrong at a time, and whether the tests see it"),
    "claims": ("lab.claims.run", "figures in the docs from stored results, and the index of decisions"),
    "kinds": ("lab.kinds.measuring", "photographs taken for drawings and the other way round, by change"),
    "kinds-training": ("lab.kinds.training", "train the network that tells photographs from drawings"),
    "faults": ("lab.faults", "kill index builds at random and compare what comes of them"),
    "hostile": ("lab.hostile.run", "hostile and unlucky runs, changed files and kills, judged"),
    "unseen": ("lab.unseen", "own icons in the style of sets nobody trained on, judged"),
    "descriptor": ("lab.descriptor", "what the style descriptor alone does to photographs"),
    "hands": ("lab.hands", "whether asked outline, saturation, lightness and corners come out"),
    "directions": ("lab.directions", "directions of the space of styles, and whether results follow them"),
    "studio": ("lab.studio", "the studio under load, kills, hostile files and requests, and its search"),
    "screens": ("lab.screens", "every view of the studio as a picture, filled, on desk and phone, light and dark"),
    "alone": ("lab.alone", "the studio's export in a browser against the core, in levels, and its speed"),
    "miniatures": ("lab.miniatures", "small pictures of what each dial of the studio does"),
    "study-simulation": ("lab.study_simulation", "how well a study finds planted answers again"),
}
"""By name: the module whose `main` it is, and what it does."""


def main(words: Sequence[str] | None = None) -> int:
    """Run the named command, or list all; returns its exit code, 2 where there is no such command."""
    name, *rest = (sys.argv[1:] if words is None else words) or ["--help"]
    if name in COMMANDS:
        return import_module(COMMANDS[name][0]).main(rest)
    listed = "\n".join(f"  {known:18}{what}" for known, (_, what) in COMMANDS.items())
    if name in ("--help", "-h"):
        print(f"usage: python -m lab NAME ...; NAME --help says what it takes\n\n{listed}")
        return 0
    print(f"lab: error: there is no command {name!r}: choose among {', '.join(COMMANDS)}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main())

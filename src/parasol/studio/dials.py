"""What a page needs to show the dials: their sort, the range that is of use, and each model's own values."""

from collections.abc import Mapping
from typing import Any

from parasol.dials import PAPER, Dial, Dials, NamedDial, asked
from parasol.directions import directions_of
from parasol.pipeline import SMALLEST_SIZE, Parasol
from parasol.studio.wanted import LARGEST_SIZE, MOST_PICTURES, MOST_REFERENCES, MOST_STEPS

LIMITS = {"steps": MOST_STEPS, "size": LARGEST_SIZE, "count": MOST_PICTURES, "references": MOST_REFERENCES}


BESIDE = {
    "size": Dial(help="", low=SMALLEST_SIZE, high=LARGEST_SIZE, step=32, unit="px"),
    "count": Dial(help="", low=1, high=MOST_PICTURES, step=1, unit="pictures"),
}
"""What the page shows as dials and no recipe has among them; the command line explains them."""


def told_dials(words: Mapping[str, str], record: type[Dials] = Dials) -> list[dict[str, Any]]:
    """Every dial with its explanation and the range that is of use; `words` explain those beside, by name.

    Not the one that stands for all others: a page shows those, and would send them too.
    """
    beside = [_number(name, dial, words.get(name, "")) for name, dial in BESIDE.items()]
    return [*(_told(dial) for dial in asked(record) if dial.name != PAPER.name), *beside]


def _told(dial: NamedDial) -> dict[str, Any]:
    if dial.choices:
        return {"name": dial.name, "help": dial.dial.help, "kind": "choice", "choices": dial.choices}
    if dial.sort is bool:
        return {"name": dial.name, "help": dial.dial.help, "kind": "switch"}
    return _number(dial.name, dial.dial, dial.dial.help)


def _number(name: str, dial: Dial, words: str) -> dict[str, Any]:
    low, high = dial.usual or (dial.low, dial.high)
    high = min(high, LIMITS.get(name, high))
    return {
        "name": name, "help": words, "kind": "number", "low": low, "high": high, "step": dial.step, "unit": dial.unit,
    }  # fmt: skip


def told_model(model: Parasol) -> dict[str, Any]:
    """A model's own values of the dials, None where a dial has none of its own, and its calibration."""
    manifest, own = model.bundle.manifest, model.dials()
    values = {dial.name: getattr(own, dial.name, None) for dial in asked()}
    return {
        "name": manifest.name,
        "size": manifest.default_size,
        "words": bool(manifest.words and manifest.words.style),
        "content_map": manifest.content_map > 0,
        "guide": model.bundle.guide is not None,
        "directions": directions_of(manifest),
        "dials": {**values, "size": manifest.default_size, "count": 1},
        "strength": [[stop.style_scale, stop.structure] for stop in manifest.strength],
    }

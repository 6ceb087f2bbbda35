"""What a page needs to show the dials: their sort, the range that is of use, and each model's own values."""

from collections.abc import Mapping
from typing import Any

from parasol.pipeline import SMALLEST_SIZE, Parasol
from parasol.recipe import COLOUR_STEPS, GUIDANCES, LARGEST_SEED, SAMPLERS
from parasol.studio.wanted import DIALS, LARGEST_SIZE, MOST_PICTURES, MOST_REFERENCES, MOST_STEPS

SORTS: dict[str, dict[str, Any]] = {
    "strength": {"kind": "number", "low": 0.0, "high": 1.0, "step": 0.05, "unit": "share"},
    "style_scale": {"kind": "number", "low": 0.0, "high": 5.0, "step": 0.1, "unit": "times"},
    "structure": {"kind": "number", "low": 0.0, "high": 1.0, "step": 0.02, "unit": "share"},
    "content_scale": {"kind": "number", "low": 0.0, "high": 5.0, "step": 0.1, "unit": "times"},
    "texture": {"kind": "number", "low": 0.0, "high": 1.0, "step": 0.05, "unit": "share"},
    "color": {"kind": "choice", "choices": COLOUR_STEPS},
    "color_strength": {"kind": "number", "low": 0.0, "high": 1.0, "step": 0.05, "unit": "share"},
    "content_map": {"kind": "switch"},
    "guidance": {"kind": "choice", "choices": GUIDANCES},
    "sampler": {"kind": "choice", "choices": SAMPLERS},
    "steps": {"kind": "number", "low": 1, "high": MOST_STEPS, "step": 1, "unit": "steps"},
    "seed": {"kind": "number", "low": 0, "high": LARGEST_SEED, "step": 1, "unit": ""},
    "fresh": {"kind": "switch"},
    "size": {"kind": "number", "low": SMALLEST_SIZE, "high": LARGEST_SIZE, "step": 32, "unit": "px"},
    "count": {"kind": "number", "low": 1, "high": MOST_PICTURES, "step": 1, "unit": "pictures"},
}
"""By name, in the order in which they are shown: the ranges in which dials are of use, within those that they have."""

LIMITS = {"steps": MOST_STEPS, "size": LARGEST_SIZE, "count": MOST_PICTURES, "references": MOST_REFERENCES}


def told_dials(words: Mapping[str, str]) -> list[dict[str, Any]]:
    """Every dial with its explanation; `words` are those of the command line, by name."""
    return [{"name": name, "help": words.get(name, ""), **sort} for name, sort in SORTS.items()]


def told_model(model: Parasol) -> dict[str, Any]:
    """A model's own values of the dials, None where a dial has none of its own, and its calibration."""
    manifest, own = model.bundle.manifest, model.dials()
    values = {name: getattr(own, name, None) for name in DIALS}
    return {
        "name": manifest.name,
        "size": manifest.default_size,
        "words": manifest.words is not None,
        "content_map": manifest.content_map > 0,
        "dials": {**values, "size": manifest.default_size, "count": 1},
        "strength": [[stop.style_scale, stop.structure] for stop in manifest.strength],
    }

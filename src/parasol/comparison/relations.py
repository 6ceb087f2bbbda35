"""What each kind of method has to do with each metric: it was optimised against it, or shares a part with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ENCODERS_READ_IT = "the model's encoders are heads on this network's statistics"
DECODER_LEARNED_IT = "the model's decoder, which draws its results, was trained on this very distance"
CONDITIONS = "the U-Net is conditioned on this descriptor, which also chose its training triplets"
TRANSFORM_READS_IT = "its transform network is conditioned on this vector"
CHOOSES_BY_IT = "it chooses one of its styles by this vector"
LOSS_READS_IT = "its style loss matches the means and deviations of these layers"
LOSS_IS_NEAR = "its losses read this network's other layers"
LEARNED_BY_IT = "its style loss is in this descriptor's space, and chose its weights"
WEIGHTS_CHOSEN_BY_IT = "this descriptor chose its weights"
RETRIEVES_BY_IT = "it is conditioned on this descriptor and finds its neighbours by it"
MATCHED = "it sets the colours' mean and covariance outright"
FINISHED = "its colours are picked from the style picture's own"
PATCHES = "it moves the patches of the pixels to the style picture's distribution, which this reads"
DIALS_CHOSEN = "its default dials were chosen by this, on other pictures"

DRAWN = ("ours", "adain", "wct", "rdm", "diffuseit", "cast")
"""Kinds whose results the model's decoder draws."""


@dataclass(frozen=True, kw_only=True)
class Relation:
    """Kinds of method -> why: those that were optimised against a metric, and those that share a part with it."""

    optimised: dict[str, str] = field(default_factory=dict)
    related: dict[str, str] = field(default_factory=dict)


_TEXTURED = {"textured": PATCHES}
_NEAR = {**dict.fromkeys(("ours", "rdm", "cast"), ENCODERS_READ_IT), "diffuseit": LOSS_IS_NEAR}
_SHOWN = Relation(optimised={"ours": CONDITIONS, "rdm": RETRIEVES_BY_IT, "cast": WEIGHTS_CHOSEN_BY_IT})
_DECODED = Relation(optimised=dict.fromkeys(DRAWN, DECODER_LEARNED_IT), related=_NEAR)
_LITE0 = Relation(related=_NEAR)
_BRUSHWORK = Relation(optimised=_TEXTURED, related={"ours": DIALS_CHOSEN})

RELATIONS: dict[str, Relation] = {
    "magenta-style-mse": Relation(optimised={"magenta": TRANSFORM_READS_IT, "magenta26": CHOOSES_BY_IT}),
    "lite0-sifid-stem": Relation(optimised={"diffuseit": LOSS_READS_IT, **_TEXTURED}, related=_NEAR),
    "lite0-sifid-block4": Relation(optimised={"diffuseit": LOSS_READS_IT}, related={**_NEAR, **_TEXTURED}),
    "chamfer": Relation(optimised={"colour": MATCHED, "finished": FINISHED, **_TEXTURED}),
    "lite2-brushwork": _BRUSHWORK,
    "lite2-retrieval": _BRUSHWORK,
    "own-style-mse": Relation(optimised={"ours": CONDITIONS, "cast": LEARNED_BY_IT}),
    "lite0-perceptual": _DECODED,
    "lite2-perceptual": Relation(related={"ours": DIALS_CHOSEN}),
    "lite0-content-mse": _LITE0,
    "own-content-mse": _SHOWN,
    "lite0-leakage": _LITE0,
    "own-leakage": _SHOWN,
    "lite0-truth": _DECODED,
    "lite0-fid": _LITE0,
    "lite0-artfid": _DECODED,
    "lite0-cmmd": _LITE0,
    "lite0-precision": _LITE0,
    "lite0-recall": _LITE0,
    "lite0-identity": _DECODED,
}
"""By metric; one that is not here has to do with no method."""


def relation_of(metric: str) -> Relation:
    """What is declared of a metric."""
    return RELATIONS.get(metric, Relation())


def kinds_of(kind: str, settings: Mapping[str, Any]) -> list[str]:
    """The kinds that a method counts as by its settings: a step that sets colours, or patches, is a kind of its own."""
    steps = {
        "colour": settings.get("color") == "match",
        "finished": settings.get("finish", "none") != "none",
        "textured": bool(settings.get("texture")),
    }
    return [kind, *(name for name, taken in steps.items() if taken)]


def mark(kinds: Sequence[str], relation: Relation) -> str:
    """* for a method that was optimised against the metric, ~ where the two share a part."""
    return "*" if {*kinds} & {*relation.optimised} else "~" if {*kinds} & {*relation.related} else ""

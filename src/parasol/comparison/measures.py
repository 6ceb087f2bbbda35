"""What is measured of each result, and everything that a reader must know to trust or repeat it."""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float

from parasol.comparison.backbone import Backbone
from parasol.comparison.judges import BLOCK_4, BRUSHWORK, LAST, PLACES, STEM, Judges, View
from parasol.comparison.lite2 import PLACES as LITE2_PLACES
from parasol.comparison.relations import Relation, mark, relation_of
from parasol.maths.distances import psnr, unit_mse
from parasol.metrics.chamfer import SIDE, chamfer
from parasol.metrics.frechet import sifid
from parasol.metrics.perceptual import perceptual_distance
from parasol.metrics.set_distances import CMMD_SCALE, CMMD_SIGMA, NEIGHBOURS
from parasol.metrics.statistics import decibel
from parasol.metrics.structure import edge_agreement

CHANNELS = 192  # of block 14: with fewer pictures their covariance says nothing
LOWER = "lower"
HIGHER = "higher"
CHANCE = "0.5"
NO_NETWORK = Backbone(name="none", weights="none", preprocessing="RGB in [0, 1]")
ALL_PLACES = "every place of the map"
PICTURE = "the whole picture"


@dataclass(frozen=True, kw_only=True)
class Measure:
    """One metric: its name and its provenance. What it computes is the function of the same name."""

    name: str
    of: str
    """What it tells of: style, content, leak, truth, set, identity."""
    best: str
    """Which values are good: lower, higher, or 0.5 where that is chance and wanted."""
    definition: str
    backbone: Backbone
    sampling: str
    """What of the picture, or of the pairs, counts."""
    optimised: dict[str, str]
    """Kinds of method -> why they were optimised against this metric, or one near it; a lenient judge of them."""
    related: dict[str, str]
    """Kinds of method -> what they share with this metric without having been optimised against it."""
    size: int = 0
    """Longer side in px of the pictures that are compared."""

    def mark(self, kinds: Collection[str]) -> str:
        """* beside a value of a method that was optimised against it, ~ where the two share a part."""
        return mark([*kinds], Relation(optimised=self.optimised, related=self.related))


@dataclass(frozen=True, kw_only=True, eq=False)
class Scene:
    """What a result is compared with."""

    content: View
    style: View
    truth: View | None


Compute = Callable[[View, Scene], float]


def measures(judges: Judges, size: int) -> dict[str, Measure]:
    """All metrics by name, for pictures whose longer side is `size`."""
    own = [
        Measure(
            name=metric.name, of=metric.of, best=LOWER, definition=metric.definition, backbone=judge.backbone,
            sampling=metric.sampling, optimised={}, related={},
        )
        for judge in judges.brought
        for metric in judge.beside
    ]  # fmt: skip
    return {measure.name: replace(measure, size=size) for measure in (*_measures(judges), *own)}


def _measures(judges: Judges) -> Sequence[Measure]:
    lite0, lite2, magenta = judges.lite0.backbone, judges.lite2.backbone, judges.magenta.backbone
    style, content = judges.own.style_backbone, judges.own.content_backbone
    layers, lite2_layers = ", ".join(PLACES), ", ".join(LITE2_PLACES)
    brushwork = f"the moments of the colours, the stem and blocks 0 to {BRUSHWORK}"
    deviations = "all pairs at once; features in units of their deviation over the style pictures"
    leak = "share of the other style pictures of the group whose content descriptor is less like the result's"
    enough = f"all pairs at once, which must be {CHANNELS} or more"
    pooled = f"{LAST} averaged over places"

    def row(
        name: str, of: str, best: str, definition: str, backbone: Backbone, *, sampling: str = PICTURE
    ) -> Measure:  # fmt: skip
        return Measure(
            name=name, of=of, best=best, definition=definition, backbone=backbone, sampling=sampling,
            optimised=relation_of(name).optimised, related=relation_of(name).related,
        )  # fmt: skip

    return (
        row("magenta-style-mse", "style", LOWER, "MSE of the unit-norm style vectors of result and style picture",
            magenta),
        row("lite0-sifid-stem", "style", LOWER, f"SIFID on the 32 channels of the {STEM}", lite0,
            sampling=ALL_PLACES),
        row("lite0-sifid-block4", "style", LOWER, f"SIFID on the 40 channels of {BLOCK_4}", lite0,
            sampling=ALL_PLACES),
        row("chamfer", "style", LOWER, "squared distance to the nearest colour, both ways, RGB in [0, 1]", NO_NETWORK,
            sampling=f"area-resized to {SIDE} x {SIDE}, every pixel"),
        row("lite2-brushwork", "style", LOWER, f"RMS difference of {brushwork}, result against style picture", lite2,
            sampling=deviations),
        row("lite2-retrieval", "style", HIGHER,
            f"share of results nearer to their own style picture than to any other of the list, by {brushwork}", lite2,
            sampling=deviations),
        row("own-style-mse", "style", LOWER, "MSE of the unit-norm style descriptors of result and style picture",
            style),
        row("lite0-perceptual", "content", LOWER,
            f"LPIPS's formula with unit weights on {layers}, result against content picture", lite0,
            sampling=ALL_PLACES),
        row("lite2-perceptual", "content", LOWER,
            f"LPIPS's formula with unit weights on {lite2_layers}, result against content picture", lite2,
            sampling=ALL_PLACES),
        row("edges", "content", HIGHER, "correlation of Sobel gradient lengths, result against content picture",
            NO_NETWORK, sampling="every pixel"),
        row("chamfer-content", "content", LOWER, "as chamfer, result against content picture", NO_NETWORK,
            sampling=f"area-resized to {SIDE} x {SIDE}, every pixel"),
        row("lite2-class", "content", HIGHER,
            "share of results whose likeliest class of ImageNet is that of the content picture", lite2),
        row("lite0-content-mse", "content", LOWER, f"MSE of unit-norm {pooled}, result against content picture", lite0),
        row("own-content-mse", "content", LOWER,
            "MSE of the unit-norm content descriptors of result and content picture", content),
        row("lite0-leakage", "leak", CHANCE, f"{leak}, by {pooled}", lite0),
        row("own-leakage", "leak", CHANCE, f"{leak}, by the model's content descriptor", content),
        row("lite0-truth", "truth", LOWER, f"as lite0-perceptual, result against the true picture, on {layers}", lite0,
            sampling=f"{ALL_PLACES}; pairs with a truth alone"),
        row("edges-truth", "truth", HIGHER, "as edges, result against the true picture", NO_NETWORK,
            sampling="every pixel; pairs with a truth alone"),
        row("lite0-fid", "set", LOWER, f"Frechet distance of results and style pictures, {pooled}", lite0,
            sampling=enough),
        row("lite0-artfid", "set", LOWER, "ArtFID's formula: (1 + mean lite0-perceptual) (1 + lite0-fid)", lite0,
            sampling=enough),
        row("lite0-cmmd", "set", LOWER, f"CMMD's formula on unit-norm {pooled}, sigma {CMMD_SIGMA:g}, times "
            f"{CMMD_SCALE:g}, results against style pictures", lite0, sampling="all pairs at once"),
        row("lite0-precision", "set", HIGHER, f"share of results within the {NEIGHBOURS}-nearest-neighbour manifold of "
            f"the style pictures, {pooled}", lite0, sampling="all pairs at once; manifolds held fixed"),
        row("lite0-recall", "set", HIGHER, "share of style pictures within that of the results", lite0,
            sampling="all pairs at once; manifolds held fixed"),
        row("lite0-identity", "identity", LOWER, "lite0-perceptual where the style picture is the content picture",
            lite0, sampling=f"{ALL_PLACES}; pairs of one picture alone"),
        row("psnr-identity", "identity", HIGHER, "PSNR to the content picture in dB, 100 at most, in such pairs",
            NO_NETWORK, sampling="every pixel; pairs of one picture alone"),
    )  # fmt: skip


PER_PAIR: dict[str, Compute] = {
    "magenta-style-mse": lambda result, scene: _mse(result.magenta, scene.style.magenta),
    "lite0-sifid-stem": lambda result, scene: sifid(result.maps[STEM], scene.style.maps[STEM]),
    "lite0-sifid-block4": lambda result, scene: sifid(result.maps[BLOCK_4], scene.style.maps[BLOCK_4]),
    "chamfer": lambda result, scene: chamfer(result.picture, scene.style.picture),
    "own-style-mse": lambda result, scene: _mse(result.style, scene.style.style),
    "lite0-perceptual": lambda result, scene: _perceptual(result, scene.content),
    "lite2-perceptual": lambda result, scene: perceptual_distance(
        tuple(result.reading.maps.values()), tuple(scene.content.reading.maps.values())
    ),
    "edges": lambda result, scene: edge_agreement(result.picture, scene.content.picture),
    "chamfer-content": lambda result, scene: chamfer(result.picture, scene.content.picture),
    "lite2-class": lambda result, scene: float(result.class_number == scene.content.class_number),
    "lite0-content-mse": lambda result, scene: _mse(result.pooled, scene.content.pooled),
    "own-content-mse": lambda result, scene: _mse(result.content, scene.content.content),
}
"""Of a result in another picture's style."""

PER_TRUTH: dict[str, Callable[[View, View], float]] = {
    "lite0-truth": lambda result, truth: _perceptual(result, truth),
    "edges-truth": lambda result, truth: edge_agreement(result.picture, truth.picture),
}
"""Where the true picture is known."""

PER_IDENTITY: dict[str, Compute] = {
    "lite0-identity": lambda result, scene: _perceptual(result, scene.content),
    "psnr-identity": lambda result, scene: decibel(psnr(result.picture, scene.content.picture)),
}
"""Of a result whose style picture was the content picture."""


def measure(result: View, scene: Scene, *, identity: bool) -> dict[str, float]:
    """All values that one result has by itself. Shapes are equal, but for the style picture's.

    Raises:
        ValueError: a map is too small for SIFID.
    """
    if identity:
        return {name: compute(result, scene) for name, compute in PER_IDENTITY.items()}
    values = {name: compute(result, scene) for name, compute in PER_PAIR.items()}
    if scene.truth is not None:
        values |= {name: compute(result, scene.truth) for name, compute in PER_TRUTH.items()}
    for place, judge in enumerate(result.judges.brought):
        for metric in judge.beside:
            other: View | None = getattr(scene, metric.of)
            if other is not None:
                values[metric.name] = metric.distance(result.brought[place], other.brought[place])
    return values


def _mse(a: Float[np.ndarray, " d"], b: Float[np.ndarray, " d"]) -> float:
    return float(unit_mse(a[None], b[None])[0])


def _perceptual(a: View, b: View) -> float:
    return perceptual_distance([*a.maps.values()], [*b.maps.values()])

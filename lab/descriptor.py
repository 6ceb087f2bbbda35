"""What a style descriptor alone does to photographs: python -m lab descriptor --corpus DIR --model M --out DIR [DIALS]

Photographs in the style of paintings. To which painting a result is nearest, by brushwork (moments of
EfficientNet-Lite2, which trained nothing), is told: at DIALS (such as `steps=10,sampler=dpm`); by the descriptor alone
(texture 0); with the descriptor of one picture and the texture of the other (swap); at the paper's own settings. With
`--scales` also at several weights of the painting beside the photograph's own style, and at several style scales, of
which the distance to the painting is to go down evenly. Test paintings are the first of the held-out ones;
`--validation` takes the others, and photographs that were trained on, for choosing dials and weights. Writes
`descriptor.json`, every case in it, and a sheet; a run that is stopped goes on.
"""

import argparse
import hashlib
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.stats import spearmanr

from parasol.apps.progress import Progress
from parasol.comparison.judges import BRUSHWORK
from parasol.comparison.lite2 import Lite2
from parasol.comparison.method import read
from parasol.comparison.methods import Asked
from parasol.conditions import mixed_style
from parasol.corpora import gallery
from parasol.corpora.gallery import Gallery
from parasol.held_out import PAINTINGS, chosen
from parasol.images import from_uint8, load, to_uint8
from parasol.metrics.retrieval import in_deviations
from parasol.pipeline import Parasol
from parasol.types import Picture, Record

WEIGHTS, SCALES = (-1.0, -0.5, 0.0, 0.5, 1.0), (0.0, 1.0, 2.0, 3.0, 5.0)
PAPER = {"guidance": "apart", "style_scale": 5.0, "content_scale": 5.0, "content_map": False, "structure": 0.2}
ALONE: Mapping[str, Any] = {"texture": 0.0}
PHOTOGRAPH = "photograph"


@dataclass(frozen=True, kw_only=True)
class Setting:
    """dials over those that are asked for. descriptor, texture: whose the two are, the painting's or the photograph's.
    weight: of the painting's style beside the photograph's own at 1, if it is a mix.
    """

    dials: Mapping[str, Any] = field(default_factory=dict)
    descriptor: str = "painting"
    texture: str = "painting"
    weight: float | None = None


SETTINGS: Mapping[str, Setting] = {
    "as asked": Setting(),
    "descriptor alone": Setting(dials=ALONE),
    "texture alone": Setting(descriptor=PHOTOGRAPH),
    "swap: texture of the photograph": Setting(texture=PHOTOGRAPH),
    "the paper's": Setting(dials={**PAPER, **ALONE}),
}
SWEEPS: Mapping[str, Setting] = {
    **{f"weight {weight:g}": Setting(dials=ALONE, weight=weight) for weight in WEIGHTS},
    **{f"style scale {scale:g}": Setting(dials={**ALONE, "style_scale": scale}) for scale in SCALES},
}


class Bench:
    """A model, photographs and paintings, and the judge."""

    def __init__(self, model: Parasol, corpus: Gallery, photographs: int, paintings: int, *, validation: bool) -> None:
        held = sum(picture.kind == "painting" and picture.split != "train" for picture in corpus.pictures.values())
        hung = chosen(corpus, "painting", held)[PAINTINGS:] if validation else chosen(corpus, "painting", PAINTINGS)
        self.hung = [load(corpus.folder / picture.file) for picture in hung[:paintings]]
        taken = chosen(corpus, PHOTOGRAPH, photographs, trained_on=validation)
        self.photographs = [load(corpus.folder / picture.file) for picture in taken]
        self.model, self._lite2 = model, Lite2()
        self._styles = [model.style(picture) for picture in self.hung]
        self._known = np.stack([self._moments(picture) for picture in self.hung])

    def draw(self, photograph: int, painting: int, setting: Setting, asked: Mapping[str, Any], size: int) -> Picture:
        """One result."""
        content, style = self.photographs[photograph], self._styles[painting]
        own = self.model.style(content)
        if setting.weight is not None:
            style = mixed_style([(own, 1.0), (style, setting.weight)])
        if setting.descriptor == PHOTOGRAPH:
            style = replace(style, descriptor=own.descriptor)
        if setting.texture == PHOTOGRAPH:
            style = replace(style, texture=own.texture, colours=own.colours)
        dials = self.model.dials(**{**asked, **setting.dials})
        return from_uint8(np.asarray(self.model.paint(self.model.recipe(content, style, dials, size=size)).image))

    def distances(self, picture: Picture) -> list[float]:
        """Root mean square difference of the moments to every painting, in units of their deviation over those."""
        own = in_deviations(self._moments(picture)[None], self._known) - in_deviations(self._known, self._known)
        return np.sqrt(np.square(own).mean(1)).round(4).tolist()

    def _moments(self, picture: Picture) -> Float[np.ndarray, " m"]:
        """Of the picture as large as results are; the largest side is 256 px."""
        small = Image.fromarray(to_uint8(picture))
        small.thumbnail((256, 256), Image.Resampling.LANCZOS)
        return self._lite2.read(from_uint8(np.asarray(small))).moments[: self._lite2.width_to(BRUSHWORK)]


def summary(cases: Sequence[Record], before: Sequence[Sequence[float]]) -> Record:
    """Of every setting: how often the right painting is the nearest, how often the result is nearer to it than the
    photograph was, and the mean distance; of sweeps the rank correlation of that with the dial. before: distances of
    the photographs.
    """
    by: dict[str, list[Record]] = defaultdict(list)
    for case in cases:
        by[case["setting"]].append(case)
    scores: Record = {}
    for name, members in by.items():
        to = np.array([case["distances"][case["painting"]] for case in members])
        was = np.array([before[case["photograph"]][case["painting"]] for case in members])
        scores[name] = {
            "cases": len(members),
            "found": float(np.mean([np.argmin(case["distances"]) == case["painting"] for case in members])),
            "nearer": float((to < was).mean()),
            "distance": round(float(to.mean()), 4),
            "photograph": round(float(was.mean()), 4),
        }
    for kind, values in (("weight", WEIGHTS), ("style scale", SCALES)):
        names = [f"{kind} {value:g}" for value in values]
        if all(name in scores for name in names):
            rank: Any = spearmanr(values, [-scores[name]["distance"] for name in names])[0]
            scores[kind] = {"spearman": round(float(rank), 3)}
    return scores


def sheet(
    bench: Bench, made: Mapping[tuple[str, int, int], Picture], settings: Sequence[str], size: int
) -> Image.Image:
    """A row for each of some cases: the photograph, the painting, and what came of each setting."""
    shown = sorted({(photograph, painting) for _, photograph, painting in made})
    picked = shown[:: max(1, len(shown) // 8)][:8]
    page = Image.new("RGB", ((2 + len(settings)) * (size + 4), len(picked) * (size + 4)), "white")
    for row, (photograph, painting) in enumerate(picked):
        pictures = [bench.photographs[photograph], bench.hung[painting]]
        pictures += [made[name, photograph, painting] for name in settings if (name, photograph, painting) in made]
        for column, picture in enumerate(pictures):
            small = Image.fromarray(to_uint8(picture))
            small.thumbnail((size, size), Image.Resampling.LANCZOS)
            page.paste(small, (column * (size + 4), row * (size + 4)))
    return page


def main(arguments: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m lab descriptor", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dials", nargs="?", default="", help="such as steps=10,sampler=dpm")
    parser.add_argument("--corpus", type=Path, default=Path("data/paintings"))
    parser.add_argument("--model", default="painting")
    parser.add_argument("--photographs", type=int, default=4)
    parser.add_argument("--paintings", type=int, default=6)
    parser.add_argument("--size", type=int, default=256, help="longer side of results in px")
    parser.add_argument("--scales", action="store_true", help="also sweeps of style weight and style scale")
    parser.add_argument("--only", action="append", help=f"a setting of {', '.join(SETTINGS)}; repeated")
    parser.add_argument("--validation", action="store_true", help="the other paintings, and training photographs")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(arguments)
    model = Parasol.load(options.model)
    known = {**model.dials().__dict__, "strength": 1.0}
    given = read("ours", Asked.parse(f"ours:{options.dials}").given, known) if options.dials else {}
    bench = Bench(
        model, gallery.load(options.corpus), options.photographs, options.paintings, validation=options.validation
    )
    settings = {**{name: SETTINGS[name] for name in options.only or SETTINGS}, **(SWEEPS if options.scales else {})}
    work = [
        (name, photograph, painting)
        for photograph in range(options.photographs)
        for painting in range(len(bench.hung))
        for name in settings
    ]
    folder = options.out / hashlib.sha256(f"{model.bundle.identity} {given} {options.size}".encode()).hexdigest()[:8]
    folder.mkdir(parents=True, exist_ok=True)
    made: dict[tuple[str, int, int], Picture] = {}
    cases: list[Record] = []
    with Progress("painting") as progress:
        for number, (name, photograph, painting) in enumerate(work):
            file = folder / f"{photograph}-{painting}-{name.replace(' ', '-').replace(':', '')}.png"
            if not file.exists():
                picture = bench.draw(photograph, painting, settings[name], given, options.size)
                Image.fromarray(to_uint8(picture)).save(file)
            made[name, photograph, painting] = picture = load(file)
            cases.append(
                {
                    "setting": name, "photograph": photograph, "painting": painting,
                    "distances": bench.distances(picture),
                }
            )  # fmt: skip
            progress.update(number + 1, len(work), name)
    before = [bench.distances(picture) for picture in bench.photographs]
    record = {
        "model": model.bundle.identity,
        "dials": given,
        "size": options.size,
        "paintings": len(bench.hung),
        "settings": {name: asdict(setting) for name, setting in settings.items()},
        "summary": summary(cases, before),
        "photographs": before,
        "cases": cases,
    }
    (options.out / "descriptor.json").write_text(json.dumps(record, indent=1) + "\n")
    sheet(bench, made, list(settings)[:8], min(options.size, 192)).save(options.out / "sheet.png")
    for name, values in record["summary"].items():
        print(f"{name:34}", {key: round(value, 3) for key, value in values.items()})
    return 0

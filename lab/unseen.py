"""The main job on sets nobody trained on: python -m lab unseen --icons DIR --emoji DIR --model M --out DIR [DIALS]

Own icons (solid black ones of `mdi`, and emoji, of test contents; line icons where asked) in the style of sets that
are entirely out of training and selection, from one reference and from eight. DIALS is a setting such as
`structure=0,steps=10`. A judge whose network no part of a model was trained with (EfficientNet-Lite2: moments and a
histogram, reduced, then Fisher's discriminant of the sets) is fitted to half of some real pictures of these sets; the
other half is the yardstick. Writes `unseen.json`, every case in it, and a sheet for each number of references,
uncurated. With `--cards DIR` the sets are also drawn by cards that were taught (`parasol teach`) from 40 pictures of
each that the judge was not fitted to; cards that DIR lacks are taught first, five minutes of two cores each, and a run
that is stopped goes on.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from PIL import Image
from scipy.spatial import KDTree

from lab.judging.features import fit_discriminant, histogram
from lab.judging.judge import fit_content
from parasol import corpora
from parasol.apps.progress import Progress
from parasol.cards import StyleCard
from parasol.comparison.lite2 import Lite2
from parasol.comparison.method import read
from parasol.comparison.methods import Asked
from parasol.corpora import Corpus
from parasol.finishing import FINISHES
from parasol.images import from_uint8, save_png, to_uint8
from parasol.maths.distances import unit
from parasol.pipeline import Parasol
from parasol.types import Picture, Record

LOOKS = (
    "streamline-emojis", "skill-icons", "streamline-freehand-color", "icon-park", "icon-park-solid", "duo-icons",
)  # fmt: skip
GALLERY = (
    "tabler", "ph", "ph-fill", "material-symbols", "ri-fill", "solar-bold", "lucide", "mingcute-fill", "fa7-solid",
    "iconoir",
)  # fmt: skip
"""Sets among whose pictures a content is looked for."""
VALIDATION_LOOKS = ("marketeq", "uim", "quill", "stash", "streamline-plump-color", "streamline-plump-color-flat")
"""Held sets (`recipes_guised`), for choosing dials and weights."""
KINDS = ("black", "emoji", "line")
LINE = "tabler"
EMOJI = ("twemoji", "fluent-emoji-flat", "openmoji", "noto")
FITTED, PALETTE, KEPT, BLOCK, SEEN = 120, 40, 150, 14, 40
"""Pictures of each set for the judge, half of them to fit it; for its palette; principal directions; last block;
pictures of each look that the style encoder is asked about."""
REFERENCES = (1, 8)
TAUGHT = 40
"""Pictures of a set that is taught."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Item:
    """A content picture: kind is of `KINDS`, base what it shows."""

    kind: str
    base: str
    picture: Picture


def on_white(rgba: np.ndarray) -> Picture:
    """Straight alpha on white."""
    alpha = rgba[..., 3:].astype(np.float32) / 255.0
    return from_uint8(np.rint(rgba[..., :3] * alpha + 255.0 * (1.0 - alpha)).astype(np.uint8))


class SetJudge:
    """Which unseen set a picture looks like, how near it is, and how far its colours are from those of a set."""

    def __init__(self, icons: Corpus, looks: Sequence[str]) -> None:
        self.looks = looks
        self._lite2, self._icons, self._pixels = Lite2(), icons, icons.rgba()
        random = np.random.default_rng(5)
        own: dict[str, list[int]] = defaultdict(list)
        for row, cell in enumerate(icons.cells):
            if cell.set in looks:
                own[cell.set].append(row)
        self.fitted = {look: random.permutation(own[look])[: min(FITTED, 2 * len(own[look]) // 3)] for look in looks}
        self.others = {look: np.setdiff1d(own[look], self.fitted[look]) for look in looks}
        values = np.stack([self._seen(on_white(self._pixels[row])) for look in looks for row in self.fitted[look]])
        labels = np.repeat(np.arange(len(looks)), [len(self.fitted[look]) for look in looks])
        half = np.concatenate([np.arange(len(self.fitted[look])) % 2 == 0 for look in looks])
        centre, scale = values[half].mean(0), values[half].std(0) + 1e-6
        directions = np.linalg.svd((values[half] - centre) / scale, full_matrices=False)[2][:KEPT]
        reduced = ((values - centre) / scale) @ directions.T
        discriminant = fit_discriminant(reduced[half], labels[half])
        self._style = lambda seen: discriminant(((seen[None] - centre) / scale) @ directions.T)[0]
        projected = discriminant(reduced)
        self._centres = np.stack([projected[half & (labels == place)].mean(0) for place in range(len(looks))])
        right = [
            self.distances(style).argmin() == label
            for style, label in zip(projected[~half], labels[~half], strict=True)
        ]
        self.real = float(np.mean(right))
        self._palettes = {
            look: np.concatenate([_small(self.picture(row), 32) for row in self.fitted[look][:PALETTE]])
            for look in looks
        }

    def picture(self, row: int) -> Picture:
        """An icon on white."""
        return on_white(self._pixels[row])

    def style(self, picture: Picture) -> Float[np.ndarray, " k"]:
        """A picture in the judge's style space."""
        return self._style(self._seen(picture))

    def distances(self, style: Float[np.ndarray, " k"]) -> Float[np.ndarray, " L"]:
        """Squared distance to the mean of each set."""
        return ((self._centres - style) ** 2).sum(1)

    def moments(self, picture: Picture) -> Float[np.ndarray, " m"]:
        """Of every layer, for what a picture shows."""
        return self._lite2.read(picture).moments.astype(np.float64)

    def chamfer(self, picture: Picture, look: str) -> float:
        """Squared RGB Chamfer distance, both ways, between a picture's colours and the pooled ones of a set."""
        own, pool = _small(picture, 64), self._palettes[look]
        return float((KDTree(pool).query(own)[0] ** 2).mean() + (KDTree(own).query(pool)[0] ** 2).mean())

    def _seen(self, picture: Picture) -> Float[np.ndarray, " m"]:
        return np.concatenate([self.moments(picture)[: self._lite2.width_to(BLOCK)], histogram(picture)])


def _small(picture: Picture, side: int) -> Float[np.ndarray, "n 3"]:
    small = Image.fromarray(to_uint8(picture)).resize((side, side), Image.Resampling.BOX)
    return np.asarray(small, np.float64).reshape(-1, 3) / 255.0


class Shown:
    """Whether a picture shows a content, by the nearest real picture of ten other sets."""

    def __init__(self, judge: SetJudge, icons: Corpus, bases: Sequence[str]) -> None:
        rows: dict[str, list[int]] = defaultdict(list)
        for row, cell in enumerate(icons.cells):
            if cell.set in GALLERY and cell.base in set(bases):
                rows[cell.base].append(row)
        chosen = [row for base in bases for row in rows[base][:4]]
        self._bases = np.array([icons.cells[row].base for row in chosen])
        values = np.stack([judge.moments(judge.picture(row)) for row in chosen])
        self._content = fit_content(values, self._bases)
        self._gallery, self._judge = unit(self._content(values)), judge

    def finds(self, picture: Picture, base: str) -> bool:
        """Whether the nearest of all shows `base`."""
        own = unit(self._content(self._judge.moments(picture)[None]))[0]
        return bool(self._bases[(self._gallery @ own).argmax()] == base)


def items(
    icons: Corpus, emoji: Corpus, count: int, split: str, kinds: Sequence[str] = KINDS[:2]
) -> tuple[list[Item], list[str]]:
    """`count` contents of a split of each kind; and the contents among which the black ones are looked for."""
    random, drawn = np.random.default_rng(7), defaultdict(int)
    for cell in icons.cells:
        drawn[cell.base] += cell.set in GALLERY
    black = [
        row for row, cell in enumerate(icons.cells)
        if cell.set == "mdi" and cell.split == split and drawn[cell.base] >= 2
    ]  # fmt: skip
    tested = [row for row, cell in enumerate(emoji.cells) if cell.split == split and cell.set in EMOJI]
    lines = [row for row, cell in enumerate(icons.cells) if cell.set == LINE and cell.split == split]
    items = []
    for kind, corpus, rows in (("black", icons, black), ("emoji", emoji, tested), ("line", icons, lines)):
        if kind not in kinds:
            continue
        pixels = corpus.rgba()
        for row in random.permutation(rows)[:count]:
            items.append(Item(kind=kind, base=corpus.cells[row].base, picture=on_white(pixels[row])))
    return items, list(dict.fromkeys(icons.cells[row].base for row in black))


def taught(model: Parasol, judge: SetJudge, look: str, folder: Path) -> StyleCard:
    """The card of a set in a folder, taught first where it is not there."""
    path = folder / f"{look}.style.json"
    if not path.exists():
        from parasol.teaching import finished

        pictures = folder / look
        pictures.mkdir(parents=True, exist_ok=True)
        rows = np.random.default_rng(3).permutation(judge.others[look])[:TAUGHT]
        for row in rows:
            save_png(pictures / f"{row}.png", judge.picture(row))
        progress = Progress(f"teaching {look}")
        files = [str(pictures / f"{row}.png") for row in rows]
        finished(model, files, path, tell=progress.update)
        progress.clear()
    return StyleCard.parse(path.read_bytes())


def measure(
    model: Parasol,
    icons: Corpus,
    emoji: Corpus,
    count: int,
    given: dict[str, Any],
    out: Path,
    *,
    validation: bool,
    kinds: Sequence[str] = KINDS[:2],
    cards: Path | None = None,
) -> Record:
    """All cases, drawn with what is given to `stylize`; writes the sheets, returns the record."""
    looks = VALIDATION_LOOKS if validation else LOOKS
    judge = SetJudge(icons, looks)
    contents, bases = items(icons, emoji, count, "content-val" if validation else "content-test", kinds)
    shown, progress, done = Shown(judge, icons, bases), Progress("painting"), 0
    cases: list[Record] = []
    known = {look: taught(model, judge, look, cards) for look in looks} if cards else {}
    sources = (*REFERENCES, *((TAUGHT,) if cards else ()))
    for references in sources:
        rows = [np.concatenate([np.ones_like(contents[0].picture), *(item.picture for item in contents)], axis=1)]
        for place, look in enumerate(looks):
            row: list[Picture] = []
            for number, item in enumerate(contents):
                drawn = np.random.default_rng([place, number]).permutation(judge.others[look])[:references]
                like = known[look] if references == TAUGHT else [(judge.picture(picture), 1.0) for picture in drawn]
                result = model.stylize(item.picture, like, **given).pixels
                row += [result] if row else [judge.picture(drawn[0]), result]
                near, before = judge.distances(judge.style(result)), judge.distances(judge.style(item.picture))
                cases.append(
                    {
                        "set": look, "references": references, "kind": item.kind, "content": item.base,
                        "told": looks[near.argmin()], "before": looks[before.argmin()],
                        "nearer": bool(near[place] < before[place]),
                        "colours": judge.chamfer(result, look), "colours_before": judge.chamfer(item.picture, look),
                        "found": shown.finds(result, item.base) if item.kind == "black" else None,
                    }
                )  # fmt: skip
                done += 1
                progress.update(done, len(sources) * len(looks) * len(contents))
            rows.append(np.concatenate(row, axis=1))
        Image.fromarray(to_uint8(np.concatenate(rows))).save(out / f"sheet-{references}.png")
    own = [shown.finds(item.picture, item.base) for item in contents if item.kind == "black"]
    return {
        "model_hash": model.bundle.identity, "given": given, "real": judge.real,
        "found_real": float(np.mean(own)) if own else None, "colours_real": _colours_real(judge, contents),
        "neighbours": set_neighbours(model, judge, icons),
        "summary": summary(cases), "cases": cases,
    }  # fmt: skip


def summary(cases: Sequence[Record]) -> Record:
    """Rates by kind of content and number of references: set told (and before), nearer, content found, colours left."""
    summary: Record = {}
    for kind in dict.fromkeys(case["kind"] for case in cases):
        for references in dict.fromkeys(case["references"] for case in cases):
            own = [case for case in cases if (case["kind"], case["references"]) == (kind, references)]
            shown = [case["found"] for case in own if case["found"] is not None]
            summary[f"{kind}, {references} references"] = {
                "told": _rate(case["told"] == case["set"] for case in own),
                "told_before": _rate(case["before"] == case["set"] for case in own),
                "nearer": _rate(case["nearer"] for case in own),
                "found": _rate(shown) if shown else None,
                "colours_left": round(sum(c["colours"] for c in own) / sum(c["colours_before"] for c in own), 3),
                "by_set": {
                    look: _rate(c["told"] == look for c in own if c["set"] == look)
                    for look in dict.fromkeys(c["set"] for c in own)
                },
            }
    return summary


def set_neighbours(model: Parasol, judge: SetJudge, icons: Corpus, most: int = SEEN) -> dict[str, float]:
    """Share of up to `most` pictures of each set whose nearest one of another content, by style, is of the set too.

    Among the pictures of these sets, and as many of every look of the corpus.
    """
    looks = sorted({cell.set for cell in icons.cells})
    random, chosen = np.random.default_rng(9), list[int]()
    for look in looks:
        chosen += random.permutation([row for row, cell in enumerate(icons.cells) if cell.set == look])[:most].tolist()
    styles = np.stack([model.style(judge.picture(row)).descriptor for row in chosen])
    names = np.array([icons.cells[row].set for row in chosen])
    shown = np.array([icons.cells[row].base for row in chosen])
    asked = np.isin(names, judge.looks)
    near = np.where(shown[asked, None] == shown[None], -1.0, styles[asked] @ styles.T)
    return {
        "among these sets": _rate(names[asked][near[:, asked].argmax(1)] == names[asked]),
        "among every look": _rate(names[near.argmax(1)] == names[asked]),
        "looks": len(looks),
    }


def _colours_real(judge: SetJudge, contents: Sequence[Item]) -> dict[str, float]:
    """Of each kind: the colour distance that single real pictures of the sets leave, as `colours_left` of results."""
    own = {
        look: np.mean([judge.chamfer(judge.picture(row), look) for row in judge.others[look][:PALETTE]])
        for look in judge.looks
    }
    before = {
        kind: [judge.chamfer(item.picture, look) for look in judge.looks for item in contents if item.kind == kind]
        for kind in dict.fromkeys(item.kind for item in contents)
    }
    return {kind: round(float(np.mean(list(own.values())) / np.mean(values)), 3) for kind, values in before.items()}


def _rate(right) -> float:
    values = [bool(value) for value in right]
    return round(float(np.mean(values)), 3) if values else 0.0


def main(words: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m lab unseen", description=__doc__)
    parser.add_argument("--icons", type=Path, default=Path("data/icons"))
    parser.add_argument("--emoji", type=Path, default=Path("data/pictograms"))
    parser.add_argument("--model", default="pictogram")
    parser.add_argument("--count", type=int, default=16, help="contents of each kind")
    parser.add_argument("--validation", action="store_true", help="the held sets and validation contents instead")
    parser.add_argument("--contents", default="black,emoji", help="kinds of contents, commas between; line is one more")
    parser.add_argument("--cards", type=Path, help="folder of taught cards, LOOK.style.json; what it lacks is taught")
    parser.add_argument("--finish", choices=FINISHES, default="none")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("dials", nargs="?", default="")
    options = parser.parse_args(words)
    model = Parasol.load(options.model)
    known = {**model.dials().__dict__, "strength": 1.0}
    dials = read("ours", Asked.parse(f"ours:{options.dials}").given, known) if options.dials else {}
    options.out.mkdir(parents=True, exist_ok=True)
    icons, emoji = corpora.load(options.icons), corpora.load(options.emoji)
    given = {**dials, **({} if options.finish == "none" else {"finish": options.finish})}
    record = measure(
        model, icons, emoji, options.count, given, options.out,
        validation=options.validation, kinds=options.contents.split(","), cards=options.cards,
    )  # fmt: skip
    (options.out / "unseen.json").write_text(json.dumps(record, indent=1) + "\n")
    print(json.dumps({name: value for name, value in record.items() if name != "cases"}, indent=1))
    return 0

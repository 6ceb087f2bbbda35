"""The drawn corpus with all that results are judged on: unseen contents, held-out cells of seen ones, a new style."""

import hashlib
import json
from pathlib import Path

import drawn_corpus
from parasol.corpora import Corpus, load

CONTENTS = 10  # each shape in two sizes, but for the last ones
TEST = 4  # contents that no network sees
NEW_HAND = "leaf"


def make(folder: Path) -> Corpus:
    """Ten contents in five hands: 0 to 5 are trained on, 6 to 9 are held out, and one cell of each hand beside them."""
    cells = []
    for place, hand in enumerate(drawn_corpus.HANDS):
        for number in range(CONTENTS):
            picture = drawn_corpus.draw(drawn_corpus.SHAPES[number % 8], hand)
            if number >= 8:
                picture = picture.rotate(90).resize((40, 64)).resize((64, 64))
            codepoint = f"{0x1F300 + number:x}"
            file = f"cells/{hand}/{codepoint}.png"
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            picture.save(folder / file)
            cells.append(
                {"set": hand, "family": hand, "codepoint": codepoint, "base": codepoint,
                 "label": f"{drawn_corpus.SHAPES[number % 8]} {number}", "subgroup": "shape",
                 "split": split_of(hand, place, number), "licence": "Apache-2.0", "file": file,
                 "sha256": hashlib.sha256((folder / file).read_bytes()).hexdigest() + f"{hand}{number}"}
            )  # fmt: skip
    (folder / "cells.jsonl").write_text("".join(json.dumps(cell) + "\n" for cell in cells))
    (folder / "captions.jsonl").write_text("")
    (folder / "corpus.json").write_text(json.dumps({"name": "drawn", "size": drawn_corpus.SIZE}))
    return load(folder)


def split_of(hand: str, place: int, number: int) -> str:
    """As `corpora.split` has it, with two held-out cells a hand."""
    if number >= CONTENTS - TEST:
        return "content-test"
    if hand == NEW_HAND:
        return "style-test"
    return "cell-test" if (number - place) % 3 == 0 else "train"

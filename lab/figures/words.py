"""What words find: contents that no network has seen, by label and by tags, and sets by paraphrases held out."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from lab.figure import Figure
from lab.figures.encoders import described
from parasol.corpora import Corpus
from parasol.corpora.looks import looks_of
from parasol.corpora.split import STYLE_TEST_FAMILY
from parasol.encoders.text import Words
from parasol.held_out import CONTENT_TEST, Subject, held_out
from parasol.maths.distances import unit
from parasol.types import Record

LANGUAGES = ("en", "ko", "de", "fr", "ja", "es", "ru", "zh")
TOP = 5


def words(subject: Subject) -> Figure:
    """Retrieval by words among held-out contents, none of whose pictures or words trained anything.

    label, tags: share of the held-out contents that are among the first five of all of them when asked for by their
    CLDR label, or by all their tags at once; a content is the mean content descriptor of its pictures in every set.
    label_pictures, tags_pictures: the same among single pictures: one of the first five shows it. By language; flags
    apart, since nothing in a country's name tells its flag. styles: share of the held-out paraphrases whose set is
    first among the sets that were trained on; a set is the mean style descriptor of its held-out contents.
    styles_with_unseen_set: the same with the family of the style test among them, asked for by all its descriptions.
    Units: one a language, one for styles. None where the model knows no words.
    """
    if subject.model.bundle.manifest.words is None:
        return Figure(units=[], measure=lambda unit: {}, summarise=lambda records: {})
    cells = held_out(subject.corpus, CONTENT_TEST)
    style, content = described(subject, cells)
    codepoints, sets = np.array([cell.codepoint for cell in cells]), np.array([cell.set for cell in cells])
    flags = np.array(["flag" in cell.subgroup for cell in cells])

    def measure(what: str) -> Record:
        if what == "styles":
            return {"what": what, **_styles(subject, style, sets)}
        return {"what": what, **_contents(subject, subject.corpus, what, content, codepoints, flags)}

    def summarise(records: Sequence[Record]) -> Record:
        return {record["what"]: {k: v for k, v in record.items() if k not in ("what", "missed")} for record in records}

    return Figure(units=[*LANGUAGES, "styles"], measure=measure, summarise=summarise)


def _contents(
    subject: Subject,
    corpus: Corpus,
    language: str,
    content: Float[np.ndarray, "N d"],
    codepoints: np.ndarray,
    flags: np.ndarray,
) -> Record:
    shown = sorted(set(codepoints))
    gallery = unit(np.stack([content[codepoints == code].mean(0) for code in shown]))
    flag = np.array([bool(flags[codepoints == code].any()) for code in shown])
    record: Record = {"contents": len(shown)}
    for kind in ("label", "tags"):
        texts = {code: _text(corpus, code, language, kind) for code in shown}
        named = [code for code in shown if texts[code]]
        queries = np.stack([subject.model.embed_content(Words(texts[code])) for code in named])
        best = np.argsort(-queries @ gallery.T, axis=1)[:, :TOP]
        nearest = np.argsort(-queries @ content.T, axis=1)[:, :TOP]
        right = np.array([code in [shown[place] for place in row] for code, row in zip(named, best, strict=True)])
        pictured = np.array([code in codepoints[row] for code, row in zip(named, nearest, strict=True)])
        of_flag = flag[[shown.index(code) for code in named]]
        record |= {
            kind: round(float(right.mean()), 4),
            f"{kind}_without_flags": round(float(right[~of_flag].mean()), 4),
            f"{kind}_pictures": round(float(pictured.mean()), 4),
        }
    return record


def _text(corpus: Corpus, codepoint: str, language: str, kind: str) -> str:
    caption = corpus.captions[codepoint][language]
    return caption.label.replace(",", " ") if kind == "label" else ", ".join(caption.tags)


def _styles(subject: Subject, style: Float[np.ndarray, "N a"], sets: np.ndarray) -> Record:
    record: Record = {}
    for name, without in (("styles", {STYLE_TEST_FAMILY}), ("styles_with_unseen_set", set())):
        known = sorted({*sets} - without)
        gallery = unit(np.stack([style[sets == label].mean(0) for label in known]))
        looks = [
            look
            for look in looks_of(subject.corpus)
            if look.set in known and (look.held_out or look.set == STYLE_TEST_FAMILY)
        ]
        queries = np.stack([subject.model.style(Words(look.text)).descriptor for look in looks])
        best = [known[place] for place in (queries @ gallery.T).argmax(1)]
        right = np.array([look.set == label for look, label in zip(looks, best, strict=True)])
        for language in sorted({look.language for look in looks}):
            chosen = np.array([look.language == language for look in looks])
            record[f"{name}_{language}"] = round(float(right[chosen].mean()), 4)
        record["missed"] = [
            f"{look.text} -> {word}" for look, word in zip(looks, best, strict=True) if look.set != word
        ]
    return record

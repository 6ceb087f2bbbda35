"""Is the style space metric? Synthetic styles have parameters, and their descriptors should be as far apart."""

from collections.abc import Sequence

import numpy as np

from lab.figure import Figure
from parasol.corpora.synthetic import COLOURLESS, look_of, restyle
from parasol.held_out import CONTENT_TEST, Subject, held_out, shuffled
from parasol.metrics.statistics import spearman
from parasol.types import Record

LOOKS, CONTENTS = 24, 8
UNSEEN = 3  # seed of looks that no training uses


def metric(subject: Subject) -> Figure:
    """Spearman of style descriptor distance against parameter distance, over all pairs of 24 unseen synthetic styles.

    A style is a look (hue, saturation, lightness, outline, blur, halftone, each uniform in 0..1) put over one set's
    pictures; each set with colours is measured by itself. `styles`: a style's descriptor is the normalised mean over 8
    held-out contents. `pictures`: the same of single pictures, averaged over the contents. Wanted: at least 0.9.
    """
    cells = held_out(subject.corpus, CONTENT_TEST)
    hands = sorted({cell.set for cell in cells} - COLOURLESS)
    looks = np.stack([look_of(UNSEEN, place) for place in range(LOOKS)])
    first, second = np.triu_indices(LOOKS, 1)
    parameters = np.linalg.norm(looks[first] - looks[second], axis=1)

    def correlation(descriptors: np.ndarray) -> float:
        return spearman(np.linalg.norm(descriptors[first] - descriptors[second], axis=1), parameters)

    def measure(hand: str) -> Record:
        members = shuffled([cell for cell in cells if cell.set == hand], "metric")[:CONTENTS]
        descriptors = np.stack(
            [[subject.model.embed_style(restyle(subject.fitted(cell), look)) for look in looks] for cell in members]
        )
        mean = descriptors.mean(axis=0)
        return {
            "set": hand,
            "styles": round(correlation(mean / np.linalg.norm(mean, axis=1, keepdims=True)), 4),
            "pictures": round(float(np.mean([correlation(row) for row in descriptors])), 4),
        }

    def summarise(records: Sequence[Record]) -> Record:
        kinds = ("styles", "pictures")
        return {
            **{kind: round(float(np.mean([record[kind] for record in records])), 4) for kind in kinds},
            "lowest": min(records, key=lambda record: record["styles"])["set"],
        }

    return Figure(units=hands, measure=measure, summarise=summarise)

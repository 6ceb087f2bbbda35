"""The judge of results: family and content of a picture, by a network and pixels that the model knows nothing of."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import cache

import numpy as np
from jaxtyping import Bool, Float, Shaped

from lab.judging.cases import Case, judge_cells
from lab.judging.features import fit_discriminant, histogram
from parasol.comparison.lite2 import Lite2
from parasol.corpora import Cell
from parasol.held_out import Pair, Subject
from parasol.images import load
from parasol.maths.distances import cosine_distance, unit
from parasol.metrics.chamfer import chamfer
from parasol.metrics.perceptual import perceptual_distance
from parasol.types import Picture, Record

FITTED = 2_000  # cells
STYLE_BLOCK = 14  # the last of those whose moments tell the style
KEPT = 400  # principal directions, at most
SHRINKAGE = 0.1  # of the covariance within contents

Project = Callable[[Float[np.ndarray, "N m"]], Float[np.ndarray, "N k"]]


@dataclass(frozen=True, kw_only=True, eq=False)
class Look:
    """One picture as the judge sees it."""

    maps: tuple[Float[np.ndarray, "_ _ _"], ...]
    style: Float[np.ndarray, " k"]
    content: Float[np.ndarray, " c"]
    """Unit norm."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Gallery:
    """Real pictures among which a content is looked for."""

    contents: Float[np.ndarray, "N c"]
    sets: Shaped[np.ndarray, " N"]
    codepoints: Shaped[np.ndarray, " N"]

    def shows(self, look: Look, case: Case) -> bool:
        """Whether the nearest picture by neither hand of the case shows its content."""
        beside = self.beside(case)
        nearest = (self.contents[beside] @ look.content).argmax()
        return bool(self.codepoints[beside][nearest] == case.truth.codepoint)

    def possible(self, case: Case) -> bool:
        """Whether some picture by another hand shows it at all."""
        return case.truth.codepoint in self.codepoints[self.beside(case)]

    def beside(self, case: Case) -> Bool[np.ndarray, " N"]:
        """Pictures by neither hand of a case: the content picture itself would be an easy answer."""
        return ~np.isin(self.sets, [case.content.set, case.truth.set])


class Judge:
    """Fitted once to real cells, of contents that are never judged."""

    def __init__(self, subject: Subject) -> None:
        self.lite2, self._subject = Lite2(), subject
        cells = judge_cells(subject.corpus, FITTED)
        moments, colours = self._measured([subject.fitted(cell) for cell in cells])
        sets = np.array([cell.set for cell in cells])
        self._style = fit_style(self._looks_of(moments, colours), sets)
        self._content = fit_content(moments, np.array([cell.codepoint for cell in cells]))
        projected = self._style(self._looks_of(moments, colours))
        self._sets = np.unique(sets)
        self._centres = np.stack([projected[sets == name].mean(axis=0) for name in self._sets])
        self._fitted = len(cells)

    def look(self, picture: Picture) -> Look:
        """See a picture."""
        reading = self.lite2.read(picture)
        moments, colours = reading.moments[None].astype(np.float64), histogram(picture)[None]
        return Look(
            maps=tuple(reading.maps.values()),
            style=self._style(self._looks_of(moments, colours))[0],
            content=unit(self._content(moments))[0],
        )

    def set(self, look: Look) -> str:
        """The set whose mean, over the cells that the judge is fitted to, is nearest in the style space."""
        return str(self._sets[np.sum((self._centres - look.style) ** 2, axis=1).argmin()])

    def gallery(self, cells: Sequence[Cell]) -> Gallery:
        """See real cells; takes a minute or so for a thousand."""
        looks = [self.look(self._subject.fitted(cell)) for cell in cells]
        return Gallery(
            contents=np.stack([look.content for look in looks]),
            sets=np.array([cell.set for cell in cells]),
            codepoints=np.array([cell.codepoint for cell in cells]),
        )

    def described(self) -> Record:
        """Which judge this is, for summaries."""
        return {
            **asdict(self.lite2.backbone),
            "fitted_to": f"{self._fitted} real cells, of contents that are not judged",
        }

    def _measured(self, pictures: Sequence[Picture]) -> tuple[np.ndarray, np.ndarray]:
        moments = np.stack([self.lite2.read(picture).moments for picture in pictures]).astype(np.float64)
        return moments, np.stack([histogram(picture) for picture in pictures])

    def _looks_of(self, moments: np.ndarray, colours: np.ndarray) -> np.ndarray:
        return np.concatenate([moments[:, : self.lite2.width_to(STYLE_BLOCK)], colours], axis=1)


@cache
def judge_of(subject: Subject) -> Judge:
    """The judge for a subject, fitted once a process."""
    return Judge(subject)


@cache
def gallery_of(subject: Subject, cells: tuple[Cell, ...]) -> Gallery:
    """A gallery for a subject, seen once a process."""
    return judge_of(subject).gallery(cells)


def perceptual(a: Look, b: Look) -> float:
    """LPIPS's formula with unit weights on the layers of EfficientNet-Lite2 that `lite2.PLACES` names."""
    return perceptual_distance(a.maps, b.maps)


def style_distance(a: Look, b: Look) -> float:
    """1 - cos in the judge's style space, whose origin is the mean of all hands."""
    return float(cosine_distance(a.style, b.style))


def principal(values: Float[np.ndarray, "N m"]) -> Project:
    """Projection of standardised values on their strongest principal directions, as many as there are, 400 at most."""
    centre, scale = values.mean(axis=0), values.std(axis=0) + 1e-6
    standard = (values - centre) / scale
    squares, rows = np.linalg.eigh(standard @ standard.T)  # of the fewer: there are more columns than rows
    kept = [place for place in range(len(rows))[::-1] if squares[place] > 1e-9 * squares[-1]][:KEPT]
    directions = standard.T @ rows[:, kept] / np.sqrt(squares[kept])
    return lambda others: ((others - centre) / scale) @ directions


def fit_style(values: Float[np.ndarray, "N m"], sets: Shaped[np.ndarray, " N"]) -> Project:
    """Discriminant of sets, on principal directions; its origin is the mean of all values."""
    reduce = principal(values)
    discriminant = fit_discriminant(reduce(values), sets)
    return lambda others: discriminant(reduce(others))


def fit_content(values: Float[np.ndarray, "N m"], codepoints: Shaped[np.ndarray, " N"]) -> Project:
    """Whitening of the covariance within contents, on principal directions: what hands do to a content is divided out.

    Contents that only one hand draws say nothing of it.
    """
    reduce = principal(values)
    reduced = reduce(values)
    _, rows, counts = np.unique(codepoints, return_inverse=True, return_counts=True)
    sums = np.zeros((len(counts), reduced.shape[1]))
    np.add.at(sums, rows, reduced)
    within = reduced - (sums / counts[:, None])[rows]
    covariance = within.T @ within / max(len(values) - len(counts), 1)
    average = np.trace(covariance) / len(covariance) or 1.0
    covariance = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * average * np.eye(len(covariance))
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)).T
    return lambda others: reduce(others) @ whitening


def style_picture(subject: Subject, case: Case) -> Float[np.ndarray, "_ _ 3"]:
    """The style picture of a case, at the size that it has."""
    return load(subject.file(case.style))


def paint(subject: Subject, case: Case, **dials: object) -> Picture:
    """The model's result for a case, with some dials set otherwise; seed 0."""
    pair = Pair(content=case.content, style=case.style)
    return subject.paint(pair, subject.dials(**{"fresh": case.fresh, **dials}))


def judged(subject: Subject, gallery: Gallery, case: Case, result: Picture) -> dict[str, float]:
    """The measures of one result; the content's only where a real picture of it can be found."""
    judge, truth = judge_of(subject), subject.fitted(case.truth)
    look = judge.look(result)
    families = {cell.set: cell.family for cell in subject.corpus.cells}
    return {
        "family": float(families[judge.set(look)] == case.truth.family),
        **({"content": float(gallery.shows(look, case))} if gallery.possible(case) else {}),
        "style": style_distance(look, judge.look(subject.fitted(case.style))),
        "layout": perceptual(look, judge.look(subject.fitted(case.content))),
        "truth": perceptual(look, judge.look(truth)),
        "colours": chamfer(result, truth),
    }


def means(cases: Sequence[dict[str, float]]) -> dict[str, float]:
    """Mean of each measure over the cases that have it."""
    names = dict.fromkeys(name for case in cases for name in case)
    return {name: round(float(np.mean([case[name] for case in cases if name in case])), 5) for name in names}

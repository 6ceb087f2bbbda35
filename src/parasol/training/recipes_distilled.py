"""The recipe of a bundled model's student: guidance in one pass of the network (`distillation`).

parasol train pictogram-student --corpus data/icons --beside data/pictograms
parasol export pictogram-student --out src/parasol/models/pictogram
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass

from parasol.corpora import Corpus, load
from parasol.errors import ParasolError
from parasol.pipeline import Parasol
from parasol.training.distillation import DistillationTask, Distilling
from parasol.training.loop import Optimisation, Task
from parasol.training.pool import GROUP, group_of, icon_sets
from parasol.training.recipes import Places, Recipe
from parasol.training.recipes_guised import HELD_SEED, HELD_SETS, LEFT_OUT
from parasol.training.scenes import Scenes


@dataclass(frozen=True, kw_only=True)
class ScenePlan:
    """teacher: a bundled model. groups: that are trained on, and held ones that are validated on."""

    teacher: str = "pictogram"
    groups: int = 240
    held: int = 12


def pictogram_student() -> Recipe:
    """The student of pictogram: an hour of two AVX2 cores."""
    plan, training = ScenePlan(), Distilling()
    optimisation = Optimisation(
        steps=1_150, batch=training.trajectories, learning_rate=8e-4, decay="cosine", warmup=100, average=0.99,
        validate_every=100, save_every=25, keep="last",
    )  # fmt: skip

    def task(places: Places) -> Task:
        model = Parasol.load(plan.teacher)
        seen, held = scenes(places, model, plan)
        return DistillationTask(model.bundle, seen, held, training)

    return Recipe(
        name="pictogram-student",
        optimisation=optimisation,
        configuration={"scenes": plan, "distilling": training},
        task=task,
    )


def scenes(places: Places, model: Parasol, plan: ScenePlan) -> tuple[Scenes, Scenes]:
    """What is trained on, and what is validated on: icons under guises, of other sets and in part other contents.

    Raises ParasolError where the second corpus is not named.
    """
    if places.beside is None:
        raise ParasolError("this recipe learns from icons and emoji: name both with --corpus ICONS --beside PICTOGRAMS")
    icons, emoji = load(places.corpus), load(places.beside)
    by_content: dict[str, list[tuple[Corpus, int]]] = defaultdict(list)
    for row, cell in enumerate(emoji.cells):
        if cell.split == "train":
            by_content[cell.codepoint].append((emoji, row))
    seen = icon_sets(
        [icons, emoji], lambda cell: cell.split == "train" and cell.set not in HELD_SETS | LEFT_OUT, least=2 * GROUP
    )
    unseen = icon_sets([icons], lambda cell: cell.split in ("train", "content-val") and cell.set in HELD_SETS)

    def kept(name: str, stock: list, seeds: range) -> Scenes:
        return Scenes.kept(
            places.runs / f"{name}.safetensors", model.painter, lambda seed: group_of(stock, seed, by_content), seeds
        )

    return (
        kept("scenes", seen, range(2_000_000, 2_000_000 + plan.groups)),
        kept("scenes-held", unseen, range(HELD_SEED, HELD_SEED + plan.held)),
    )


DISTILLED: dict[str, Callable[[], Recipe]] = {"pictogram-student": pictogram_student}

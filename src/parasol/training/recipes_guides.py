"""The recipe of a bundled model's guide: guidance in one pass of the network (`guides`).

parasol train pictogram-guide --corpus data/icons --beside data/pictograms
parasol export pictogram-guide --out src/parasol/models/pictogram
"""

from collections.abc import Callable
from dataclasses import dataclass

from parasol.networks.guide import GuideConfig
from parasol.training.guides import GuideTask
from parasol.training.loop import Optimisation, Task
from parasol.training.pool import IconSet, group_of
from parasol.training.recipes import Places, Recipe
from parasol.training.recipes_guised import HELD_SEED, stock_of
from parasol.training.scenes import Scenes, Teacher
from parasol.training.walks import Rows, WalkPlan, walked


@dataclass(frozen=True, kw_only=True)
class GuidePlan:
    """teacher: a bundled model. groups: of scenes that are trained on, and held ones that are validated on."""

    teacher: str = "pictogram"
    groups: int = 240
    held: int = 12


def pictogram_guide() -> Recipe:
    """The guide of pictogram: ten minutes of two cores for the walks, then half an hour of one."""
    plan, network = GuidePlan(), GuideConfig()
    walks, held_walks = WalkPlan(walks=1100, fresh=200), WalkPlan(walks=96, held=True)
    optimisation = Optimisation(
        steps=3_600, batch=48, learning_rate=1.5e-3, decay="cosine", warmup=100, weight_decay=1e-4, average=0.998,
        validate_every=250, save_every=100,
    )  # fmt: skip

    def task(places: Places) -> Task:
        teacher = Teacher.open(plan.teacher)
        scenes, unseen = _scenes(places, teacher, plan)

        def rows(name: str, of: Scenes, wanted: WalkPlan) -> Rows:
            return walked(teacher.components, of, wanted, places.runs / name)

        data = (rows("walks", scenes, walks), scenes)
        return GuideTask(
            teacher.bundle, network, data, (rows("walks-held", unseen, held_walks), unseen), optimisation.batch
        )

    return Recipe(
        name="pictogram-guide",
        optimisation=optimisation,
        configuration={"guide": network, "scenes": plan, "walks": walks, "held": held_walks},
        task=task,
    )


def _scenes(places: Places, teacher: Teacher, plan: GuidePlan) -> tuple[Scenes, Scenes]:
    """What is trained on, and what is validated on. Raises ParasolError where the second corpus is not named."""
    stock = stock_of(places)

    def kept(name: str, sets: list[IconSet], seeds: range) -> Scenes:
        return Scenes.kept(
            places.runs / f"{name}.safetensors", teacher, lambda seed: group_of(sets, seed, stock.by_content), seeds
        )

    return (
        kept("scenes", stock.seen, range(2_000_000, 2_000_000 + plan.groups)),
        kept("scenes-held", stock.unseen, range(HELD_SEED, HELD_SEED + plan.held)),
    )


GUIDES: dict[str, Callable[[], Recipe]] = {"pictogram-guide": pictogram_guide}

"""A mining run from index to triplets: resumable, the same on every engine and with any number of workers."""

from collections.abc import Iterator
from functools import lru_cache, partial
from pathlib import Path

from parasol.errors import ParasolError
from parasol.triplets.descriptors import Descriptors, open_descriptors
from parasol.triplets.engines import EngineName
from parasol.triplets.engines import run as run_tasks
from parasol.triplets.mine import Mining
from parasol.triplets.plan import BLOCK, Plan, Roles, load_roles, make_plan
from parasol.triplets.results import ROLES, Results, start
from parasol.triplets.task import Mined, mine_block


def mine_table(
    descriptors: Descriptors,
    roles: Roles,
    mining: Mining,
    folder: Path,
    *,
    engine: EngineName = "local",
    workers: int = 1,
    block: int = BLOCK,
) -> Iterator[Results]:
    """Mine an index into `folder`, or go on where that was stopped; yields after every task, and when it is finished.

    The workers of a cluster must see the index and `folder` under the same paths. Closing the generator keeps what is
    done. Raises ValueError for an index or a folder that doesn't fit.
    """
    results = start(folder, make_plan(descriptors, roles, mining, block=block), roles)
    yield results
    tasks = run_tasks(engine, partial(run_task, folder.resolve(), results.plan), results.left, workers)
    try:
        for task, mined in tasks:
            results.add(task, mined)
            yield results
    finally:
        results.save()
    if not results.report:
        results.finish()
    yield results


def run_task(folder: Path, plan: Plan, task: int) -> Mined:
    """One task, in whatever process: what it needs is read from disk once."""
    return mine_block(*_opened(folder, plan), plan, task)


@lru_cache(maxsize=1)
def _opened(folder: Path, plan: Plan) -> tuple[Descriptors, Roles]:
    descriptors = open_descriptors(Path(plan.index))
    if descriptors.index.version != plan.version:
        raise ParasolError(f"{plan.index} has changed since the run began: mine into another folder than {folder}")
    return descriptors, load_roles(folder / ROLES, plan)

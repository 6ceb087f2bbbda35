"""Where tasks run: in this process, on a local pool of processes, or on a Ray cluster. The results are the same.

An engine takes a picklable function and the tasks to call it on, and yields (task, result) as they are finished.
"""

import multiprocessing
import os
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from contextlib import contextmanager
from threading import Thread
from typing import Any, Literal, TypeVar

from parasol.errors import ParasolError

R = TypeVar("R")
EngineName = Literal["local", "pool", "ray"]

ONE_THREAD = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
AHEAD = 2  # tasks handed out for each worker, so that none waits


def run(
    engine: EngineName, function: Callable[[int], R], tasks: Sequence[int], workers: int
) -> Iterator[tuple[int, R]]:
    """Call `function` on every task; `workers` processes where the engine has several.

    Raises ValueError where Ray is asked for and not installed. Closing the generator ends the workers.
    """
    if engine == "pool":
        return _pool(function, tasks, workers)
    if engine == "ray":
        return _ray(function, tasks, workers)
    return ((task, function(task)) for task in tasks)


def _pool(function: Callable[[int], R], tasks: Sequence[int], workers: int) -> Iterator[tuple[int, R]]:
    context = multiprocessing.get_context("spawn")  # a fork would copy locks that numeric libraries hold
    left, running = list(reversed(tasks)), dict[Future[R], int]()
    with _environment(ONE_THREAD):
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_follow_parent)
        try:
            while left or running:
                while left and len(running) < AHEAD * workers:
                    task = left.pop()
                    running[pool.submit(function, task)] = task
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    yield running.pop(future), future.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _ray(function: Callable[[int], R], tasks: Sequence[int], workers: int) -> Iterator[tuple[int, R]]:
    try:
        import ray  # pyright: ignore[reportMissingImports]
    except ModuleNotFoundError as error:
        if error.name != "ray":
            raise
        raise ParasolError("--engine ray needs Ray: install it with  pip install 'parasol-style[ray]'") from error
    mine = not ray.is_initialized()
    if mine:  # RAY_ADDRESS names a cluster; otherwise one is started here
        cores = {} if os.environ.get("RAY_ADDRESS") else {"num_cpus": workers, "include_dashboard": False}
        ray.init(runtime_env={"env_vars": ONE_THREAD}, log_to_driver=False, **cores)
    remote: Any = ray.remote(num_cpus=1)(_call)
    left, running = list(reversed(tasks)), dict[Any, int]()
    try:
        ahead = AHEAD * max(workers, int(ray.cluster_resources().get("CPU", workers)))
        while left or running:
            while left and len(running) < ahead:
                task = left.pop()
                running[remote.remote(function, task)] = task
            for done in ray.wait(list(running), num_returns=1)[0]:
                yield running.pop(done), ray.get(done)
    finally:
        if mine:
            ray.shutdown()


def _call(function: Callable[[int], R], task: int) -> R:
    """What Ray is given: a function that a worker imports by name."""
    return function(task)


def _follow_parent() -> None:
    """In a worker: leave Ctrl-C to the parent, and end when the parent was killed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    assert parent is not None

    def follow() -> None:
        parent.join()
        os._exit(1)

    Thread(target=follow, daemon=True).start()


@contextmanager
def _environment(variables: dict[str, str]) -> Iterator[None]:
    """Variables that processes started here inherit."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value

"""Work of a test in a child process that begins with all that the test has imported and opened.

A child that begins anew would import torch and diffusers, which takes longer than most of what is tested.
"""

import multiprocessing
import os
import sys
from collections.abc import Callable
from multiprocessing.context import ForkContext
from multiprocessing.process import BaseProcess


def forked(work: Callable[[], int], **environment: str) -> BaseProcess:
    """A child of this process that has begun `work`; its exit code is what `work` returns, or minus a signal's number.

    It leads a group of processes of its own, and has one thread: those of a pool that this process has are not there
    after a fork.
    """
    context = multiprocessing.get_context("fork")
    assert isinstance(context, ForkContext)
    child = context.Process(target=_alone, args=(work, environment))
    child.start()
    return child


def ended(child: BaseProcess, seconds: float = 300.0) -> int:
    """Its exit code, once it has ended; it is killed if that takes too long."""
    child.join(seconds)
    if child.exitcode is None:
        child.kill()
        child.join()
    assert child.exitcode is not None
    return child.exitcode


def _alone(work: Callable[[], int], environment: dict[str, str]) -> None:
    os.setsid()
    os.environ.update(environment)
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(1)
    from parasol.runtime import onnx

    onnx.available_cores = lambda: 1
    sys.exit(work())

"""What this machine reaches at best, so that other times can be read beside it."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import torch

MATRIX = 2048  # side
CHANNELS, PLANE, BATCH = 128, 32, 8
ROUNDS = 8


def matmul_gflops(threads: int) -> float:
    """Best float32 GFLOP/s of a matrix product of 2048 x 2048, by torch."""
    a = torch.rand(MATRIX, MATRIX)
    return _best(lambda: a @ a, 2 * MATRIX**3, threads)


def convolution_gflops(threads: int) -> float:
    """Best float32 GFLOP/s of a 3 x 3 convolution, 128 to 128 channels at 32 x 32, channels last, by torch."""
    x = torch.rand(BATCH, CHANNELS, PLANE, PLANE).to(memory_format=torch.channels_last)
    kernel = torch.rand(CHANNELS, CHANNELS, 3, 3).to(memory_format=torch.channels_last)
    flops = 2 * BATCH * PLANE**2 * CHANNELS**2 * 9
    return _best(lambda: torch.nn.functional.conv2d(x, kernel, padding=1), flops, threads)


@contextmanager
def torch_threads(threads: int) -> Iterator[None]:
    """torch on so many threads, and on as many as before once it is over: its sums depend on their number."""
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _best(work: Callable[[], object], flops: float, threads: int) -> float:
    seconds: list[float] = []
    with torch_threads(threads), torch.inference_mode():
        for _ in range(ROUNDS):
            started = time.perf_counter()
            work()
            seconds.append(time.perf_counter() - started)
    return flops / min(seconds) / 1e9

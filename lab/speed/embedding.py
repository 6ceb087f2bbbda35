"""How many pictures a second the encoders describe, beside what their arithmetic and the machine's peak allow."""

import time
from dataclasses import dataclass
from statistics import median

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from parasol.bundle import Bundle
from parasol.runtime.onnx import open_session
from parasol.runtime.torch import load_networks

ENCODERS = ("style", "content")
WARM_UP = 5


@dataclass(frozen=True, kw_only=True)
class EmbeddingSpeed:
    """One encoder, one picture at a time, as an index is built; pixels in, descriptor out."""

    encoder: str
    milliseconds: float
    """Median of a picture."""
    gflop: float
    """Convolutions and matrix products of a picture, a multiplication and an addition counted as two."""

    def share_of(self, peak: float) -> float:
        """What part of `peak` [GFLOP/s] the encoder's arithmetic reaches."""
        return self.gflop / (self.milliseconds / 1e3) / peak


def embedding_speed(bundle: Bundle, *, threads: int, rounds: int = 60) -> list[EmbeddingSpeed]:
    """Time both encoders of a bundle on ONNX Runtime; their arithmetic is counted in torch's operators."""
    functions, size = load_networks(bundle).components(), bundle.manifest.size
    pixels = np.random.default_rng(0).random((1, 3, size, size), np.float32)
    speeds = []
    for encoder in ENCODERS:
        with torch.inference_mode(), FlopCounterMode(display=False) as counted:
            functions[encoder][1](torch.from_numpy(pixels))
        session = open_session(bundle, encoder, threads=threads)
        inputs = {session.get_inputs()[0].name: pixels}
        seconds = []
        for _ in range(WARM_UP + rounds):
            started = time.perf_counter()
            session.run(None, inputs)
            seconds.append(time.perf_counter() - started)
        milliseconds = 1e3 * median(seconds[WARM_UP:])
        speeds.append(EmbeddingSpeed(encoder=encoder, milliseconds=milliseconds, gflop=counted.get_total_flops() / 1e9))
    return speeds

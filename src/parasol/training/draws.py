"""Randomness as a function of (seed, step): the same batch at the same step, whatever came before."""

import numpy as np
import torch

from parasol.training.devices import CPU


def draws(seed: int, step: int) -> np.random.Generator:
    """The numpy generator of one training step."""
    return np.random.default_rng([seed, step])


def torch_draws(seed: int, step: int, device: torch.device = CPU) -> torch.Generator:
    """The torch generator of one training step. The same step draws other numbers on another kind of device."""
    generator = torch.Generator(device)
    generator.manual_seed(int(draws(seed, step).integers(2**62)))
    return generator

"""Training of a low-rank change of a U-Net on the pictures of one set: `parasol teach` (`teaching`).

Each picture is a target x; what it shows is told by itself re-inked (`reinking`), its style by the set. What is learned
is up and down of `adaptation`, everything else stays as it is.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from safetensors.torch import load_file
from torch import Tensor, nn
from torch.func import functional_call

from parasol.adaptation import LARGEST_RANK, adaptable
from parasol.errors import ParasolError
from parasol.maths.steps import add_noise, epsilon_of_velocity, per_picture
from parasol.runtime.torch import Networks
from parasol.training.checkpoint import BEST
from parasol.training.diffusion import MODES, VALIDATION
from parasol.training.draws import draws, torch_draws
from parasol.training.guised import REFERENCES, GuiseTraining
from parasol.training.loop import Optimisation, Task
from parasol.training.losses import diffusion_loss

HELD = 10
"""One picture of so many is kept to choose the best weights by."""


@dataclass(frozen=True, kw_only=True)
class Teaching:
    """How a set is taught. rank: of the change. steps, batch, rate: of the optimisation. together: share of targets
    whose style is the whole set's, the others have one to eight pictures'. seed: of every draw.

    Raises:
        ParasolError: a value is outside its range.
    """

    rank: int = 2
    steps: int = 600
    batch: int = 8
    rate: float = 2e-3
    together: float = 0.5
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.rank <= LARGEST_RANK:
            raise ParasolError(f"rank is {self.rank}; it must lie in 1 to {LARGEST_RANK}, usually 2")
        if not 1 <= self.steps <= 100_000:
            raise ParasolError(f"steps is {self.steps}; it must lie in 1 to 100000, usually 600")

    def optimisation(self) -> Optimisation:
        """How it is optimised."""
        return Optimisation(
            steps=self.steps, batch=self.batch, learning_rate=self.rate, warmup=20, decay="tail", weight_decay=1e-3,
            average=0.98, seed=self.seed, validate_every=max(1, min(100, self.steps // 4)), save_every=50,
        )  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Lessons:
    """A set as the frozen networks see it: N pictures, each re-inked V times.

    whole: the descriptor of the set, as its card has it.
    """

    latents: Float[Tensor, "N C h w"]
    styles: Float[Tensor, "N a"]
    content: Float[Tensor, "N V d"]
    maps: Float[Tensor, "N V p d"]
    whole: Float[Tensor, " a"]

    @classmethod
    def of(
        cls,
        styles: Float[np.ndarray, "N a"],
        latents: Float[np.ndarray, "N C h w"],
        content: Float[np.ndarray, "N V d"],
        maps: Float[np.ndarray, "N V p d"],
        *,
        whole: Float[np.ndarray, " a"],
    ) -> "Lessons":
        """From what the core saw."""
        parts = {"styles": styles, "latents": latents, "content": content, "maps": maps, "whole": whole}
        return cls(**{name: torch.from_numpy(values) for name, values in parts.items()})


class LowRank(nn.Module):
    """up and down of every adaptable weight. up is zero at first, so that nothing is changed."""

    def __init__(self, weights: Mapping[str, Tensor], rank: int) -> None:
        super().__init__()
        self.rank, self.names = rank, adaptable(weights)
        for number, name in enumerate(self.names):
            rows, columns = weights[name].shape[0], weights[name][0].numel()
            self.register_parameter(f"up_{number}", nn.Parameter(torch.zeros(rows, rank)))
            self.register_parameter(f"down_{number}", nn.Parameter(torch.randn(rank, columns) / columns**0.5))

    def factors(self) -> dict[str, tuple[Tensor, Tensor]]:
        """(up, down) of each weight."""
        return {
            name: (self.get_parameter(f"up_{number}"), self.get_parameter(f"down_{number}"))
            for number, name in enumerate(self.names)
        }

    def forward(self, weights: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """The weights as they are changed."""
        return {name: weights[name] + (up @ down).view_as(weights[name]) for name, (up, down) in self.factors().items()}


class TeachTask(Task):
    """L_DM on one set, over the low-rank change alone. The score is the velocity error on pictures held out."""

    def __init__(self, networks: Networks, alpha_bars: Sequence[float], lessons: Lessons, teaching: Teaching) -> None:
        torch.manual_seed(teaching.seed)
        self.unet, self.projector = networks.unet.requires_grad_(False), networks.projector.requires_grad_(False)
        self.weights = dict(self.unet.named_parameters())
        self.model = LowRank(self.weights, teaching.rank)
        self.lessons, self.teaching = lessons, teaching
        self.alpha_bars = torch.tensor(np.asarray(alpha_bars), dtype=torch.float32)
        rows = np.arange(len(lessons.latents))
        self.held = rows[HELD - 1 :: HELD] if len(rows) >= HELD else rows[-1:]
        self.own = np.setdiff1d(rows, self.held)

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        random, generator = draws(self.teaching.seed, step), torch_draws(self.teaching.seed, step, torch.device("cpu"))
        count = self.teaching.batch
        rows = random.choice(self.own, count, replace=count > len(self.own))
        times = (np.arange(count) + random.random(count)) / count * len(self.alpha_bars)
        modes = random.choice(len(MODES), count, p=GuiseTraining.shares)
        kept = torch.from_numpy(np.array([*MODES.values()], np.float32)[modes])
        error = self._error(model, rows, times.astype(np.int64), kept, random, generator)
        return error(lambda eps, predicted, at: diffusion_loss(eps, predicted, at, GuiseTraining.snr_cap, 1.0)), {}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        random = draws(self.teaching.seed, VALIDATION)
        generator = torch_draws(self.teaching.seed, VALIDATION, torch.device("cpu"))
        rows = np.resize(self.held, 32)
        times = np.linspace(20, len(self.alpha_bars) - 20, len(rows)).astype(np.int64)
        error = self._error(model, rows, times, torch.ones(len(rows), 3), random, generator)
        score = error(lambda eps, predicted, at: ((predicted - eps).square().mean((1, 2, 3)) / at).mean())
        return {"score": float(score)}

    def _error(
        self,
        model: nn.Module,
        rows: np.ndarray,
        times: np.ndarray,
        kept: Float[Tensor, "B 3"],
        random: np.random.Generator,
        generator: torch.Generator,
    ) -> Callable[[Callable[[Tensor, Tensor, Tensor], Tensor]], Tensor]:
        """What measures (eps, predicted eps, alpha_bar) of those rows at those times."""
        lessons, t = self.lessons, torch.from_numpy(times)
        ink = random.integers(lessons.content.shape[1], size=len(rows))
        x, at = lessons.latents[rows], self.alpha_bars[t]
        eps = torch.randn(x.shape, generator=generator)
        z = add_noise(x, eps, per_picture(at, x))
        pair = torch.stack([self.projector(self._styles(rows, random)), lessons.content[rows, ink]], dim=1)
        tokens = torch.cat([pair * kept[:, :2, None], lessons.maps[rows, ink] * kept[:, 2:, None]], dim=1)
        changed = model(self.weights)
        predicted = functional_call(self.unet, changed, (z, t), {"encoder_hidden_states": tokens}).sample
        predicted = epsilon_of_velocity(predicted, z, per_picture(at, x))
        return lambda measure: measure(eps, predicted, at)

    def _styles(self, rows: np.ndarray, random: np.random.Generator) -> Float[Tensor, "B a"]:
        styles = []
        for row in rows:
            others = random.permutation(self.own[self.own != row])[: random.integers(1, REFERENCES + 1)]
            together = random.random() < self.teaching.together
            styles.append(self.lessons.whole if together else self.lessons.styles[others].mean(0))
        return nn.functional.normalize(torch.stack(styles), dim=1)


def learned(task: TeachTask, folder: Path) -> dict[str, tuple[Float[np.ndarray, "o r"], Float[np.ndarray, "r i"]]]:
    """(up, down) of each weight, as the best of a run has them."""
    task.model.load_state_dict(load_file(folder / BEST))
    assert isinstance(task.model, LowRank)
    return {name: (up.detach().numpy(), down.detach().numpy()) for name, (up, down) in task.model.factors().items()}

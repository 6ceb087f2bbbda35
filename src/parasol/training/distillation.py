"""Guidance distilled: a student of a U-Net that gives in one pass what guidance mixes from two to four branches.

The student is the U-Net itself with a low-rank change of its weights, told the weights of the branches by what is added
to its first two tokens (`parasol.student`). It learns on the teacher's own trajectories, as painting takes them: the
stored chain of a content picture under its own style (the source), and what becomes of it under another (the target).
Half of the targets go on by the student's own predictions, so that it also learns what to do where those lead
(DAgger, Ross et al. 2011). Guidance as an input of one network: Meng et al. 2023.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from parasol.bundle import Bundle
from parasol.maths.guidance import BranchWeights, branch_weights, joint_weights
from parasol.maths.schedule import Step, switch_step
from parasol.maths.steps import epsilon_of_velocity, foreseen, second_order, step_mean
from parasol.runtime.torch import load_networks
from parasol.sampling.sampler import forward_chain
from parasol.student import CONTENT_SCALES, SINCE, STYLE_SCALES, WIDTH, Student
from parasol.training.loop import Task
from parasol.training.scenes import Scenes
from parasol.training.tables import load_best
from parasol.training.teach import LowRank

HELD_FIRST = 10**7
"""Number of the first trajectory that validation looks at."""


@dataclass(frozen=True, kw_only=True)
class Distilling:
    """rank: of the change. trajectories: that are walked side by side, one step a training step, each with its source.
    own: share of them that go on by the student's predictions. held: trajectories that validation looks at.
    style_scale, content_scale: the model's own scales, near which half of the trajectories are drawn. seed: of all.
    """

    rank: int = 32
    trajectories: int = 12
    own: float = 0.5
    held: int = 6
    style_scale: float = 2.0
    content_scale: float = 1.5
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class Walk:
    """How one trajectory goes. A function of its number.

    content, places, style, own: tokens of the target, and the style token of the content picture itself. mapped:
    whether the target, and the source, are told where things are. lam: where the target leaves the chain. steps:
    those at which a student is asked. eta: of them. chain: T + 1 latents, of which a walk from new noise has the first
    alone.
    """

    content: Float[Tensor, " d"]
    places: Float[Tensor, "p d"]
    style: Float[Tensor, " d"]
    own: Float[Tensor, " d"]
    mapped: tuple[bool, bool]
    weights: BranchWeights
    scales: tuple[float, float]
    steps: Sequence[Step]
    second: bool
    lam: int
    fresh: bool
    chain: Sequence[Float[Tensor, "C h w"]]
    by_student: bool

    @property
    def eta(self) -> float:
        return 0.0 if self.fresh else 1.0


class DistilledUNet(nn.Module):
    """What is trained: the change of the weights and the guide's two matrices; and where every trajectory is."""

    number: Tensor
    done: Tensor
    z: Tensor
    before: Tensor

    def __init__(self, weights: Mapping[str, Tensor], token_dimension: int, latent: tuple[int, ...], plan: Distilling):
        super().__init__()
        self.change = LowRank(weights, plan.rank)
        self.first = nn.Linear(len(BranchWeights._fields), WIDTH)
        self.second = nn.Linear(WIDTH, 2 * token_dimension, bias=False)
        nn.init.zeros_(self.second.weight)
        self.register_buffer("number", torch.arange(plan.trajectories))
        self.register_buffer("done", torch.full((plan.trajectories,), -1))
        self.register_buffer("z", torch.zeros(plan.trajectories, *latent))
        self.register_buffer("before", torch.zeros(2, plan.trajectories, *latent))

    def tokens(self, tokens: Float[Tensor, "B n d"], weights: Float[Tensor, "B 4"]) -> Float[Tensor, "B n d"]:
        """As `Student.tokens`."""
        shift = self.second(functional.silu(self.first(weights))).unflatten(1, (2, -1))
        return torch.cat([tokens[:, :2] + shift, tokens[:, 2:]], dim=1)

    def student(self, model: str) -> Student:
        """What a bundle keeps of it."""
        factors = {
            name: (up.detach().numpy(), down.detach().numpy()) for name, (up, down) in self.change.factors().items()
        }
        parts = {"first": self.first.weight, "bias": self.first.bias, "second": self.second.weight}
        return Student.of(model, factors, {name: part.detach().numpy() for name, part in parts.items()})


def student_of(run: Path, teacher: Bundle, plan: Distilling) -> Student:
    """What a run has trained for its teacher. Raises FileNotFoundError where it has not."""
    networks = load_networks(teacher)
    weights = dict(networks.unet.named_parameters())
    trained = DistilledUNet(weights, networks.unet.config["cross_attention_dim"], _latent(teacher), plan)
    load_best(trained, run)
    return trained.student(teacher.identity)


def _latent(teacher: Bundle) -> tuple[int, int, int]:
    """Shape of a latent at the size of the training."""
    side = teacher.manifest.size // 8
    return teacher.manifest.latent_channels, side, side


class DistillationTask(Task):
    """The squared error of the prediction against the guided teacher, on both ends of every walk.

    It is taken over the sum of the squared weights of the branches, by which guidance amplifies what one of them errs,
    so that strong guidance does not drown the usual.

    The score is the share of what guidance changes that the student leaves unexplained, at the model's own scales on
    held scenes: 1 for the plain conditional prediction, 0 for the teacher.
    """

    def __init__(self, teacher: Bundle, scenes: Scenes, held: Scenes, plan: Distilling) -> None:
        torch.manual_seed(plan.seed)
        networks, schedule = load_networks(teacher), teacher.manifest.schedule
        self.velocity = teacher.manifest.prediction == "v"
        self.unet = networks.unet.requires_grad_(False).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.projector = networks.projector.requires_grad_(False)
        self.weights = dict(self.unet.named_parameters())
        self.plan, self.schedule, self.scenes, self.unseen = plan, schedule, scenes, held
        width = self.unet.config["cross_attention_dim"]
        self.model = DistilledUNet(self.weights, width, _latent(teacher), plan)
        self.walk = lru_cache(2 * plan.trajectories)(self._walk)

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        assert isinstance(model, DistilledUNet)
        walks = self._walks(model)
        rows = _rows(walks, model.done, model.z)
        wanted = self.teach(rows)
        predicted = self.study(model, rows)
        self._advance(model, walks, rows, wanted, predicted.detach())
        error = (predicted - wanted).square().mean((1, 2, 3)) / rows.weights.square().sum(1)
        return error.mean(), {}

    @torch.no_grad()
    def teach(self, rows: "Rows") -> Float[Tensor, "R C h w"]:
        """The prediction that guidance makes of the teacher's branches, for each row."""
        heard = rows.weights != 0.0
        row, branch = heard.nonzero(as_tuple=True)
        style, content = (branch == 1) | (branch == 3), (branch == 2) | (branch == 3)
        kept = torch.cat(
            [style[:, None], content[:, None].expand(-1, rows.tokens.shape[1] - 1)], dim=1
        )  # of [m_s, c_y, *map]
        predicted = self._predict(self.weights, rows.z[row], rows.t[row], rows.tokens[row] * kept[..., None])
        weighed = predicted * rows.weights[row, branch][:, None, None, None]
        return torch.zeros_like(rows.z).index_add_(0, row, weighed)

    def study(self, model: DistilledUNet, rows: "Rows") -> Float[Tensor, "R C h w"]:
        """The student's prediction for each row."""
        tokens = rows.tokens * rows.kept[..., None]
        return self._predict(
            {**self.weights, **model.change(self.weights)}, rows.z, rows.t, model.tokens(tokens, rows.weights)
        )

    def _predict(self, weights: Mapping[str, Tensor], z: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        z = z.contiguous(memory_format=torch.channels_last)
        return functional_call(self.unet, dict(weights), (z, t), {"encoder_hidden_states": tokens}).sample

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, DistilledUNet)
        left, whole = 0.0, 0.0
        for rows, wanted in self._held:
            plain = self._predict(self.weights, rows.z, rows.t, rows.tokens)
            left += float((self.study(model, rows) - wanted).square().sum())
            whole += float((plain - wanted).square().sum())
        return {"score": left / whole}

    @cached_property
    def _held(self) -> "list[tuple[Rows, Tensor]]":
        """Rows of walks by the teacher alone through held scenes, and what it says of them."""
        walks = [self._walk(HELD_FIRST + number) for number in range(self.plan.held)]
        z, pairs = torch.stack([walk.chain[walk.lam] for walk in walks]), []
        before = torch.zeros(2, *z.shape)
        for done in range(walks[0].lam, len(walks[0].steps)):
            rows = _rows(walks, torch.full((len(walks),), done), z)
            wanted = self.teach(rows)
            pairs.append((rows, wanted))
            steps = [
                _step(walk, i, done, z[i], rows, wanted, before, velocity=self.velocity) for i, walk in enumerate(walks)
            ]
            z = torch.stack(steps)
        return pairs

    def _walks(self, model: DistilledUNet) -> list[Walk]:
        """The walk of every trajectory; those that have come to their end begin another one."""
        walks = []
        for i in range(self.plan.trajectories):
            number, done = int(model.number[i]), int(model.done[i])
            walk = self.walk(number)
            if done < 0 or done == len(walk.steps):
                if done > 0:
                    model.number[i] += self.plan.trajectories
                    walk = self.walk(int(model.number[i]))
                model.done[i], model.z[i] = walk.lam, walk.chain[walk.lam]
            walks.append(walk)
        return walks

    @torch.no_grad()
    def _advance(
        self, model: DistilledUNet, walks: Sequence[Walk], rows: "Rows", wanted: Tensor, predicted: Tensor
    ) -> None:
        for i, walk in enumerate(walks):
            by = predicted if walk.by_student else wanted
            model.z[i] = _step(walk, i, int(model.done[i]), model.z[i], rows, by, model.before, velocity=self.velocity)
            model.done[i] += 1

    @torch.no_grad()
    def _walk(self, number: int) -> Walk:
        random = np.random.default_rng([24, self.plan.seed, number])
        generator = torch.Generator().manual_seed(int(random.integers(2**62)))
        held = number >= HELD_FIRST
        scenes = self.unseen if held else self.scenes
        row, group = random.integers(len(scenes.latents)), random.integers(len(scenes.styles))
        count = int(random.integers(2, 9)) if random.random() < 0.5 else 1
        together = scenes.styles[group, random.permutation(scenes.styles.shape[1])[:count]].float().mean(0)
        if random.random() < 0.12:  # a mix of two styles
            other = scenes.styles[random.integers(len(scenes.styles)), :count]
            together = together + random.uniform() * other.float().mean(0)
        steps, second, structure, fresh = self._course(random)
        if number < self.plan.trajectories:  # so that not all begin at once
            structure, fresh = number / self.plan.trajectories, False
        (g_s, g_y), joint = self._scales(random)
        mapped = (random.random() < (0.5 if fresh else 0.95), random.random() < 0.95)
        if held:
            (g_s, g_y), joint, steps = (self.plan.style_scale, self.plan.content_scale), True, 10
            second, structure, fresh, mapped = True, 0.1, False, (True, True)
        whole = self.schedule.steps(steps)
        grid = [step for step in whole if step.t >= SINCE]
        latents = scenes.latents[row].float()
        noises = [torch.randn(latents.shape, generator=generator) for _ in whole]
        descriptors = torch.stack([together, scenes.own[row].float()])
        style, own = self.projector(functional.normalize(descriptors, dim=1))
        return Walk(
            content=scenes.content[row].float(), places=scenes.places[row].float(), style=style, own=own,
            mapped=mapped, weights=(joint_weights if joint else branch_weights)(g_s, g_y), scales=(g_s, g_y),
            steps=grid, second=second,
            lam=0 if fresh else min(switch_step(structure, steps), len(grid) - 1), fresh=fresh,
            chain=noises[:1] if fresh else _chain(latents, noises, whole),
            by_student=bool(random.random() < self.plan.own) and not held,
        )  # fmt: skip

    def _scales(self, random: np.random.Generator) -> tuple[tuple[float, float], bool]:
        """Mostly near the model's own and what its strength leads to; and whether they guide jointly."""
        kind, joint = random.random(), bool(random.random() < 0.92)
        g_s = random.uniform(*STYLE_SCALES) if kind > 0.7 else random.uniform(1.0, 1.15 * self.plan.style_scale)
        g_y = random.uniform(*CONTENT_SCALES) if kind > 0.7 else self.plan.content_scale + random.normal(0.0, 0.05)
        return (0.0 if kind < 0.03 else float(g_s), 0.0 if 0.03 < kind < 0.05 else float(g_y)), joint

    @staticmethod
    def _course(random: np.random.Generator) -> tuple[int, bool, float, bool]:
        """Steps, whether they are of second order, structure, and whether from new noise."""
        kind = random.random()
        steps = 10 if kind < 0.65 else int(random.integers(5, 10)) if kind < 0.78 else 20 if kind < 0.92 else 50
        structure = 0.1 if random.random() < 0.5 else float(random.uniform(0.0, 0.6))
        return steps, steps < 50, structure, bool(random.random() < 0.12)


@dataclass(frozen=True, kw_only=True)
class Rows:
    """What both networks are asked: targets, then sources of those walks that have one.

    kept: which of the tokens a modality of scale 0 leaves out. chain: where each source is to land.
    """

    z: Float[Tensor, "R C h w"]
    t: Tensor
    tokens: Float[Tensor, "R n d"]
    kept: Float[Tensor, "R n"]
    weights: Float[Tensor, "R 4"]
    source: Sequence[int]


def _chain(
    latents: Float[Tensor, "C h w"], noises: Sequence[Tensor], steps: Sequence[Step]
) -> list[Float[Tensor, "C h w"]]:
    """The forward process of one picture."""
    return [z[0] for z in forward_chain(latents[None], [noise[None] for noise in noises], steps)]


def _rows(walks: Sequence[Walk], done: Tensor, z: Tensor) -> Rows:
    parts: list[tuple[Tensor, int, Tensor, bool, Walk]] = [
        (z[i].clone(), walk.steps[int(done[i])].t, walk.style, walk.mapped[0], walk) for i, walk in enumerate(walks)
    ]
    source = [-1] * len(walks)
    for i, walk in enumerate(walks):
        if not walk.fresh:
            source[i] = len(parts)
            parts.append((walk.chain[int(done[i])], walk.steps[int(done[i])].t, walk.own, walk.mapped[1], walk))
    tokens = torch.stack(
        [
            torch.cat([style[None], walk.content[None], float(mapped) * walk.places])
            for _, _, style, mapped, walk in parts
        ]
    )
    kept = torch.ones(tokens.shape[:2])
    for row, (*_, walk) in enumerate(parts):
        kept[row, 0], kept[row, 1:] = float(walk.scales[0] != 0.0), float(walk.scales[1] != 0.0)
    return Rows(
        z=torch.stack([latent for latent, *_ in parts]), t=torch.tensor([t for _, t, *_ in parts]), tokens=tokens,
        kept=kept, weights=torch.tensor([walk.weights for *_, walk in parts], dtype=torch.float32), source=source,
    )  # fmt: skip


def _step(
    walk: Walk,
    i: int,
    done: int,
    z: Tensor,
    rows: Rows,
    predicted: Tensor,
    before: Float[Tensor, "2 B C h w"],
    *,
    velocity: bool,
) -> Tensor:
    """The latent after a target's step, by what is predicted of its row and of its source's."""
    step = walk.steps[done]

    def mean(end: int, latent: Tensor, prediction: Tensor) -> Tensor:
        eps = epsilon_of_velocity(prediction, latent, step.alpha_bar) if velocity else prediction
        here = foreseen(latent, eps, step)
        if walk.second and done > walk.lam:
            eps = second_order(eps, here, before[end, i].clone(), step, walk.steps[done - 1])
        before[end, i] = here
        return step_mean(latent, eps, step, eta=walk.eta)

    landed = mean(0, z, predicted[i])
    row = rows.source[i]
    if row < 0:
        return landed
    return landed + (walk.chain[done + 1] - mean(1, walk.chain[done], predicted[row]))

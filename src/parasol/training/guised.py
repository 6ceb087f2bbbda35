"""Training on the pool of icons under guises: the style encoder's head, and the U-Net with the projector M.

Here a style is what some pictures of one set have in common, whatever they show: the style descriptor of x is the mean
over one to eight *other* pictures of its group, and the content picture y is made from x itself (`pool`). So any set
that is drawn by one hand teaches, where triplets by search need the same content in two hands.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor, nn
from torch.nn import functional

from parasol.maths.schedule import Schedule
from parasol.maths.steps import add_noise, per_picture
from parasol.metrics.label_retrieval import retrieve
from parasol.networks.style_encoder import StyleEncoder
from parasol.training.devices import CPU
from parasol.training.diffusion import MAPPED, MODES, VALIDATION, Denoiser
from parasol.training.draws import draws, torch_draws
from parasol.training.loop import Task
from parasol.training.losses import diffusion_loss, supervised_contrastive_loss
from parasol.training.pool import Pool, joined

REFERENCES = 8
"""Pictures of a style at most."""


@dataclass(frozen=True, kw_only=True)
class GuiseTraining:
    """shares: of a batch in each of `MODES`, as of `DiffusionTraining`. single: share of styles known from one picture,
    the others from two to eight. hands: share of rows that procedural hands drew. snr_cap: see
    `diffusion_loss`. precision: of the U-Net's products; sums, weights and losses are float32 in any case. compiled:
    whether torch.compile fuses the U-Net, two minutes at the start. seed: of every draw.
    """

    shares: tuple[float, float, float, float, float, float] = (0.62, 0.06, 0.04, 0.12, 0.1, 0.06)
    single: float = 0.4
    hands: float = 0.35
    snr_cap: float = 5.0
    precision: Literal["float32", "bfloat16"] = "float32"
    compiled: bool = False
    seed: int = 0


@dataclass(frozen=True, kw_only=True)
class GuiseStyleTraining:
    """groups: styles a batch, each by `pictures` pictures. temperature: of the loss. emphasis: of negatives that show
    the same. together: weight of the same loss between means of half a style's pictures, as references are used.
    """

    groups: int = 48
    pictures: int = 8
    temperature: float = 0.1
    emphasis: float = 4.0
    together: float = 0.5
    seed: int = 0


class GuiseTask(Task):
    """L_DM on the pool, both descriptors frozen. The score is the squared velocity error of the joint branch, the one
    that guidance leans on, over a pool of sets that training never sees; other sets may show the same.
    """

    accelerated = True

    def __init__(
        self,
        denoiser: Denoiser,
        style: StyleEncoder,
        pool: Pool,
        held: Pool,
        training: GuiseTraining,
        batch: int,
        hands: tuple[Pool, Pool] | None = None,
    ) -> None:
        """`hands` are the pools of procedural hands, to train and to validate on."""
        self.model = denoiser.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if training.compiled:
            denoiser.unet.compile()
        self.training, self.batch, self.device = training, batch, CPU
        self.odds = np.full(len(pool.latents), 1.0 / len(pool.latents))
        if hands:
            drawn = np.full(len(hands[0].latents), training.hands / len(hands[0].latents))
            self.odds = np.concatenate([(1.0 - training.hands) * self.odds, drawn])
            pool = joined([pool, hands[0]])
        self.pool, self.described = pool, described(style, pool)
        self.held = {"": _Held(pool=held, style=described(style, held), own=members(held))}
        if hands:
            self.held["hands"] = _Held(pool=hands[1], style=described(style, hands[1]), own=members(hands[1]))
        self.alpha_bars = torch.tensor(Schedule().alpha_bars)
        self.floor = 1.0 if denoiser.prediction == "v" else 0.0
        self.own = members(pool)

    def to(self, device: torch.device) -> None:
        """Bring what is trained to a device; the pool stays where it is, and each batch follows."""
        super().to(device)
        self.device, self.alpha_bars = device, self.alpha_bars.to(device)

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        random, generator = draws(self.training.seed, step), torch_draws(self.training.seed, step, self.device)
        chosen = random.choice(len(self.pool.latents), self.batch, replace=False, p=self.odds)
        times = (np.arange(self.batch) + random.random(self.batch)) / self.batch * len(self.alpha_bars)
        t = torch.from_numpy(times.astype(np.int64)).to(self.device)
        modes = random.choice(len(MODES), self.batch, p=self.training.shares)
        kept = torch.from_numpy(np.array([*MODES.values()], np.float32)[modes]).to(self.device)
        style = self._styles(self.described, self.own, chosen, random)
        x, content, maps = self._given(self.pool, chosen)
        eps = torch.randn(x.shape, generator=generator, device=self.device)
        alpha_bar = self.alpha_bars[t]
        z = add_noise(x, eps, per_picture(alpha_bar, x)).contiguous(memory_format=torch.channels_last)
        rows = self.part.rows(self.batch)
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.training.precision == "bfloat16"):
            predicted = model(z[rows], t[rows], style[rows], content[rows], kept[rows], maps[rows]).float()
        return diffusion_loss(eps[rows], predicted, alpha_bar[rows], self.training.snr_cap, self.floor), {}

    def _given(self, pool: Pool, rows: np.ndarray) -> tuple[Tensor, Tensor, Tensor]:
        return (
            pool.latents[rows].float().to(self.device),
            pool.content[rows].float().to(self.device),
            pool.maps[rows].float().to(self.device),
        )

    def _styles(
        self, style: Float[Tensor, "R a"], own: Mapping[int, np.ndarray], rows: np.ndarray, random: np.random.Generator
    ) -> Float[Tensor, "B a"]:
        """The style of each row, from other pictures of its group."""
        means = []
        for row in rows:
            others = own[int(row)]
            single = random.random() < self.training.single
            count = 1 if single else int(random.integers(2, REFERENCES + 1))
            means.append(style[random.permutation(others)[:count]].mean(0))
        return functional.normalize(torch.stack(means), dim=1).to(self.device)

    @torch.no_grad()
    @torch.compiler.set_stance("force_eager")  # compiling anew for float32 would take longer than validating
    def validate(self, model: nn.Module) -> dict[str, float]:
        figures = self._errors(model, self.held[""], [mode for mode in MODES if mode not in MAPPED])
        if hands := self.held.get("hands"):
            figures["hands"] = self._errors(model, hands, ["joint"])["joint"]
        return {"score": figures["joint"], **figures}

    def _errors(self, model: nn.Module, held: "_Held", modes: Sequence[str]) -> dict[str, float]:
        """The squared velocity error over a held pool, in each of some modes."""
        count = len(held.pool.latents)
        rows, random = np.arange(count), draws(self.training.seed, VALIDATION)
        t = torch.linspace(20, len(self.alpha_bars) - 20, count).long()[torch.from_numpy(random.permutation(count))]
        t = t.to(self.device)
        style = self._styles(held.style, held.own, rows, random)
        x, content, maps = self._given(held.pool, rows)
        generator = torch_draws(self.training.seed, VALIDATION, self.device)
        eps = torch.randn(x.shape, generator=generator, device=self.device)
        alpha_bar = self.alpha_bars[t]
        z = add_noise(x, eps, per_picture(alpha_bar, x)).contiguous(memory_format=torch.channels_last)
        figures: dict[str, float] = {}
        for mode in modes:
            kept = torch.tensor([MODES[mode]], device=self.device).expand(count, 3)
            parts = [
                (model(z[i], t[i], style[i], content[i], kept[i], maps[i]) - eps[i]).square().mean((1, 2, 3))
                for i in torch.arange(count).split(32)
            ]
            figures[mode] = float((torch.cat(parts) / alpha_bar).mean())
        return figures


@dataclass(frozen=True, kw_only=True)
class _Held:
    """A pool to validate on, with what it takes to describe the style of each row."""

    pool: Pool
    style: Float[Tensor, "R a"]
    own: Mapping[int, np.ndarray]


class GuiseStyleTask(Task):
    """Contrastive training of the style encoder's head on the pool: pictures of one style near each other, of another
    guise of the same set apart, whatever they show. The score is 1 - the rate at which the nearest picture is of the
    same style, over the held pool's sets, which training never sees.
    """

    def __init__(self, encoder: StyleEncoder, pool: Pool, held: Pool, training: GuiseStyleTraining) -> None:
        if encoder.line is not None:
            encoder.set_paints(mean_palettes(pool, encoder.palette.dimension))
        self.model, self.pool, self.held, self.training = encoder, pool, held, training
        self.styles = [np.flatnonzero(pool.style.numpy() == style) for style in np.unique(pool.style.numpy())]
        self.styles = [rows for rows in self.styles if len(rows) >= 2]

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, StyleEncoder)
        random = draws(self.training.seed, step)
        torch.manual_seed(int(random.integers(2**62)))  # dropout draws from the global generator
        chosen = random.choice(len(self.styles), min(self.training.groups, len(self.styles)), replace=False)
        parts = [random.permutation(self.styles[style])[: self.training.pictures] for style in chosen]
        rows, groups = np.concatenate(parts), torch.from_numpy(np.repeat(chosen, [len(part) for part in parts]))
        vectors = model.parts(self.pool.measured[rows].float())[0]
        single = supervised_contrastive_loss(
            vectors, groups, self.training.temperature, confounds=self.pool.base[rows], emphasis=self.training.emphasis
        )
        halves = [half for part in vectors.split([len(part) for part in parts]) for half in part.chunk(2)]
        means = functional.normalize(torch.stack([half.mean(0) for half in halves]), dim=1)
        together = supervised_contrastive_loss(
            means, torch.arange(len(parts)).repeat_interleave(2)[: len(means)], self.training.temperature
        )
        loss = single + self.training.together * together
        return loss, {"single": single.item(), "together": together.item()}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, StyleEncoder)
        descriptors = described(model, self.held).numpy()
        style, base = self.held.style.numpy(), self.held.base.numpy()
        right = retrieve(descriptors, same=style, apart=base).share()
        return {"score": 1.0 - right, "nearest": right}


@torch.no_grad()
def described(style: StyleEncoder, pool: Pool) -> Float[Tensor, "R a"]:
    """The style descriptor of every picture of a pool."""
    style.eval()
    return torch.cat([style.describe(part.float()) for part in pool.measured.split(1_024)])


def mean_palettes(pool: Pool, dimension: int) -> Float[Tensor, "G p"]:
    """The mean palette of every group, from which the palette of one picture strays by what it shows."""
    count = int(pool.group.max()) + 1
    sums = torch.zeros(count, dimension).index_add_(0, pool.group, pool.measured[:, :dimension].float())
    sizes = torch.bincount(pool.group, minlength=count)
    return sums[sizes > 0] / sizes[sizes > 0, None]


def members(pool: Pool) -> dict[int, np.ndarray]:
    """Row -> the other rows of its group that show something else."""
    group, base = pool.group.numpy(), pool.base.numpy()
    others: dict[int, np.ndarray] = {}
    for number in np.unique(group):
        rows = np.flatnonzero(group == number)
        for row in rows:
            others[int(row)] = rows[(base[rows] != base[row])]
    return others

"""Training of the U-Net and the projector M on mined triplets, the other networks frozen (paper section 4)."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from parasol.corpora import Corpus
from parasol.maths.schedule import Schedule
from parasol.maths.steps import add_noise, epsilon_of_velocity, per_picture
from parasol.training.descriptors import labels_of
from parasol.training.draws import draws, torch_draws
from parasol.training.loop import Task
from parasol.training.losses import diffusion_loss
from parasol.training.measurements import measurements
from parasol.training.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.training.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.training.networks.projector import Projector, ProjectorConfig
from parasol.training.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.training.networks.unet import UNetConfig, build_unet
from parasol.training.pictures import on_white, rows_of, spread
from parasol.training.tables import Table, key_of, load_best, table
from parasol.triplets import Mining, Triplets, mine, purity, split_databases

VALIDATION = 2**40  # the "step" whose draws validation uses, far beyond any run

# rows: what the network is given; columns: style token kept, content token kept
MODES = {"joint": (1.0, 1.0), "style": (1.0, 0.0), "content": (0.0, 1.0), "null": (0.0, 0.0)}


@dataclass(frozen=True, kw_only=True)
class Frozen:
    """The frozen networks' configurations and the folders of the runs that trained them."""

    autoencoder: AutoencoderConfig
    style: StyleEncoderConfig
    content: ContentEncoderConfig
    autoencoder_run: str
    style_run: str
    content_run: str


@dataclass(frozen=True, kw_only=True)
class DiffusionTraining:
    """shares: of a batch that sees both tokens, the style token alone, the content token alone, neither.

    Guidance evaluates (m_s, null), (null, c_y) and (null, null) and never the joint branch, so each alone gets the
    larger share. snr_cap: see `diffusion_loss`. seed: of every draw.
    """

    shares: tuple[float, float, float, float] = (0.2, 0.35, 0.35, 0.1)
    snr_cap: float = 5.0
    seed: int = 0

    def __post_init__(self) -> None:
        if abs(sum(self.shares) - 1.0) > 1e-6:
            raise ValueError(f"shares {self.shares} add up to {sum(self.shares)}; they must add up to 1")


class Denoiser(nn.Module):
    """What diffusion training trains: the U-Net and the projector M, together."""

    alpha_bars: Tensor

    def __init__(self, unet: UNetConfig, projector: ProjectorConfig) -> None:
        super().__init__()
        self.unet = build_unet(unet)
        self.projector = Projector(projector)
        self.prediction = unet.prediction
        self.register_buffer("alpha_bars", torch.tensor(Schedule().alpha_bars), persistent=False)

    def forward(self, z: Tensor, t: Tensor, style: Tensor, content: Tensor, kept: Tensor) -> Tensor:
        """eps_theta(z_t, t, M(a_s), c_y); kept [B, 2] is 0 where a token is replaced by null (zeros)."""
        tokens = torch.stack([self.projector(style), content], dim=1) * kept[:, :, None]
        predicted = self.unet(z, t, encoder_hidden_states=tokens).sample
        if self.prediction == "v":
            return epsilon_of_velocity(predicted, z, per_picture(self.alpha_bars[t], z))
        return predicted


def tabulate(corpus: Corpus, rows: np.ndarray, frozen: Frozen, runs: Path) -> Table:
    """Latents of `rows` and both descriptors of every cell; what is costly is kept in `runs/tables`."""
    autoencoder = load_best(Autoencoder(frozen.autoencoder), runs / frozen.autoencoder_run)
    style = load_best(StyleEncoder(frozen.style), runs / frozen.style_run)
    content = load_best(ContentEncoder(frozen.content), runs / frozen.content_run)
    assert isinstance(autoencoder, Autoencoder)
    assert isinstance(style, StyleEncoder)
    assert isinstance(content, ContentEncoder)
    tables = runs / "tables"
    measured = measurements(corpus, tables)
    path = tables / f"{frozen.autoencoder_run}.safetensors"
    with torch.no_grad():
        return Table(
            rows=rows,
            latents=table(rows, on_white(corpus), autoencoder.encode, path, key_of(corpus, autoencoder)),
            style=style.describe(measured),
            content=content.describe(measured),
        )


def mine_corpus(corpus: Corpus, style: np.ndarray, content: np.ndarray, mining: Mining) -> tuple[Triplets, Triplets]:
    """Triplets of the training cells, and of the validation contents.

    Both databases are halves of the training cells; the validation contents' semantics database is the validation
    cells' own half, since no training picture shows what they show.
    """
    in_style, in_semantics = split_databases([cell.id for cell in corpus.cells])
    train, held = rows_of(corpus, "train"), rows_of(corpus, "content-val")
    style_database = train[in_style[train]]
    found = mine(style, content, train, style_database, train[in_semantics[train]], mining)
    held_found = mine(style, content, held, style_database, held[in_semantics[held]], mining)
    return found, held_found


class DiffusionTask(Task):
    """L_DM on mined triplets, with the floor of 1 where the network predicts the velocity.

    The score is the mean squared velocity error (the noise error over alpha_bar) over validation contents, times and
    modes: it weighs the noisy end, where layout is decided, as much as the clean one. `noise` is the noise error.
    """

    def __init__(
        self,
        corpus: Corpus,
        runs: Path,
        frozen: Frozen,
        unet: UNetConfig,
        projector: ProjectorConfig,
        mining: Mining,
        training: DiffusionTraining,
        batch: int,
    ) -> None:
        self.model = Denoiser(unet, projector).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.training, self.batch = training, batch
        rows = np.concatenate([rows_of(corpus, "train"), rows_of(corpus, "content-val")])
        self.table = tabulate(corpus, rows, frozen, runs)
        self.place = np.full(len(corpus.cells), -1)
        self.place[rows] = np.arange(len(rows))
        self.triplets, held = mine_corpus(corpus, self.table.style.numpy(), self.table.content.numpy(), mining)
        labels = labels_of(corpus, "set"), labels_of(corpus, "codepoint")
        self.report = {**self.triplets.report, **purity(self.triplets, *labels)}
        self.alpha_bars = torch.tensor(Schedule().alpha_bars)
        self.floor = 1.0 if unet.prediction == "v" else 0.0
        chosen = spread(np.arange(len(held.x)), 192)
        self.held = Triplets(x=held.x[chosen], y=held.y[chosen], s=held.s[chosen], report=held.report)

    def _noised(self, x: np.ndarray, t: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor, Tensor]:
        latents = self.table.latents[self.place[x]]
        eps = torch.randn(latents.shape, generator=generator)
        alpha_bar = self.alpha_bars[t]
        z = add_noise(latents, eps, per_picture(alpha_bar, latents))
        return z.contiguous(memory_format=torch.channels_last), eps, alpha_bar

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        random, generator = draws(self.training.seed, step), torch_draws(self.training.seed, step)
        chosen = random.choice(len(self.triplets.x), self.batch, replace=False)
        # stratified: one t in each B-th of the range, so that a batch sees all noise levels
        times = (np.arange(self.batch) + random.random(self.batch)) / self.batch * len(self.alpha_bars)
        t = torch.from_numpy(times.astype(np.int64))
        modes = random.choice(len(MODES), self.batch, p=self.training.shares)
        kept = torch.tensor(list(MODES.values()))[modes]
        z, eps, alpha_bar = self._noised(self.triplets.x[chosen], t, generator)
        style = self.table.style[self.triplets.s[chosen]]
        content = self.table.content[self.triplets.y[chosen]]
        predicted = model(z, t, style, content, kept)
        return diffusion_loss(eps, predicted, alpha_bar, self.training.snr_cap, self.floor), {}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        figures: dict[str, float] = {}
        noise = 0.0
        count = len(self.held.x)
        t = torch.linspace(20, len(self.alpha_bars) - 20, count).long()
        z, eps, alpha_bar = self._noised(self.held.x, t, torch_draws(self.training.seed, VALIDATION))
        style, content = self.table.style[self.held.s], self.table.content[self.held.y]
        for mode, pair in MODES.items():
            kept = torch.tensor([pair]).expand(count, 2)
            parts = [
                (model(z[i], t[i], style[i], content[i], kept[i]) - eps[i]).square().mean((1, 2, 3))
                for i in torch.arange(count).split(32)
            ]
            noise += float(torch.cat(parts).mean()) / len(MODES)
            figures[mode] = float((torch.cat(parts) / alpha_bar).mean())
        return {"score": sum(figures.values()) / len(figures), "noise": noise, **figures}

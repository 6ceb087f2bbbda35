"""Training of the U-Net and the projector M on mined triplets, the other networks frozen (paper section 4)."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from torch import Tensor, nn

from parasol.corpora import Corpus
from parasol.errors import ParasolError
from parasol.maths.schedule import Schedule
from parasol.maths.steps import add_noise, epsilon_of_velocity, per_picture
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.content_map import ContentMap, ContentMapConfig
from parasol.networks.projector import Projector, ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.trunk import load_published_trunk
from parasol.networks.unet import UNetConfig, build_unet
from parasol.training.descriptors import labels_of
from parasol.training.devices import CPU, accelerator
from parasol.training.draws import draws, torch_draws
from parasol.training.loop import Task
from parasol.training.losses import diffusion_loss
from parasol.training.measurements import measurements
from parasol.training.mined import mine_corpus
from parasol.training.modality import Modality, ModalityTraining
from parasol.training.pictures import on_white, rows_of, spread
from parasol.training.tables import Table, key_of, load_best, table, tables_of
from parasol.triplets import Mining, Triplets, Variety, purity

ONE_PAIR = Variety()
VALIDATION = 2**40  # the "step" whose draws validation uses, far beyond any run

# rows: what the network is given; columns: style token kept, content token kept, content map kept
MODES = {
    "joint": (1.0, 1.0, 1.0),
    "style": (1.0, 0.0, 0.0),
    "content": (0.0, 1.0, 0.0),
    "null": (0.0, 0.0, 0.0),
    "map": (0.0, 1.0, 1.0),
    "pair": (1.0, 1.0, 0.0),
}
MAPPED = ("map", "pair")  # the ways that differ from others where there is a map alone


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
    """shares: of a batch that sees everything, the style alone, the content token alone, nothing, content with its map,
    and both tokens without it.

    The paper's guidance evaluates (m_s, null), (null, c_y) and (null, null) and never the joint branch, so each
    alone gets the larger share; joint guidance lives on the first. mirrored: share of the batch of which x and y
    are both seen in a mirror. snr_cap: see `diffusion_loss`. modality: the two modality losses, where they are wanted.
    precision: of the U-Net's products; sums, weights and losses are float32 in any case. seed: of every draw.
    """

    shares: tuple[float, float, float, float, float, float] = (0.2, 0.35, 0.35, 0.1, 0.0, 0.0)
    mirrored: float = 0.0
    snr_cap: float = 5.0
    modality: ModalityTraining | None = None
    precision: Literal["float32", "bfloat16"] = "float32"
    seed: int = 0

    def __post_init__(self) -> None:
        if abs(sum(self.shares) - 1.0) > 1e-6:
            raise ParasolError(f"shares {self.shares} add up to {sum(self.shares)}; they must add up to 1")


class Denoiser(nn.Module):
    """What diffusion training trains: the U-Net, the projector M and the content map's tokens, together."""

    alpha_bars: Tensor

    def __init__(
        self, unet: UNetConfig, projector: ProjectorConfig, content_map: ContentMapConfig | None = None
    ) -> None:
        super().__init__()
        aligned = content_map is not None and content_map.aligned
        self.unet = build_unet(unet, aligned=aligned, fine=content_map is not None and content_map.fine > 0)
        self.projector = Projector(projector)
        self.content_map = ContentMap(content_map) if content_map else None
        if self.content_map:
            load_published_trunk(self.content_map.trunk)
        self.prediction = unet.prediction
        self.register_buffer("alpha_bars", torch.tensor(Schedule().alpha_bars), persistent=False)

    def forward(
        self, z: Tensor, t: Tensor, style: Tensor, content: Tensor, kept: Tensor, measured: Tensor | None = None
    ) -> Tensor:
        """eps_theta(z_t, t, M(a_s), c_y); kept [B, 3] is 0 where a token, or the map, is replaced by null (zeros).

        `measured` is what the content map measured of y, where there is a map.
        """
        tokens = torch.stack([self.projector(style), content], dim=1) * kept[:, :2, None]
        if self.content_map and measured is not None:
            tokens = torch.cat([tokens, self.content_map.tokens(measured) * kept[:, 2:, None]], dim=1)
        return self.predict(z, t, tokens)

    def predict(self, z: Tensor, t: Tensor, tokens: Tensor) -> Tensor:
        """eps_theta(z_t, t, tokens [B, n, d]), whatever the U-Net predicts."""
        predicted = self.unet(z, t, encoder_hidden_states=tokens).sample
        if self.prediction == "v":
            return epsilon_of_velocity(predicted, z, per_picture(self.alpha_bars[t], z))
        return predicted


def load_frozen(frozen: Frozen, runs: Path) -> tuple[Autoencoder, StyleEncoder, ContentEncoder]:
    """The networks with the best weights of their runs. Raises FileNotFoundError that names what to train first."""
    autoencoder = load_best(Autoencoder(frozen.autoencoder), runs / frozen.autoencoder_run)
    style = load_best(StyleEncoder(frozen.style), runs / frozen.style_run)
    content = load_best(ContentEncoder(frozen.content), runs / frozen.content_run)
    assert isinstance(autoencoder, Autoencoder)
    assert isinstance(style, StyleEncoder)
    assert isinstance(content, ContentEncoder)
    return autoencoder, style, content


def tabulate(
    corpus: Corpus, rows: np.ndarray, frozen: Frozen, runs: Path, content_map: ContentMap | None, *, mirrored: bool
) -> Table:
    """What training reads of `rows`, and both descriptors of every cell; what is costly is kept in `tables_of`."""
    autoencoder, style, content = load_frozen(frozen, runs)
    device = accelerator()
    autoencoder.to(device)
    if content_map:
        content_map.eval().to(device)  # its trunk's batch norms are frozen too
    tables, white = tables_of(corpus, runs), on_white(corpus)
    views = {"": white, **({"-mirrored": lambda part: white(part).flip(3)} if mirrored else {})}
    measured = measurements(corpus, tables)
    with torch.no_grad():
        drawn, shown = style.describe(measured), [content.describe(measured)]
    if mirrored:
        path, cells = tables / f"{frozen.content_run}-mirrored.safetensors", np.arange(len(corpus.cells))
        shown.append(table(cells, views["-mirrored"], content.to(device), path, key_of(corpus, content)))

    def tabled(network: nn.Module, name: str, describe: Callable[[Tensor], Tensor]) -> Tensor:
        key = key_of(corpus, network)
        seen = [table(rows, view, describe, tables / f"{name}{end}.safetensors", key) for end, view in views.items()]
        return torch.stack(seen)

    maps = None
    if content_map:
        measure, fine = content_map.measure, content_map.config.fine
        name = f"content-map-fine-{fine}" if fine else "content-map"
        maps = tabled(content_map.trunk, name, lambda pixels: measure(pixels).half())
    latents = tabled(autoencoder.encoder, frozen.autoencoder_run, autoencoder.encode)
    return Table(rows=rows, latents=latents, content=torch.stack(shown), maps=maps, style=drawn)


class DiffusionTask(Task):
    """L_DM on mined triplets, with the floor of 1 where the network predicts the velocity.

    The score is the mean squared velocity error (the noise error over alpha_bar) over validation contents, times and
    modes: it weighs the noisy end, where layout is decided, as much as the clean one. `noise` is the noise error.

    variety: of the partners that each x is trained with, drawn anew each time.

    style_token: whose descriptor of the style picture goes in for the style; the content encoder's is the ablation
    "RDM-style". Triplets are mined in both spaces in any case.
    """

    accelerated = True

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
        content_map: ContentMapConfig | None = None,
        style_token: Literal["style", "content"] = "style",
        variety: Variety = ONE_PAIR,
    ) -> None:
        if style_token == "content" and training.modality:
            raise ParasolError(
                "modality losses hold the style descriptor to a content descriptor: leave one of the two"
            )
        denoiser = Denoiser(unet, projector, content_map)
        self.model, self.device = denoiser.to(memory_format=torch.channels_last), CPU  # type: ignore[call-overload]
        self.modality = Modality(*load_frozen(frozen, runs), training.modality) if training.modality else None
        self.training, self.batch = training, batch
        rows = np.concatenate([rows_of(corpus, "train"), rows_of(corpus, "content-val")])
        mirrored = training.mirrored > 0.0
        self.table = tabulate(corpus, rows, frozen, runs, denoiser.content_map, mirrored=mirrored)
        self.place = np.full(len(corpus.cells), -1)
        self.place[rows] = np.arange(len(rows))
        described = self.table.style.numpy(), self.table.content[0].numpy()
        kept = tables_of(corpus, runs) / "triplets"
        self.triplets, held, self.partners = mine_corpus(corpus, *described, mining, variety, kept)
        self.labels = labels_of(corpus, "set"), labels_of(corpus, "codepoint")
        self.tokens = self.table.style if style_token == "style" else self.table.content[0]
        self.alpha_bars = torch.tensor(Schedule().alpha_bars)
        self.floor = 1.0 if unet.prediction == "v" else 0.0
        chosen = spread(np.arange(len(held.x)), 192)
        self.held = Triplets(x=held.x[chosen], y=held.y[chosen], s=held.s[chosen], report=held.report)

    def to(self, device: torch.device) -> None:
        """Bring the networks and the whole table to a device."""
        super().to(device)
        self.device, self.table = device, self.table.to(device)
        self.tokens, self.alpha_bars = self.tokens.to(device), self.alpha_bars.to(device)
        if self.modality:
            self.modality.to(device)

    def _there(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self.device)

    def given(self) -> dict[str, float]:
        """How many triplets, how pure they are, and how pure all the partners that each x is trained with."""
        x, (s, y), (styles, contents) = self.triplets.x[:, None], self.partners, self.labels
        return {
            **self.triplets.report,
            **purity(self.triplets, styles, contents),
            "partners_style_right": float((styles[s] == styles[x]).mean()),
            "partners_content_right": float((contents[y] == contents[x]).mean()),
        }

    def _noised(
        self, x: np.ndarray, t: Tensor, generator: torch.Generator, view: np.ndarray
    ) -> tuple[Tensor, Tensor, Tensor]:
        latents = self.table.latents[self._there(view), self._there(self.place[x])]
        eps = torch.randn(latents.shape, generator=generator, device=self.device)
        alpha_bar = self.alpha_bars[t]
        z = add_noise(latents, eps, per_picture(alpha_bar, latents))
        return z.contiguous(memory_format=torch.channels_last), eps, alpha_bar

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, Mapping[str, float | Tensor]]:
        random, generator = draws(self.training.seed, step), torch_draws(self.training.seed, step, self.device)
        chosen = random.choice(len(self.triplets.x), self.batch, replace=False)
        # stratified: one t in each B-th of the range, so that a batch sees all noise levels
        times = (np.arange(self.batch) + random.random(self.batch)) / self.batch * len(self.alpha_bars)
        t = self._there(times.astype(np.int64))
        modes = random.choice(len(MODES), self.batch, p=self.training.shares)
        kept = self._there(np.array([*MODES.values()], np.float32)[modes])
        view = (random.random(self.batch) < self.training.mirrored).astype(np.int64)
        z, eps, alpha_bar = self._noised(self.triplets.x[chosen], t, generator, view)
        s, y = (of[chosen, random.integers(of.shape[1], size=self.batch)] for of in self.partners)
        style, (content, maps) = self.tokens[self._there(s)], self._shown(y, view)
        decoded = (
            self.modality.chosen(alpha_bar, kept) if self.modality and step >= self.modality.training.since else None
        )
        rows = self.part.rows(self.batch)
        z, t, eps, alpha_bar, style, content, kept = (
            whole[rows] for whole in (z, t, eps, alpha_bar, style, content, kept)
        )
        maps = None if maps is None else maps[rows]
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.training.precision == "bfloat16"):
            predicted = model(z, t, style, content, kept, maps).float()
        noise = diffusion_loss(eps, predicted, alpha_bar, self.training.snr_cap, self.floor)
        if self.modality is None or decoded is None:
            return noise, {}
        own = decoded[rows]
        share = int(own.sum()) * self.part.count / max(1, int(decoded.sum()))  # 1 where the batch is whole
        of_style, of_content = (
            share * loss for loss in self.modality.losses(z, predicted, alpha_bar, style, content, kept, own)
        )
        parts = {"noise": noise.detach(), "of_style": of_style.detach(), "of_content": of_content.detach()}
        return noise + self.modality.weighed(of_style, of_content), parts

    def _shown(self, y: np.ndarray, view: np.ndarray) -> tuple[Tensor, Tensor | None]:
        """Content descriptors of some cells, and what the content map measured of them."""
        maps, views = self.table.maps, self._there(view)
        content = self.table.content[views, self._there(y)]
        return content, None if maps is None else maps[views, self._there(self.place[y])].float()

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        figures: dict[str, float] = {}
        noise = 0.0
        count = len(self.held.x)
        t = torch.linspace(20, len(self.alpha_bars) - 20, count).long().to(self.device)
        plain, drawn = np.zeros(count, np.int64), torch_draws(self.training.seed, VALIDATION, self.device)
        z, eps, alpha_bar = self._noised(self.held.x, t, drawn, plain)
        style, (content, maps) = self.tokens[self._there(self.held.s)], self._shown(self.held.y, plain)
        modes = {name: row for name, row in MODES.items() if maps is not None or name not in MAPPED}
        for mode, row in modes.items():
            kept = torch.tensor([row], device=self.device).expand(count, 3)
            parts = [
                (model(z[i], t[i], style[i], content[i], kept[i], None if maps is None else maps[i]) - eps[i])
                .square()
                .mean((1, 2, 3))
                for i in torch.arange(count).split(32)
            ]
            noise += float(torch.cat(parts).mean()) / len(modes)
            figures[mode] = float((torch.cat(parts) / alpha_bar).mean())
        return {"score": sum(figures.values()) / len(figures), "noise": noise, **figures}

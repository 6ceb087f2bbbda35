"""Training of the CAST-style baseline (Zhang et al. 2022) on latents and descriptors of single pictures."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn import functional

from parasol.corpora import Corpus
from parasol.errors import ParasolError
from parasol.networks.cast import Cast, CastConfig
from parasol.networks.content_map import ContentMap, ContentMapConfig
from parasol.networks.trunk import load_published_trunk, statistics
from parasol.training.diffusion import Frozen, load_frozen, tabulate
from parasol.training.draws import draws, torch_draws
from parasol.training.loop import Task
from parasol.training.pictures import rows_of, spread
from parasol.training.tables import version_of

CONTENT_SHARE = 0.25  # of the content's distance in the score: another set's own drawing is at a distance too
HELD = 48  # validation contents, each in the style of one training picture


@dataclass(frozen=True, kw_only=True)
class CastTraining:
    """Weights of the losses on what the generator makes: style, moments, content, identity, cycle.

    temperature: of the contrastive style loss. noise: added to every latent that is read, in the latents' deviations of
    about 1; without it the generator learns fine patterns that the reader takes for a style. mirrored: share of the
    contents that are seen in a mirror. seed: of every draw.
    """

    style: float = 1.0
    moments: float = 1.0
    content: float = 1.0
    identity: float = 1.0
    cycle: float = 1.0
    temperature: float = 0.1
    noise: float = 0.3
    mirrored: float = 0.5
    seed: int = 0


def contrast(
    predicted: Float[Tensor, "B a"], wanted: Float[Tensor, "B a"], others: Float[Tensor, "N a"], temperature: float
) -> Float[Tensor, ""]:
    """The paper's contrastive style loss (eq. 2): each style is found among all wanted ones and `others`, InfoNCE."""
    logits = predicted @ torch.cat([wanted, others]).T / temperature
    return functional.cross_entropy(logits, torch.arange(len(predicted)))


class CastTask(Task):
    """Readers learn from real latents; the generator from what they read of its results, whose weights stay.

    The losses of the generator are the paper's but for two things: the contrastive style loss (negatives are the other
    styles of the batch and those of the contents themselves), the content loss (the content map of the content
    picture), identity in its own style, and the cycle back to it. The paper's adversarial losses are left out; in their
    place noise on what is read, and the moments of the style picture's latent, hold the generator to what styles are.
    The style that the reader learns is the frozen style descriptor's instead of one by augmented views.

    Validation asks the real networks: pictures are decoded, and the score is the distance (1 - cos) of their style
    descriptors to the style asked for, and a quarter of that of their content descriptors to the content.

    Raises:
        ValueError: the content map has another number of channels than the network reads.
    """

    model: Cast

    def __init__(
        self,
        corpus: Corpus,
        runs: Path,
        frozen: Frozen,
        network: CastConfig,
        content_map: ContentMapConfig,
        training: CastTraining,
        batch: int,
    ) -> None:
        self.training, self.batch = training, batch
        self.autoencoder, self.style, self.content = load_frozen(frozen, runs)
        mapped = ContentMap(content_map)
        if network.map_channels != mapped.trunk.widths[-1]:
            raise ParasolError(f"map_channels is {network.map_channels}; the content map has {mapped.trunk.widths[-1]}")
        load_published_trunk(mapped.trunk)
        train, held = rows_of(corpus, "train"), rows_of(corpus, "content-val")
        rows = np.concatenate([train, held])  # those that the diffusion recipe tabulates, in its order
        self.table = tabulate(corpus, rows, frozen, runs, mapped, mirrored=training.mirrored > 0.0)
        self.train = np.arange(len(train))
        self.held = spread(np.arange(len(train), len(rows)), HELD)
        self.looks = spread(self.train, len(self.held), seed=1)
        self.model = Cast(network)
        self.model.space.fill_(int(version_of(runs / frozen.style_run), 16))

    def loss(self, model: nn.Module, step: int) -> tuple[Tensor, dict[str, float]]:
        assert isinstance(model, Cast)
        random, weights = draws(self.training.seed, step), self.training
        shown, looks = random.choice(self.train, (2, self.batch), replace=False)
        view = (random.random(self.batch) < weights.mirrored).astype(np.int64)
        z, style, own = self._latents(shown, view), self._styles(looks), self._styles(shown)
        assert self.table.maps is not None
        maps = self.table.maps[view, shown].float()

        real = self._latents(looks, np.zeros_like(view))
        noise = weights.noise * torch.randn(z.shape, generator=torch_draws(weights.seed, step))
        reads_style = contrast(model.style_reader(real + noise), style, own, weights.temperature)
        reads_map = functional.mse_loss(model.map_reader(z + noise), maps)

        made = model(z, style)
        parts = {
            "style": contrast(_unmoved(model.style_reader, made + noise), style, own, weights.temperature),
            "moments": functional.mse_loss(statistics(made), statistics(real)),
            "content": functional.mse_loss(_unmoved(model.map_reader, made + noise), maps),
            "identity": functional.mse_loss(model(z, own), z),
            "cycle": functional.mse_loss(model(made, own), z),
        }
        total = reads_style + reads_map
        for name, part in parts.items():
            total = total + getattr(weights, name) * part
        figures = {"reads_style": reads_style, "reads_map": reads_map, **parts}
        return total, {name: value.item() for name, value in figures.items()}

    @torch.no_grad()
    def validate(self, model: nn.Module) -> dict[str, float]:
        assert isinstance(model, Cast)
        plain = np.zeros(len(self.held), np.int64)
        z, style = self._latents(self.held, plain), self._styles(self.looks)
        distances = []
        for part in torch.arange(len(z)).split(16):
            pixels = self.autoencoder.decode(model(z[part], style[part]))
            shown = self.content(self.autoencoder.decode(z[part]))
            distances.append(
                torch.stack(
                    [
                        1.0 - (self.style(pixels) * style[part]).sum(1),
                        1.0 - (self.content(pixels) * shown).sum(1),
                    ]
                )
            )
        style_distance, content_distance = torch.cat(distances, dim=1).mean(1).tolist()
        return {
            "score": style_distance + CONTENT_SHARE * content_distance,
            "style_distance": style_distance,
            "content_distance": content_distance,
        }

    def _latents(self, places: Int[np.ndarray, " B"], view: Int[np.ndarray, " B"]) -> Float[Tensor, "B C h w"]:
        return self.table.latents[view, places]

    def _styles(self, places: Int[np.ndarray, " B"]) -> Float[Tensor, "B a"]:
        return self.table.style[self.table.rows[places]]


def _unmoved(network: nn.Module, z: Tensor) -> Tensor:
    """What a network makes of z, such that gradients reach z and none of its weights."""
    return functional_call(network, {name: value.detach() for name, value in network.named_parameters()}, (z,))

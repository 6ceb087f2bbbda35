"""The six rows of the paper's ablation (Results 2) as samplers: four trainings, the last of them sampled in three ways.

All in torch, a whole batch of pictures at once.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from lab.ablation.trainings import TRAINED, TrainedRow, ablation
from parasol.bundle import sha256
from parasol.maths.schedule import Schedule, switch_step
from parasol.networks.autoencoder import Autoencoder
from parasol.networks.content_encoder import ContentEncoder
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder
from parasol.networks.unet import UNetConfig
from parasol.sampling.guided import guided
from parasol.sampling.sampler import FRESH_ETA, INVERSION_ETA, forward_chain, restyle, sample_fresh
from parasol.training.checkpoint import BEST, load_record
from parasol.training.diffusion import Denoiser, Frozen, load_frozen
from parasol.training.loop import STATE
from parasol.training.recipes import Recipe
from parasol.training.recipes_guised import GUISE_FROZEN as FROZEN
from parasol.training.tables import load_best
from parasol.training.train import disagreeing
from parasol.types import Condition, EpsFn

FROZEN_RUNS = (FROZEN.autoencoder_run, FROZEN.style_run, FROZEN.content_run)
"""On whose latents and descriptors all trainings stand."""

STEPS = 20
STRUCTURE = 0.4  # lambda / T of the row with inversion, the paper's


@dataclass(frozen=True, kw_only=True)
class Row:
    """name, title: of the row. trained: the training whose weights it takes.

    apart: whether style and content have a guidance scale each, instead of one together. inverted: whether it starts
    from the inverted content picture, instead of new noise.
    """

    name: str
    title: str
    trained: str
    apart: bool = False
    inverted: bool = False


ROWS = (
    Row(name="rdm", title="RDM-style: content encoder for both", trained="rdm"),
    Row(name="encoder", title="style encoder, without M", trained="encoder"),
    Row(name="projector", title="+ M", trained="projector"),
    Row(name="modality", title="+ modality losses", trained="modality"),
    Row(name="guidance", title="+ guidance per modality", trained="modality", apart=True),
    Row(name="inversion", title="+ inversion", trained="modality", apart=True, inverted=True),
)


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """Networks of one training of the ablation.

    styles: the encoder whose descriptor of the style picture goes in for the style.
    """

    autoencoder: Autoencoder
    styles: StyleEncoder | ContentEncoder
    contents: ContentEncoder
    denoiser: Denoiser

    def condition(self, style: Float[Tensor, "B 3 S S"], content: Float[Tensor, "B 3 S S"]) -> Condition[Tensor]:
        """Both tokens of some pictures."""
        return Condition(style=self.denoiser.projector(self.styles(style)), content=self.contents(content))

    def denoise(self, z: Float[Tensor, "N C h w"], t: int, tokens: Float[Tensor, "N n d"]) -> Float[Tensor, "N C h w"]:
        """A `DenoiseFn`."""
        return self.denoiser.predict(z, torch.full((len(z),), t), tokens)


def finished(name: str, seed: int, runs: Path) -> Recipe:
    """The recipe of one training, which has been run to its end.

    Raises:
        ValueError: the run is missing, not finished, or of another recipe than that of now.
    """
    recipe = ablation(name, seed)
    run = runs / recipe.name
    train = f"python -m lab ablation-train {recipe.name} --runs {runs}"
    if not (run / BEST).exists() or not (run / STATE).exists():
        raise ValueError(f"{run} holds no training: run  {train}")
    state = load_record(run / STATE)
    other = disagreeing(recipe, state)
    if other:
        raise ValueError(f"{run} was trained with another {other[0]!r}: remove it and run  {train}")
    if state["step"] != recipe.optimisation.steps:
        raise ValueError(f"{run} stands at step {state['step']} of {recipe.optimisation.steps}: go on with  {train}")
    return recipe


def load_trained(name: str, seed: int, runs: Path) -> Trained:
    """The best averaged weights of one training, and the frozen networks that it stands on. Raises as `finished`."""
    recipe = finished(name, seed, runs)
    row, unet, projector, frozen = (recipe.configuration[part] for part in ("row", "unet", "projector", "frozen"))
    assert isinstance(row, TrainedRow)
    assert isinstance(unet, UNetConfig)
    assert isinstance(projector, ProjectorConfig)
    assert isinstance(frozen, Frozen)
    denoiser = Denoiser(unet, projector)
    load_best(denoiser, runs / recipe.name)
    autoencoder, style, content = load_frozen(frozen, runs)
    styles = style if row.style_token == "style" else content
    return Trained(autoencoder=autoencoder, styles=styles, contents=content, denoiser=denoiser)


def weights(seeds: Sequence[int], runs: Path) -> dict[str, str]:
    """Hashes of all weights that the rows stand on, by the name of their run. Raises as `finished`."""
    names = [*FROZEN_RUNS]
    for seed in seeds:
        for row in TRAINED.values():
            names.append(finished(row.name, seed, runs).name)
    return {name: sha256(runs / name / BEST)[:12] for name in names}


def noise_like(z: Float[Tensor, "B C h w"], seed: int, count: int) -> list[Float[Tensor, "B C h w"]]:
    """`count` standard normal latents; a picture's come from the seed and its place in the batch alone."""
    drawn = [
        np.random.default_rng([seed, place]).standard_normal((count, *z.shape[1:]), dtype=np.float32)
        for place in range(len(z))
    ]
    return list(torch.from_numpy(np.stack(drawn, axis=1)))


@torch.no_grad()
def paint(
    row: Row,
    trained: Trained,
    content: Float[Tensor, "B 3 S S"],
    style: Float[Tensor, "B 3 S S"],
    *,
    seed: int,
    scale: float,
) -> Float[Tensor, "B 3 S S"]:
    """Pixels in [0,1] of some content pictures in the styles of others, as a row samples them.

    scale: of guidance, for both modalities together or for each.
    """

    def predictor(wanted: Condition[Tensor]) -> EpsFn[Tensor]:
        return guided(trained.denoise, wanted, g_s=scale, g_y=scale, joint=not row.apart)

    steps = Schedule().steps(STEPS)
    z_0 = trained.autoencoder.encode(content)
    noises = noise_like(z_0, seed, len(steps))
    target = predictor(trained.condition(style, content))
    if row.inverted:
        source, chain = predictor(trained.condition(content, content)), forward_chain(z_0, noises, steps)
        walk = restyle(source, target, chain, steps, lam=int(switch_step(STRUCTURE, len(steps))), eta=INVERSION_ETA)
    else:
        walk = sample_fresh(target, noises[0], steps, eta=FRESH_ETA)
    *_, (_, z) = walk
    return trained.autoencoder.decode(z).clamp(0.0, 1.0)

"""Training on icons under guises: what a guise keeps, what re-inking keeps, the pool, and both tasks on it."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from drawn_corpus import make, pixels
from lab.proof import triplets_of
from parasol.corpora import Corpus
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.content_map import ContentMapConfig
from parasol.networks.palette import Palette
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.trunk import Trunk
from parasol.networks.unet import UNetConfig
from parasol.training.checkpoint import save_tensors, warm_start
from parasol.training.diffusion import Denoiser
from parasol.training.guised import (
    GuiseStyleTask,
    GuiseStyleTraining,
    GuiseTask,
    GuiseTraining,
    described,
    members,
)
from parasol.training.guises import Guise, dress, palette
from parasol.training.loop import Optimisation, run
from parasol.training.pool import Eyes, Pool, fill, group_of, icon_sets, load_pool, on_white
from parasol.training.reinking import reink

STYLE = StyleEncoderConfig(blocks=3, hidden=32, dimension=24, size=64, palette=True, paints=8)
MAP = ContentMapConfig(blocks=6, dimension=16, size=64, aligned=True, fine=5)
CONTENT = ContentEncoderConfig(hidden=32, dimension=16, size=64)
AUTOENCODER = AutoencoderConfig(
    widths=(8, 16, 32), encoder_blocks=(1, 1, 1), decoder_blocks=(1, 1, 1), latent_channels=4
)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Corpus:
    return make(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def eyes() -> Eyes:
    torch.manual_seed(0)
    trunk = Trunk(STYLE.blocks).eval()
    return Eyes(
        autoencoder=Autoencoder(AUTOENCODER).eval(), palette=Palette(), trunk=trunk,
        content=ContentEncoder(CONTENT).eval(), content_map=MAP,
    )  # fmt: skip


@pytest.fixture(scope="module")
def pool(corpus: Corpus, eyes: Eyes, tmp_path_factory: pytest.TempPathFactory) -> Pool:
    folder = tmp_path_factory.mktemp("pool")
    assert list(filled(corpus, eyes, folder)) == [0]
    return load_pool(folder, 1)


def filled(corpus: Corpus, eyes: Eyes, folder: Path, key: str = "k") -> Iterator[int]:
    stock = icon_sets([corpus], lambda cell: cell.split == "train", least=4)
    return fill(folder, lambda seed: group_of(stock, seed, {}), eyes, 1, key=key)


def ink(shape: str, side: int = 64) -> np.ndarray:
    """A black shape with alpha."""
    alpha = 300.0 * (1.0 - pixels(shape, "night", side).min(axis=2))
    return np.concatenate([np.zeros((side, side, 3)), alpha[..., None].clip(0, 255)], axis=2).astype(np.uint8)


def test_a_guise_is_one_for_all_icons_and_the_same_every_time() -> None:
    icons = np.stack([ink("square"), ink("triangle"), ink("ring")])
    for seed in range(12):
        guise = Guise(look="ink", colour=False, seed=seed)
        dressed = dress(icons, guise)
        assert dressed.shape == (3, 64, 64, 3)
        assert (dressed == dress(icons, guise)).all()
        assert (dressed[1] == dress(icons[1:2], guise)[0]).all(), "whatever stands beside it"
        assert len(np.unique(dressed[:, 0, 0], axis=0)) == 1, "one ground"
        assert dressed[0].std() > 2.0, "something is seen"


def test_plain_guises_leave_a_set_as_it_is() -> None:
    icons = np.stack([ink("square")])
    plain = next(
        Guise(look="ink", colour=False, seed=seed)
        for seed in range(200)
        if Guise(look="", colour=False, seed=seed).plain
    )
    assert set(np.unique(dress(icons, plain)[0][..., 0])) >= {0, 255}


def test_palettes_lie_in_the_cube() -> None:
    colours = np.concatenate([palette(np.random.default_rng(seed), 6) for seed in range(50)])
    assert colours.min() >= 0.0
    assert colours.max() <= 1.0
    assert np.ptp(colours, axis=0).min() > 0.8


@pytest.mark.parametrize("hand", ["flat", "outline", "night", "pale"])
def test_reinking_keeps_the_shape_where_it_is(hand: str) -> None:
    picture = np.rint(pixels("triangle", hand) * 255).astype(np.uint8)
    seen = picture.min(axis=2) < 240
    ways = set()
    for seed in range(40):
        other = reink(picture, np.random.default_rng(seed))
        assert other.shape == picture.shape
        assert other.dtype == np.uint8
        changed = np.abs(other.astype(int) - other[0, 0]).max(axis=2) > 40
        assert changed[seen].mean() > 0.08, f"seed {seed}: the shape is gone"
        assert changed[~_near(seen, 4)].mean() < 0.9, f"seed {seed}: it is everywhere"
        ways.add(other.tobytes())
    assert len(ways) > 20


def _near(seen: np.ndarray, px: int) -> np.ndarray:
    grown = seen.copy()
    for shift in range(-px, px + 1):
        grown |= np.roll(seen, shift, 0) | np.roll(seen, shift, 1)
    return grown


def test_groups_are_of_one_set_with_different_contents(corpus: Corpus) -> None:
    stock = icon_sets([corpus], lambda cell: cell.split == "train", least=4)
    assert {one.look: one.colour for one in stock} == {
        "flat": True, "pale": True, "outline": False, "night": True, "leaf": True,
    }  # fmt: skip
    for seed in range(8):
        group = group_of(stock, seed, {})
        assert len(set(group.bases)) == len(group.bases) == len(group.x) == len(group.y)
        assert (group.x == group_of(stock, seed, {}).x).all()


def test_emoji_as_they_are_have_contents_by_another_hand(corpus: Corpus) -> None:
    stock = icon_sets([corpus], lambda cell: cell.set == "flat", least=4)
    rows = [row for row, cell in enumerate(corpus.cells) if cell.set == "leaf"]
    others = {corpus.cells[row].codepoint: [(corpus, row)] for row in rows}
    greens = 0
    for seed in range(30):
        group = group_of(stock, seed, others)
        if group.style == "flat":
            greens += sum(bool((y.reshape(-1, 3) == (40, 160, 70)).all(axis=1).any()) for y in group.y)
    assert greens > 10


def test_triplets_of_the_proof_show_the_same_by_another_family(corpus: Corpus) -> None:
    stock = icon_sets([corpus], lambda cell: cell.set == "flat", least=4)
    leaves = {cell.codepoint: [(corpus, row)] for row, cell in enumerate(corpus.cells) if cell.set == "leaf"}
    shown = on_white(corpus.rgba())
    group = triplets_of(stock, 3, defaultdict(list, leaves))
    assert group.style == "flat"
    assert len(group.x) > 3
    codepoints = {cell.base: cell.codepoint for cell in corpus.cells}
    for x, y, base in zip(group.x, group.y, group.bases, strict=True):
        rows = {cell.set: row for row, cell in enumerate(corpus.cells) if cell.codepoint == codepoints[base]}
        assert (x == shown[rows["flat"]]).all()
        assert (y == shown[rows["leaf"]]).all()


def test_a_pool_is_computed_once_for_one_key(corpus: Corpus, eyes: Eyes, tmp_path: Path) -> None:
    list(filled(corpus, eyes, tmp_path))
    (shard,) = tmp_path.glob("*.safetensors")
    first = shard.stat().st_mtime_ns, shard.read_bytes()
    list(filled(corpus, eyes, tmp_path))
    assert shard.stat().st_mtime_ns == first[0]
    list(filled(corpus, eyes, tmp_path, key="another"))
    assert shard.stat().st_mtime_ns != first[0]
    assert load_pool(tmp_path, 1).latents.shape[1:] == (4, 8, 8)


def test_members_are_others_of_the_group_that_show_something_else(pool: Pool) -> None:
    for row, others in members(pool).items():
        assert row not in others
        assert len(others)
        assert (pool.group[others] == pool.group[row]).all()
        assert (pool.base[others] != pool.base[row]).all()


def test_the_paints_of_a_set_are_the_mean_of_its_pictures_paints(pool: Pool) -> None:
    torch.manual_seed(0)
    encoder = StyleEncoder(STYLE).eval()
    encoder.set_paints(pool.measured[:, : encoder.palette.dimension].float())
    measured = pool.measured[:4].float()
    drawn, paints = encoder.parts(measured)
    whole = encoder.describe(measured)
    assert whole.shape == (4, 24)
    torch.testing.assert_close(whole.norm(dim=1), torch.ones(4))
    torch.testing.assert_close(whole[:, 16:] * 2**0.5, paints)
    torch.testing.assert_close(whole[:, :16] * 2**0.5, drawn)
    assert encoder.line is not None
    assert not encoder.line.weight.requires_grad


def test_the_style_head_learns_to_tell_guises_apart(pool: Pool, tmp_path: Path) -> None:
    torch.manual_seed(0)
    task = GuiseStyleTask(StyleEncoder(STYLE), pool, pool, GuiseStyleTraining(groups=16, pictures=4))
    before = task.validate(task.model.eval())["nearest"]
    optimisation = Optimisation(steps=60, batch=16, learning_rate=3e-3, warmup=5, average=0.9, validate_every=60)
    events = list(run(task, optimisation, tmp_path, {}))
    assert events[-1].figures["nearest"] > before + 0.1 or events[-1].figures["nearest"] > 0.95


def guise_task(pool: Pool, batch: int = 8, hands: tuple[Pool, Pool] | None = None) -> GuiseTask:
    torch.manual_seed(0)
    style = StyleEncoder(STYLE).eval()
    unet = UNetConfig(latent_channels=4, widths=(32, 32), token_dimension=16, heads=2, prediction="v", modulated=8)
    projector = ProjectorConfig(style_dimension=24, hidden=32, content_dimension=16)
    return GuiseTask(Denoiser(unet, projector, MAP), style, pool, pool, GuiseTraining(), batch, hands)


def test_the_denoiser_learns_on_the_pool_and_resumes_bit_for_bit(pool: Pool, tmp_path: Path) -> None:
    few = replace(
        pool,
        **{
            name: getattr(pool, name)[:8]
            for name in ("latents", "measured", "content", "maps", "group", "style", "base")
        },
    )
    optimisation = Optimisation(
        steps=60, batch=4, learning_rate=3e-3, warmup=5, average=0.9, validate_every=60, save_every=7
    )
    events = list(run(guise_task(few, 4), optimisation, tmp_path / "whole", {}))
    losses = [event.figures["loss"] for event in events if event.kind == "step"]
    assert np.mean(losses[-10:]) < 0.7 * np.mean(losses[:5])
    assert {"score", "joint", "style", "content", "null"} == events[-1].figures.keys() or events[-1].kind == "saved"
    steps = run(guise_task(few, 4), optimisation, tmp_path / "parts", {})
    for event in steps:
        if event.step == 20:
            break
    steps.close()
    list(run(guise_task(few, 4), optimisation, tmp_path / "parts", {}))
    whole, parts = ((tmp_path / name / "best.safetensors").read_bytes() for name in ("whole", "parts"))
    assert whole == parts


def test_a_share_of_each_batch_is_drawn_by_hands(pool: Pool) -> None:
    few = replace(pool, **{name: getattr(pool, name)[:24] for name in pool.__dataclass_fields__})
    task, alone = guise_task(pool, hands=(few, few)), guise_task(pool)
    assert len(task.odds) == len(pool.latents) + 24
    assert task.odds[-24:].sum() == pytest.approx(0.35)
    assert task.odds.sum() == pytest.approx(1.0)
    for row, others in task.own.items():
        assert ((others < len(pool.latents)) == (row < len(pool.latents))).all(), "no style of both"
    figures = task.validate(task.model)
    assert figures.pop("hands") != figures["joint"]
    assert figures == pytest.approx(alone.validate(alone.model)), "the score means the same"


def test_a_style_is_known_from_one_to_eight_other_pictures(pool: Pool) -> None:
    task = guise_task(pool)
    own, found = members(pool), described(StyleEncoder(STYLE).eval(), pool)
    rows = np.arange(6)
    style = task._styles(found, own, rows, np.random.default_rng(0))
    torch.testing.assert_close(style.norm(dim=1), torch.ones(6))
    single = replace(task.training, single=1.0)
    task.training = single
    alone = task._styles(found, own, rows, np.random.default_rng(0))
    for row, descriptor in zip(rows, alone, strict=True):
        assert any(torch.allclose(descriptor, found[other], atol=1e-5) for other in own[int(row)])


def test_a_longer_descriptor_starts_from_the_shorter_ones_projector(tmp_path: Path) -> None:
    unet = UNetConfig(latent_channels=4, widths=(32, 32), token_dimension=16, heads=2)
    old = Denoiser(unet, ProjectorConfig(style_dimension=16, hidden=32, content_dimension=16))
    new = Denoiser(unet, ProjectorConfig(style_dimension=24, hidden=32, content_dimension=16))
    save_tensors(tmp_path / "best.safetensors", old.state_dict(), {})
    assert warm_start(new, tmp_path) == []
    a = torch.randn(3, 16)
    torch.testing.assert_close(new.projector(torch.cat([a, torch.randn(3, 8)], dim=1)), old.projector(a))

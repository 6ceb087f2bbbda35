"""Every metric against an independent implementation or a closed form; each of these checks sees deliberate errors."""

import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from scipy.linalg import sqrtm
from scipy.spatial.distance import cdist
from skimage import color, filters

from parasol.metrics import chamfer, frechet, interval, leakage, perceptual, retrieval, set_distances, structure

TOLERANCE = 1e-4  # relative


def close(wanted: float) -> Any:
    return pytest.approx(wanted, rel=TOLERANCE, abs=1e-9)


def correlated(seed: int, count: int, dimension: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    return random.standard_normal((count, dimension)) @ random.standard_normal((dimension, dimension)) + seed


def picture(seed: int, height: int = 40, width: int = 56) -> np.ndarray:
    """8-bit noise, smooth in places."""
    values = np.random.default_rng(seed).random((height, width, 3))
    values[: height // 2] = filters.gaussian(values[: height // 2], 2, channel_axis=2)
    return (np.rint(values * 255) / 255).astype(np.float32)


def check_frechet_of_gaussians(module: ModuleType) -> None:
    """Covariances that commute: |mu|^2 + sum (sqrt a - sqrt b)^2."""
    turn = np.linalg.qr(np.random.default_rng(0).standard_normal((5, 5)))[0]
    a, b = np.array([1.0, 4.0, 9.0, 0.25, 0.0]), np.array([4.0, 1.0, 0.0, 0.25, 2.0])
    mean = np.arange(5.0)
    first = module.Gaussian(mean=mean, covariance=turn @ np.diag(a) @ turn.T)
    second = module.Gaussian(mean=mean + 0.5, covariance=turn @ np.diag(b) @ turn.T)
    wanted = 5 * 0.25 + np.sum((np.sqrt(a) - np.sqrt(b)) ** 2)
    assert module.frechet_distance(first, second) == close(wanted)
    assert module.frechet_distance(first, first) == pytest.approx(0.0, abs=1e-6)


def check_sifid(module: ModuleType) -> None:
    """Maps that do not commute, by SciPy's matrix root and numpy's covariance."""
    a, b = correlated(1, 60, 6).T.reshape(6, 10, 6), correlated(2, 80, 6).T.reshape(6, 8, 10)
    rows = [each.reshape(6, -1) for each in (a, b)]
    means, covariances = [each.mean(1) for each in rows], [np.cov(each) for each in rows]
    root = np.real(sqrtm(covariances[0] @ covariances[1]))
    wanted = np.sum((means[0] - means[1]) ** 2) + np.trace(covariances[0] + covariances[1] - 2 * root)
    assert module.sifid(a, b) == close(wanted)
    assert module.fid(rows[0].T, rows[1].T) == close(wanted)


def check_perceptual(module: ModuleType) -> None:
    """Place by place, channel by channel."""
    random = np.random.default_rng(0)
    a, b = ([random.standard_normal((4, 3, 5)), random.standard_normal((2, 2, 2))] for _ in range(2))
    a[0][:, 0, 0] = 0.0
    weights = [random.random(4), random.random(2)]
    wanted = 0.0
    for x, y, w in zip(a, b, weights, strict=True):
        places = [(i, j) for i in range(x.shape[1]) for j in range(x.shape[2])]
        for i, j in places:
            p, q = (each[:, i, j] / max(np.sqrt(np.sum(each[:, i, j] ** 2)), 1e-10) for each in (x, y))
            wanted += sum(w[c] * (p[c] - q[c]) ** 2 for c in range(len(w))) / len(places)
    assert module.perceptual_distance(a, b, weights) == close(wanted)
    right_angle = [np.array([[[1.0]], [[0.0]]])], [np.array([[[0.0]], [[3.0]]])]
    assert module.perceptual_distance(*right_angle) == close(2.0)


def check_chamfer(module: ModuleType) -> None:
    """Every pixel against every pixel, on pictures that area resizing keeps: each of 32 x 32 becomes 8 x 8 equal."""
    a, b = picture(1, 32, 32), picture(2, 32, 32)
    apart = cdist(a.reshape(-1, 3).astype(float), b.reshape(-1, 3).astype(float)) ** 2
    assert module.chamfer(a, b) == close(apart.min(1).mean() + apart.min(0).mean())
    black, half = np.zeros((16, 16, 3), np.float32), np.zeros((16, 16, 3), np.float32)
    half[:4] = 1.0
    assert module.chamfer(half, black) == close(0.25 * 3)
    assert module.chamfer(black, half) == close(0.25 * 3)


def check_area_resizing(module: ModuleType) -> None:
    """512 px halve by means: a fine checkerboard turns grey."""
    board = np.indices((512, 512)).sum(0)[..., None] % 2 * np.ones(3)
    grey = np.full((16, 16, 3), 128 / 255, np.float32)
    assert module.chamfer(board.astype(np.float32), grey) == pytest.approx(0.0, abs=1e-4)


def check_edges(module: ModuleType) -> None:
    """Scikit-image's Sobel filter and luma, numpy's correlation."""
    a, b = picture(1), picture(2)
    b[:20] = a[:20]
    first, second = (filters.sobel(color.rgb2gray(each.astype(float))).ravel() for each in (a, b))
    assert module.edge_agreement(a, b) == close(np.corrcoef(first, second)[0, 1])
    assert module.edge_agreement(a, 1.0 - a) == close(1.0)


def check_cmmd(module: ModuleType) -> None:
    """Kernel by kernel; row weights are repetitions; and two points a distance apart have a closed form."""
    a, b = correlated(1, 6, 3), correlated(2, 6, 3)
    rows = np.array([0, 0, 3, 5, 5, 5])
    weights = np.bincount(rows, minlength=6) / 6

    def kernel(x: np.ndarray, y: np.ndarray) -> float:
        return float(np.mean([[np.exp(-np.sum((p - q) ** 2) / (2 * 4.0**2)) for q in y] for p in x]))

    wanted = kernel(a[rows], a[rows]) + kernel(b[rows], b[rows]) - 2 * kernel(a[rows], b[rows])
    assert weights @ module.mmd_terms(a, b, sigma=4.0) @ weights == close(wanted)
    apart = module.mmd_terms(np.zeros((1, 2)), np.array([[6.0, 8.0]]))
    assert apart[0, 0] == close(2 * (1 - np.exp(-0.5)))


def check_precision_recall(module: ModuleType) -> None:
    """Ball by ball; real pictures fill a square, results the left third of it and something outside."""
    random = np.random.default_rng(0)
    real = random.random((80, 2))
    results = np.concatenate([random.random((50, 2)) * (0.3, 1.0), random.random((10, 2)) + 5.0])

    def share(points: np.ndarray, manifold: np.ndarray) -> float:
        radii = [sorted(np.linalg.norm(manifold - centre, axis=1))[3] for centre in manifold]  # [0] is itself
        balls = list(zip(manifold, radii, strict=True))
        return float(np.mean([any(np.linalg.norm(p - c) <= r for c, r in balls) for p in points]))

    found = module.inside(results, real).mean(), module.inside(real, results).mean()
    assert found == (close(share(results, real)), close(share(real, results)))
    assert 0.7 < found[0] < 0.84, "a sixth of the results lies far away"
    assert found[1] < 0.6, "most of the square is not covered"


def check_artfid(module: ModuleType) -> None:
    assert module.artfid(0.5, 3.0) == close(6.0)


def check_leakage(module: ModuleType) -> None:
    """Counted by hand: copies score 1, opposites 0, and what is unrelated 0.5 on average."""
    random = np.random.default_rng(0)
    styles, results = random.standard_normal((40, 16)), random.standard_normal((40, 16))
    subjects, groups = np.arange(40) // 2, np.arange(40) % 4
    found = module.leakage(results, styles, subjects=subjects, groups=groups)
    for i in range(40):
        cosine = [results[i] @ s / np.linalg.norm(results[i]) / np.linalg.norm(s) for s in styles]
        others = [j for j in range(40) if groups[j] == groups[i] and subjects[j] != subjects[i]]
        assert found[i] == close(np.mean([cosine[j] < cosine[i] for j in others]))
    assert found.mean() == pytest.approx(0.5, abs=0.1)
    assert module.leakage(styles, styles, subjects=subjects, groups=groups).min() == 1.0
    assert module.leakage(-styles, styles, subjects=subjects, groups=groups).max() == 0.0
    alone = module.leakage(styles[:2], styles[:2], subjects=np.zeros(2), groups=np.zeros(2))
    assert np.isnan(alone).all()
    tied = module.leakage(*2 * [np.tile([1.0, 0.0], (3, 1))], subjects=np.arange(3), groups=np.zeros(3))
    assert tied.tolist() == [0.5] * 3


def check_retrieval(module: ModuleType) -> None:
    """Distance by distance, of features on scales that differ a thousandfold; one of them is the same everywhere."""
    random, scales = np.random.default_rng(0), np.array([1.0, 30.0, 1000.0, 0.0])
    styles, noise = random.standard_normal((40, 4)) * scales, random.standard_normal((40, 4)) * scales
    results = styles + 0.4 * noise
    gallery, queries = ((values / styles.std(axis=0).clip(1e-9))[:, :3] for values in (styles, results))
    found = module.retrieved(results, styles, np.arange(40))
    assert found.tolist() == (cdist(queries, gallery).argmin(axis=1) == np.arange(40)).tolist()
    assert 0.2 < found.mean() < 0.9
    assert module.apart(results, styles, np.arange(40)) == close(np.sqrt(((queries - gallery) ** 2).mean(axis=1)))


def check_intervals(module: ModuleType) -> None:
    """Over 200 samples of known mean the interval covers it 19 times of 20, and is as wide as the normal one."""
    random = np.random.default_rng(0)
    found = [module.mean_estimate(random.normal(3.0, 2.0, 60), seed=seed, resamples=300) for seed in range(200)]
    assert module.mean_estimate(np.array([1.0, 2.0, 6.0]), resamples=9).value == 3.0
    covered = sum(one.low <= 3.0 <= one.high for one in found)
    assert 180 <= covered <= 198
    assert np.mean([one.high - one.low for one in found]) == pytest.approx(2 * 1.96 * 2.0 / np.sqrt(60), rel=0.05)


def check_set_intervals(module: ModuleType) -> None:
    """A statistic that grows when rows repeat: the interval keeps to the estimate."""
    values = np.random.default_rng(0).normal(0.0, 1.0, 100)

    def statistic(rows: np.ndarray) -> float:
        return float(10 + values[rows].mean() + (len(rows) - len(set(rows.tolist()))))

    found = module.set_estimate(statistic, 100)
    assert found.value == close(10 + values.mean())
    assert found.low < found.value < found.high < 30


CHECKS: list[tuple[ModuleType, Callable[[ModuleType], None], str, str]] = [
    (frechet, check_sifid, "root @ b.covariance @ root", "a.covariance @ b.covariance"),
    (frechet, check_frechet_of_gaussians, "- 2.0 * shared", "- shared"),
    (frechet, check_sifid, "(count - 1)", "count"),
    (frechet, check_sifid, "len(a), -1).T), gaussian(b", "len(a), -1).T), gaussian(a"),
    (perceptual, check_perceptual, "axis=0) + TINY", "axis=1, keepdims=True) + TINY"),
    (perceptual, check_perceptual, "(_unit(x) - _unit(y)) ** 2", "np.abs(_unit(x) - _unit(y))"),
    (chamfer, check_chamfer, "query(first)[0] ** 2", "query(first)[0]"),
    (chamfer, check_chamfer, "counts / SIDE**2", "np.full(len(counts), 1 / len(counts))"),
    (chamfer, check_chamfer, "float(there + back)", "float(there)"),
    (chamfer, check_area_resizing, "Resampling.BOX", "Resampling.NEAREST"),
    (structure, check_edges, "LUMA = (0.2125, 0.7154, 0.0721)", "LUMA = (1 / 3, 1 / 3, 1 / 3)"),
    (structure, check_edges, "sobel(luma, axis=0), ndimage", "sobel(luma, axis=1), ndimage"),
    (set_distances, check_cmmd, "(2.0 * sigma**2))", "(2.0 * sigma))"),
    (set_distances, check_cmmd, "- cross - cross.T", "- cross"),
    (set_distances, check_precision_recall, "k - 1, axis=1)[:, k - 1]", "k, axis=1)[:, k]"),
    (set_distances, check_precision_recall, "np.fill_diagonal(among, np.inf)", "pass"),
    (set_distances, check_artfid, "(1.0 + content_distance)", "content_distance"),
    (leakage, check_leakage, "(subjects[:, None] != subjects[None, :])", "True"),
    (leakage, check_leakage, "(groups[:, None] == groups[None, :])", "True"),
    (leakage, check_leakage, "cosines < own, 1.0", "cosines > own, 1.0"),
    (leakage, check_leakage, "cosines == own, 0.5", "cosines == own, 1.0"),
    (retrieval, check_retrieval, "values[:, used] / scale[used]", "values[:, used]"),
    (retrieval, check_retrieval, "- 2.0 * queries", "- queries"),
    (interval, check_intervals, "random.integers(0, count, count)", "random.permutation(count)"),
    (interval, check_intervals, "LEVEL = 0.95", "LEVEL = 0.8"),
    (interval, check_set_intervals, "- found.mean() + whole", ""),
]


def altered(module: ModuleType, old: str, new: str) -> ModuleType:
    """The module with one piece of its source exchanged."""
    source = inspect.getsource(module)
    assert source.count(old) == 1, f"{old!r} stands once in {module.__name__}"
    changed = ModuleType(f"{module.__name__}_altered")
    exec(compile(source.replace(old, new), changed.__name__, "exec"), changed.__dict__)
    return changed


@pytest.mark.parametrize(("module", "check"), dict.fromkeys((module, check) for module, check, _, _ in CHECKS))
def test_metric(module: ModuleType, check: Callable[[ModuleType], None]) -> None:
    check(module)


@pytest.mark.parametrize(("module", "check", "old", "new"), CHECKS)
def test_a_deliberate_error_is_seen(
    module: ModuleType, check: Callable[[ModuleType], None], old: str, new: str
) -> None:
    with pytest.raises(AssertionError):
        check(altered(module, old, new))


def test_sifid_refuses_maps_with_fewer_places_than_channels() -> None:
    with pytest.raises(
        ValueError, match="4 feature vectors of 5 channels are given; their covariance needs at least 5"
    ):
        frechet.sifid(np.zeros((5, 2, 2)), np.zeros((5, 9, 9)))


def test_layers_do_not_mix() -> None:
    with pytest.raises(ValueError, match="3 and 2 dimensions"):
        frechet.fid(correlated(0, 9, 3), correlated(0, 9, 2))


def test_maps_of_two_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="bring both pictures to one size"):
        perceptual.perceptual_distance([np.zeros((2, 3, 3))], [np.zeros((2, 3, 4))])
    with pytest.raises(ValueError, match="one weight a channel"):
        perceptual.perceptual_distance([np.zeros((2, 3, 3))], [np.zeros((2, 3, 3))], [np.ones(3)])


def test_pictures_without_edges() -> None:
    flat, other = np.full((9, 9, 3), 0.2, np.float32), np.full((9, 9, 3), 0.7, np.float32)
    assert structure.edge_agreement(flat, other) == 1.0
    assert structure.edge_agreement(flat, picture(0, 9, 9)) == 0.0
    with pytest.raises(ValueError, match="bring both to one size"):
        structure.edge_agreement(flat, picture(0))


def test_far_from_the_origin_distances_keep_their_digits() -> None:
    a, b = np.random.default_rng(0).random((2, 20, 4))
    assert np.allclose(set_distances.squared_distances(a + 1e6, b + 1e6), cdist(a, b) ** 2, rtol=1e-4)


@pytest.mark.parametrize("k", [0, 5])
def test_a_manifold_needs_more_points_than_neighbours(k: int) -> None:
    with pytest.raises(ValueError, match=f"k is {k}; it must be at least 1 and below"):
        set_distances.inside(np.zeros((2, 2)), np.zeros((5, 2)), k=k)


def test_means_of_nothing_are_refused() -> None:
    with pytest.raises(ValueError, match="at least one, and all finite"):
        interval.mean_estimate(np.array([]))
    with pytest.raises(ValueError, match="must be at least 0"):
        set_distances.artfid(-0.1, 1.0)

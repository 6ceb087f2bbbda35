"""The mutations: where, what stands there, what stands there instead, and the tests that have to fail."""

from typing import NamedTuple


class Mutation(NamedTuple):
    """`old` stands once in `file`, which lies below the package. `tests` lie below the folder of tests."""

    file: str
    old: str
    new: str
    tests: tuple[str, ...]


def _of(file: str, tests: str, *changes: tuple[str, str]) -> tuple[Mutation, ...]:
    names = tuple(f"test_{name}.py" for name in tests.split())
    return tuple(Mutation(file, old, new, names) for old, new in changes)


MUTATIONS: tuple[Mutation, ...] = (
    *_of(
        "maths/schedule.py", "maths_schedule sampling_few",
        ("self.alpha_bar_prev / (1.0 - self.alpha_bar_prev)", "self.alpha_bar_prev / (1.0 - self.alpha_bar)"),
        ("first**0.5, last**0.5", "first, last"),
        ("(last - first) * t / (steps - 1)", "(last - first) * t / steps"),
        ("product *= 1.0 - beta", "product *= 1.0 - 0.5 * beta"),
        ("self.train_steps / count) - 1", "self.train_steps / count)"),
        ("append(1.0 if self.clean else", "append(self.alpha_bars[0] if self.clean else"),
        ("else round(structure * count)", "else int(structure * count)"),
    ),
    *_of(
        "maths/steps.py", "maths_schedule sampling_inversion sampling_few training_losses",
        ("z_0 + (1.0 - alpha_bar) ** 0.5 * eps", "z_0 + (1.0 - alpha_bar) * eps"),
        ("* eps) / alpha_bar**0.5", "* eps) / alpha_bar"),
        ("v + (1.0 - alpha_bar) ** 0.5 * z_t", "v - (1.0 - alpha_bar) ** 0.5 * z_t"),
        ("return eta * (left_after", "return eta**2 * (left_after"),
        ("step.alpha_bar / step.alpha_bar_prev)) ** 0.5", "step.alpha_bar / step.alpha_bar_prev))"),
        ("- sigma(step, eta=eta) ** 2)", "- sigma(step, eta=eta))"),
        ("(step.alpha_bar_prev / step.alpha_bar) ** 0.5", "(step.alpha_bar / step.alpha_bar_prev) ** 0.5"),
        ("share = 0.5 * step.log_snr_gain", "share = step.log_snr_gain"),
        ("step.alpha_bar)) ** 0.5 * (z_0 - z_0_before)", "step.alpha_bar)) ** 0.5 * (z_0_before - z_0)"),
    ),
    *_of(
        "maths/guidance.py", "maths_guidance",
        ("null=1.0 - g_s - g_y", "null=1.0 - g_s + g_y"),
        ("style=float(g_s), content=float(g_y)", "style=float(g_y), content=float(g_s)"),
        ("shared = min(alone.style, alone.content)", "shared = max(alone.style, alone.content)"),
        ("heard = min(1.0, shared) * more", "heard = more"),
        ("if g_s > g_y else", "if g_s < g_y else"),
        ("joint=shared + heard", "joint=shared"),
        ("total = total + weight * eps", "total = total + eps"),
    ),
    *_of(
        "maths/distances.py", "maths_descriptors",
        ("** 2, axis=-1) / 2.0)", "** 2, axis=-1))"),
        ("* 2.0 / a.shape[-1]", "* 2.0 / len(a)"),
        ("-10.0 * np.log10(error)", "-20.0 * np.log10(error)"),
    ),
    *_of(
        "maths/interpolation.py", "maths_descriptors",
        ("(shares / largest) @ unit(descriptors)", "(shares / largest) @ descriptors"),
        ("(1.0 - share) * angle) * from_", "share * angle) * from_"),
        ("angle = 2.0 * float", "angle = float"),
    ),
    *_of(
        "maths/inversion.py", "sampling_inversion sampling_few",
        ("z_prev + (1.0 - alpha) ** 0.5 * noise", "z_prev + (1.0 - alpha) * noise"),
        ("return z_prev - step_mean(", "return z_prev + step_mean("),
        ("spread = (share * (noisier - here)) ** 0.5", "spread = share * (noisier - here)"),
    ),
    *_of(
        "maths/colour.py", "maths_colour",
        ("style.covariance, 0.5, floor", "style.covariance, 1.0, floor"),
        ("centred.T @ centred / len(colours)", "centred.T @ centred / (2.0 * len(colours))"),
        ("np.linalg.svd(wanted @ whitening)", "np.linalg.svd(whitening @ wanted)"),
        ("np.minimum(gains, max_gain)", "np.maximum(gains, max_gain)"),
        ("@ gain.T + style.mean", "@ gain.T + content.mean"),
        ("original + strength * (matched - original)", "original + (matched - original)"),
        ("np.where(chroma > 0.0, 1.0 - lightness, lightness)", "np.where(chroma > 0.0, lightness, 1.0 - lightness)"),
    ),
    *_of(
        "maths/texture.py", "maths_texture",
        ("np.minimum(np.diff(quantiles), MOST_GAIN * np.diff(here))", "np.diff(quantiles)"),
        ("(there + ((quantiles - there) @ _SHARES)", "(there - ((quantiles - there) @ _SHARES)"),
        ("return ordered[:, below] * (1.0 - share)", "return ordered[:, below] * share"),
        ("np.arange(count) + 0.5) / count)", "np.arange(count)) / count)"),
        ("np.maximum(places - REACH, 0) + 1.0", "np.maximum(places - REACH, 0)"),
        ("[basis @ patches for basis", "[-basis @ patches for basis"),
        ("min(share - already, 1.0)", "0.5 * min(share - already, 1.0)"),
    ),
    *_of(
        "conditions.py", "conditions",
        ("[weight / total for _, weight in present]", "[weight for _, weight in present]"),
        ("colours=mean_colours(*colours) if colours else None", "colours=None"),
        ("pixels=mean_texture([texture.pixels for", "pixels=mean_texture([texture.latents for"),
        ("style=components.project(style[None])", "style=style[None]"),
    ),
    *_of(
        "sampling/guided.py", "maths_guidance pipeline_guidance",
        ('if branch in ("style", "joint")', 'if branch in ("style",)'),
        ("eps[i * batch : (i + 1) * batch]", "eps[:batch]"),
    ),
    *_of(
        "sampling/sampler.py", "sampling_inversion sampling_fresh sampling_few",
        ("return chain[::-1]", "return chain"),
        ("(cleaner[1], step.alpha_bar, most)", "(cleaner[1], most, most)"),
        ("residual(chain[k + 1], chain[k]", "residual(chain[k], chain[k]"),
        ("chain[done] + (1.0 - held[done]) * z", "z + (1.0 - held[done]) * chain[done]"),
        ("residuals = solve(source,", "residuals = solve(target,"),
        ("sigma(step, eta=eta) * noise for", "noise for"),
        ("hold(k + 1, step_mean", "hold(k, step_mean"),
        ("second_order(eps, here[1], z_0_before,", "second_order(eps, z_0_before, here[1],"),
    ),
    *_of(
        "sampling/tiles.py", "sampling_tiles",
        ("share * share * (3.0 - 2.0 * share)", "share"),
        ("return before * after", "return before"),
    ),
    *_of(
        "training/losses.py", "training_losses",
        ("@ descriptors.T / temperature", "@ descriptors.T * temperature"),
        ("math.log(emphasis) * (", "emphasis * ("),
        ("0.5 * torch.pdist(parameters)", "torch.pdist(parameters)"),
        ("(snr_cap / snr)", "(snr / snr_cap)"),
        ("+ floor / snr", "+ floor"),
        ("(descriptor - other).square().mean(1)).sum() / count", "(descriptor - other).square().sum(1)).sum() / count"),
        ("weights.unbind(1)", "weights.flip(1).unbind(1)"),
        ("error.diff(dim=3)", "error.diff(dim=2)"),
    ),
    *_of(
        "training/modality.py", "training_losses",
        ("weights = alpha_bar[rows, None] * kept", "weights = kept"),
        ("training.style * of_style + self.training.content", "training.content * of_style + self.training.style"),
        ("kept[rows, :2]", "kept[rows, :2].flip(1)"),
        ("(alpha_bar >= self.training.least)", "(alpha_bar > -1.0)"),
        ("fit.cumsum(0) <= self", "fit.cumsum(0) < self"),
        ("kept[:, :2].amax(1)", "kept.amax(1)"),
    ),
    *_of(
        "metrics/chamfer.py", "metrics",
        ("_nearest(second, first) ** 2 @ second_shares", "_nearest(first, second) ** 2 @ first_shares"),
        ("return colours / 255.0", "return colours / 256.0"),
    ),
    *_of(
        "metrics/frechet.py", "metrics",
        ("centred.T @ centred / (count - 1)", "centred.T @ centred / count"),
        ("- 2.0 * shared)", "- shared)"),
        ("return frechet_distance(gaussian(a), gaussian(b))", "return frechet_distance(gaussian(a), gaussian(a))"),
        ("gaussian(b.reshape(len(b), -1).T)", "gaussian(a.reshape(len(a), -1).T)"),
    ),
    *_of(
        "metrics/leakage.py", "metrics",
        ("np.where(cosines == own, 0.5, 0.0)", "np.where(cosines == own, 1.0, 0.0)"),
        ("& (subjects[:, None] != subjects[None, :])", "& True"),
    ),
    *_of(
        "metrics/perceptual.py", "metrics",
        ("(_unit(x) - _unit(y)) ** 2", "np.abs(_unit(x) - _unit(y))"),
    ),
    *_of(
        "metrics/retrieval.py", "metrics",
        ("return values[:, used] / scale[used]", "return values[:, used]"),
        ("np.square(known).sum(axis=1) - 2.0 * queries", "np.square(known).sum(axis=1) - queries"),
    ),
    *_of(
        "metrics/set_distances.py", "metrics",
        ("(1.0 + content_distance) * (1.0 + style_fid)", "content_distance * (1.0 + style_fid)"),
        ("- cross - cross.T", "- cross"),
        ("np.partition(among, k - 1, axis=1)[:, k - 1]", "np.partition(among, k, axis=1)[:, k]"),
        ("np.fill_diagonal(among, np.inf)", "pass"),
    ),
    *_of(
        "metrics/statistics.py", "metrics_statistics metrics",
        ("np.cumsum(counts) - (counts - 1) / 2.0", "np.cumsum(counts)"),
        ("reached = 1.0 - reached", "reached = reached"),
    ),
    *_of(
        "metrics/structure.py", "metrics",
        ("np.hypot(ndimage.sobel(luma, axis=0), ndimage.sobel(luma, axis=1))", "ndimage.sobel(luma, axis=0)"),
        ("(lengths[0] * lengths[1])", "lengths[0] ** 2"),
    ),
    *_of(
        "metrics/interval.py", "metrics",
        ("[(1.0 - LEVEL) / 2.0, (1.0 + LEVEL) / 2.0]", "[1.0 - LEVEL, LEVEL]"),
        ("value=float(values.mean()), low", "value=float(values.sum()), low"),
    ),
)  # fmt: skip

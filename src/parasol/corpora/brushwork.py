"""What painting filters are made of: strokes on a canvas, flow along edges, blur, noise, paper and colour.

Pictures are float arrays in 0..1, lengths pixels, and all randomness is passed in.
"""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

Plane = Float[np.ndarray, "H W"]
Picture = Float[np.ndarray, "H W 3"]
Canvas = Float[np.ndarray, "H W 4"]
Random = np.random.Generator

LUMA = np.array([0.299, 0.587, 0.114], np.float32)
_WARM = np.array([0.5, 0.0, -0.5], np.float32)
_LATTICE = 128  # sites a side that are drawn, however few of them a picture needs
_SECTORS = 8  # of the Kuwahara filter
_UNEVEN = 4e-4  # variance of colours below which two sectors count as equally even


@dataclass(frozen=True, kw_only=True)
class Strokes:
    """How the strokes of a layer look.

    corner: exponent of their outline, 2 for an ellipse, more towards a rectangle. smear: how far apart the colours of
    the two ends are taken, in lengths. bristles, ridge: height of furrows, and of the paint pushed to the rim.
    """

    half_width: float
    aspect: float
    corner: float
    smear: float
    bristles: float
    ridge: float


def layer_of(
    random: Random, picture: Picture, flow: Picture, strokes: Strokes, where: Plane | float, under: Canvas
) -> Canvas:
    """A layer of strokes along the flow on a canvas of colour and height, each as opaque as `where` says at its middle.

    Strokes lie over each other in a random order, about three deep.
    """
    half, long = strokes.half_width, strokes.half_width * strokes.aspect
    height, width = picture.shape[:2]
    middle, draws = sites_of(random, picture, 1.25 * math.sqrt(strokes.aspect) * half, jitter=0.9)
    middle += np.array([height - 1, width - 1], np.float32) / 2
    opaque = np.broadcast_to(np.float32(where), (height, width))[_nearest(middle, picture)]
    needed = np.flatnonzero((opaque > 0.01) & ((middle > -long) & (middle < [height + long, width + long])).all(-1))
    topmost_first = needed[np.argsort(draws[needed, 0])]
    middle, draws, opaque = middle[topmost_first], draws[topmost_first], opaque[topmost_first]
    turn = np.arctan2(flow[..., 1], flow[..., 0])[_nearest(middle, picture)] + 0.15 * draws[:, 1]
    along = np.stack([np.sin(turn), np.cos(turn)], axis=-1)
    soft = blurred(picture, 0.4 * half)
    start, end = (soft[_nearest(middle + way * long * along, picture)] for way in (-strokes.smear, strokes.smear))

    # Every pixel that a stroke may reach: which stroke, and where in it.
    reach = np.arange(-math.ceil(long) - 1, math.ceil(long) + 2, dtype=np.float32)
    whole = np.round(middle)
    y, x = (whole[:, k, None, None] + at for k, at in enumerate(np.meshgrid(reach, reach, indexing="ij")))
    down, across, to_y, to_x = (values[:, None, None] for values in (*along.T, *middle.T))
    u, v = ((y - to_y) * down + (x - to_x) * across) / long, ((y - to_y) * across - (x - to_x) * down) / half
    hit = np.flatnonzero(np.maximum(np.abs(u), np.abs(v)) < 1.0 + 0.5 / half)
    stroke = hit // len(reach) ** 2
    u, v, y, x = (values.ravel()[hit] for values in (u, v, y, x))
    radius = (np.abs(u) ** strokes.corner + np.abs(v) ** strokes.corner) ** (1.0 / strokes.corner)
    inside = (y >= 0) & (y < height) & (x >= 0) & (x < width)
    cover = np.clip((1.0 - radius) * half + 0.5, 0.0, 0.98) * opaque[stroke] * inside
    spot = np.where(inside, y * width + x, 0).astype(np.min_scalar_type(height * width))

    order = np.argsort(spot, kind="stable")
    stroke, spot = stroke[order], spot[order]
    u, v, radius, cover = (values[order] for values in (u, v, radius, cover))
    seen = _visible(spot, cover)

    furrow = np.cos(2.0 * math.pi * half / max(0.6 * half, 2.0 * scale_of(picture)) * v + 9.0 * draws[stroke, 2])
    tone = 0.03 * draws[stroke, 3] + 0.04 * strokes.bristles * furrow
    thick = 1.0 + strokes.bristles * furrow + strokes.ridge * radius**4
    colour = [(start + end)[stroke, k] / 2 + (end - start)[stroke, k] / 2 * u + tone for k in range(3)]
    laid = np.stack([np.bincount(spot, seen * values, height * width) for values in (*colour, thick)], axis=-1)
    hidden = np.bincount(spot, seen, height * width)[:, None]
    return (laid + (1.0 - hidden) * under.reshape(-1, 4)).reshape(under.shape).astype(np.float32)


def _visible(spot: np.ndarray, cover: np.ndarray) -> np.ndarray:
    """How much is seen of parts that lie in spots, sorted by spot and the topmost first, each covering a share.

    The operator over (Porter and Duff, "Compositing Digital Images", 1984): a part is seen through those above it.
    """
    clear = np.log1p(-cover.astype(np.float64))
    above = np.cumsum(clear) - clear
    first = np.flatnonzero(np.diff(spot.astype(np.int64), prepend=-1))
    above -= np.repeat(above[first], np.diff(np.append(first, len(spot))))
    return np.exp(above) * cover


def sites_of(
    random: Random, picture: Picture, pitch: float, jitter: float
) -> tuple[Float[np.ndarray, "s 2"], Float[np.ndarray, "s 4"]]:
    """Moved sites (y, x) of a square lattice round the middle of a picture, row by row, and four numbers in -1..1 each.

    A site keeps its draws whatever the pitch. As many rows as columns, an even number, and three beyond the picture.
    """
    drawn = 2.0 * random.random((_LATTICE, _LATTICE, 6), np.float32) - 1.0
    reach = min(_LATTICE // 2, math.ceil(0.5 * max(picture.shape[:2]) / pitch) + 3)
    central = slice(_LATTICE // 2 - reach, _LATTICE // 2 + reach)
    drawn = drawn[central, central].reshape(-1, 6)
    lattice = np.indices((2 * reach, 2 * reach), np.float32).reshape(2, -1).T - (reach - 0.5)
    return pitch * (lattice + 0.5 * jitter * drawn[:, :2]), drawn[:, 2:]


def _nearest(place: Float[np.ndarray, "n 2"], picture: Picture) -> tuple[np.ndarray, ...]:
    """Index of the pixels of a picture nearest to places (y, x)."""
    return tuple(np.clip(np.round(place), 0, np.array(picture.shape[:2]) - 1).astype(int).T)


def primed(picture: Picture, broad: float) -> Canvas:
    """The canvas before the first stroke: the picture without detail, and no height."""
    return np.concatenate([blurred(picture, broad), np.zeros_like(picture[..., :1])], axis=-1)


def detail_lost(picture: Picture, broad: float) -> Plane:
    """Where strokes of a width lose what is shown, 0..1."""
    lost = np.abs(picture - blurred(picture, broad)).max(axis=-1)
    return np.clip(9.0 * blurred(lost, broad) - 0.25, 0.0, 1.0)


def lit(canvas: Canvas, relief: float) -> Picture:
    """The colours of a canvas under light from the top left, steeper with more relief."""
    down, across = np.gradient(blurred(canvas[..., 3], 0.5))
    return canvas[..., :3] * (1.0 + np.clip(relief * (down + across), -0.5, 0.5))[..., None]


def kuwahara(picture: Picture, radius: float, flow: Picture) -> Picture:
    """Anisotropic Kuwahara filter (Kyprianidis, Kang and Doellner 2009): means of sectors, the even ones weigh most.

    A sector is the Gaussian round its middle on an ellipse along the flow, so that eight samples of one blurred
    picture serve (Papari, Petkov and Campisi, "Artistic Edge and Corner Enhancing Smoothing", 2007, weigh likewise).
    """
    mean = blurred(picture, 0.5 * radius)
    square, of_mean = blurred((picture**2).sum(-1), 0.5 * radius), (mean**2).sum(-1)
    evenness = (1.0 + np.maximum(square - of_mean, 0.0) / _UNEVEN)[..., None] ** -4
    weighted = np.concatenate([evenness * mean, evenness], axis=-1)
    longer, total = 1.0 + flow[..., 2], np.zeros_like(weighted)
    for sector in range(_SECTORS):
        angle = 2.0 * math.pi * sector / _SECTORS
        u, v = radius * math.cos(angle) * longer, radius * math.sin(angle) / longer
        total += moved(weighted, u * flow[..., 1] + v * flow[..., 0], u * flow[..., 0] - v * flow[..., 1])
    return total[..., :3] / total[..., 3:]


def flow_of(picture: Picture, smooth: float, habit: float, steadiness: float = 1e-4) -> Picture:
    """Along the edges: a unit vector (x, y) of either sign and how one-sided the surroundings are, 0..1.

    Eigenvector and eigenvalues of the smoothed structure tensor of the colours (Di Zenzo 1986; Kyprianidis and
    Doellner, "Image Abstraction by Structure Adaptive Filtering", 2008). Where gradients squared are below
    `steadiness`, the direction is that of the hand: `habit`, an angle.
    """
    down, across = np.gradient(blurred(picture, 0.7 * scale_of(picture)), axis=(0, 1))
    xx, yy, xy = (blurred((a * b).sum(-1), smooth) for a, b in ((across, across), (down, down), (across, down)))
    xx, yy = xx + steadiness * np.sin(habit) ** 2, yy + steadiness * np.cos(habit) ** 2
    xy -= steadiness * np.sin(habit) * np.cos(habit)
    normal = 0.5 * np.arctan2(2.0 * xy, xx - yy)
    one_sided = np.hypot(xx - yy, 2.0 * xy) / (xx + yy)
    return np.stack([-np.sin(normal), np.cos(normal), one_sided], axis=-1).astype(np.float32)


def mean_along(field: Plane, flow: Float[np.ndarray, "H W _"], reach: float) -> Plane:
    """Mean of a field along the flow, `reach` pixels either way (Cabral and Leedom, "Imaging Vector Fields Using Line
    Integral Convolution", 1993)."""
    height, width = flow.shape[:2]
    steps = 6
    rows, columns = np.ogrid[:height, :width]
    total = field.copy()
    for sign in (-1.0, 1.0):
        across, down = sign * flow[..., 0], sign * flow[..., 1]
        y, x = np.zeros_like(field), np.zeros_like(field)
        for _ in range(steps):
            y, x = y + reach / steps * down, x + reach / steps * across
            total += moved(field, y, x)
            row = np.clip(rows + y + 0.5, 0, height - 1).astype(np.int32)
            column = np.clip(columns + x + 0.5, 0, width - 1).astype(np.int32)
            ahead_x, ahead_y = flow[row, column, 0], flow[row, column, 1]
            turned = np.where(ahead_x * across + ahead_y * down < 0.0, np.float32(-1.0), np.float32(1.0))
            across, down = turned * ahead_x, turned * ahead_y
    return total / (2 * steps + 1)


def moved(field: Float[np.ndarray, "H W ..."], down: Plane, across: Plane) -> Float[np.ndarray, "H W ..."]:
    """What lies `down` and `across` from each pixel, bilinear; beyond the border the border goes on."""
    height, width = field.shape[:2]
    y = np.clip(np.arange(height, dtype=np.float32)[:, None] + down, 0, height - 1.001)
    x = np.clip(np.arange(width, dtype=np.float32) + across, 0, width - 1.001)
    top, left = y.astype(np.int32), x.astype(np.int32)
    flat, at = field.reshape(height * width, -1), (top * width + left).ravel()
    y, x = (y - top).reshape(-1, 1), (x - left).reshape(-1, 1)
    upper, lower = (flat.take(at + row, 0) * (1.0 - x) + flat.take(at + row + 1, 0) * x for row in (0, width))
    return (upper * (1.0 - y) + lower * y).reshape(field.shape)


def blurred(field: Float[np.ndarray, "H W ..."], deviation: float) -> Float[np.ndarray, "H W ..."]:
    """Gaussian blur of any deviation in pixels; the border is a mirror."""
    rows, columns = (_gaussian(length, deviation) for length in field.shape[:2])
    if field.ndim == 2:
        return rows @ field @ columns.T
    return np.ascontiguousarray(np.moveaxis(rows @ np.moveaxis(field, -1, 0) @ columns.T, 0, -1))


def _gaussian(length: int, deviation: float) -> Float[np.ndarray, "n n"]:
    """The blur of a line as a matrix."""
    at = np.arange(length, dtype=np.float32)
    mirrored = np.stack([at, -1.0 - at, 2.0 * length - 1.0 - at])
    weights = np.exp(-0.5 * ((at[:, None, None] - mirrored) / max(deviation, 1e-3)) ** 2).sum(1)
    return weights / weights.sum(1, keepdims=True)


def noise_of(random: Random, shape: tuple[int, ...], grain: float) -> Plane:
    """Smooth noise of mean 0 and deviation 1."""
    noise = blurred(random.standard_normal(shape, np.float32), grain)
    return (noise - noise.mean()) / noise.std()


def paper_of(random: Random, shape: tuple[int, ...], scale: float) -> Plane:
    """Height of rough paper, mean 0 and deviation about 1."""
    return 0.8 * noise_of(random, shape, 0.6 * scale) + 0.6 * noise_of(random, shape, 1.5 * scale)


def graded(picture: Picture, saturation: float, warmth: float) -> Picture:
    """Colours more or less vivid, then warmer or cooler; 0.5 changes nothing."""
    grey = (picture @ LUMA)[..., None]
    vivid = grey + 2.0 ** (2.0 * saturation - 1.0) * (picture - grey)
    return np.clip(vivid * 2.0 ** ((warmth - 0.5) * _WARM), 0.0, 1.0).astype(np.float32)


def tinted(level: float, amount: float, warmth: float) -> Float[np.ndarray, " 3"]:
    """A grey that is cooler or warmer by an amount."""
    return np.clip(level * (1.0 + amount * (2.0 * warmth - 1.0) * _WARM), 0.0, 1.0)


def stretched(tone: Plane) -> Plane:
    """A tone over the whole range from black to white, unless it holds hardly any difference."""
    low, high = np.quantile(tone, (0.02, 0.98))
    return np.clip((tone - low) / max(high - low, 0.25), 0.0, 1.0).astype(np.float32)


def slope_of(picture: Picture) -> Plane:
    """Length of the gradient of the colours."""
    return np.sqrt(sum((way**2).sum(-1) for way in np.gradient(picture, axis=(0, 1))))


def mixed(dark: np.ndarray, light: np.ndarray, lightness: Plane) -> Picture:
    """From one colour or picture to another, as a plane says."""
    return (dark + lightness[..., None] * (light - dark)).astype(np.float32)


def step(value: Plane, width: float) -> Plane:
    """From 0 to 1 round 0, within about a width."""
    return 0.5 + 0.5 * np.tanh(value / width)


def pixels_of(picture: Picture) -> tuple[Plane, Plane]:
    """Places of pixels (y, x) from the middle of the picture."""
    height, width = picture.shape[:2]
    y, x = np.indices((height, width), np.float32)
    return y - 0.5 * (height - 1), x - 0.5 * (width - 1)


def scale_of(picture: Picture) -> float:
    """Pixels of the picture for one at a side of 128."""
    return max(picture.shape[:2]) / 128.0


def between(share: float, least: float, most: float) -> float:
    """A parameter in 0..1 as a number in its range."""
    return least + share * (most - least)

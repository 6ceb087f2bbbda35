"""Transparency: what a drawing is laid on while a model sees it, and how it comes off that ground again."""

import numpy as np
from jaxtyping import Bool, Float

from parasol.errors import ParasolError
from parasol.maths.lab import delta_e, lab
from parasol.vector.indexing import spread
from parasol.vector.palette import colour_of, ground_of
from parasol.vector.regions import components

RGBA = Float[np.ndarray, "H W 4"]
"""RGB in [0, 1], not premultiplied, and alpha in [0, 1]; float32."""

GROUNDS = ("keep", "white", "transparent")
WHITE, DARK = (1.0, 1.0, 1.0), (0.25, 0.25, 0.25)
SEEN = 12.0  # delta E from the ground, from which a drawing is seen on it
ENOUGH = 0.05  # share of a drawing that has to be seen, or it is laid on another ground
SAME = 4.0  # delta E that a model's noise leaves on a plain ground
FAINT = 0.4  # of how far the drawing is from the ground; what lies beside it and is nearer is a glow, no part of it
OFF_GROUND = 12 / 255  # in every channel; of few colours, what is nearer to the ground is the ground itself
PLAIN = 0.6  # share of the border that has to have one colour for that to be the ground
FEWEST = 5  # of the 3 x 3 pixels around one beside the drawing have to be drawn on, or it is none of it
PALER = 0.6  # of the way from the ground to the drawing, that a pixel of its rim lacks to be an edge
NOTHING_SEEN = "the picture is transparent everywhere: nothing of it could be seen on any ground"
OPAQUE = 1 - 1.5 / 255  # alpha, from which a pixel is opaque
FULL = 0.98  # alpha, from which a pixel has its own colour and none of what lies beside it
REACH = 2  # px around a pixel, within which the full colour of an edge is looked for
TIP = 6  # px, within which it is where the pixel's own is that colour and the ground's mixed, as in tips
MIXED = 0.2  # in every channel; farther from all such mixtures is a colour of its own
BESIDE = 4  # of the 3 x 3 pixels around one, itself among them, that are full where its own colour can be trusted


class GroundError(ParasolError):
    """A ground that is none, or a drawing of which nothing can be seen. One line, with the way out."""


def split(on_white: Float[np.ndarray, "H W 3"], on_black: Float[np.ndarray, "H W 3"]) -> RGBA:
    """Colour and alpha of a picture that was laid on white and on black: both are known, so both follow."""
    alpha = (1 - (on_white - on_black).mean(axis=-1, keepdims=True)).clip(0, 1)
    colour = np.where(alpha > 1e-3, on_black / np.maximum(alpha, 1e-3), 0).clip(0, 1)
    return np.concatenate([colour, alpha], axis=-1).astype(np.float32)


def is_opaque(content: RGBA) -> bool:
    """Whether nothing of a picture is clear, not even by a rounding or two."""
    return bool((content[..., 3] >= OPAQUE).all())


def laid(content: RGBA, ground: tuple[float, float, float]) -> Float[np.ndarray, "H W 3"]:
    """A picture with alpha on a plain ground."""
    alpha = content[..., 3:]
    return (content[..., :3] * alpha + np.asarray(ground, np.float32) * (1 - alpha)).astype(np.float32)


def unlaid(
    picture: Float[np.ndarray, "H W 3"], alpha: Float[np.ndarray, "H W"], ground: tuple[float, float, float]
) -> RGBA:
    """Inverse of `laid`, where the alpha is known."""
    share, plain = alpha[..., None], np.asarray(ground, np.float32)
    colour = np.where(share > 0, (picture - (1 - share) * plain) / np.maximum(share, 1e-6), 0).clip(0, 1)
    return np.concatenate([colour, share], axis=-1).astype(np.float32)


def lifted(picture: Float[np.ndarray, "H W 3"], ground: tuple[float, float, float]) -> RGBA:
    """An opaque drawing off its plain ground: clear is what has the ground's colour and hangs together with the border.

    At its edge alpha says how far a pixel is from the ground towards the fullest colour near it.
    """
    plain = np.asarray(ground, np.float32)
    bare = delta_e(lab(picture), lab(plain)) < SAME
    border = np.pad(np.zeros((bare.shape[0] - 2, bare.shape[1] - 2), bool), 1, constant_values=True)
    clear = _open(bare, bare & border)
    alpha = np.where(clear, 0, np.where(spread(clear, REACH), _share(picture, plain), 1)).astype(np.float32)
    return unlaid(picture, alpha, ground)


def turned(colours: Float[np.ndarray, "*space 3"]) -> Float[np.ndarray, "*space 3"]:
    """Light for dark and dark for light, each in its own hue; its own inverse."""
    return colours + (1 - colours.max(axis=-1, keepdims=True) - colours.min(axis=-1, keepdims=True))


def showing(content: RGBA) -> tuple[float, float, float]:
    """White, or dark grey where a drawing would hardly be seen on white. Raises GroundError where it is all clear."""
    drawn = content[..., 3] > 0.05
    if not drawn.any():
        raise GroundError(NOTHING_SEEN)
    shown = content[drawn][None]

    def visible(ground: tuple[float, float, float]) -> float:
        plain = lab(np.asarray(ground, np.float32))
        return float((delta_e(lab(laid(shown, ground)), plain) > SEEN).mean())

    white = visible(WHITE)
    return WHITE if white >= ENOUGH or white >= visible(DARK) else DARK


def plain_ground(picture: Float[np.ndarray, "H W 3"]) -> tuple[float, float, float]:
    """The one colour around an opaque drawing. Raises GroundError where there is none, as in photographs."""
    red, green, blue = (float(value) for value in ground_of(picture))
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    same = (delta_e(lab(border), lab(np.array([red, green, blue], np.float32))) < SAME).mean()
    if same < PLAIN:
        raise GroundError(
            f"the picture is opaque and has no plain ground that could be changed ({same:.0%} of its border has one "
            "colour): leave the ground as it is (keep), or give a picture with transparency"
        )
    return red, green, blue


def wanted_ground(text: str, *, has_alpha: bool) -> tuple[float, float, float] | None:
    """The colour that `--ground` names, None for a transparent one; `keep` is what the content has."""
    if text == "keep":
        return None if has_alpha else WHITE
    if text == "transparent":
        return None
    if text == "white":
        return WHITE
    try:
        red, green, blue = (float(value) for value in colour_of(text))
    except ValueError as error:
        raise GroundError(f"the ground is {text!r}; it must be {', '.join(GROUNDS)} or #rrggbb") from error
    return red, green, blue


def cut_out(content: RGBA, result: Float[np.ndarray, "H W 3"], ground: tuple[float, float, float]) -> RGBA:
    """The result off its ground: on that very ground it is nearly the same, on any other its edges have no halo.

    Where the result keeps to the content's outline the content's alpha is the result's. Where it has drawn beyond, or
    has left ground where the content had colour, alpha follows from how far a pixel is from the ground towards the
    fullest colour near it. Ground that is enclosed by the drawing stays opaque.
    """
    plain = np.asarray(ground, np.float32)
    alpha = content[..., 3].astype(np.float32).copy()
    clear = alpha < 0.02
    off = delta_e(lab(result), lab(plain))
    strength = float(np.median(off[~clear])) if not clear.all() else 0.0
    bare = off < np.where(clear, max(2 * SAME, FAINT * strength), SAME)
    shown = delta_e(lab(laid(content, ground)), lab(plain)) >= SEEN
    left = _open(bare & (shown | clear), clear)
    beyond = ~bare & clear & (_around(~bare) >= FEWEST)  # not the ringing of a decoder, a pixel here and there
    # Where the drawing goes on beyond it, what was the content's edge is an edge no more.
    # A faint pixel alone says nothing: a decoder loses the last one of a tip.
    bared = left & ~clear & spread(left & (alpha >= 0.5), REACH)
    changed = spread(bared, 1) | (spread(beyond, 1) & (alpha < 0.98))
    share = _share(result, plain)
    # Beside the clear, what came out far paler than the drawing is its edge: opaque, it is a bright speck on black.
    changed |= spread(clear, REACH) & shown & ~clear & (share < alpha - PALER)
    alpha = np.where(changed, share, np.where(clear, 0, alpha))
    return _edged(unlaid(result, alpha, ground), plain)


def without_ground(content: RGBA, result: RGBA, ground: tuple[float, float, float]) -> RGBA:
    """A result in few colours without what has come to the ground's very colour and hangs together with clear parts.

    What the content picture itself has in that colour stays: it is a light part of the drawing.
    """
    plain = np.asarray(ground, np.float32)
    clear = (content[..., 3] < 0.02) & (result[..., 3] < 0.5)
    bare = np.abs(result[..., :3] - plain).max(axis=-1) < OFF_GROUND
    shown = delta_e(lab(laid(content, ground)), lab(plain)) >= SEEN
    gone = _open((bare & (shown | (content[..., 3] < 0.02))) | clear, clear) | (bare & (content[..., 3] < 0.02))
    return np.dstack([result[..., :3], np.where(gone, 0, result[..., 3])]).astype(np.float32)


def _edged(picture: RGBA, plain: Float[np.ndarray, "3"]) -> RGBA:
    """Edges in the colour of what they are the edge of: a blurred edge divided by its alpha is a halo elsewhere.

    So are the tips that shapes run out in, where those are the shape's colour with some of the ground's. What is all
    edge, such as a line of less than a pixel, keeps its own.
    """
    alpha, colours = picture[..., 3], picture[..., :3].copy()
    known = alpha >= FULL
    known &= _around(known) >= BESIDE  # a decoder makes single pixels paler, whatever their alpha
    for step in range(TIP):
        number = _around(known)
        near = (alpha > 0) & ~known & (number > 0)
        sums = np.stack([_around(np.where(known, colours[..., axis], 0)) for axis in range(3)], axis=-1)
        means = sums[near] / number[near][:, None]
        if step >= REACH:
            off, own = means - plain, colours[near] - plain
            paler = (own * off).sum(axis=-1) / np.maximum((off**2).sum(axis=-1), 1e-6)
            mixed = np.abs(own - paler[:, None] * off).max(axis=-1) < MIXED
            near[near], means = mixed, means[mixed]
        colours[near] = means
        known = known | near
    return np.concatenate([colours, alpha[..., None]], axis=-1).astype(np.float32)


def _around(values: np.ndarray) -> Float[np.ndarray, "H W"]:
    """Sums over the 3 x 3 pixels around each."""
    padded = np.pad(values.astype(np.float64), 1)
    height, width = values.shape
    rows = sum(padded[down : down + height] for down in range(3))
    return sum(rows[:, right : right + width] for right in range(3))  # pyright: ignore[reportReturnType, reportIndexIssue]


def _open(bare: Bool[np.ndarray, "H W"], clear: Bool[np.ndarray, "H W"]) -> Bool[np.ndarray, "H W"]:
    """Those bare pixels that hang together with clear ones."""
    labels, kinds = components((bare | clear).astype(np.int64))
    reached = np.zeros(len(kinds), bool)
    reached[np.unique(labels[clear])] = True
    return reached[labels] & bare & (kinds[labels] == 1)


def _share(result: Float[np.ndarray, "H W 3"], plain: Float[np.ndarray, "3"]) -> Float[np.ndarray, "H W"]:
    """How far each pixel is from the ground towards the colour near it that is farthest from the ground, 0 to 1."""
    off = result - plain
    padded = np.pad(off, ((REACH, REACH), (REACH, REACH), (0, 0)), mode="edge")
    full, length = off, (off**2).sum(axis=-1)
    for down, right in np.ndindex(2 * REACH + 1, 2 * REACH + 1):
        there = padded[down : down + off.shape[0], right : right + off.shape[1]]
        farther = (there**2).sum(axis=-1)
        full = np.where((farther > length)[..., None], there, full)
        length = np.maximum(length, farther)
    return ((off * full).sum(axis=-1) / np.maximum(length, 1e-6)).clip(0, 1)

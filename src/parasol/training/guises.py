"""Guises: a whole icon set in other colours, with another outline, fill, shadow or ground, on rasters.

A guise is drawn from a seed and is the same for every icon of its set, so that any icons under it are one style. They
stand beside the sets as they are, and beside the procedural hands, which redraw the vectors: what only colours and
silhouettes need is a hundred times quicker on pixels.
"""

import colorsys
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, UInt8
from PIL import Image, ImageDraw, ImageFilter
from scipy import ndimage

Colour = Float[np.ndarray, " 3"]

PLAIN_COLOUR, PLAIN_INK = 0.3, 0.12
"""Shares of guises that leave colour sets, and sets of one ink (black on white), as they are."""


@dataclass(frozen=True, kw_only=True)
class Guise:
    """One treatment of one set. `look` names the set's style; everything else is drawn from `seed`."""

    look: str
    colour: bool
    """Whether the set has colours of its own: else it is ink, which a guise gives a colour."""

    seed: int

    @property
    def plain(self) -> bool:
        """Whether it leaves the set as it is: all plain guises of a set are one style."""
        return self._random().random() < (PLAIN_COLOUR if self.colour else PLAIN_INK)

    def _random(self) -> np.random.Generator:
        return np.random.default_rng([11, self.seed])


def dress(icons: UInt8[np.ndarray, "N S S 4"], guise: Guise) -> UInt8[np.ndarray, "N S S 3"]:
    """The icons (straight alpha) under a guise, on its opaque ground."""
    treatment = _Plain() if guise.plain else _Treatment.drawn(np.random.default_rng([13, guise.seed]), guise.colour)
    return np.stack([treatment.apply(icon.astype(np.float32) / 255.0) for icon in icons])


def palette(random: np.random.Generator, count: int) -> Float[np.ndarray, "k 3"]:
    """Colours that go together: hues near one another, opposite, in thirds or anywhere, of about one saturation."""
    base, kind = random.random(), random.integers(4)
    hues = {
        0: base + 0.08 * random.standard_normal(count),
        1: base + 0.5 * (np.arange(count) % 2) + 0.03 * random.standard_normal(count),
        2: base + np.arange(count) / 3.0,
        3: random.random(count),
    }[int(kind)]
    saturation = np.clip(random.choice([0.15, 0.45, 0.7, 0.95]) + 0.12 * random.standard_normal(count), 0.0, 1.0)
    value = np.clip(random.uniform(0.25, 1.0) + 0.3 * random.standard_normal(count), 0.08, 1.0)
    return np.array([colorsys.hsv_to_rgb(h % 1.0, s, v) for h, s, v in zip(hues, saturation, value, strict=True)])


class _Plain:
    """As the set is, on white."""

    def apply(self, icon: Float[np.ndarray, "S S 4"]) -> UInt8[np.ndarray, "S S 3"]:
        return _eight_bits(_over(icon[..., :3], icon[..., 3], np.ones(3)))


@dataclass(frozen=True, kw_only=True)
class _Treatment:
    """How every icon of a guise is treated, from the ground up. Widths and offsets are in shares of the side."""

    ground: Colour
    tile: Colour | None
    tile_radius: float
    scale: float
    shadow: Colour | None
    shadow_at: tuple[float, float]
    blur: float
    ring: Colour | None
    ring_width: float
    inside: Colour | None
    inks: Float[np.ndarray, "k 3"] | None
    ramp: int
    """How inks are laid out where there are several: 0 from top to bottom, 1 left to right, 2 in two halves."""
    turn: float
    """Of hues, in turns, for sets with colours."""
    saturation: float
    gradient: Float[np.ndarray, "k 3"] | None
    """Colours by lightness, dark to light, for sets with colours."""

    @classmethod
    def drawn(cls, random: np.random.Generator, colour: bool) -> "_Treatment":
        """Everything from `random`, in a fixed order."""
        colours = palette(random, 6)
        ground, dark = np.ones(3), False
        kind = random.random()
        if kind > 0.62:
            ground = np.clip(colours[0] * 0.25 + 0.75, 0.0, 1.0)
        if kind > 0.76:
            ground, dark = colours[0] * 0.3, True
        if kind > 0.88:
            ground, dark = colours[0], bool(_lightness(colours[0]) < 0.5)
        tile = colours[1] if random.random() < 0.12 else None
        below = ground if tile is None else tile
        inks = None
        if not colour:
            count = 1 if random.random() < 0.75 else 2
            inks = np.stack([_apart(ink, below) for ink in colours[2 : 2 + count]])
            if random.random() < 0.25:
                inks = np.tile(_apart(np.full(3, 0.95 if dark else 0.08), below), (1, 1))
        mapped = colour and random.random() < 0.35
        return cls(
            ground=ground,
            tile=tile,
            tile_radius=float(random.choice([0.06, 0.22, 0.5])),
            scale=float(random.uniform(0.55, 0.72)) if tile is not None else float(random.uniform(0.72, 1.0)),
            shadow=_shade(below) if random.random() < 0.12 else None,
            shadow_at=(float(random.uniform(-0.05, 0.05)), float(random.uniform(0.02, 0.06))),
            blur=float(random.choice([0.0, 0.02, 0.04])),
            ring=_apart(colours[4] if random.random() < 0.5 else np.full(3, 0.05), below)
            if random.random() < 0.2
            else None,
            ring_width=float(random.uniform(0.012, 0.045)),
            inside=colours[5] * 0.5 + 0.5 if random.random() < (0.1 if colour else 0.35) else None,
            inks=inks,
            ramp=int(random.integers(3)),
            turn=float(random.random()) if random.random() < 0.6 else 0.0,
            saturation=float(random.choice([0.0, 0.5, 1.0, 1.0, 1.4])),
            gradient=palette(random, int(random.integers(2, 5))) if mapped else None,
        )

    def apply(self, icon: Float[np.ndarray, "S S 4"]) -> UInt8[np.ndarray, "S S 3"]:
        """One icon, from the ground up."""
        side = icon.shape[0]
        icon = _scaled(icon, self.scale)
        rgb, alpha = icon[..., :3], icon[..., 3]
        sheet = np.broadcast_to(self.ground, (side, side, 3))
        if self.tile is not None:
            sheet = _over(np.broadcast_to(self.tile, sheet.shape), _rounded(side, self.tile_radius), sheet)
        if self.shadow is not None:
            cast = ndimage.shift(alpha, [side * self.shadow_at[1], side * self.shadow_at[0]], order=1)
            if self.blur:
                cast = ndimage.gaussian_filter(cast, side * self.blur)
            sheet = _over(np.broadcast_to(self.shadow, sheet.shape), 0.6 * cast, sheet)
        if self.ring is not None:
            grown = np.clip(
                0.5 + side * self.ring_width - ndimage.distance_transform_edt(alpha < 0.5), 0.0, 1.0
            )  # antialiased over one px
            sheet = _over(np.broadcast_to(self.ring, sheet.shape), grown, sheet)
        if self.inside is not None:
            filled = np.asarray(ndimage.binary_fill_holes(alpha > 0.3))
            sheet = _over(np.broadcast_to(self.inside, sheet.shape), filled.astype(np.float32), sheet)
        ink = self._coloured(rgb) if self.inks is None else self._inked(side)
        return _eight_bits(_over(ink, alpha, sheet))

    def _inked(self, side: int) -> Float[np.ndarray, "S S 3"]:
        assert self.inks is not None
        if len(self.inks) == 1:
            return np.broadcast_to(self.inks[0], (side, side, 3))
        along = np.linspace(0.0, 1.0, side, dtype=np.float32)
        if self.ramp == 2:
            along = (along > 0.5).astype(np.float32)
        share = np.broadcast_to(along[None, :] if self.ramp == 1 else along[:, None], (side, side))[..., None]
        return (1.0 - share) * self.inks[0] + share * self.inks[1]

    def _coloured(self, rgb: Float[np.ndarray, "S S 3"]) -> Float[np.ndarray, "S S 3"]:
        if self.gradient is not None:
            stops = self.gradient[np.argsort([_lightness(colour) for colour in self.gradient])]
            at = np.linspace(0.0, 1.0, len(stops))
            light = rgb @ _LUMA
            return np.stack([np.interp(light, at, stops[:, channel]) for channel in range(3)], axis=-1)
        return np.clip(rgb @ _hue_matrix(self.turn, self.saturation).T, 0.0, 1.0)


_LUMA = np.array([0.299, 0.587, 0.114])


def _hue_matrix(turn: float, saturation: float) -> Float[np.ndarray, "3 3"]:
    """A turn of the hue and a factor of the saturation about the grey axis, which keep lightness (YIQ)."""
    to_yiq = np.array([[0.299, 0.587, 0.114], [0.5959, -0.2746, -0.3213], [0.2115, -0.5227, 0.3112]])
    cosine, sine = saturation * np.cos(2 * np.pi * turn), saturation * np.sin(2 * np.pi * turn)
    about = np.array([[1.0, 0.0, 0.0], [0.0, cosine, -sine], [0.0, sine, cosine]])
    return np.linalg.inv(to_yiq) @ about @ to_yiq


def _lightness(colour: Colour) -> float:
    return float(colour @ _LUMA)


def _apart(ink: Colour, ground: Colour) -> Colour:
    """The ink, lighter or darker where it would not be seen on the ground."""
    light, below = _lightness(ink), _lightness(ground)
    if abs(light - below) >= 0.25:
        return ink
    return ink * 0.35 if below > 0.5 else ink * 0.35 + 0.65


def _shade(ground: Colour) -> Colour:
    return ground * 0.45


def _over(ink: np.ndarray, alpha: Float[np.ndarray, "S S"], sheet: np.ndarray) -> Float[np.ndarray, "S S 3"]:
    return ink * alpha[..., None] + sheet * (1.0 - alpha[..., None])


def _eight_bits(picture: np.ndarray) -> UInt8[np.ndarray, "S S 3"]:
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


def _scaled(icon: Float[np.ndarray, "S S 4"], scale: float) -> Float[np.ndarray, "S S 4"]:
    """Smaller, about the middle."""
    side = icon.shape[0]
    inner = round(side * scale)
    if inner >= side:
        return icon
    whole = Image.fromarray(_eight_bits_alpha(icon), "RGBA").convert("RGBa")
    small = np.asarray(
        whole.resize((inner, inner), Image.Resampling.BOX if inner * 2 < side else Image.Resampling.BICUBIC).convert(
            "RGBA"
        )
    )
    canvas = np.zeros((side, side, 4), np.float32)
    start = (side - inner) // 2
    canvas[start : start + inner, start : start + inner] = small / 255.0
    return canvas


def _eight_bits_alpha(icon: np.ndarray) -> UInt8[np.ndarray, "S S 4"]:
    return np.rint(np.clip(icon, 0.0, 1.0) * 255.0).astype(np.uint8)


def _rounded(side: int, radius: float) -> Float[np.ndarray, "S S"]:
    """Coverage of a tile with rounded corners that leaves a twentieth of the side free."""
    large = Image.new("L", (4 * side, 4 * side))
    edge = 4 * side * 0.04
    ImageDraw.Draw(large).rounded_rectangle(
        (edge, edge, 4 * side - edge, 4 * side - edge), radius=radius * 4 * side, fill=255
    )
    return (
        np.asarray(large.filter(ImageFilter.BoxBlur(1)).resize((side, side), Image.Resampling.BOX), np.float32) / 255.0
    )

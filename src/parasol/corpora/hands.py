"""Procedural hands: the parameters of a drawing style, and a seeded sampler that covers their space broadly.

A hand redraws any icon (`redraw.redraw`), and all that it draws looks like one set: same palette, outline, treatment.
Lengths are percent of the picture's side, angles turns of the whole circle, everything else 0..1 unless said.
"""

from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, Literal, get_args, get_type_hints

import numpy as np
from jaxtyping import Float

from parasol.errors import ParasolError

Outline = Literal["none", "silhouette", "shapes"]
Join = Literal["round", "miter", "bevel"]
Fill = Literal["none", "flat", "two-tone", "linear", "radial", "hatch", "dots", "offset"]
Ground = Literal["white", "tint", "colour", "dark", "black"]
Badge = Literal["none", "circle", "rounded", "square"]
Rule = Literal["area", "tone", "height"]
Shading = Literal["none", "cast", "long", "inner", "highlight", "bevel"]

Colour = tuple[float, float, float]
"""sRGB, 0..1 a channel."""


@dataclass(frozen=True, kw_only=True)
class Hand:
    """One procedural style.

    seed: places the wobble of each drawing. weight: how much bolder ink is drawn than in the source, -1..1.
    outline: none, round the whole drawing, or round each shape. outline_own: outlines are a darker shade of what they
    surround instead of the hand's ink. roughness: of outlines. fill: how shapes are filled; fill_strength: how far
    apart its two tones are or how dense its marks; angle: of gradients, hatching and light. interiors: whether what
    lines enclose is filled. palette_size: hues, 1..6. hue: of the first; hue_spread: 0 one hue, 1 all round the wheel.
    saturation, lightness: of the palette; lightness_spread: how far its tones lie apart; neutral: whether its second
    is nearly white. ink_hue, ink_tone: of ink, which is not quite black. rule: what decides which shape has which
    colour: its area, the tone it has in the source, or its height. ground: behind all. badge: a tile below the drawing.
    shading_depth: how long shadows, how wide rims are. corner: radius of corners. simplify: how far outlines may be
    straightened. jitter: how far a line strays. grid: pixels a side, 0 for a smooth drawing. size: of the drawing on
    its ground.
    """

    seed: int = 0
    weight: float = 0.0
    outline: Outline = "none"
    outline_width: float = 3.0
    outline_own: bool = False
    join: Join = "round"
    roughness: float = 0.0
    fill: Fill = "flat"
    fill_strength: float = 0.5
    angle: float = 0.125
    interiors: bool = True
    palette_size: int = 3
    hue: float = 0.0
    hue_spread: float = 0.5
    saturation: float = 0.6
    lightness: float = 0.6
    lightness_spread: float = 0.4
    neutral: bool = False
    ink_hue: float = 0.0
    ink_tone: float = 0.22
    rule: Rule = "area"
    ground: Ground = "white"
    badge: Badge = "none"
    shading: Shading = "none"
    shading_depth: float = 0.5
    corner: float = 0.0
    simplify: float = 0.0
    jitter: float = 0.0
    grid: int = 0
    size: float = 0.9

    def __post_init__(self) -> None:
        for name, (low, high) in RANGES.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise ParasolError(f"{name} of a hand is {value}; it must be {low} to {high}")
        if self.fill == "none" and self.outline != "shapes":
            raise ParasolError(f"a hand without fill needs outline 'shapes', not {self.outline!r}, or nothing is seen")

    @property
    def light_ground(self) -> bool:
        """Whether drawings are dark on light."""
        return self.ground in ("white", "tint") if self.badge == "none" else self.lightness < 0.55

    @cached_property
    def palette(self) -> list[Colour]:
        """The colours of shapes, the one of the largest first."""
        steps = np.arange(self.palette_size)
        # Golden-section steps lie apart however many there are.
        back = 0.0 if self.hue_spread > 0.8 else 0.3
        hues = self.hue + self.hue_spread * ((steps * 0.618) % 1.0 - back * (steps > 0))
        tones = self.lightness + self.lightness_spread * np.array([0.0, -0.5, 0.5, 0.25, -0.25, 0.4])[steps]
        colours = [
            colour_of(float(np.clip(tone, 0.12, 0.97)), self.saturation, float(hue))
            for tone, hue in zip(tones, hues, strict=True)
        ]
        return [colours[0], colour_of(0.96, 0.1, self.hue), *colours[1:]] if self.neutral else colours

    @property
    def ink(self) -> Colour:
        """The colour of outlines and lines that are not of their shape's own colour."""
        if self.ground == "black" and self.badge == "none":
            dark = False
        else:
            bright = self.lightness > 0.72 and self.fill != "none" and self.outline == "shapes"
            dark = self.light_ground or (bright and self.badge == "none")
        tone, saturation = (self.ink_tone, 0.5) if dark else (0.95, 0.2)
        return colour_of(tone, saturation * self.saturation, self.ink_hue)

    @property
    def ground_colour(self) -> Colour:
        """The colour behind everything."""
        if self.ground == "white":
            return (1.0, 1.0, 1.0)
        if self.ground == "black":
            return (0.0, 0.0, 0.0)
        tone, saturation = {"tint": (0.95, 0.35), "colour": (0.7, 0.6), "dark": (0.26, 0.5)}[self.ground]
        return colour_of(tone, saturation * self.saturation, self.ink_hue + 0.1)

    @property
    def badge_colour(self) -> Colour:
        """The colour of the tile, where there is one."""
        tone = 0.9 if self.light_ground else 0.4
        return colour_of(tone, self.saturation, self.ink_hue + 0.5)


CHOICES = {name: get_args(kind) for name, kind in get_type_hints(Hand).items() if get_args(kind)}
RANGES: dict[str, tuple[float, float]] = {
    "weight": (-1.0, 1.0),
    "outline_width": (0.5, 8.0),
    "roughness": (0.0, 1.0),
    "fill_strength": (0.0, 1.0),
    "angle": (0.0, 1.0),
    "palette_size": (1, 6),
    "hue": (0.0, 1.0),
    "hue_spread": (0.0, 1.0),
    "saturation": (0.0, 1.0),
    "lightness": (0.1, 0.95),
    "lightness_spread": (0.0, 1.0),
    "ink_hue": (0.0, 1.0),
    "ink_tone": (0.0, 0.4),
    "shading_depth": (0.0, 1.0),
    "corner": (0.0, 8.0),
    "simplify": (0.0, 3.0),
    "jitter": (0.0, 3.0),
    "grid": (0, 48),
    "size": (0.5, 1.0),
}


HELD_OUT: dict[str, tuple[float, float]] = {"outline_width": (3.0, 3.5), "hue": (0.55, 0.62), "corner": (2.5, 3.2)}
"""Ranges that no hand of training has; a hand of validation has at least one value in them."""


def held_out(hand: Hand) -> bool:
    """Whether a hand is one that nothing trains on."""
    return any(low <= getattr(hand, name) <= high for name, (low, high) in HELD_OUT.items())


def hand_of(seed: int, *, held: bool = False) -> Hand:
    """The hand of a seed: the first of its draws that is held out of training, or is not."""
    for attempt in count():
        hand = _drawn(seed, np.random.default_rng([seed, 21, attempt]))
        if held_out(hand) == held:
            return hand
    raise AssertionError


def _drawn(seed: int, random: np.random.Generator) -> Hand:
    """A hand. About an eighth draw as sets of one colour do; about one in eighteen draws on a pixel grid."""

    def one_of(name: str, *shares: float) -> Any:
        return str(random.choice(list(CHOICES[name]), p=np.array(shares) / np.sum(shares)))

    def between(low: float, high: float) -> float:
        return float(random.uniform(low, high))

    def some(share: float, low: float, high: float) -> float:
        return between(low, high) if random.random() < share else 0.0

    outline = one_of("outline", 0.36, 0.1, 0.54)
    fill = one_of("fill", 0.08, 0.42, 0.1, 0.12, 0.07, 0.06, 0.05, 0.1)
    if fill in ("none", "offset"):  # of which nothing, or no shape, would be seen
        outline = "shapes"
    mono = random.random() < 0.12
    ground = one_of("ground", 0.68, 0.12, 0.04, 0.1, 0.06)
    dark = ground in ("dark", "black")
    # What lies on the ground without an outline has to stand out from it.
    low, high = (0.62, 0.92) if dark else (0.42, 0.76)
    if outline == "shapes":
        low, high = (0.4, 0.94) if dark else (0.55, 0.95)
    if mono:
        low, high = (0.75, 0.95) if dark else (0.1, 0.6)
    badge = one_of("badge", 0.84, 0.05, 0.08, 0.03)
    hues = 1 if mono else int(random.choice(6, p=(0.06, 0.2, 0.24, 0.22, 0.16, 0.12)) + 1)
    return Hand(
        seed=seed,
        weight=some(0.5, -1.0, 1.0),
        outline=outline,
        outline_width=float(np.exp(between(np.log(1.4), np.log(7.0)))),
        outline_own=random.random() < 0.2,
        join=one_of("join", 0.65, 0.25, 0.1),
        roughness=some(0.14, 0.1, 0.5),
        fill="flat" if mono and fill != "none" else fill,
        fill_strength=between(0.1, 1.0),
        angle=between(0.0, 1.0),
        interiors=not mono and random.random() < 0.85,
        palette_size=hues,
        hue=between(0.0, 1.0),
        hue_spread=between(0.6, 1.0) if random.random() < 0.6 else between(0.0, 0.6),
        saturation=0.15 + 0.85 * random.random() ** 0.7 if random.random() < (0.5 if mono else 0.95) else 0.0,
        lightness=between(low, high),
        lightness_spread=0.0 if mono else between(0.0, 0.55),
        neutral=not mono and (dark or outline == "shapes") and random.random() < 0.35,
        ink_hue=between(0.0, 1.0),
        ink_tone=between(0.08, 0.36),
        rule=one_of("rule", 0.5, 0.35, 0.15),
        ground=ground,
        badge=badge,
        shading="none" if mono else one_of("shading", 0.66, 0.09, 0.05, 0.07, 0.07, 0.06),
        shading_depth=between(0.1, 1.0),
        corner=some(0.45, 0.5, 4.5),
        simplify=some(0.12, 0.2, 1.2),
        jitter=some(0.14, 0.3, 1.2),
        grid=int(random.choice([20, 24, 32])) if badge == "none" and random.random() < 0.06 else 0,
        size=1.0 if random.random() < 0.5 else between(0.8, 1.0),
    )


def colour_of(lightness: float, saturation: float, hue: float) -> Colour:
    """The sRGB colour of an OKLCh lightness 0..1, a share of the chroma that a screen has there, and a hue in turns.

    Ottosson, "A perceptual color space for image processing" (2020).
    """
    low, high = 0.0, 0.37
    for _ in range(12):
        chroma = (low + high) / 2.0
        values = _linear(lightness, chroma, hue)
        low, high = (chroma, high) if min(values) >= -1e-4 and max(values) <= 1.0001 else (low, chroma)
    linear = np.clip(_linear(lightness, saturation * low, hue), 0.0, 1.0)
    red, green, blue = np.where(linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055).tolist()
    return red, green, blue


def oklab_of(colours: Float[np.ndarray, "*n 3"]) -> Float[np.ndarray, "*n 3"]:
    """OKLab of sRGB colours in 0..1: lightness 0..1, and two axes on which chroma is a length (Ottosson 2020)."""
    linear = np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ _TO_CONES.T) @ _TO_LAB.T


_TO_CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
_TO_LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)
_FROM_CONES, _FROM_LAB = np.linalg.inv(_TO_CONES), np.linalg.inv(_TO_LAB)


def _linear(lightness: float, chroma: float, hue: float) -> np.ndarray:
    """Linear sRGB, which may lie outside 0..1."""
    turn = 2.0 * np.pi * hue
    return _FROM_CONES @ (_FROM_LAB @ [lightness, chroma * np.cos(turn), chroma * np.sin(turn)]) ** 3

"""How people change pictures: ways that make a photograph look like a drawing, or a drawing like a photograph.

`CHANGES` are those that `python -m lab kinds` measures; the network of `parasol.images.kind` learns from `MORE`, too.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

WHITE = (255, 255, 255)
SHEET = 128  # px, at which blur and noise are told

Change = Callable[[Image.Image, np.random.Generator, bool], Image.Image]
"""(RGBA, randomness, whether it is a photograph) -> the changed picture, RGB or RGBA."""


def on_white(picture: Image.Image) -> Image.Image:
    """RGB, what is transparent in white."""
    sheet = Image.new("RGB", picture.size, WHITE)
    sheet.paste(picture, mask=picture.getchannel("A"))
    return sheet


def toned(picture: Image.Image, tone: Callable[[Image.Image], Image.Image]) -> Image.Image:
    """Other colours, the same alpha."""
    changed = tone(picture.convert("RGB")).convert("RGBA")
    changed.putalpha(picture.getchannel("A"))
    return changed


def plain(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """As it is."""
    return picture


def grey(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Without colours."""
    return toned(picture, lambda rgb: rgb.convert("L"))


def dark(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """A sixth to two fifths of the light."""
    return ImageEnhance.Brightness(on_white(picture)).enhance(random.uniform(0.15, 0.4))


def pale(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """A quarter to half of the contrast, under a veil of white."""
    weak = ImageEnhance.Contrast(on_white(picture)).enhance(random.uniform(0.25, 0.5))
    return Image.blend(weak, Image.new("RGB", picture.size, WHITE), random.uniform(0, 0.4))


def letterboxed(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Between two bars of black, white or grey."""
    width, height = picture.size
    longer = random.uniform(1.2, 1.6)
    size = (width, int(height * longer)) if random.random() < 0.5 else (int(width * longer), height)
    sheet = Image.new("RGB", size, [(0, 0, 0), WHITE, (30, 30, 30)][random.integers(3)])
    sheet.paste(on_white(picture), ((size[0] - width) // 2, (size[1] - height) // 2))
    return sheet


def cut_out(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """An oval or a rounded rectangle of it, on transparency."""
    width, height = picture.size
    mask, (x, y) = Image.new("L", picture.size, 0), random.uniform(0.02, 0.2, 2)
    box = (width * x, height * y, width * (1 - x), height * (1 - y))
    if random.random() < 0.6:
        ImageDraw.Draw(mask).ellipse(box, fill=255)
    else:
        ImageDraw.Draw(mask).rounded_rectangle(box, radius=min(picture.size) * 0.2, fill=255)
    cut = picture.copy()
    cut.putalpha(Image.fromarray(np.minimum(np.asarray(mask), np.asarray(picture.getchannel("A")))))
    return cut


def compressed(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """A JPEG of quality 8 to 35."""
    return _jpeg(on_white(picture), int(random.integers(8, 36)))


def scanned(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Printed and scanned: turned a little, soft, on paper under uneven light, with noise, as a JPEG."""
    turned = on_white(picture).rotate(random.uniform(-4, 4), Image.Resampling.BICUBIC, fillcolor=WHITE)
    soft = turned.filter(ImageFilter.GaussianBlur(random.uniform(0.3, 0.9) * max(picture.size) / SHEET))
    values = np.asarray(soft).astype(float) / 255
    height, width = values.shape[:2]
    light = 1 - random.uniform(0.05, 0.25) * ramp_of(picture.size, random)
    paper = np.array([1, random.uniform(0.95, 1), random.uniform(0.85, 1)])
    values = values * paper * light[..., None] * random.uniform(0.85, 1)
    values += random.normal(0, random.uniform(0.005, 0.02), (height, width, 1))
    values += random.normal(0, 0.006, values.shape)
    return _jpeg(image_of(values * 255), int(random.integers(60, 91)))


def app_icon(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """A drawing, often in white, on a ramp of two colours with round corners; a photograph tinted and cut so."""
    width, height = picture.size
    part, (first, last) = ramp_of(picture.size, random)[..., None], random.uniform(0, 255, (2, 3))
    ramp = image_of(first * (1 - part) + last * part)
    mask = Image.new("L", (2 * width, 2 * height), 0)
    ImageDraw.Draw(mask).rounded_rectangle((0, 0, 2 * width - 1, 2 * height - 1), min(picture.size) * 0.45, fill=255)
    mask = mask.resize(picture.size)
    if photograph:
        icon = Image.blend(on_white(picture), ramp, 0.35).convert("RGBA")
    else:
        icon, shape = ramp.convert("RGBA"), picture.resize((int(width * 0.62), int(height * 0.62)))
        if random.random() < 0.6:
            alpha, shape = shape.getchannel("A"), Image.new("RGBA", shape.size, WHITE)
            shape.putalpha(alpha)
        icon.alpha_composite(shape, (int(width * 0.19), int(height * 0.19)))
    icon.putalpha(mask)
    return icon


def blurred(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """By 0.8 to 2.5 px of 128."""
    return on_white(picture).filter(ImageFilter.GaussianBlur(random.uniform(0.8, 2.5) * max(picture.size) / SHEET))


def noisy(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """5 to 20 levels of noise at 128 px."""
    values = np.asarray(on_white(picture)).astype(float)
    larger = max(1.0, 0.7 * max(picture.size) / SHEET)
    return image_of(values + random.normal(0, random.uniform(5, 20) * larger, values.shape))


def recoloured(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Other hues, weaker at times, and light for dark in three of ten."""

    def tone(rgb: Image.Image) -> Image.Image:
        values = np.array(rgb.convert("HSV"))
        values[..., 0] += np.uint8(random.integers(30, 226))
        values[..., 1] = values[..., 1] * random.uniform(0.5, 1)
        changed = np.asarray(Image.fromarray(values, "HSV").convert("RGB"))
        return Image.fromarray(255 - changed if random.random() < 0.3 else changed)

    return toned(picture, tone)


def small(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """24 to 64 px."""
    scale = random.uniform(24, 64) / max(picture.size)
    return on_white(picture).resize((max(8, int(picture.width * scale)), max(8, int(picture.height * scale))))


CHANGES: dict[str, Change] = {
    change.__name__.replace("_", " "): change
    for change in (plain, grey, dark, pale, letterboxed, cut_out, scanned, compressed, app_icon, blurred, noisy)
} | {"recoloured": recoloured, "small": small}


def padded(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """Somewhere on a larger sheet of one colour, or of none."""
    width, height = (int(side * random.uniform(1, 2.2)) for side in picture.size)
    colour = (0, 0, 0, 0) if random.random() < 0.3 else (*random.integers(0, 256, 3).tolist(), 255)
    sheet = Image.new("RGBA", (width, height), WHITE if random.random() < 0.4 else colour)
    sheet.alpha_composite(picture, _place(sheet, picture, random))
    return sheet


def captured(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """On a page of a screen, with bars and lines of text around it."""
    width, height = (int(side * random.uniform(1.2, 2)) for side in picture.size)
    ground, ink = [(255, 40), (245, 90), (30, 220)][random.integers(3)]
    sheet = Image.new("RGB", (width, height), (ground,) * 3)
    draw = ImageDraw.Draw(sheet)
    draw.rectangle((0, 0, width, height * random.uniform(0, 0.12)), fill=tuple(random.integers(0, 256, 3).tolist()))
    for _ in range(random.integers(0, 8)):
        x, y = random.uniform(0, 0.6) * width, random.uniform(0.1, 1) * height
        draw.rectangle((x, y, x + random.uniform(0.1, 0.5) * width, y + height / 60), fill=(ink,) * 3)
    sheet.paste(picture, _place(sheet, picture, random), picture.getchannel("A"))
    return sheet


def paletted(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """8 to 64 colours, dithered at times, as a GIF has them."""
    dither = Image.Dither.FLOYDSTEINBERG if random.random() < 0.5 else Image.Dither.NONE
    plain = on_white(picture)
    colours = plain.quantize(int(random.integers(8, 65)), Image.Quantize.MEDIANCUT)
    return plain.quantize(palette=colours, dither=dither).convert("RGB")


def enlarged(picture: Image.Image, random: np.random.Generator, photograph: bool) -> Image.Image:
    """16 to 48 px, enlarged again."""
    scale = random.uniform(16, 48) / max(picture.size)
    size = (max(8, int(picture.width * scale)), max(8, int(picture.height * scale)))
    ways = (Image.Resampling.BILINEAR, Image.Resampling.BICUBIC, Image.Resampling.NEAREST)
    return on_white(picture).resize(size).resize(picture.size, ways[random.integers(3)])


MORE: dict[str, Change] = {change.__name__: change for change in (padded, captured, paletted, enlarged)}


def _place(sheet: Image.Image, picture: Image.Image, random: np.random.Generator) -> tuple[int, int]:
    """Somewhere on a sheet that has room for it."""
    across, down = random.integers(0, (sheet.width - picture.width + 1, sheet.height - picture.height + 1))
    return int(across), int(down)


def ramp_of(size: tuple[int, int], random: np.random.Generator) -> np.ndarray:
    """From 0 to 1 in some direction, or outwards."""
    y, x = np.mgrid[0 : 1 : size[1] * 1j, 0 : 1 : size[0] * 1j]
    turn = random.uniform(0, 2 * np.pi)
    if random.random() < 0.3:
        return (np.hypot(x - 0.3, y - 0.3) / 1.2).clip(0, 1)
    return ((np.cos(turn) * (x - 0.5) + np.sin(turn) * (y - 0.5)) / 1.2 + 0.5).clip(0, 1)


def image_of(values: np.ndarray) -> Image.Image:
    """Of values in 0..255."""
    return Image.fromarray(values.clip(0, 255).astype(np.uint8))


def _jpeg(picture: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    picture.save(file, "JPEG", quality=quality)
    return Image.open(file)

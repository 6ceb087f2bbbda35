"""Pictures in styles that nobody painted: training pictures cut, painted over, recoloured and put under a look.

The packaged network of any style turns each into a style of photographs. Paintings that may be trained on are few, and
what a model has met few styles of it takes for a photograph.
"""

import numpy as np
from jaxtyping import Float
from PIL import Image

from parasol.corpora.media import MEDIA, paint
from parasol.corpora.networks import for_pillow
from parasol.corpora.synthetic import PARAMETERS, restyle
from parasol.images import from_uint8
from parasol.maths.colour import ColourStatistics, match_colours
from parasol.types import Picture

SIDE = 256  # px, of what the network of any style reads
_LEAST = 0.35  # of the shorter side, of a part that is cut out
_LOOK = len(PARAMETERS) - 2  # blur and halftone are left out


def imagine(
    picture: Picture, colours: ColourStatistics, number: int, *, painted: bool
) -> Float[np.ndarray, "256 256 3"]:
    """A square picture in 0..1 made of a part of `picture`, with the colour mean and covariance that are given.

    What is no painting itself is painted over in a medium first. The same arguments give the same picture; `number`
    decides the part, the medium with its parameters, and the look.
    """
    random = np.random.default_rng(number)
    part = part_of(picture, random, SIDE, least=_LEAST)
    medium = list(MEDIA)[random.integers(len(MEDIA))]
    parameters = random.random(len(MEDIA[medium].words))
    if not painted:
        part = paint(medium, part, parameters, number)
    look = np.zeros(len(PARAMETERS), np.float32)
    look[:_LOOK] = random.random(_LOOK)
    look[_LOOK - 1] = max(0.0, 2.0 * look[_LOOK - 1] - 1.0)  # every second one without outlines
    return restyle(match_colours(part, colours).pixels, look)


def part_of(picture: Picture, random: np.random.Generator, side: int, *, least: float) -> Float[np.ndarray, "S S 3"]:
    """A square of a picture, of at least that share of its shorter side, at `side` px."""
    height, width = picture.shape[:2]
    cut = round(min(height, width) * random.uniform(least, 1.0))
    top, left = random.integers(0, height - cut + 1), random.integers(0, width - cut + 1)
    box = (left, top, left + cut, top + cut)
    return from_uint8(np.asarray(for_pillow(picture).resize((side, side), Image.Resampling.LANCZOS, box=box)))

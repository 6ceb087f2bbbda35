"""CPU-seconds of one warm move of a dial, printed: python probe.py MODEL MOVE. It imports what PYTHONPATH says.

It runs on any commit since recipes are painted, and so uses nothing newer than `recipe` and `paint`.
"""

import sys
import time

from parasol import Parasol

EXAMPLES = {
    "pictogram": ("examples/content.png", "examples/style.png"),
    "painting": ("examples/photograph.jpg", "examples/painting.jpg"),
}
MOVES = ("picture", "style", "scale", "colour", "quick")
"""A whole picture of a new seed; then, of the same content and seed, another style, scale or colour step; dpm in 10."""


def main(name: str, move: str) -> None:
    """Warm up, and measure the move alone."""
    model, (content, style) = Parasol.load(name), EXAMPLES[name]
    dials = model.dials(steps=10, sampler="dpm") if move == "quick" else model.dials()
    recipe = model.recipe(content, style, dials)
    model.paint(recipe)
    other = model.recipe(content, content, dials) if move == "style" else recipe
    moved = {
        "picture": recipe.varied(seed=1),
        "style": other,
        "scale": recipe.varied(style_scale=dials.style_scale + 0.5),
        "colour": recipe.varied(color="match"),
        "quick": recipe.varied(seed=1),
    }[move]
    started = time.process_time()
    model.paint(moved)
    print(time.process_time() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])

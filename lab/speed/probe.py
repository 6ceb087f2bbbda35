"""CPU-seconds of one warm move of a dial, printed: python probe.py MODEL MOVE. It imports what PYTHONPATH says.

It runs on any commit since recipes are painted, and so uses nothing newer than `recipe` and `paint`, but for the finish
that `parasol style` gives to flat drawings, which is left out where a commit has none.
"""

import sys
import time
from typing import Any

from parasol import Parasol

FLAT = "src/parasol/studio/examples/"
EXAMPLES = {
    "pictogram": ("examples/content.png", "examples/style.png", "examples/content.png"),
    "painting": ("examples/photograph.jpg", "examples/painting.jpg", "examples/photograph.jpg"),
    "flat": (f"{FLAT}key.png", f"{FLAT}duotone.png", f"{FLAT}pastel.png"),
}
"""Content, style, and the other style. Those of `flat` are flat art, drawn by `pictogram` and finished."""

MOVES = ("picture", "style", "scale", "colour", "quick")
"""A whole picture of a new seed; then, of the same content and seed, another style, scale or colour step; dpm in 10."""


def main(name: str, move: str) -> None:
    """Warm up, and measure the move alone."""
    model, (content, style, another) = Parasol.load("pictogram" if name == "flat" else name), EXAMPLES[name]
    dials = model.dials(steps=10, sampler="dpm") if move == "quick" else model.dials()

    def asked(style: str) -> Any:
        few = model.finish(style, finish="auto") if name == "flat" and hasattr(model, "finish") else None
        more: dict[str, Any] = {} if few is None else {"finish": few}
        return model.recipe(content, style, dials, **more)

    recipe = asked(style)
    model.paint(recipe)
    moved = {
        "picture": recipe.varied(seed=1),
        "style": asked(another) if move == "style" else recipe,
        "scale": recipe.varied(style_scale=dials.style_scale + 0.5),
        "colour": recipe.varied(color="match"),
        "quick": recipe.varied(seed=1),
    }[move]
    started = time.process_time()
    model.paint(moved)
    print(time.process_time() - started)


if __name__ == "__main__":
    main(*sys.argv[1:])

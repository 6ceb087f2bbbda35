"""CPU-seconds of one warm move of a dial, printed: python probe.py MODEL MOVE. It imports what PYTHONPATH says.

It runs on any commit since recipes are painted, and so uses nothing newer than `recipe` and `paint`.
"""

import sys
import time
from typing import Any

from parasol import Parasol

EXAMPLES = {
    "pictogram": ("examples/content.png", "examples/style.png"),
    "painting": ("examples/photograph.jpg", "examples/painting.jpg"),
}
FINISHED = "finished "
MOVES = ("picture", "style", "scale", "colour", "quick", *(FINISHED + move for move in ("picture", "style", "scale")))
"""A whole picture of a new seed; then, of the same content and seed, another style, scale or colour step; dpm in 10.
As the model draws it, and with the finish that `parasol style` gives, which older commits do not have."""


def main(name: str, move: str) -> None:
    """Warm up, and measure the move alone."""
    model, (content, style) = Parasol.load(name), EXAMPLES[name]
    dials = model.dials(steps=10, sampler="dpm") if move == "quick" else model.dials()

    def asked(style: str) -> Any:
        few = {"finish": model.finish(style, finish="auto")} if wanted and hasattr(model, "finish") else {}
        return model.recipe(content, style, dials, **few)

    wanted, move = move.startswith(FINISHED), move.removeprefix(FINISHED)
    recipe = asked(style)
    model.paint(recipe)
    other = asked(content) if move == "style" else recipe
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

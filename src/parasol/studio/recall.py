"""From a file that Parasol wrote, PNG, WebP, JPEG or SVG, back to what it was made from."""

from typing import Any

from parasol.images import encode_png, load
from parasol.images.ground import shows_nothing
from parasol.recipe import Recipe, RecipeError
from parasol.studio.maker import Maker
from parasol.studio.store import Store
from parasol.studio.wanted import LARGEST_SIZE, Reference, Wanted

TOLD = "what it shows was said by words or other pictures, of which a PNG keeps no more than a descriptor"
EVEN = "its protection is the same everywhere, which no brush paints: draw it again with `parasol replay`"
LARGE = f"it is larger than the studio's {LARGEST_SIZE} px: draw it again with `parasol replay`"
FINISHED = "its transparency or its few colours are not among these settings: draw it again with `parasol replay`"


def recall(png: bytes, store: Store, maker: Maker) -> dict[str, Any]:
    """What the history knows that it was asked for, else what its recipe tells; `notes` say what is not in it.

    Raises:
        ValueError: it carries no recipe, or one of a model that this studio does not have.
    """
    recipe = Recipe.read(png)
    known = store.wanted_of(recipe.text())
    if known is not None:
        return {"wanted": Wanted.model_validate_json(known).model_dump(mode="json"), "known": True, "notes": []}
    name = recipe.model.name
    if name not in maker.names or not maker.model(name).bundle.goes_by(recipe.model.hash):
        raise RecipeError(
            f"it was drawn by the model {name[:40]!r} in an edition that this studio does not have: "
            f"it has {', '.join(maker.names)}"
        )
    described = recipe.content.descriptor is not None
    picture = recipe.picture()
    size = max(picture.shape[:2])
    content = None
    if picture.min() < picture.max():  # a blank one gave its shape alone
        content = store.add_picture(encode_png(picture)).id
    wanted = Wanted(
        model=name,
        content=content,
        styles=(Reference(recipe=store.add_picture(png).id),),
        dials=dict(vars(recipe.dials)),
        size=min(size, LARGEST_SIZE),
        mask=_mask(recipe.region, store),
        protect=_mask(recipe.protected, store),
        finish="none",
    )
    finished = recipe.ground is not None or recipe.finish is not None
    even = recipe.protected is not None and wanted.protect is None
    given = ((EVEN, even), (TOLD, described), (LARGE, size > LARGEST_SIZE), (FINISHED, finished))
    notes = [note for note, so in given if so]
    return {"wanted": wanted.model_dump(mode="json"), "known": False, "notes": notes}


def _mask(grey: bytes | None, store: Store) -> str | None:
    """A mask as a picture; None where there is none, or one value everywhere, as of a mask that lets all through."""
    return None if grey is None or shows_nothing(load(grey)) else store.add_picture(grey).id

"""Named directions of the space of styles, and styles that lie far from what a model was trained on."""

import numpy as np
import pytest

from parasol.apps.words import leans
from parasol.bundle import Bundle, Manifest
from parasol.conditions import Style
from parasol.directions import directions_of, is_far, leaned, space_of
from parasol.errors import ParasolError


@pytest.fixture(scope="module")
def manifest() -> Manifest:
    return Bundle.open("pictogram").manifest


def style(manifest: Manifest, known: int = 0) -> Style:
    space = space_of(manifest)
    assert space is not None
    row = space.known[known]
    return Style(descriptor=(row / np.linalg.norm(row)).astype(np.float32), colours=None)


def test_a_style_goes_along_a_direction_and_stays_a_style(manifest: Manifest) -> None:
    assert {"corner", "saturation"} <= {*directions_of(manifest)}
    space, before = space_of(manifest), style(manifest)
    assert space is not None
    for name, way in space.directions.items():
        less, more = (leaned(before, manifest, {name: share}).descriptor for share in (-1.0, 1.0))
        assert less @ way < before.descriptor @ way < more @ way
        assert np.allclose([np.linalg.norm(less), np.linalg.norm(more)], 1.0, atol=1e-6)
    assert leaned(before, manifest, {"saturation": 0.0}) is before


@pytest.mark.parametrize(("lean", "told"), [({"mood": 0.5}, "choose among"), ({"corner": 1.5}, "must lie in -1")])
def test_no_such_direction_is_refused(lean: dict[str, float], told: str, manifest: Manifest) -> None:
    with pytest.raises(ParasolError, match=told):
        leaned(style(manifest), manifest, lean)


def test_a_model_without_a_measured_space_has_no_directions(bundle: Bundle) -> None:
    plain = Style(descriptor=np.eye(1, bundle.manifest.style.dimension, dtype=np.float32)[0], colours=None)
    assert directions_of(bundle.manifest) == ()
    assert not is_far(plain.descriptor, bundle.manifest)
    with pytest.raises(ParasolError, match="has none"):
        leaned(plain, bundle.manifest, {"corner": 0.5})


def test_known_styles_are_near_and_their_opposites_far(manifest: Manifest) -> None:
    assert not is_far(style(manifest, 3).descriptor, manifest)
    assert is_far(-style(manifest, 3).descriptor, manifest)


def test_the_command_line_names_directions_with_numbers() -> None:
    assert leans(["outline=0.5", "corner=-1"]) == {"outline": 0.5, "corner": -1.0}
    with pytest.raises(ParasolError, match="write it as"):
        leans(["outline"])

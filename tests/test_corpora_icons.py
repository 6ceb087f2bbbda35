import json

import numpy as np
import pytest

import tiny_packages
from parasol import corpora
from parasol.corpora.icons import IconPackage, build, content_key, icon_packages, split_alike
from parasol.corpora.split import split_of_name

DISC, SQUARE = '<circle cx="16" cy="16" r="9" fill="currentColor"/>', '<path fill="red" d="M4 4h24v24H4z"/>'
RING = '<circle cx="16" cy="16" r="9" fill="none" stroke="currentColor" stroke-width="3"/>'


def package(folder, name, icons, *, licence="MIT", **settings) -> IconPackage:
    collection = {"icons": {icon: {"body": body} for icon, body in icons.items()}, "width": 32, "height": 32}
    info = {"author": {"name": f"{name}'s hand"}, "license": {"spdx": licence}}
    files = {"icons.json": json.dumps(collection).encode(), "info.json": json.dumps(info).encode()}
    packed = tiny_packages.pack(folder, f"@iconify-json/{name}", files)
    return IconPackage(name=name, version=packed.version, integrity=packed.integrity, kind="line", **settings)


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "packages"


def run(out, folder, recipe, **settings):
    return list(build(out, recipe=recipe, packages=folder, **({"size": 32} | settings)))


def test_looks_of_a_set_are_styles_of_one_family(tmp_path, folder):
    drawn = package(folder, "ink", {"bell": DISC, "bell-fill": RING, "star-fill": DISC}, suffixes=("fill",))
    tinted = package(folder, "tint", {"round-bell": SQUARE}, prefixes=("round",), family="paint")
    run(tmp_path / "out", folder, [drawn, tinted])
    cells = corpora.load(tmp_path / "out").cells
    assert [(cell.id, cell.family, cell.base) for cell in cells] == [
        ("ink/bell", "ink", "bell"),
        ("ink-fill/bell-fill", "ink", "bell"),
        ("ink-fill/star-fill", "ink", "star"),
        ("tint-round/round-bell", "paint", "bell"),
    ]
    assert {cell.licence for cell in cells} == {"MIT"}
    attribution = (tmp_path / "out" / "ATTRIBUTION").read_text()
    assert "ink-fill\n  author:  ink's hand" in attribution


def test_ink_is_black_with_alpha_and_colours_stay(tmp_path, folder):
    run(tmp_path / "out", folder, [package(folder, "both", {"disc": DISC, "square": SQUARE})])
    disc, square = corpora.load(tmp_path / "out").rgba()
    assert disc[16, 16].tolist() == [0, 0, 0, 255]
    assert disc[0, 0, 3] == 0
    assert square[16, 16].tolist() == [255, 0, 0, 255]


def test_sets_that_cannot_be_had_or_may_not_be_trained_on_are_told_and_left_out(tmp_path, folder):
    good = package(folder, "good", {"disc": DISC, "gone": "<g/>"})
    closed = package(folder, "closed", {"disc": DISC}, licence="CC-BY-NC-4.0")
    other = IconPackage(name="good", version="9.9.9", integrity="sha512-none", kind="line")
    (folder / other.package.archive).write_bytes(b"another archive")
    run(tmp_path / "out", folder, [closed, good])
    skipped = {line["id"]: line["reason"] for line in map(json.loads, (tmp_path / "out" / "skipped.jsonl").open())}
    assert skipped["closed"] == "licence CC-BY-NC-4.0 is not one that shipped weights may be trained on"
    assert skipped["good/gone"] == "blank: no visible pixel"
    with pytest.raises(ValueError, match="no icon set could be had: licence CC-BY-NC"):
        run(tmp_path / "none", folder, [closed])


def test_the_same_command_continues_and_changes_nothing(tmp_path, folder):
    recipe = [package(folder, "ink", {"bell": DISC, "star": RING, "cup": SQUARE})]
    steps = build(tmp_path / "out", recipe=recipe, packages=folder, size=32)
    while next(steps).stage != "draw":
        pass
    steps.close()
    assert [state.done for state in run(tmp_path / "out", folder, recipe)][-1] == 3
    run(tmp_path / "whole", folder, recipe)
    for name in ("cells.jsonl", "corpus.json", "ATTRIBUTION"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
    with pytest.raises(ValueError, match="another most"):
        run(tmp_path / "out", folder, recipe, most=2)


def test_most_takes_the_same_icons_whatever_else_the_set_has(tmp_path, folder):
    few = package(folder, "few", dict.fromkeys("abc", DISC))
    many = package(folder, "many", dict.fromkeys("abcdef", DISC))
    run(tmp_path / "out", folder, [few, many], most=2)
    cells = corpora.load(tmp_path / "out").cells
    assert [len([cell for cell in cells if cell.set == name]) for name in ("few", "many")] == [2, 2]


def test_brands_and_what_a_package_drops_are_left_out(tmp_path, folder):
    icons = {"bell": DISC, "brand-bell": DISC, "logos-bell": DISC, "bell-off": DISC}
    run(tmp_path / "out", folder, [package(folder, "ink", icons, drop="-off$")])
    assert [cell.codepoint for cell in corpora.load(tmp_path / "out").cells] == ["bell"]


@pytest.mark.parametrize(
    ("name", "key"),
    [("arrow-left-02", "arrow-left"), ("Arrows_Left", "arrow-left"), ("glass", "glass"), ("24", "24"), ("bus", "bus")],
)
def test_content_keys(name, key):
    assert content_key(name) == key


def test_contents_with_a_drawing_in_common_lie_on_one_side_of_the_split(tmp_path, folder):
    words = {split_of_name(word, held_out=False): word for word in (f"word-{n}x" for n in range(100))}
    tested, trained = words["content-test"], words["train"]
    run(tmp_path / "out", folder, [package(folder, "one", {tested: RING}), package(folder, "two", {trained: RING})])
    assert {cell.split for cell in corpora.load(tmp_path / "out").cells} == {"content-test"}
    cells = corpora.load(tmp_path / "out").cells
    apart = split_alike(
        [cell.__class__(**{**cell.__dict__, "split": split_of_name(cell.base, held_out=False)}) for cell in cells],
        [b"one", b"two"],
    )
    assert {cell.split for cell in apart} == {"content-test", "train"}


def test_the_recipe_names_sixty_sets_and_holds_out_the_style_test():
    recipe = icon_packages()
    held = {one.name for one in recipe if one.test}
    assert len({one.name for one in recipe}) == len(recipe) >= 60
    assert held >= {"streamline-emojis", "skill-icons", "streamline-freehand-color", "icon-park", "duo-icons"}
    assert all(one.family not in held for one in recipe if not one.test)
    assert split_of_name("anything", held_out=True) == "style-test"
    assert np.isin([one.kind for one in recipe], ["colour", "duotone", "line", "solid", "drawn"]).all()

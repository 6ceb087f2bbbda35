"""Generative search: what is searched and made, kept in a log that gives the same hits and pixels again."""

import io
import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol, Words
from parasol.apps.cli import main
from parasol.bundle import Bundle
from parasol.images import load, load_rgba
from parasol.index.build import build
from parasol.index.describe import Describer
from parasol.index.search import Query, search
from parasol.index.store import Index, StoreError
from parasol.recipe import Dials, Recipe, RecipeError
from parasol.search import Chosen, Log, Pick, Session, SessionError
from small_model import copy_of, drawing, edit_manifest
from test_finishing import icon

DIALS = Dials(style_scale=2.0, content_scale=2.0, structure=0.4, steps=2, seed=3, fresh=False, color="off")
QUICK = ["--steps", "2", "--size", "64"]


@pytest.fixture(scope="module")
def built(bundle: Bundle, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`pictures` and their `index`; `a.png` and `b.png` are in neither."""
    folder = tmp_path_factory.mktemp("session")
    (folder / "pictures").mkdir()
    for seed in range(12):
        drawing(seed, 32, 32).save(folder / "pictures" / f"{seed}.png")
    build(
        folder / "pictures",
        folder / "index",
        Describer.of(Parasol.load(bundle.folder, threads=1).components),
        workers=1,
    )
    for seed, name in ((50, "a.png"), (51, "b.png")):
        drawing(seed).save(folder / name)
    return folder


@pytest.fixture
def folder(built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The working folder: a link to the index, whose pictures stay where they are, and copies of the two pictures."""
    (tmp_path / "index").symlink_to(built / "index")
    for name in ("a.png", "b.png"):
        shutil.copy(built / name, tmp_path / name)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def session(folder: Path, model: Parasol) -> Session:
    return Session(model, Index.open("index"))


@pytest.fixture(scope="module")
def log(built: Path, model: Parasol) -> Log:
    """A search, a picture of what it found and of what was given, and a picture of that picture."""
    session, a, b = Session(model, Index.open(built / "index")), built / "a.png", built / "b.png"
    session.search(style=b, content=[a, (b, 0.5)], style_weight=0.3, top=5)
    style = [(Pick(step=1, rank=2), 1.0), (Pick(step=1, rank=3), -0.4), (b, 0.5)]
    session.make(Pick(step=1, rank=1), style, dials=DIALS, size=64, top=4)
    session.make(Pick(step=2), a, dials=DIALS, style_weight=0.8, size=64, top=3)
    return session.log


@pytest.fixture
def full(folder: Path, model: Parasol, log: Log) -> Session:
    return Session(model, Index.open("index"), log)


def test_a_search_is_the_search_of_the_index(session: Session, model: Parasol) -> None:
    card = model.card("b.png")
    step = session.search(style=[(card, 1.0), ("a.png", -0.3)], content=Words("red apple"), style_weight=0.3, top=5)
    query = Query(
        style=model.style([(card, 1.0), ("a.png", -0.3)]).descriptor,
        content=model.embed_content(Words("red apple")),
        style_weight=0.3,
    )
    assert step.hits == tuple(search(Index.open("index"), query, 5))
    assert step.chosen == (
        Chosen(role="style", source="a card", weight=1.0),
        Chosen(role="style", source="a.png", weight=-0.3),
        Chosen(role="content", source="red apple", weight=1.0),
    )
    assert (step.number, step.made) == (1, None)
    assert session.log.steps == (step,)


def test_contents_mix_by_their_weights(session: Session, model: Parasol) -> None:
    step = session.search(content=[("a.png", 2.0), ("b.png", -0.5)])
    query = Query(content=model.shown([("a.png", 2.0), ("b.png", -0.5)]))
    assert step.hits == tuple(search(Index.open("index"), query, 12))


def test_what_is_found_becomes_content_style_and_negative_style(full: Session, model: Parasol) -> None:
    first, second, _ = full.log.steps
    files = [hit.file for hit in first.hits]
    expected = model.recipe(files[0], [(files[1], 1.0), (files[2], -0.4), ("b.png", 0.5)], DIALS, size=64)
    assert second.made is not None
    assert second.made.recipe == expected
    assert np.array_equal(full.result(2).pixels, model.paint(expected).pixels)
    assert second.chosen == (
        Chosen(role="content", source=files[0].name, weight=1.0, pick=Pick(step=1, rank=1)),
        Chosen(role="style", source=files[1].name, weight=1.0, pick=Pick(step=1, rank=2)),
        Chosen(role="style", source=files[2].name, weight=-0.4, pick=Pick(step=1, rank=3)),
        Chosen(role="style", source="b.png", weight=0.5),
    )


def test_what_is_made_searches_in_both_spaces_and_is_made_again(full: Session, model: Parasol) -> None:
    _, second, third = full.log.steps
    for step, weight, top in ((second, 0.5, 4), (third, 0.8, 3)):
        pixels = full.result(step.number).pixels
        query = Query(style=model.embed_style(pixels), content=model.embed_content(pixels), style_weight=weight)
        assert step.hits == tuple(search(Index.open("index"), query, top))
    assert third.made is not None
    assert third.made.recipe == model.recipe(full.result(2).pixels, "a.png", DIALS, size=64)
    assert third.chosen[0] == Chosen(role="content", source="made in step 2", weight=1.0, pick=Pick(step=2))


def test_what_is_shown_and_the_dials_are_those_of_the_model(session: Session, model: Parasol) -> None:
    step = session.make(None, "a.png", shows=["a.png", Words("red apple")], dials=DIALS, size=64)
    assert step.made is not None
    assert step.made.recipe == model.recipe(None, "a.png", DIALS, shows=["a.png", Words("red apple")], size=64)
    assert [one.role for one in step.chosen] == ["shows", "shows", "style"]
    plain = session.make("a.png", "b.png", size=32)
    assert plain.made is not None
    assert plain.made.recipe == model.stylize("a.png", "b.png", size=32).recipe


def test_what_is_made_is_finished_as_what_is_stylised(session: Session, model: Parasol) -> None:
    icon("#c02040").save("icon.png")
    icon("#2040c0", "#ffffff").convert("RGB").save("blue.png")
    plain, _ = session.make("icon.png", "blue.png", size=64), session.search(style="blue.png")
    _, made = session.answer(content="icon.png", style="blue.png", size=64, finish="auto")
    again = session.make(Pick(step=made.number), "blue.png", size=64, finish="auto")
    for step, content, finish in (
        (plain, "icon.png", "none"),
        (made, "icon.png", "auto"),
        (again, session.result(made.number).image, "auto"),
    ):
        expected, result = model.stylize(content, "blue.png", size=64, finish=finish), session.result(step.number)
        assert step.made is not None
        assert step.made.recipe == expected.recipe
        assert (step.made.recipe.finish is not None) == (finish == "auto")
        assert result.encoded(".png") == expected.encoded(".png")
        assert result.image.mode == "RGBA", "what is transparent stays so, in what is made of it too"
    assert session.replay().log == session.log


def test_white_on_transparency_is_searched_by_what_it_shows(session: Session, model: Parasol) -> None:
    icon("#c02040").save("icon.png")
    icon("#ffffff", "#2040c0").convert("RGB").save("white.png")
    step = session.make("icon.png", "white.png", size=64, finish="auto")
    result = session.result(step.number)
    assert (result.pixels == 1.0).all(), "or this test could not fail"
    result.save("made.png")
    query = Query(style=model.embed_style("made.png"), content=model.embed_content("made.png"), style_weight=0.5)
    assert step.hits == tuple(search(Index.open("index"), query, 12))


def test_a_log_gives_the_same_hits_and_pixels_without_its_pictures(session: Session, model: Parasol) -> None:
    session.search(style="b.png", content="a.png")
    session.make("a.png", Pick(step=1, rank=2), dials=DIALS, size=64)
    session.log.save("s.json")
    for name in ("a.png", "b.png"):
        Path(name).unlink()
    read = Session(model, Index.open("index"), Log.read("s.json"))
    assert read.log == session.log
    again = read.replay()
    assert again.log == session.log
    for one in (read, again):
        assert np.array_equal(one.result(2).pixels, session.result(2).pixels)


def test_a_log_goes_on(full: Session, model: Parasol) -> None:
    full.log.save("s.json")
    read = Session(model, Index.open("index"), Log.read("s.json"))
    for one in (full, read):
        one.make(Pick(step=3), Pick(step=1, rank=1), dials=DIALS, size=64)
    assert len(read.log.steps) == 4
    assert read.log == full.log


@pytest.mark.parametrize("change", ["seed", "hit", "pixels", "query"])
def test_a_replay_tells_what_was_changed(full: Session, model: Parasol, change: str) -> None:
    content = json.loads(full.log.model_dump_json())
    first, second, third = content["steps"]
    if change == "seed":
        second["made"]["recipe"]["dials"]["seed"] += 1
    elif change == "hit":
        first["hits"].reverse()
    elif change == "pixels":
        second["made"]["pixels"] = third["made"]["pixels"]
    else:
        first["query"]["style"] = second["query"]["style"]
    changed = Session(model, Index.open("index"), Log.model_validate_json(json.dumps(content)))
    assert changed.replay().log != changed.log


def test_another_model_and_another_index_are_refused(full: Session, bundle: Bundle, model: Parasol) -> None:
    other = copy_of(bundle, Path("other"))
    edit_manifest(other, name="other", schedule={"beta_end": 0.016})
    with pytest.raises(
        SessionError, match=r"of the model 'small' .* this is 'other' .*: name that model or its folder"
    ):
        Session(Parasol.load(other, threads=1), Index.open("index"), full.log)
    edit_manifest(other, style=bundle.manifest.style.model_dump() | {"version": "9"})
    with pytest.raises(StoreError, match="the model has style aladin 9"):
        Session(Parasol.load(other, threads=1), Index.open("index"))
    Path("few").mkdir()
    drawing(0, 32, 32).save("few/0.png")
    build("few", "few.index", Describer.of(model.components), workers=1)
    with pytest.raises(SessionError, match=r"'few\.index' has the version .* other pictures by now: name that index"):
        Session(model, Index.open("few.index"), full.log)


def test_a_recipe_of_another_model_is_refused(full: Session, model: Parasol) -> None:
    content = json.loads(full.log.model_dump_json())
    content["steps"][1]["made"]["recipe"]["model"]["hash"] = "0" * 64
    with pytest.raises(RecipeError, match="the recipe is for the model 'small' with hash 0000"):
        Session(model, Index.open("index"), Log.model_validate(content)).replay()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: "no json", "'s.json' is no whole session: wrong at the start .* start a new session"),
        (lambda content: content | {"format": 2}, "'s.json' has format 2 and this version reads format 1: update"),
        (lambda content: content | {"steps": content["steps"][1:]}, "its steps are not numbered from 1"),
        (lambda content: content | {"more": 1}, "wrong at more"),
        (lambda content: {key: content[key] for key in content if key != "index"}, "wrong at index"),
    ],
)
def test_a_broken_file_is_one_line(full: Session, change: Callable[[dict], object], message: str) -> None:
    Path("s.json").write_text(json.dumps(change(json.loads(full.log.model_dump_json()))))
    with pytest.raises(SessionError, match=message) as caught:
        Log.read("s.json")
    assert "\n" not in str(caught.value)


def test_a_cut_descriptor_is_refused(session: Session, model: Parasol) -> None:
    session.search(style="a.png")
    content = json.loads(session.log.model_dump_json())
    content["steps"][0]["query"]["style"] = content["steps"][0]["query"]["style"][:8]
    broken = Session(model, Index.open("index"), Log.model_validate_json(json.dumps(content)))
    with pytest.raises(
        SessionError, match=r"the session's style descriptor holds 6 bytes instead of 128 .* start a new"
    ):
        broken.replay()


@pytest.mark.parametrize(
    ("ask", "message"),
    [
        (lambda session: session.search(), "the query is empty: give a style, a content, or both"),
        (lambda session: session.search(style=[]), "the query is empty"),
        (lambda session: session.search(style="a.png", top=0), "top is 0; it must be 1 at least"),
        (lambda session: session.search(style="a.png", content="a.png", style_weight=2.0), "the style weight is 2.0"),
        (
            lambda session: session.search(style=Pick(step=4, rank=1)),
            "step 4 is picked and the session has the steps 1",
        ),
        (lambda session: session.search(style=Pick(step=0, rank=1)), "step 0 is picked"),
        (
            lambda session: session.search(style=Pick(step=1, rank=6)),
            "its hits have the ranks 1 to 5: pick one of them",
        ),
        (lambda session: session.search(style=Pick(step=1, rank=-1)), "rank -1 of step 1 is picked"),
        (lambda session: session.make(Pick(step=1), "a.png"), "step 1 has made no picture, it only searched"),
        (lambda session: session.result(1), "step 1 has made no picture"),
        (lambda session: session.make("a.png", [("b.png", -1.0)]), "give at least one style a positive, finite weight"),
        (lambda session: session.make("gone.png", "b.png"), "'gone.png' does not exist"),
        (lambda session: session.make(None, "b.png"), "neither a content picture nor what to show is given"),
        (lambda session: session.log.save("s.txt"), "'s.txt' does not end in .json"),
    ],
)
def test_what_cannot_be_had_is_refused(full: Session, ask: Callable[[Session], object], message: str) -> None:
    before = full.log
    with pytest.raises(ValueError, match=message):
        ask(full)
    assert full.log == before


def test_cards_show_nothing_and_files_go(session: Session, model: Parasol, built: Path) -> None:
    with pytest.raises(SessionError, match="a style card is given as content and shows nothing: give a picture"):
        session.search(content=model.card("a.png"))
    with pytest.raises(SessionError, match="no step yet: pick one of these, or search first"):
        session.make(Pick(step=1, rank=1), "a.png")
    step = session.search(style="a.png")
    file = step.hits[0].file
    kept = file.read_bytes()
    file.unlink()
    try:
        with pytest.raises(SessionError, match="rank 1 of step 1, is gone by now: pick another"):
            session.make(Pick(step=1, rank=1), "a.png")
    finally:
        file.write_bytes(kept)


def roles(session: Session, step: int) -> dict[str, list[str | tuple[int, int]]]:
    found: dict[str, list[str | tuple[int, int]]] = {}
    for one in session.log.steps[step - 1].chosen:
        found.setdefault(one.role, []).append((one.pick.step, one.pick.rank) if one.pick else one.source)
    return found


def test_an_answer_takes_what_was_asked_for_and_the_rest_from_the_best_hit(session: Session) -> None:
    dials = {"dials": DIALS, "size": 32, "top": 3}
    found, made = session.answer(style="b.png", content="a.png", style_weight=0.3, **dials)
    assert roles(session, 2) == {"content": ["a.png"], "style": ["b.png"]}
    assert (found, made) == session.log.steps
    assert (made.query.style_weight, made.query.top) == (0.3, 3)
    session.answer(content="a.png", **dials)
    assert roles(session, 4) == {"content": ["a.png"], "style": [(3, 1)]}
    session.answer(style="b.png", **dials)
    assert roles(session, 6) == {"content": [(5, 1)], "style": ["b.png"]}
    session.answer(content=Words("red apple"), **dials)
    assert roles(session, 8) == {"content": [(7, 1)], "style": [(7, 1)]}
    session.answer(style=Words("glossy"), content=[Words("red apple"), ("a.png", -0.2), ("b.png", 0.5)], **dials)
    assert roles(session, 10) == {
        "content": ["b.png"],
        "shows": ["red apple", "a.png", "b.png"],
        "style": ["glossy"],
    }


def test_words_are_shown_by_the_picture_nearest_to_them_in_content(session: Session, model: Parasol) -> None:
    words = Words("red apple")
    _, made = session.answer(style="b.png", content=words, style_weight=1.0, dials=DIALS, size=32)
    nearest = search(Index.open("index"), Query(content=model.embed_content(words)), 1)[0].file
    assert made.number == 3
    assert roles(session, 3) == {"content": [(2, 1)], "style": ["b.png"]}
    assert session.log.steps[1].hits[0].file == nearest
    assert session.log.steps[0].hits[0].file != nearest, "or this test could not fail"


@pytest.fixture
def words(folder: Path, bundle: Bundle) -> list[str]:
    return ["search", "index", "--model", str(bundle.folder)]


def test_the_command_draws_and_searches_again(
    words: list[str], session: Session, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--like", "b.png", "--like", "a.png:-0.3", "--content", "a.png", "--top", "4"]
    make = ["--make", "-o", "new/made.png", "--seed", "3", "--session", "s.json", "--sheet", "sheet.png", *QUICK]
    assert main([*words, *asked, *make]) == 0
    lines = capsys.readouterr().out.splitlines()
    log = Log.read("s.json")
    recipe = Recipe.read("new/made.png")
    found, made = session.answer(
        style=[("b.png", 1.0), ("a.png", -0.3)], content="a.png", dials=recipe.dials, size=64, top=4
    )
    assert recipe.dials.seed == 3
    assert log.steps == (found, made)
    assert np.array_equal(load("new/made.png"), session.result(2).pixels)
    assert lines[4] == "new/made.png"
    files = [line.split("  ")[-1] for line in lines]
    assert files[:4] == [str(hit.file) for hit in found.hits]
    assert files[5:] == [str(hit.file) for hit in made.hits]
    assert load("sheet.png").shape[0] == 4 + 4 * (128 + 4), "asked for, found, made, found again"


def test_the_command_writes_what_style_does(words: list[str], bundle: Bundle, model: Parasol) -> None:
    icon("#c02040").save("icon.png")
    for name, colour, ground in (("blue", "#2040c0", "#ffffff"), ("white", "#ffffff", "#2040c0")):
        icon(colour, ground).convert("RGB").save(f"{name}.png")
    for asked, finished in (
        ("--like blue.png", True),
        ("--like white.png", True),
        ("--like blue.png:0.7 --like white.png:0.3", True),
        ("--like b.png", False),
        ("--like b.png --finish flat", True),
        ("--like blue.png --finish none", False),
    ):
        drawn = ["style", "icon.png", "-o", "drawn.png", "--model", str(bundle.folder)]
        made = [*words, "--content", "icon.png", "--make", "-o", "made.png", "--sheet", "sheet.png"]
        for command in (drawn, made):
            assert main([*command, *asked.split(), *QUICK, "--overwrite"]) == 0
        assert Path("made.png").read_bytes() == Path("drawn.png").read_bytes()
        assert (Recipe.read("made.png").finish is not None) == finished
        assert load_rgba("made.png")[..., 3].min() == 0.0, "what is transparent stays so"
        assert main(["replay", "made.png", "-o", "again.png", "--model", str(bundle.folder), "--overwrite"]) == 0
        assert Path("again.png").read_bytes() == Path("made.png").read_bytes()
        if asked == "--like white.png":
            assert load("sheet.png")[3 * 132 + 4 :, -6 * 132 : -5 * 132][:128, :128].std() > 0.1, "white is seen"


def test_the_command_tells_json_and_goes_on_with_a_session(
    words: list[str], model: Parasol, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["--text", "red apple", "--like", "b.png", "--top", "3"]
    assert main([*words, *asked, "--make", "--session", "s.json", "--json", *QUICK]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["step"] for one in told] == [1, 1, 1, 3, 3, 3, 3]
    assert [one.get("rank") for one in told] == [1, 2, 3, None, 1, 2, 3]
    assert told[3]["out"] == "red-apple-b-made.png"
    assert told[3]["recipe"]["dials"]["steps"] == 2
    assert [one["role"] for one in told[3]["chosen"]] == ["content", "style"]
    assert main([*words, "--like", "a.png", "--session", "s.json"]) == 0
    log = Log.read("s.json")
    assert [step.made is None for step in log.steps] == [True, True, False, True]
    assert Session(model, Index.open("index"), log).replay().log == log


def test_pictures_come_and_go_through_pipes(
    words: list[str], model: Parasol, monkeypatch: pytest.MonkeyPatch, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(Path("a.png").read_bytes())))
    assert main([*words, "--content", "-", "--like", "b.png", "--make", "-o", "-", *QUICK]) == 0
    out = capfdbinary.readouterr().out
    assert out.endswith(b"IEND\xaeB`\x82"), "one PNG and nothing else"
    drawn = Recipe.read(out)
    assert drawn == model.recipe("a.png", "b.png", drawn.dials, size=64)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--steps", "3"], "--steps is for the picture that --make draws: add --make, or leave it out"),
        (["--style-scale", "3"], "--style-scale is for the picture that --make draws"),
        (["--strength", "0.5"], "--strength is for the picture that --make draws"),
        (
            ["--make", "--strength", "0.5", "--structure", "0.2"],
            "strength stands for style_scale and structure",
        ),
        (["-o", "made.png"], "--out is for the picture that --make draws"),
        (["--finish", "flat"], "--finish is for the picture that --make draws"),
        (["--make", "-o", "made.jpg"], "'made.jpg' does not end in .png"),
        (["--make", "-o", "a.png"], "'a.png' would overwrite 'a.png', which goes in"),
        (["--make", "-o", "x.png", "--sheet", "x.png"], "'x.png' is to be two outputs at once"),
        (["--make", "-o", "-", "--json"], "standard output takes one PNG and nothing else"),
        (["--make", "--steps", "0"], "steps is 0; it must lie in 1 to 1000"),
        (["--session", "s.txt"], "'s.txt' does not end in .json"),
        (["--session", "broken.json"], "'broken.json' is no whole session"),
    ],
)
def test_wrong_words_are_one_line(
    words: list[str], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("broken.json").write_text("{}")
    before = sorted(Path().iterdir())
    assert main([*words, "--like", "a.png", *arguments]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert message in err
    assert err.count("\n") == 1
    assert sorted(Path().iterdir()) == before


def test_two_searches_with_one_session_lose_no_step(folder: Path, model: Parasol) -> None:
    first, second = (Session(model, Index.open("index")) for _ in range(2))
    first.search(style="a.png", top=3)
    second.search(content="b.png", top=4)
    second.make("a.png", Pick(step=1, rank=1), dials=DIALS, size=64, top=2)
    second.make(Pick(step=2), "a.png", dials=DIALS, size=64, top=2)
    assert first.log.add_to("turn.json", 0) == Path("turn.json")
    assert second.log.add_to("turn.json", 0) == Path("turn.json")
    log = Log.read("turn.json")
    assert [(step.number, step.query.top) for step in log.steps] == [(1, 3), (2, 4), (3, 2), (4, 2)]
    assert [one.pick for one in log.steps[2].chosen] == [None, Pick(step=2, rank=1)]
    assert [(one.source, one.pick) for one in log.steps[3].chosen if one.pick] == [("made in step 3", Pick(step=3))]
    assert Session(model, Index.open("index"), log).replay().log == log


def test_a_session_that_became_another_is_kept_beside(session: Session) -> None:
    session.search(style="a.png", top=3)
    session.log.save("turn.json")
    session.search(style="b.png", top=3)
    Path("turn.json").write_text("my notes")
    assert session.log.add_to("turn.json", 1) == Path("turn-2.json")
    assert Path("turn.json").read_text() == "my notes"
    assert Log.read("turn-2.json") == session.log

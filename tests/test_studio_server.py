"""The studio over HTTP: what it draws, what it keeps, and what it refuses."""

import io
import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
import zipfile
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image, ImageDraw

from parasol import Parasol
from parasol.apps.cli import main
from parasol.apps.studio import explained
from parasol.bundle import Bundle
from parasol.cards import StyleCard
from parasol.images import encode_png, load
from parasol.index.build import build
from parasol.index.describe import Describer
from parasol.recipe import KEYWORD, Recipe
from parasol.studio.desk import QUEUE, Desk, Full
from parasol.studio.front import Front
from parasol.studio.guard import HEADERS, Guard
from parasol.studio.library import AS_CONTENT, AS_STYLE, EXAMPLES, KNOWN_EXAMPLES, known_example
from parasol.studio.made import Made, Progress
from parasol.studio.once import Once
from parasol.studio.opening import Studio, opened
from parasol.studio.pages import pages
from parasol.studio.server import make_api, make_app
from parasol.studio.store import FILE, Store, StoreFull
from parasol.studio.wanted import LARGEST_SIZE, MOST_STEPS, Reference, Wanted
from small_model import drawing

HERE = "http://127.0.0.1:8765"
TWO = {"steps": 2}


@pytest.fixture
def studio(tmp_path: Path, bundle: Bundle) -> Iterator[Studio]:
    with opened(tmp_path / "kept", threads=1, model=str(bundle.folder), words=explained()) as running:
        yield running


@pytest.fixture
def client(studio: Studio) -> TestClient:
    return TestClient(make_app(studio), base_url=HERE)


def png(seed: int, **shape: int) -> bytes:
    file = io.BytesIO()
    drawing(seed, **shape).save(file, "PNG")
    return file.getvalue()


def give(client: TestClient, data: bytes) -> str:
    reply = client.post("/api/pictures", content=data)
    assert reply.status_code == 200, reply.text
    return reply.json()["id"]


def wanted(client: TestClient, **changed: Any) -> dict[str, Any]:
    content, style = give(client, png(0)), give(client, png(1))
    return {"model": "small", "content": content, "styles": [{"picture": style}], "dials": TWO, **changed}


def order(client: TestClient, asked: dict[str, Any], name: str = "") -> dict[str, Any]:
    reply = client.post("/api/jobs", json={"wanted": asked, "client": name})
    assert reply.status_code == 202, reply.text
    return reply.json()


def over(client: TestClient, job: str) -> dict[str, Any]:
    while (told := client.get(f"/api/jobs/{job}").json())["state"] in ("waiting", "drawing"):
        time.sleep(0.01)
    return told


def drawn(client: TestClient, asked: dict[str, Any]) -> bytes:
    told = over(client, order(client, asked)["job"])
    assert told["state"] == "done", told.get("error", told)
    return client.get(f"/api/history/{told['numbers'][0]}").content


def test_the_dials_are_the_command_lines(client: TestClient, model: Parasol) -> None:
    told = client.get("/api/dials").json()
    dials = {dial["name"]: dial for dial in told["dials"]}
    assert {*dials} == {*explained()} & {*dials}
    assert all(dial["help"] for dial in dials.values())
    assert dials["structure"]["help"].startswith("Share of the steps that keep")
    [own] = told["models"]
    assert own["dials"]["style_scale"] == model.bundle.manifest.dials.style_scale
    assert own["dials"]["strength"] is None
    assert told["search"] == 0
    schema = client.get("/api/openapi.json").json()["components"]["schemas"]["AskedDials"]
    assert {*schema["properties"]} <= {*dials, "paper"}  # which the page leaves to the command line


SETTINGS: list[dict[str, Any]] = [
    {},
    {"style_scale": 3.5, "structure": 0.6, "seed": 7},
    {"color": "match", "color_strength": 0.5, "sampler": "dpm"},
    {"fresh": True, "content_scale": 0.0},
    {"color": "keep", "guidance": "joint", "structure": 1.0},
]


@pytest.mark.parametrize("dials", SETTINGS)
def test_pictures_are_the_command_lines_byte_for_byte(
    dials: dict[str, Any], client: TestClient, bundle: Bundle, tmp_path: Path
) -> None:
    for name, seed in (("a", 0), ("b", 1), ("c", 2)):
        (tmp_path / f"{name}.png").write_bytes(png(seed))
    styles = [{"picture": give(client, png(1)), "weight": 0.75}, {"picture": give(client, png(2)), "weight": -0.25}]
    made = drawn(client, wanted(client, styles=styles, dials=TWO | dials, size=96))
    options = [word for name, value in dials.items() for word in _option(name, value)]
    asked = ["style", str(tmp_path / "a.png"), "--like", f"{tmp_path / 'b.png'}:0.75", "--steps", "2", "--size", "96"]
    rest = ["--like", f"{tmp_path / 'c.png'}:-0.25", "--model", str(bundle.folder), "-o", str(tmp_path / "out.png")]
    assert main([*asked, *rest, *options]) == 0
    assert made == (tmp_path / "out.png").read_bytes()


def _option(name: str, value: Any) -> list[str]:
    option = f"--{name.replace('_', '-')}"
    return [option] if value is True else [option, str(value)]


def test_several_pictures_are_of_seeds_in_a_row(client: TestClient, model: Parasol) -> None:
    told = over(client, order(client, wanted(client, count=2))["job"])
    assert (told["state"], told["done"], told["total"]) == ("done", 4, 4)
    recipes = [Recipe.read(client.get(f"/api/history/{number}").content) for number in told["numbers"]]
    assert [(recipe.dials.seed, recipe.dials.fresh) for recipe in recipes] == [(0, True), (1, True)]
    latest, first = client.get("/api/history").json()["drawn"]
    assert (latest["number"], latest["wanted"]["dials"]["seed"]) == (2, 1)
    again = drawn(client, first["wanted"])  # "use these settings"
    assert again == client.get("/api/history/1").content
    assert (load(again) == model.paint(recipes[0]).pixels).all()


def test_a_quick_look_is_small_short_and_kept_nowhere(client: TestClient) -> None:
    asked = wanted(client, dials={"steps": 30}, size=256, preview=True)
    told = over(client, order(client, asked)["job"])
    assert (told["state"], told["total"], told["numbers"]) == ("done", 5, [])
    look = client.get(f"/api/jobs/{told['job']}/look").content
    recipe = Recipe.read(look)
    assert (recipe.dials.steps, recipe.dials.sampler, max(load(look).shape)) == (5, "dpm", 128)
    assert client.get("/api/history").json() == {"drawn": []}


def test_the_newest_quick_look_ends_those_before_it(client: TestClient) -> None:
    asked = wanted(client, dials={"steps": 10}, preview=True)
    jobs = [order(client, asked | {"dials": {"steps": 10, "seed": seed}}, "page")["job"] for seed in range(6)]
    others = order(client, asked, "another")["job"]
    states = [over(client, job)["state"] for job in jobs]
    assert states[-1] == over(client, others)["state"] == "done"
    assert "cancelled" in states
    assert states.index("cancelled") <= 4
    assert set(states) <= {"done", "cancelled"}


def test_events_tell_the_steps_and_the_end(client: TestClient) -> None:
    job = order(client, wanted(client, dials={"steps": 8}))["job"]
    with client.stream("GET", f"/api/jobs/{job}/events") as reply:
        assert reply.headers["content-type"].startswith("text/event-stream")
        told = [json.loads(line.removeprefix("data: ")) for line in reply.iter_lines() if line]
    assert [one["done"] for one in told] == sorted(one["done"] for one in told)
    assert (told[-1]["state"], told[-1]["done"], told[-1]["total"]) == ("done", 8, 8)


def test_a_job_is_cancelled_while_it_waits_and_while_it_is_drawn(client: TestClient, studio: Studio) -> None:
    long = wanted(client, dials={"steps": MOST_STEPS, "structure": 0.0}, size=256)
    first, second = (order(client, long)["job"] for _ in range(2))
    while client.get(f"/api/jobs/{first}").json()["done"] == 0:
        time.sleep(0.01)
    assert client.delete(f"/api/jobs/{second}").json()["state"] == "cancelled"
    client.delete(f"/api/jobs/{first}")
    assert over(client, first)["state"] == "cancelled"
    assert client.get("/api/history").json() == {"drawn": []}
    assert studio.store.waiting() == []


def test_a_full_queue_is_told(client: TestClient) -> None:
    long = wanted(client, dials={"steps": MOST_STEPS, "structure": 0.0}, size=256)
    jobs = [order(client, long)["job"]]
    while client.get(f"/api/jobs/{jobs[0]}").json()["state"] == "waiting":
        time.sleep(0.01)
    jobs += [order(client, long)["job"] for _ in range(QUEUE)]
    refused = client.post("/api/jobs", json={"wanted": long})
    assert (refused.status_code, "retry-after" in refused.headers) == (429, True)
    assert refused.json() == {
        "detail": f"{QUEUE} jobs wait already and no more fit: try again in a while, or cancel one"
    }
    for job in reversed(jobs):
        client.delete(f"/api/jobs/{job}")
    assert over(client, jobs[0])["state"] == "cancelled"
    assert drawn(client, long | {"dials": TWO})


def test_what_was_accepted_is_drawn_by_the_next_studio(tmp_path: Path, bundle: Bundle) -> None:
    with opened(tmp_path / "kept", threads=1, model=str(bundle.folder)) as running:
        client = TestClient(make_app(running), base_url=HERE)
        long = wanted(client, dials={"steps": MOST_STEPS, "structure": 0.0}, size=256)
        first, second = order(client, long)["job"], order(client, wanted(client))["job"]
        client.delete(f"/api/jobs/{first}")
        over(client, first)
        third = order(client, long)["job"]
    with opened(tmp_path / "kept", threads=1, model=str(bundle.folder)) as running:
        client = TestClient(make_app(running), base_url=HERE)
        states = {job: client.get(f"/api/jobs/{job}").status_code for job in (first, second, third)}
        assert states[first] == 404
        assert states[third] == 200
        assert over(client, second)["state"] == "done"
        client.delete(f"/api/jobs/{third}")
        assert over(client, third)["state"] == "cancelled"
        made = {row["wanted"]["dials"]["steps"] for row in client.get("/api/history").json()["drawn"]}
        assert made == {2}


CLI = "import sys; from parasol.apps.cli import main; sys.exit(main(sys.argv[1:]))"


@pytest.mark.slow
def test_a_killed_studio_loses_nothing_that_it_accepted(tmp_path: Path, bundle: Bundle) -> None:
    words = ["serve", "--keep", str(tmp_path / "kept"), "--port", "0", "--model", str(bundle.folder)]
    process = subprocess.Popen([sys.executable, "-c", CLI, *words], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    try:
        address = re.search(r"http://127\.0\.0\.1:\d+/", process.stdout.readline())
        assert address

        def ask(path: str, body: bytes | None = None, kind: str = "application/octet-stream") -> Any:
            request = urllib.request.Request(address[0] + path, data=body, headers={"content-type": kind})
            with urllib.request.urlopen(request, timeout=60) as reply:
                return json.loads(reply.read())

        content, style = (ask("api/pictures", png(seed))["id"] for seed in (0, 1))
        asked = {"model": "small", "content": content, "styles": [{"picture": style}]}
        jobs = []
        for steps in (2, MOST_STEPS):
            order = json.dumps({"wanted": asked | {"dials": {"steps": steps, "structure": 0.0}}}).encode()
            jobs.append(ask("api/jobs", order, "application/json")["job"])
        while ask(f"api/jobs/{jobs[1]}")["done"] == 0:
            time.sleep(0.01)
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
    with closing(Store(tmp_path / "kept")) as store:
        assert [json.loads(row.wanted)["dials"]["steps"] for row in store.history(2**62, 9)] == [2]
        assert Recipe.read(store.drawn(1) or b"").dials.steps == 2
        assert [job for job, _ in store.waiting()] == [jobs[1]]


def test_what_was_accepted_before_is_taken_up_however_much_it_is() -> None:
    """A full queue and the job that was being drawn are one more than a queue holds."""
    go, asked = threading.Event(), Wanted(model="small", styles=(Reference(words="red"),))
    with closing(Desk(lambda _, __: iter([go.wait()][:0]), lambda *_: 0, lambda _: None)) as desk:
        for number in range(QUEUE + 2):
            desk.submit(asked, 1, name=f"{number:032x}")
        with pytest.raises(Full):
            desk.submit(asked, 1)
        go.set()


def test_a_quick_look_goes_before_the_next_picture_of_a_long_job() -> None:
    asked, drawn = Wanted(model="small", styles=(Reference(words="red"),)), list[str]()
    look = asked.model_copy(update={"preview": True})

    def draw(order: Wanted, progress: Progress) -> Iterator[Made]:
        for number in range(1 if order.preview else 3):
            drawn.append("look" if order.preview else f"{number}")
            if drawn == ["0"]:
                for _ in range(2):
                    desk.submit(look, 1, client="page")
            progress(number + 1, 0)
            yield Made(png=b"", thumb=b"")

    with closing(Desk(draw, lambda *_: 1, lambda _: None)) as desk:
        job = desk.submit(asked, 3).name
        while desk.status(job)["state"] != "done":  # type: ignore[index]
            time.sleep(0.001)
    assert drawn == ["0", "look", "1", "2"]


def test_a_place_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()
    for place, told in (("nowhere", "is no folder"), ("empty", "holds no picture and is no index")):
        words = ["studio", str(tmp_path / place), "--keep", str(tmp_path / "kept"), "--no-browser", "--port", "0"]
        assert main(words) == 2
        assert told in capsys.readouterr().err


def test_one_folder_has_one_studio(studio: Studio, tmp_path: Path, bundle: Bundle) -> None:
    with pytest.raises(ValueError, match="is in use by another process"), opened(tmp_path / "kept"):
        pass
    (tmp_path / "file").write_text("")
    with pytest.raises(ValueError, match="choose another --keep"), opened(tmp_path / "file"):
        pass


def test_a_png_of_the_history_is_recalled_as_it_was_asked_for(client: TestClient) -> None:
    asked = wanted(client, dials=TWO | {"seed": 5})
    told = client.post("/api/recall", content=drawn(client, asked)).json()
    assert (told["known"], told["notes"]) == (True, [])
    assert told["wanted"]["styles"][0]["picture"] == asked["styles"][0]["picture"]
    assert told["wanted"]["dials"]["seed"] == 5


@pytest.mark.parametrize("dials", [{"seed": 3}, {"color": "match", "style_scale": 2.0}])
def test_a_foreign_png_is_recalled_to_the_pixel(dials: dict[str, Any], client: TestClient, model: Parasol) -> None:
    result = model.stylize(png(3), [(png(4), 1.0), (png(5), 0.5)], size=112, **TWO | dials)
    file = encode_png(result.pixels, text={KEYWORD: result.recipe.text()})
    told = client.post("/api/recall", content=file).json()
    assert (told["known"], told["notes"]) == (False, [])
    assert drawn(client, told["wanted"]) == file


def test_a_masked_file_is_recalled_with_its_masks(client: TestClient, model: Parasol) -> None:
    half = Image.new("L", (96, 128))
    half.paste(255, (0, 0, 96, 64))
    result = model.stylize(png(3), png(4), mask=half, protect=half.rotate(180), **TWO)
    told = client.post("/api/recall", content=result.encoded(".png")).json()
    assert (told["known"], told["notes"]) == (False, [])
    assert drawn(client, told["wanted"]) == result.encoded(".png")


def test_what_a_recall_leaves_out_is_told(client: TestClient, model: Parasol) -> None:
    result = model.stylize(png(3), png(4), colors=3, **TWO)
    assert "few colours" in client.post("/api/recall", content=result.encoded(".png")).json()["notes"][0]


def test_a_file_is_drawn_again_and_compared(client: TestClient) -> None:
    made = drawn(client, wanted(client))
    with Image.open(io.BytesIO(made)) as picture:
        recipe = picture.text[KEYWORD]  # pyright: ignore[reportAttributeAccessIssue]
        changed = picture.convert("RGB")
    changed.putpixel((3, 5), (1, 2, 3))
    for file, differs in ((made, 0), (encode_png(load(changed), text={KEYWORD: recipe}), 1)):
        reply = client.post("/api/jobs/again", json={"picture": give(client, file)})
        told = over(client, reply.json()["job"])
        assert (told["state"], told["differs"]) == ("done", differs)
        where = load(client.get(f"/api/jobs/{told['job']}/look").content)
        assert where.sum() == 3 * differs
    assert client.post("/api/jobs/again", json={"picture": give(client, png(0))}).status_code == 422


def test_a_set_is_the_command_lines_and_is_cancelled(tmp_path: Path, bundle: Bundle) -> None:
    taken = {"icons": ("key", "tree"), "like": ("crab", "solid")}
    for folder, names in taken.items():
        (tmp_path / folder).mkdir()
        for name in names:
            (tmp_path / folder / f"{name}.png").write_bytes((EXAMPLES / f"{name}.png").read_bytes())
    words = ["set", str(tmp_path / "icons"), "--like", str(tmp_path / "like"), "--steps", "2", "--colors", "3"]
    assert main([*words, "--model", str(bundle.folder), "-o", str(tmp_path / "out")]) == 0
    with opened(tmp_path / "kept", threads=2, model=str(bundle.folder)) as studio:
        client = TestClient(make_app(studio), base_url=HERE)
        files = {name: (EXAMPLES / f"{name}.png").read_bytes() for name in ("crab", "solid", "key", "tree")}
        names = {name: give(client, data) for name, data in {**files, "busy": png(0)}.items()}
        icons = [{"picture": names[name], "name": name} for name in ("key", "busy", "tree")]
        styles = [{"picture": names[name]} for name in taken["like"]]
        asked = {"model": "small", "styles": styles, "dials": TWO}
        job = over(client, order(client, asked | {"icons": {"icons": icons, "colors": 3}})["job"])
        assert (job["state"], job["total"], job["numbers"]) == ("done", 6, [1, 2])
        told, record = client.get(f"/api/sets/{job['job']}").json(), json.loads((tmp_path / "out/set.json").read_text())
        assert [icon["number"] for icon in told["icons"]] == [1, None, 2]
        assert len(told["icons"][1]["error"].splitlines()) == 1
        assert (told["palette"], told["references"]) == (record["palette"], record["references"])
        assert told["consistency"]["score"] == record["consistency"]["score"]
        with zipfile.ZipFile(io.BytesIO(client.get(f"/api/sets/{job['job']}/zip").content)) as packed:
            assert {*packed.namelist()} == {
                "set.json",
                *(f"{kind}/{name}.{kind}" for kind in ("png", "svg") for name in taken["icons"]),
            }
            for name in packed.namelist()[:4]:
                assert packed.read(name) == (tmp_path / "out" / name).read_bytes()
        assert [one["icons"] for one in client.get("/api/sets").json()["sets"]] == [3]
        many = [icons[0] | {"name": f"{number}"} for number in range(12)]
        long = order(client, asked | {"icons": {"icons": many}, "dials": {"steps": 10}})["job"]
        while client.get(f"/api/jobs/{long}").json()["done"] == 0:
            time.sleep(0.01)
        client.delete(f"/api/jobs/{long}")
        assert over(client, long)["state"] == "cancelled"
        assert studio.store.waiting() == []
        for wrong, why in (([icons[0]] * 2, "two icons are called 'key'"), ([icons[0] | {"name": "../x"}], "name")):
            reply = client.post("/api/jobs", json={"wanted": asked | {"icons": {"icons": wrong}}})
            assert (reply.status_code, why in reply.json()["detail"]) == (422, True)


def test_an_svg_is_recalled(tmp_path: Path) -> None:
    key, crab = ((EXAMPLES / f"{name}.png").read_bytes() for name in ("key", "crab"))
    with opened(tmp_path / "kept", threads=1, model="pictogram") as studio:
        client = TestClient(make_app(studio), base_url=HERE)
        give(client, key)
        result = studio.maker.model("pictogram").stylize(key, crab, **TWO)
        recalled = client.post("/api/recall", content=result.encoded(".svg")).json()
        # An SVG leaves out what its dials do not use, such as the texture: a shorter recipe, the same pixels.
        assert (load(drawn(client, recalled["wanted"])) == result.pixels).all()


def test_a_sheet_has_a_look_for_each_cell(client: TestClient, model: Parasol) -> None:
    cells = [{"dials": {"structure": 0.9}}, {"dials": {"style_scale": 3.0}, "weights": [0.25, 0.75]}]
    styles = [{"picture": give(client, png(1))}, {"picture": give(client, png(2))}]
    asked = wanted(client, styles=styles, cells=cells, preview=True)
    told = over(client, order(client, asked)["job"])
    assert (told["state"], told["pictures"], told["total"]) == ("done", 2, 4)
    looks = [client.get(f"/api/jobs/{told['job']}/look?place={place}").content for place in (0, 1)]
    assert (load(looks[0]) == model.stylize(png(0), [png(1), png(2)], structure=0.9, **TWO).pixels).all()
    mix = [(png(1), 0.25), (png(2), 0.75)]
    assert (load(looks[1]) == model.stylize(png(0), mix, style_scale=3.0, **TWO).pixels).all()
    assert client.get(f"/api/jobs/{told['job']}/look?place=2").status_code == 404
    assert client.post("/api/jobs", json={"wanted": asked | {"preview": False}}).status_code == 422


def test_history_is_searched_marked_and_has_a_lineage(client: TestClient) -> None:
    first = wanted(client)
    drawn(client, first)
    own = client.post("/api/history/1/picture").json()["id"]
    drawn(client, first | {"content": own, "dials": TWO | {"seed": 77}})
    assert client.get("/api/history/2/lineage").json() == {"parents": [1], "children": []}
    assert client.get("/api/history/1/lineage").json() == {"parents": [], "children": [2]}

    def found(query: str) -> list[int]:
        return [row["number"] for row in client.get(f"/api/history?{query}").json()["drawn"]]

    assert found("find=seed=77 small") == found("find=SEED:77") == [2]
    assert found("find=nothing-such") == []
    assert client.post("/api/history/1/favourite").status_code == 204
    assert (found("favourite=true"), found("")) == ([1], [2, 1])
    assert client.post("/api/history/9/favourite").status_code == 404
    client.delete("/api/history/1/favourite")
    assert found("favourite=true") == []


def test_what_was_made_is_found_again(client: TestClient) -> None:
    made = drawn(client, wanted(client))
    asked = {"style": [{"picture": give(client, made)}], "content": [{"picture": give(client, made)}]}
    [hit] = client.post("/api/search", json=asked).json()["hits"]
    assert (hit["number"], hit["score"]) == (1, pytest.approx(1.0, abs=1e-3))
    assert client.get("/api/dials").json()["search"] == 1
    client.delete("/api/history/1")
    assert client.post("/api/search", json=asked).json()["hits"] == []


def test_what_is_described_once_is_kept_until_others_push_it_out() -> None:
    once, made = Once(2), list[int]()
    for key in (1, 2, 1, 3, 1, 2):
        assert once(key, lambda key=key: made.append(key) or -key) == -key
    assert made == [1, 2, 3, 2]  # 2 went when 3 came, for 1 had been asked for again


def test_a_saved_card_stands_for_its_styles(client: TestClient, model: Parasol) -> None:
    styles = [{"picture": give(client, png(1)), "weight": 0.75}, {"picture": give(client, png(2)), "weight": 0.25}]
    made = drawn(client, wanted(client, styles=styles))
    card = client.post("/api/cards", json={"name": "mine", "model": "small", "styles": styles}).json()["id"]
    assert client.get("/api/cards").json()["cards"] == [{"id": card, "name": "mine"}]
    assert client.get(f"/api/cards/{card}/thumb").headers["content-type"] == "image/webp"
    again = drawn(client, wanted(client, styles=[{"card": card}]))
    assert (load(again) == load(made)).all()
    assert StyleCard.parse(client.get(f"/api/cards/{card}").content).of(model.bundle.manifest).colours
    assert client.delete(f"/api/cards/{card}").status_code == 204
    refused = client.post("/api/jobs", json={"wanted": wanted(client, styles=[{"card": card}])})
    assert (refused.status_code, f"the card {card[:12]} is not here" in refused.text) == (422, True)


def test_pictures_are_searched_and_taken(tmp_path: Path, bundle: Bundle, model: Parasol) -> None:
    (tmp_path / "pictures").mkdir()
    for seed in range(6):
        (tmp_path / "pictures" / f"{seed}.png").write_bytes(png(seed))
    build(tmp_path / "pictures", tmp_path / "index", Describer.of(model.components), workers=1)
    with opened(tmp_path / "kept", source=tmp_path / "index", threads=1, model=str(bundle.folder)) as running:
        client = TestClient(make_app(running), base_url=HERE)
        assert client.get("/api/dials").json()["search"] == 6
        asked = {"style": [{"picture": give(client, png(4))}], "content": [{"picture": give(client, png(4))}], "top": 3}
        hits = client.post("/api/search", json=asked).json()["hits"]
        assert hits[0]["file"] == "4.png"
        assert len(hits) == 3
        thumb = client.get(f"/api/library/{hits[0]['name']}")
        assert thumb.headers["content-type"] == "image/webp"
        assert client.post(f"/api/library/{hits[0]['name']}").json()["id"] == asked["style"][0]["picture"]
        assert client.get(f"/api/library/{'0' * 64}").status_code == 404
    with opened(tmp_path / "kept", source=tmp_path / "pictures", threads=1, model=str(bundle.folder)) as running:
        client = TestClient(make_app(running), base_url=HERE)
        lying = client.get("/api/library").json()["folder"]
        assert [one["file"] for one in lying] == [f"{seed}.png" for seed in range(6)]
        assert client.post(f"/api/library/{lying[2]['name']}").json()["id"] == give(client, png(2))


def test_what_lies_beside_the_examples_is_true() -> None:
    told = json.loads((EXAMPLES / KNOWN_EXAMPLES).read_text())
    assert {*told} == {*AS_CONTENT, *AS_STYLE}
    for name, one in told.items():
        again = known_example(name)
        shown, wanted = (load(b64decode(known.pop("thumb"))) for known in (one, again))
        assert one == again
        assert abs(shown - wanted).mean() < 0.01, f"`python -m lab miniatures --examples` draws {name} again"


def test_it_is_never_empty(client: TestClient) -> None:
    library = client.get("/api/library").json()
    assert len(library["content"]) >= 4
    assert len(library["style"]) >= 4
    asked = wanted(client, content=library["content"][0]["id"], styles=[{"picture": library["style"][0]["id"]}])
    assert drawn(client, asked).startswith(b"\x89PNG")


BOMB = b"<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 9'><image href='file:///etc/passwd'/></svg>"
HOSTILE = {
    "nothing": b"",
    "noise": bytes(range(256)) * 40,
    "half a picture": png(0)[:300],
    "a header alone": png(0)[:33],
    "too many pixels": b"P6 20000 20000 255\n" + bytes(64),
    "a page": b"<html><script>alert(1)</script></html>",
    "an archive": b"PK\x03\x04" + bytes(200),
    "a program": b"\x7fELF" + bytes(200),
    "a reaching drawing": BOMB,
    "a strip": b"P5 4000 8 255\n" + bytes(range(250)) * 128,
    "json": b'{"format": 1}',
    "a script": b"#!/bin/sh\nrm -rf /nowhere\n",
    "a document": b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\n",
    "a path": b"../../etc/passwd",
    "an archive that reaches out": b"PK\x03\x04" + bytes(26) + b"../../../tmp/x",
    "packed noise": b"\x1f\x8b\x08" + bytes(range(200)),
    "half a JPEG": b"\xff\xd8\xff\xe0\x00\x10JFIF\x00" + bytes(40),
    "half a WebP": b"RIFF\xff\xff\xff\x7fWEBPVP8 " + bytes(40),
    "half a GIF": b"GIF89a\xff\xff\xff\xff" + bytes(3),
    "a table": b"a,b\n1,2\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("place", ["pictures", "recall"])
def test_hostile_uploads_are_refused_in_one_line(kind: str, place: str, client: TestClient, tmp_path: Path) -> None:
    before = sorted(tmp_path.rglob("*"))
    reply = client.post(f"/api/{place}", content=HOSTILE[kind])
    assert reply.status_code == 422, reply.text
    assert len(reply.json()["detail"].splitlines()) == 1
    assert sorted(tmp_path.rglob("*")) == before
    assert [*(tmp_path / "kept").iterdir()]
    assert {file.name.partition("-")[0] for file in (tmp_path / "kept").iterdir()} == {FILE}


STRANGE = [
    ("post", "/api/jobs", {"wanted": {}}, 422),
    ("post", "/api/jobs", {"wanted": None, "more": 1}, 422),
    ("get", "/api/jobs/../history", None, 200),
    ("get", "/api/jobs/..%2F..%2Fetc%2Fpasswd", None, 404),
    ("get", "/api/pictures/..%2F..%2Fstudio.sqlite", None, 404),
    ("get", f"/api/pictures/{'a' * 64}", None, 404),
    ("get", "/api/pictures/nothing", None, 422),
    ("get", "/api/history/0", None, 422),
    ("get", "/api/history/99999999999999999999999999", None, 422),
    ("get", "/api/history?before=-1", None, 422),
    ("get", "/api/history/7", None, 404),
    ("delete", "/api/history/7", None, 404),
    ("delete", f"/api/jobs/{'0' * 32}", None, 404),
    ("post", "/api/search", {"style": []}, 422),
    ("get", "/studio.sqlite", None, 404),
    ("get", "/%2e%2e/studio.sqlite", None, 404),
    ("put", "/api/jobs", {}, 405),
]


@pytest.mark.parametrize(("method", "path", "body", "status"), STRANGE)
def test_strange_requests_are_refused(method: str, path: str, body: Any, status: int, client: TestClient) -> None:
    reply = client.request(method, path, **({} if body is None else {"json": body}))
    assert reply.status_code == status, reply.text


WRONG = [
    ({"dials": {"steps": MOST_STEPS + 1}}, "steps is 201 and the studio takes 200"),
    ({"dials": {"structure": 2}}, "structure is 2.0; it must lie in 0"),
    ({"dials": {"nonsense": 2}}, "dials.nonsense"),
    ({"size": LARGEST_SIZE + 1}, "wanted.size"),
    ({"count": 17}, "wanted.count"),
    ({"count": 16, "dials": {"steps": 200}, "size": 1024}, "more than one job may be"),
    ({"content": "0" * 64}, "the picture 000000000000 is not here any more"),
    ({"content": "../../etc/passwd"}, "wanted.content"),
    ({"content": None}, "there is nothing to draw"),
    ({"model": "../../etc"}, "there is no model '../../etc' in this studio"),
    ({"styles": []}, "wanted.styles"),
    ({"styles": [{"picture": "0" * 64, "words": "red"}]}, "give one"),
    ({"styles": [{"words": "red", "weight": 1e300}]}, "weight"),
]


@pytest.mark.parametrize(("changed", "told"), WRONG)
def test_wrong_wishes_are_refused_before_they_wait(changed: dict[str, Any], told: str, client: TestClient) -> None:
    reply = client.post("/api/jobs", json={"wanted": wanted(client) | changed})
    assert reply.status_code == 422
    assert told in reply.json()["detail"]
    assert len(reply.json()["detail"].splitlines()) == 1


def test_what_goes_wrong_while_it_is_drawn_is_told(client: TestClient) -> None:
    flat = wanted(client, styles=[{"picture": give(client, png(1)), "weight": -1.0}])
    told = over(client, order(client, flat)["job"])
    assert told["state"] == "failed"
    assert told["error"].startswith("style weights are [-1.0]")
    assert drawn(client, wanted(client))


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.7:8765", "[::2]", ""])
def test_foreign_hosts_are_refused(host: str, client: TestClient) -> None:
    assert client.get("/api/dials", headers={"host": host}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:9999"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site"},
    ],
)
def test_other_sites_are_refused(headers: dict[str, str], client: TestClient) -> None:
    asked = wanted(client)
    assert client.post("/api/jobs", json={"wanted": asked}, headers=headers).status_code == 403
    assert client.post("/api/pictures", content=png(5), headers=headers).status_code == 403
    assert client.post("/api/jobs", json={"wanted": asked}, headers={"origin": HERE}).status_code == 202


def test_forms_and_endless_bodies_are_refused(client: TestClient) -> None:
    asked = json.dumps({"wanted": wanted(client)})
    for kind in ("text/plain", "application/x-www-form-urlencoded"):
        assert client.post("/api/jobs", content=asked, headers={"content-type": kind}).status_code == 422
    assert client.post("/api/jobs", content=iter([asked.encode()])).status_code == 411
    large = client.post("/api/jobs", content=b" " * 70_000, headers={"content-type": "application/json"})
    assert large.status_code == 413


def test_beyond_this_machine_a_token_is_needed(studio: Studio) -> None:
    with TestClient(make_app(studio, token="a-long-secret"), base_url="http://studio.lan:8765") as client:
        assert client.get("/api/dials").status_code == 401
        assert client.get("/").status_code == 401
        assert client.get("/?token=wrong").status_code == 401
        assert client.get("/api/dials", headers={"authorization": "Bearer wrong"}).status_code == 401
        assert client.get("/api/dials", headers={"authorization": "Bearer a-long-secret"}).status_code == 200
        first = client.get("/?token=a-long-secret", follow_redirects=False)
        assert (first.status_code, first.headers["location"]) == (303, "/")
        assert "HttpOnly; SameSite=Strict" in first.headers["set-cookie"]
        assert client.get("/api/dials").status_code == 200  # by the cookie
        assert client.post("/api/pictures", content=png(5), headers={"origin": "http://evil"}).status_code == 403


def test_the_page_is_there_before_the_studio(studio: Studio) -> None:
    behind: Future[Any] = Future()
    behind.set_running_or_notify_cancel()
    client = TestClient(Guard(Front(pages(), behind)), base_url=HERE)
    page = client.get("/")
    assert (page.status_code, "<script" in page.text, page.headers["content-encoding"]) == (200, True, "gzip")
    threading.Timer(0.05, lambda: behind.set_result(make_api(studio))).start()
    assert client.get("/api/dials").status_code == 200


def test_every_answer_carries_the_headers(client: TestClient) -> None:
    for path in ("/", "/nothing", "/api/dials", "/api/history/7"):
        headers = client.get(path).headers
        assert {name.decode(): value.decode() for name, value in HEADERS}.items() <= dict(headers).items()
        assert "'unsafe" not in headers["content-security-policy"]


def test_eight_clients_at_once_lose_nothing(client: TestClient, studio: Studio) -> None:
    asked = wanted(client)
    kept: list[int] = []

    def one(seed: int) -> None:
        told = over(client, order(client, asked | {"dials": TWO | {"seed": seed}})["job"])
        kept.extend(told["numbers"])

    threads = [threading.Thread(target=one, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    seeds = {row["wanted"]["dials"]["seed"] for row in client.get("/api/history").json()["drawn"]}
    assert (sorted(kept), seeds) == ([*range(1, 9)], {*range(8)})


def test_the_file_has_a_largest_size(tmp_path: Path) -> None:
    store = Store(tmp_path / "kept", largest=400_000)
    try:
        with pytest.raises(StoreFull, match="delete pictures from the history"):
            [store.add_picture(png(seed, width=200, height=200)) for seed in range(100)]
        assert store.picture("0" * 64) is None
    finally:
        store.close()


def test_pictures_that_nothing_names_go_at_the_next_start(tmp_path: Path, bundle: Bundle) -> None:
    with opened(tmp_path / "kept", threads=1, model=str(bundle.folder)) as running:
        client = TestClient(make_app(running), base_url=HERE)
        used, unused = wanted(client), give(client, png(9))
        drawn(client, used)
    with opened(tmp_path / "kept", threads=1, model=str(bundle.folder)) as running:
        assert running.store.picture(used["content"]) is not None
        assert running.store.picture(unused) is None


def test_the_server_says_which_model_suits(client: TestClient) -> None:
    asked = wanted(client)
    told = client.post("/api/suited", json={"content": asked["content"], "styles": asked["styles"]})
    assert told.json() == {"model": "small", "far": False}  # the only one that there is
    gone = client.post("/api/suited", json={"content": "0" * 64})
    assert (gone.status_code, "not here any more" in gone.json()["detail"]) == (422, True)


def test_ground_and_colours_are_those_of_the_recipe(client: TestClient) -> None:
    icon, file = Image.new("RGBA", (128, 128)), io.BytesIO()
    ImageDraw.Draw(icon).ellipse((20, 20, 108, 108), fill="#c02040")
    icon.save(file, "PNG")
    content = give(client, file.getvalue())
    png = drawn(client, wanted(client, content=content, ground="transparent", colors=3, finish="flat"))
    recipe = Recipe.read(png)
    assert recipe.ground is not None
    assert recipe.ground.wanted == "transparent"
    assert recipe.finish is not None
    assert recipe.finish.flat
    assert Image.open(io.BytesIO(png)).mode == "RGBA"


def test_white_on_transparency_is_seen_in_the_history(client: TestClient) -> None:
    def circle(fill: str, ground: str | None = None) -> str:
        icon, file = Image.new("RGBA", (128, 128), ground or (0, 0, 0, 0)), io.BytesIO()
        ImageDraw.Draw(icon).ellipse((20, 20, 108, 108), fill=fill)
        icon.save(file, "PNG")
        return give(client, file.getvalue())

    asked = wanted(client, content=circle("#c02040"), ground="transparent", finish="auto")
    asked["styles"] = [{"picture": circle("#ffffff", "#2040c0")}]
    told = over(client, order(client, asked)["job"])
    [number] = told["numbers"]
    made = np.asarray(Image.open(io.BytesIO(client.get(f"/api/history/{number}").content)))
    assert (made[made[..., 3] > 0][:, :3] == 255).all(), "or this test could not fail"
    shown = load(client.get(f"/api/history/{number}/thumb").content)
    assert shown.std() > 0.1


def test_a_card_comes_back_as_its_file_and_draws(client: TestClient) -> None:
    asked = wanted(client)
    saved = client.post("/api/cards", json={"name": "a", "model": "small", "styles": asked["styles"]}).json()
    file = client.get(f"/api/cards/{saved['id']}").content
    given = client.post("/api/cards/file?name=b", content=file)
    assert given.status_code == 200, given.text
    styles = [{"card": given.json()["id"]}]
    assert load(drawn(client, {**asked, "styles": styles, "finish": "none"})).shape == (128, 96, 3)
    refused = client.post("/api/cards/file?name=c", content=b"{}")
    assert (refused.status_code, "no whole style card" in refused.json()["detail"]) == (422, True)


def test_a_lesson_is_a_job_that_says_why_it_failed(client: TestClient) -> None:
    pictures = [give(client, png(seed)) for seed in range(8)]
    lesson = {"teach": "small", "name": "mine", "pictures": pictures, "steps": 2}
    assert client.post("/api/jobs/teach", json={**lesson, "pictures": pictures[:7]}).status_code == 422
    told = client.post("/api/jobs/teach", json=lesson)
    assert told.status_code == 202, told.text
    over_ = over(client, told.json()["job"])
    assert (over_["state"], "cannot be taught" in over_["error"]) == ("failed", True)  # it predicts no velocity


def test_a_direction_that_a_model_lacks_is_refused_before_it_waits(client: TestClient) -> None:
    reply = client.post("/api/jobs", json={"wanted": wanted(client, lean={"corner": 0.5})})
    assert (reply.status_code, "has none" in reply.json()["detail"]) == (422, True)

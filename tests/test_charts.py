"""Line charts: every point where its values say, words where there is room, and always XML."""

from pathlib import Path
from xml.etree import ElementTree

import pytest

import parasol
from parasol.charts import COLOURS, FAINT, FIELD, Chart, Line, svg

WIDTH, HEIGHT = FIELD
DRAWN = Chart(
    title="a < b",
    axis="p & q",
    lines=[
        Line(points=[(0, 0.9), (1, 0.5)], faint=True),
        Line(name="one", points=[(0, 0.42), (1, 1.0)]),
        Line(name="two", points=[(0.5, 0.7)]),
    ],
    marks={0: "none", 1: "all"},
    levels={0.4: "40 %", 1.0: "100 %"},
)


def parse(charts: list[Chart], field: tuple[int, int] = FIELD) -> ElementTree.Element:
    return ElementTree.fromstring(svg(charts, field))


def words(drawn: ElementTree.Element) -> list[str | None]:
    return [text.text for text in drawn.findall(".//{*}text")]


def test_points_are_where_their_values_say_on_the_scale_that_is_given() -> None:
    drawn = parse([DRAWN, DRAWN])
    lines = drawn.findall(".//{*}polyline")
    assert len(lines) == 6
    assert lines[1].attrib["points"] == f"0.0,{HEIGHT * 0.58 / 0.6:.1f} {float(WIDTH)},0.0"
    assert lines[2].attrib["points"] == f"{WIDTH / 2},{HEIGHT / 2}"
    assert [line.attrib["stroke"] for line in lines[:3]] == [FAINT, *COLOURS[:2]]
    assert float(drawn.attrib["width"]) > 2 * WIDTH


def test_words_are_escaped_and_each_named_line_is_told() -> None:
    assert words(parse([DRAWN])) == ["a < b", "40 %", "100 %", "none", "all", "p & q", "one", "two"]


def test_without_marks_and_levels_the_ends_of_the_lines_are_told() -> None:
    drawn = parse([Chart(title="t", axis="x", lines=[Line(points=[(2, 7), (3, 5), (6, 6)])])])
    assert words(drawn) == ["t", "5", "7", "2", "6", "x"]
    assert drawn.find(".//{*}polyline").attrib["points"].startswith("0.0,0.0 ")  # type: ignore[union-attr]


def test_marks_without_room_keep_their_tick_and_lose_their_words() -> None:
    marks = {value: str(value) for value in range(101)}
    drawn = parse([Chart(title="t", axis="x", lines=[Line(points=[(0, 0), (100, 1)])], marks=marks)], (230, 130))
    assert words(drawn)[3:-1] == [str(value) for value in range(0, 101, 14)]
    assert len([path for path in drawn.findall(".//{*}path") if path.attrib["d"].endswith("v4")]) == 101


def test_one_point_alone_is_in_the_middle_and_none_is_refused() -> None:
    drawn = parse([Chart(title="t", axis="x", lines=[Line(points=[(3, 7)])])])
    assert drawn.find(".//{*}polyline").attrib["points"] == f"{WIDTH / 2},{HEIGHT / 2}"  # type: ignore[union-attr]
    with pytest.raises(ValueError, match="the chart 'empty' has no point: add at least one"):
        Chart(title="empty", axis="x", lines=[Line(points=[])])


def test_every_drawer_of_charts_is_this_one() -> None:
    root = Path(parasol.__file__).parents[2]
    drawers = [
        file for top in ("src", "lab") for file in (root / top).rglob("*.py") if "<polyline" in file.read_text("utf-8")
    ]
    assert drawers == [root / "src" / "parasol" / "charts.py"]

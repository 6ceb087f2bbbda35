"""The curve of training: every point is where its values say, and a file without points is refused."""

import json
import re
from pathlib import Path

import pytest

from lab.training_curve import draw, main
from parasol.charts import FIELD

WIDTH, HEIGHT = FIELD
CHARTS = {"loss": {"joint": [[0, 0.5], [50, 0.3], [100, 0.1]], "null": [[0, 0.4], [100, 0.4]]}}


def test_points_are_where_their_values_say() -> None:
    lines = re.findall(r'points="([^"]+)"', draw(CHARTS))
    assert lines[0] == f"0.0,0.0 {WIDTH / 2},{HEIGHT / 2} {float(WIDTH)},{float(HEIGHT)}"
    assert lines[1] == f"0.0,{HEIGHT / 4} {float(WIDTH)},{HEIGHT / 4}"


def test_one_point_and_names_with_signs_are_drawn() -> None:
    drawing = draw({"a < b": {"c & d": [[3, 7]]}})
    assert "a &lt; b" in drawing
    assert "c &amp; d" in drawing
    assert f'points="{WIDTH / 2},{HEIGHT / 2}"' in drawing


def test_the_command_writes_the_drawing(tmp_path: Path) -> None:
    points, out = tmp_path / "points.json", tmp_path / "curve.svg"
    points.write_text(json.dumps({"charts": CHARTS}))
    assert main(["--points", str(points), "--out", str(out)]) == 0
    assert out.read_text() == draw(CHARTS)


@pytest.mark.parametrize("content", [None, "{}", '{"charts": {"loss": {"joint": []}}}', '{"charts": [1]}'])
def test_a_file_without_points_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    points, out = tmp_path / "points.json", tmp_path / "curve.svg"
    if content is not None:
        points.write_text(content)
    with pytest.raises(SystemExit) as stop:
        main(["--points", str(points), "--out", str(out)])
    assert stop.value.code == 2
    assert "holds no points to draw" in capsys.readouterr().err
    assert not out.exists()


def test_the_project_s_own_points_can_be_drawn() -> None:
    points = Path(__file__).parents[2] / "lab" / "results" / "figures" / "training.json"
    assert "velocity error" in draw(json.loads(points.read_text())["charts"])

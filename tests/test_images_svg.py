"""Drawings: rendered where they are self-contained, refused where they reach out or weigh too much."""

import numpy as np
import pytest

from parasol.images import PictureError, load

HEAD = (
    '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg" '
    'xmlns:xlink="http://www.w3.org/1999/xlink" viewBox="0 0 20 10">'
)


def drawing(body: str, head: str = HEAD) -> bytes:
    return f"{head}{body}</svg>".encode()


def test_a_drawing_keeps_its_shape_and_alpha() -> None:
    pixels = load(drawing('<rect width="10" height="10" fill="#f00"/>'), background=(0.0, 0.0, 1.0))
    assert pixels.shape == (512, 1024, 3)
    assert np.allclose(pixels[200, 100], [1, 0, 0])
    assert np.allclose(pixels[200, 900], [0, 0, 1])


@pytest.mark.parametrize(
    "body",
    [
        '<defs><rect id="a" width="20" height="10" fill="red"/></defs><use xlink:href="#a"/>',
        '<linearGradient id="g"><stop stop-color="red"/></linearGradient><rect width="20" height="10" fill="url(#g)"/>',
        '<style>.a{fill:red}</style><a href="https://example.org"><rect class="a" width="20" height="10"/></a>',
    ],
)
def test_what_stays_inside_is_drawn(body: str) -> None:
    assert np.allclose(load(drawing(body))[200, 500], [1, 0, 0])


def test_a_plain_doctype_is_harmless() -> None:
    doctype = '<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">'
    head = HEAD.replace("?>", "?>" + doctype, 1)
    assert load(drawing('<rect width="20" height="10"/>', head)).max() == 0


LAUGHS = "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 9))
REFUSED = {
    "external image": ('<image width="9" height="9" xlink:href="https://example.org/a.png"/>', "external reference"),
    "local file": ('<image width="9" height="9" href="/etc/passwd"/>', "external reference"),
    "embedded raster": ('<image width="9" height="9" href="data:image/png;base64,AAAA"/>', "external reference"),
    "external paint": ('<rect width="9" height="9" fill="url(https://example.org/a.svg#p)"/>', "external reference"),
    "external style": ("<style>@import 'https://example.org/a.css';</style>", "external reference in its styles"),
    "external font": ('<style>@font-face{src: url("//example.org/a")}</style>', "external reference in its styles"),
    "script": ("<script>alert(1)</script>", "a <script> element"),
    "event handler": ('<rect width="9" height="9" onload="alert(1)"/>', r"a script \(onload\)"),
    "web page inside": ("<foreignObject><p>x</p></foreignObject>", "a <foreignObject> element"),
    "malformed": ("<rect", "not well-formed"),
    "nested too deep": ("<g>" * 1000 + "</g>" * 1000, "to draw: simplify it"),
    "huge pattern": (
        '<pattern id="p" width="1e5" height="1e5" patternUnits="userSpaceOnUse"><rect width="5" height="5"/></pattern>'
        '<rect width="20" height="10" fill="url(#p)"/>',
        "to draw: simplify it",
    ),
    "copies of copies": (
        '<g id="a0"><rect width="1" height="1"/></g>'
        + "".join(f'<g id="a{i}">{f"""<use href="#a{i - 1}"/>""" * 10}</g>' for i in range(1, 9)),
        "cannot be drawn",
    ),
    "too many bytes": ("<!--" + "x" * 5_000_000 + "-->", "more than 5 MB"),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_refused_in_one_line(kind: str) -> None:
    body, message = REFUSED[kind]
    with pytest.raises(PictureError, match=message) as caught:
        load(drawing(body))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("head", "message"),
    [
        (HEAD.replace("?>", f'?><!DOCTYPE svg [<!ENTITY l0 "ha">{LAUGHS}]>', 1), "entities of its own"),
        (HEAD.replace("?>", '?><!DOCTYPE svg [<!ENTITY x SYSTEM "/etc/passwd">]>', 1), "entities of its own"),
        (HEAD.replace("?>", '?><?xml-stylesheet href="https://example.org/a.css"?>', 1), "an instruction"),
        (HEAD.replace("viewBox", 'width="0" height="0" viewBox'), "cannot be drawn"),
        (HEAD.replace("0 0 20 10", "0 0 1 1000"), "2 x 1024 pixels"),
    ],
)
def test_heads_refused(head: str, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        load(drawing('<rect width="9" height="9"/>', head))


def test_a_slow_drawing_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parasol.images.svg.MAX_SECONDS", 1)
    filters = '<filter id="f"><feTurbulence baseFrequency="0.1" numOctaves="100000"/></filter>'
    with pytest.raises(PictureError, match="takes more than 1 s"):
        load(drawing(filters + '<rect width="20" height="10" filter="url(#f)"/>'))

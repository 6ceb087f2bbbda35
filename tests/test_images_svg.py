"""Drawings: rendered where they are self-contained, refused where they reach out or weigh too much."""

import base64
import gzip
import io

import numpy as np
import pytest
from PIL import Image

from parasol.images import PictureError, load
from parasol.images.svg import worker
from parasol.images.svg.plain import plain
from parasol.images.svg.source import Refused

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
    "embedded raster, broken": (
        '<image width="9" height="9" href="data:image/png;base64,AAAA"/>',
        "a picture inside that is no",
    ),
    "external paint": ('<rect width="9" height="9" fill="url(https://example.org/a.svg#p)"/>', "external reference"),
    "external style": ("<style>@import 'https://example.org/a.css';</style>", "external reference in its styles"),
    "nothing but a script": ("<script>alert(1)</script>", "is blank"),
    "nothing at all": ("", "is blank"),
    "malformed": ("<rect", "not well-formed"),
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
        (HEAD.replace("?>", f'?><!DOCTYPE svg [<!ENTITY l0 "ha">{LAUGHS}]>', 1), "entities made of entities"),
        (HEAD.replace("?>", '?><!DOCTYPE svg [<!ENTITY x SYSTEM "/etc/passwd">]>', 1), "an entity from elsewhere"),
        (
            HEAD.replace("?>", '?><?xml-stylesheet href="https://example.org/a.css"?>', 1),
            "a style sheet from elsewhere",
        ),
        (HEAD.replace("viewBox", 'width="0" height="0" viewBox'), "cannot be drawn"),
        (HEAD.replace("0 0 20 10", "0 0 1 1000"), "2 x 1024 pixels"),
    ],
)
def test_heads_refused(head: str, message: str) -> None:
    with pytest.raises(PictureError, match=message):
        load(drawing('<rect width="9" height="9"/>', head))


def test_a_slow_drawing_is_given_up_and_its_process_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parasol.images.svg.draw.MAX_SECONDS", 1)
    load(drawing(RED))
    first = worker._kept
    load(drawing(RED))
    assert worker._kept is first, "one process draws"
    with pytest.raises(PictureError, match="takes more than 1 s and 1 GB to draw: simplify it"):
        load(drawing('<rect width="9" height="9" style="fill:red"/>' * 100_000))
    assert np.allclose(load(drawing(RED))[200, 500], [1, 0, 0])
    assert worker._kept is not first, "a drawing ended it"


def test_what_a_start_takes_is_not_counted_as_the_drawing_s(monkeypatch: pytest.MonkeyPatch) -> None:
    """A busy machine may take seconds to start an interpreter, waiting or working; the drawing has its own."""
    work = "import time; time.sleep(2.5)\nwhile time.process_time() < 0.9: pass\n"
    monkeypatch.setattr("parasol.images.svg.draw.MAX_SECONDS", 1)
    monkeypatch.setattr(worker, "PROGRAM", work + worker.PROGRAM)
    worker._close()
    assert np.allclose(load(drawing(RED))[200, 500], [1, 0, 0])


def test_groups_in_one_another_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("parasol.images.svg.source.MAX_DEPTH", 10)
    with pytest.raises(Refused, match="more than 10 groups in one another"):
        plain(drawing("<g>" * 10 + "</g>" * 10))
    assert plain(drawing("<g>" * 5 + '<rect width="9" height="9"/>' + "</g>" * 5)).left_out == ()


RED = '<rect width="20" height="10" fill="red"/>'
LIKE_RED = {
    "a name of CSS 4": '<rect width="20" height="10" style="fill:color-from-nowhere(1);fill:rgb(255 0 0 / 100%)"/>',
    "hsl with a unit": '<rect width="20" height="10" fill="hsl(0deg 100% 50%)"/>',
    "the readable one of twins": '<rect width="20" height="10" fill="red" style="fill:red;fill:color(moon 1 0 0)"/>',
    "light-dark": '<rect width="20" height="10" style="fill:light-dark(red, blue)"/>',
    "a variable's fallback": '<rect width="20" height="10" fill="var(--ink, red)"/>',
    "a variable": '<style>:root{--ink:red} .a{fill:var(--ink)}</style><rect class="a" width="20" height="10"/>',
    "nested rules": '<style>.g{.a{fill:red}}</style><g class="g"><rect class="a" width="20" height="10"/></g>',
    "media": '<style>.a{fill:red}@media print{.a{fill:blue}}</style><rect class="a" width="20" height="10"/>',
    "geometry in CSS": '<style>rect{width:20px;height:10px}</style><rect fill="red"/>',
    "words about references": f"<title>url(https://example.org)</title><desc>@import of layers</desc>{RED}",
    "a label": '<rect width="20" height="10" fill="red" aria-label="icon url(a.png)" onboarding="1"/>',
    "an empty reference": f'<use xlink:href=""/>{RED}',
    "a switch with a fallback": f"<switch><foreignObject><p>x</p></foreignObject>{RED}</switch>",
    "a font from elsewhere": f'<style>@font-face{{src: url("//example.org/a")}}</style>{RED}',
    "an editor's own elements": f'<x:page xmlns:x="urn:x" href="https://example.org"/>{RED}',
}


@pytest.mark.parametrize("kind", LIKE_RED)
def test_drawn_as_browsers_do(kind: str) -> None:
    assert np.array_equal(load(drawing(LIKE_RED[kind])), load(drawing(RED)))


@pytest.mark.parametrize("unit", ["mm", "cm", "in", "pt", "pc"])
def test_lengths_with_units(unit: str) -> None:
    head = HEAD.replace("viewBox", f'width="20{unit}" height="10{unit}" viewBox')
    assert np.array_equal(load(drawing(RED, head)), load(drawing(RED)))


def test_gradients_take_over_the_transform_of_those_they_refer_to() -> None:
    stops = '<stop stop-color="red"/><stop offset="1" stop-color="blue"/>'
    fill = '<rect width="20" height="10" fill="url(#b)"/>'
    turned = 'gradientTransform="rotate(90)"'
    own = f'<linearGradient id="a">{stops}</linearGradient><linearGradient id="b" xlink:href="#a" {turned}/>{fill}'
    heir = f'<linearGradient id="a" {turned}>{stops}</linearGradient><linearGradient id="b" xlink:href="#a"/>{fill}'
    assert np.array_equal(load(drawing(heir)), load(drawing(own)))


def test_entities_packing_prefixes_encodings_and_long_comments() -> None:
    expected = load(drawing(RED))
    plain = drawing(RED).decode()
    entity = plain.replace("?>", '?><!DOCTYPE svg [<!ENTITY ns_x "urn:x">]>', 1).replace(
        "viewBox", 'xmlns:x="&ns_x;" viewBox'
    )
    latin = plain.replace('"1.0"?', '"1.0" encoding="ISO-8859-1"?').replace("<rect", "<title>ü</title><rect")
    inside = '<s:rect width="20" height="10" fill="red"/>'
    prefixed = f'<s:svg xmlns:s="http://www.w3.org/2000/svg" viewBox="0 0 20 10">{inside}</s:svg>'
    commented = plain.replace("?>", f"?><!--{'x' * 5000}-->", 1)
    wide = plain.replace('"1.0"?', '"1.0" encoding="UTF-16"?')
    for data in (
        gzip.compress(plain.encode()),
        entity.encode(),
        latin.encode("latin-1"),
        prefixed.encode(),
        commented.encode(),
        wide.encode("utf-16"),
    ):
        assert np.array_equal(load(data), expected)


@pytest.mark.parametrize("family", ["Arial", "sans-serif", "Nowhere Grotesk", "serif"])
def test_words_are_drawn_in_a_substitute(family: str) -> None:
    assert load(drawing(f'<text y="9" font-size="9" font-family="{family}">Abc</text>')).min() < 0.2


def test_pictures_inside_are_drawn() -> None:
    file = io.BytesIO()
    Image.new("RGB", (4, 2), "red").save(file, "PNG")
    inside = base64.b64encode(file.getvalue()).decode()
    pixels = load(drawing(f'<image width="20" height="10" href="data:image/png;base64,{inside}"/>'))
    assert np.allclose(pixels[200, 500], [1, 0, 0])
    nested = base64.b64encode(drawing('<image href="https://example.org/a.png"/>')).decode()
    with pytest.raises(PictureError, match="external reference"):
        load(drawing(f'<image width="9" height="9" href="data:image/svg+xml;base64,{nested}"/>'))


def test_what_is_left_out_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    load(drawing(f"{RED}<script>alert(1)</script><foreignObject><p>x</p></foreignObject>"))
    assert capsys.readouterr().err == "parasol: the picture is drawn without its scripts and a web page inside it\n"


@pytest.mark.parametrize("colour", ["#fff", "#f4f4f4"])
def test_white_on_nothing_is_laid_on_a_ground_that_shows_it(colour: str) -> None:
    pixels = load(drawing(f'<circle cx="10" cy="5" r="3" fill="{colour}"/>'))
    assert pixels[0, 0].max() == 0
    assert pixels[256, 512].min() > 0.9


def test_white_within_an_outline_stays_on_white() -> None:
    pixels = load(drawing('<circle cx="10" cy="5" r="4" fill="#fff" stroke="#000"/>'))
    assert pixels[0, 0].min() == 1

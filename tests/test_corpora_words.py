import json
from importlib.resources import files

import pytest

import tiny_packages
from parasol.corpora.drawings import resolve_names
from parasol.corpora.pictogram_sets import SETS
from parasol.corpora.split import split_of
from parasol.corpora.vocabulary import base_of, codepoint_key, read_captions, read_vocabulary, squeeze


@pytest.fixture
def archive(tmp_path):
    return tmp_path / tiny_packages.words(tmp_path).archive


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("0023-FE0F-20E3", "23-20e3"),
        ("1F468-200D-2764-FE0F", "1f468-200d-2764"),
        ("1f3f4-e0067_e0062", "1f3f4-e0067-e0062"),
    ],
)
def test_codepoints_meet_in_one_spelling(text, key):
    assert codepoint_key(text) == key


@pytest.mark.parametrize(
    ("codepoint", "base"),
    [
        ("1f468-200d-1f373", "1f9d1-200d-1f373"),
        ("1f3c3-200d-2640", "1f3c3"),
        ("1f469-200d-2764-200d-1f48b-200d-1f468", "1f48f"),
        ("1f468-200d-1f467", "1f46a"),
        ("1f44b-1f3fd", "1f44b"),
        ("1f475", "1f9d3"),
        ("1f469-200d-1f4bb", "1f469-200d-1f4bb"),  # no neutral content is known: it stands for itself
        ("1f436", "1f436"),
    ],
)
def test_genders_and_skin_tones_fall_under_their_base(codepoint, base):
    known = frozenset(["1f9d1-200d-1f373", "1f3c3", "1f48f", "1f46a", "1f44b", "1f9d3", "1f436"])
    assert base_of(codepoint, known) == base


def test_the_split_never_moves():
    # Recorded values: whoever changes the hash changes what every published figure was measured on.
    rows = {(code, name): split_of(code, set_name=name, family=name) for code, name in RECORDED}
    assert rows == RECORDED


RECORDED = {
    ("1f436", "twemoji"): "train",
    ("1f980", "twemoji"): "content-test",
    ("1f980", "streamline-emojis"): "content-test",
    ("1f34e", "twemoji"): "cell-test",
    ("1f34e", "noto"): "train",
    ("1f427", "noto"): "cell-test",
    ("1f3b8", "twemoji"): "cell-test",
    ("1f3b8", "streamline-emojis"): "style-test",
    ("1f31a", "noto"): "content-val",
}


def test_streamline_is_the_unseen_style_but_test_contents_come_first():
    splits = {split_of(f"{number:x}", set_name="s", family="streamline-emojis") for number in range(0x1F300, 0x1F400)}
    assert splits == {"content-test", "content-val", "style-test"}


def test_a_label_outranks_a_shortcode(archive):
    names = read_vocabulary(archive).names
    assert names["dog"] == "1f415"  # by its label, although a shortcode calls the dog's face so
    assert names["dog2"] == "1f415"
    assert names["apple"] == "1f34e"


def test_contents_know_base_and_subgroup(archive):
    contents = read_vocabulary(archive).contents
    assert contents["1f468-200d-1f373"].base == "1f9d1-200d-1f373"
    assert contents["1f1eb-1f1f7"].subgroup == "country-flag"


def test_captions_come_in_every_language(archive):
    captions = read_captions(archive)
    assert captions["1f436"] == {
        "de": {"label": "dog face (de)", "tags": ["tag"]},
        "en": {"label": "dog face", "tags": ["tag"]},
    }


def test_names_resolve_by_exception_then_name_then_number_then_alias(archive):
    vocabulary = read_vocabulary(archive)
    collection = {
        "icons": dict.fromkeys(["apple-2", "apple-1", "fussball", "flag-for-france", "man-cook", "unheard-of"]),
        "aliases": {"soccer-ball": {"parent": "fussball"}, "red-apple": {"parent": "man-cook"}},
    }
    assert resolve_names("any", collection, vocabulary) == {
        "1f34e": "apple-1",
        "26bd": "fussball",
        "1f1eb-1f1f7": "flag-for-france",
        "1f468-200d-1f373": "man-cook",  # its alias would have made it an apple
    }
    assert resolve_names("fxemoji", {"icons": {"dog": None}}, vocabulary) == {"1f436": "dog"}


def test_a_country_is_its_flag_and_never_a_thing_of_that_name(archive):
    vocabulary = read_vocabulary(archive)
    assert resolve_names("any", {"icons": {"flag-for-apple": None}}, vocabulary) == {}


def test_squeezed_names_keep_letters_under_accents():
    assert squeeze("Flag: Côte d’Ivoire") == squeeze("flag-cote-divoire")


def test_every_exception_names_a_known_set_and_a_clean_codepoint():
    table = json.loads(files("parasol.corpora").joinpath("names.json").read_text(encoding="utf-8"))
    assert set(table) <= {"*", *(icon_set.name for icon_set in SETS)}
    codepoints = [code for icons in table.values() for code in icons.values() if code is not None]
    assert codepoints == [codepoint_key(code) for code in codepoints]

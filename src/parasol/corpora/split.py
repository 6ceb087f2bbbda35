"""The splits, the same for everyone who builds a corpus: of content x style grids, and of pictures."""

import hashlib

SPLITS = ("train", "content-test", "content-val", "style-test", "cell-test")
STYLE_TEST_FAMILY = "streamline-emojis"
PICTURE_SPLITS = ("train", "test", "gpl")


def split_of(base: str, *, set_name: str, family: str) -> str:
    """The split of one cell, the first that matches.

    content-test and content-val hold a tenth of the contents each in every style, style-test a whole family of styles,
    cell-test a tenth of the remaining cells. `base` is the content's codepoint without skin tone and gender, so that
    a man cook never trains what a woman cook tests.
    """
    content = _tenth(base)
    if content == 0:
        return "content-test"
    if content == 1:
        return "content-val"
    if family == STYLE_TEST_FAMILY:
        return "style-test"
    return "cell-test" if _tenth(f"{base}/{set_name}") == 0 else "train"


def split_of_name(key: str, *, held_out: bool) -> str:
    """The split of an icon by what its name says that it shows; of a held-out set every icon is `style-test`.

    The contents' tenths are those of `split_of`.
    """
    if held_out:
        return "style-test"
    return {0: "content-test", 1: "content-val"}.get(_tenth(key), "train")


def split_of_stem(stem: str, *, trainable: bool) -> str:
    """The split of a picture by the stem of its file name: a fifth is test.

    What is not test and may not be trained on for its licence is neither: it is `gpl`, to look at and to measure.
    """
    if _hash(stem) % 5 == 0:
        return "test"
    return "train" if trainable else "gpl"


def _tenth(text: str) -> int:
    return _hash(text) % 10


def _hash(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16)

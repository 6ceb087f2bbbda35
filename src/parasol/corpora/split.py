"""The split of content x style grids, the same for everyone who builds the corpus."""

import hashlib

SPLITS = ("train", "content-test", "content-val", "style-test", "cell-test")
STYLE_TEST_FAMILY = "streamline-emojis"


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


def _tenth(text: str) -> int:
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 10

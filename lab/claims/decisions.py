"""The index of docs/decisions: one line a page, from its title, its date and its status."""

import re
from dataclasses import dataclass
from pathlib import Path

INDEX = "README.md"
HEAD = re.compile(r"# (?P<title>[^\n]+)\n\n(?P<date>\d{4}-\d\d-\d\d) · (?P<status>[^\n]+)\n\n\S")
IN_FORCE = "in force"
FORM = "# TITLE, an empty line, DATE · STATUS (in force, superseded by ...), an empty line, then what and why"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """A page: its file's name, and what its head says."""

    file: str
    title: str
    date: str
    status: str


def read(path: Path) -> Decision:
    """The head of a page. Raises ValueError where it has none of the form."""
    match = HEAD.match(path.read_text("utf-8"))
    if match is None:
        raise ValueError(f"{path} does not begin as a decision does: {FORM}")
    return Decision(file=path.name, title=match["title"], date=match["date"], status=match["status"])


def index(folder: Path) -> str:
    """The text of the index: first what is in force, then what is not any more, each by date and title."""
    pages = sorted(
        (read(path) for path in folder.glob("*.md") if path.name != INDEX), key=lambda page: (page.date, page.title)
    )
    lines = [
        "# Decisions", "",
        "One page each: what, why, what was measured. `python -m lab claims` writes this index from their heads.",
    ]  # fmt: skip
    for heading, chosen in (("In force", True), ("Superseded, or tried and left", False)):
        listed = [page for page in pages if page.status.startswith(IN_FORCE) == chosen]
        lines += ["", f"## {heading}", ""] + [_line(page) for page in listed]
    return "\n".join(lines) + "\n"


def _line(page: Decision) -> str:
    status = "" if page.status == IN_FORCE else f" ({page.status})"
    return f"- {page.date} · [{page.title}]({page.file}){status}"

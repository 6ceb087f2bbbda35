"""Tables and lines in Markdown that are rendered whole from what is stored.

    <!--# kinds-->
    ...
    <!--/#-->

names one of `BLOCKS`; what stands between the markers is written anew by `python -m lab claims`.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np

from lab import study_simulation
from lab.claims import taken
from lab.kinds import measuring as kinds
from lab.unseen import TAUGHT
from parasol.comparison.markdown import table
from parasol.editions import named
from parasol.types import Record

MARKED = re.compile(r"<!--# (?P<name>[a-z-]+)-->(?P<edge>\n?)(?P<shown>.*?)\n?<!--/#-->", re.DOTALL)
KINDS = ("black", "emoji")
TEN = "ours-steps=10,sampler=dpm"
METHODS = {
    "ours": TEN,
    "`--color match`": f"{TEN},color=match",
    "`--structure 0.4`": f"{TEN},structure=0.4",
    "25 steps of DDIM": "ours",
    **{f"`--strength {strength}`": f"{TEN},strength={strength}" for strength in (0.75, 0.5, 0.25)},
    "by descriptor alone (texture 0, scales 3 and 2)": f"{TEN},texture=0,style_scale=3,content_scale=2",
    **{f"Magenta {strength:g}": f"magenta-strength={strength:g}" for strength in (0.25, 0.5, 0.75, 1)},
    "the photograph": "content",
}
MEASURES = {
    "painting retrieved from the result, % (Lite2 `*`; 12.5 by chance)": ("lite2-retrieval", 100, ".0f"),
    "brushwork distance to the painting (Lite2 `*`)": ("lite2-brushwork", 1, ".2f"),
    "colour Chamfer to the painting, x 1000 `*`": ("chamfer", 1000, ".1f"),
    "perceptual distance to the photograph (Lite2 `~`)": ("lite2-perceptual", 1, ".2f"),
    "edge agreement with the photograph": ("edges", 1, ".2f"),
    "ImageNet class of the photograph kept, % (Lite2)": ("lite2-class", 100, ".0f"),
    "painting's subject found in the result (own content descriptor; 0.5 is chance)": ("own-leakage", 1, ".2f"),
    "the same, by Lite0 `~`": ("lite0-leakage", 1, ".2f"),
}
"""Of the page on photographs and paintings: what a row says -> its measure, times what, as Python writes it."""
OTHERS = {
    "RDM-style": "rdm-steps=20,scale=2",
    "DiffuseIT-style": "diffuseit-steps=25,structure=0.4,style_weight=500",
    "CAST-style": "cast",
}
NINTH = {
    "ours, as drawn": "ours",
    "ours, flat finish": "ours-finish=auto",
    **OTHERS,
    **{"Magenta": "magenta", "Magenta, 26 styles": "magenta26-strength=0.5", "AdaIN": "adain-strength=0.75"},
    **{"WCT": "wct-strength=0.75", "colours matched": "colour-strength=0.7", "the content picture": "content"},
}
NINTH_MEASURES = {
    "perceptual distance to the true picture (Lite0)": ("lite0-truth", 1, ".2f"),
    "edges where the true picture has them": ("edges-truth", 1, ".3f"),
    "style: SIFID on block 4 (Lite0)": ("lite0-sifid-block4", 1, ".0f"),
    "style: MSE of Magenta's vector, x 1000": ("magenta-style-mse", 1000, ".2f"),
    "colour Chamfer to the style picture, x 1000": ("chamfer", 1000, ".0f"),
    "perceptual distance to the content picture (Lite0)": ("lite0-perceptual", 1, ".2f"),
    "edges as in the content picture": ("edges", 1, ".2f"),
    "the style picture's subject found in the result (Lite0; 0.5 is chance)": ("lite0-leakage", 1, ".2f"),
}
"""The same of the page on pictograms; marks come with the values."""


def rendered(text: str, results: Path) -> str:
    """The text with every block as it is stored. Raises ValueError for a block that there is not."""

    def shown(match: re.Match[str]) -> str:
        if match["name"] not in BLOCKS:
            raise ValueError(f"{match['name']!r} is no block: choose among {', '.join(BLOCKS)}")
        return f"<!--# {match['name']}-->{match['edge']}{BLOCKS[match['name']](results)}{match['edge']}<!--/#-->"

    return MARKED.sub(shown, text)


def of_kinds(results: Path) -> str:
    """Which model draws: wrong and in doubt, by group of pictures and by change."""
    record = _read(results / "kinds.json")
    lines = ["| pictures | | wrong | without a word | in doubt |", "|---|---|---|---|---|"]
    for kind, groups in {kind: record[kind]["pictures"] for kind in record}.items():
        for group, count in groups.items():
            errors = kinds.counted(kinds.tallies_of(record, kind, group=group), photographs=kind == "photographs")
            shares = " | ".join(f"{100 * part / errors.all:.1f} %" for part in errors[:3])
            lines.append(f"| {kind}, {group} | {count:,} | {shares} |")
    every = [kinds.counted(kinds.tallies_of(record, kind), photographs=kind == "photographs") for kind in record]
    wrong, unsaid, unsure, count = np.sum(every, axis=0)
    return (
        f"Of all {count:,} pictures {100 * wrong / count:.1f} % are taken for the other kind, "
        f"{100 * unsaid / count:.1f} % without a word, and of {100 * unsure / count:.1f} % it is said that they may be "
        "either.\n\n" + "\n".join(lines) + f"\n\n{kinds.table(record)}"
    )


def of_cost(results: Path) -> str:
    """CPU-seconds and peak memory, `painting` by size and `pictogram` by count."""
    points = _read(results / "cost.json")["points"]
    by_size = [point for point in points if point["model"] == "painting"]
    by_count = [point for point in points if point["model"] == "pictogram"]
    heads = [f"{point['size']} px" for point in by_size]
    heads += [f"{point['count']} picture{'s' * (point['count'] > 1)}" for point in by_count]
    columns = [*by_size, *by_count]
    return table(
        ["", *heads],
        [
            ["CPU-s a picture", *(f"{column['cpu_s'] / column['count']:.2g}" for column in columns)],
            ["peak, MB", *(f"{column['peak'] / 1e6:.0f}" for column in columns)],
        ],
    )


def of_scale(results: Path) -> str:
    """What a dry run foresees of a step on a backbone, beside a real run, by shape of the base."""
    rows = []
    for name, cost in _read(results / "scale.json")["cost"].items():
        if name != "machine":
            memory, seconds = cost["foreseen"]["GiB"]["in all"], cost["foreseen"]["CPU-seconds a step"]
            apart = [f"{100 * cost[f'apart, {what}']:+.1f} %" for what in ("GiB", "CPU-s")]
            mib = [f"{1024 * value:.1f}" for value in (memory, cost["real"]["GiB"])]
            rows.append([name, *mib, apart[0], f"{seconds:.3f}", f"{cost['real']['CPU-s']:.3f}", apart[1]])
    heads = ["base", "MiB, foreseen", "real", "apart", "CPU-s a step, foreseen", "real", "apart"]
    return table(heads, rows)


def of_large(results: Path) -> str:
    """What a dry run foresees of Stable Diffusion 1.5's configuration, part by part, and what that was computed on."""
    part = _read(results / "scale.json")["large"]
    seconds = {**part["CPU-seconds"], "in all": part["CPU-seconds a step"]}
    rows = [[name, f"{value:.2f}"] for name, value in part["GiB"].items()]
    memory = table(
        [f"{part['trained parameters'] / 1e6:.0f} M trained, batch {part['batch']}, {part['size']} px", "GiB"], rows
    )
    time = table([f"{part['TFLOP a step']:.1f} TFLOP a step", "CPU-s"], [[n, f"{v:.1f}"] for n, v in seconds.items()])
    return f"{memory}\n\n{time}"


def of_comfy(results: Path) -> str:
    """What the nodes did in ComfyUI itself."""
    run = _read(results / "scale.json")["comfy"]
    differing = sum(value for name, value in run.items() if name.startswith("pixels apart"))
    return (
        f"ComfyUI {run['host']}, {run['nodes']} nodes: {differing or 'no'} pixels apart from Python's, the command "
        f"line's and the recipe's painted again; a structure of 2 is refused ({run['a dial out of range']}); a run of "
        f"1000 steps that is interrupted ends after {run['seconds after an interrupt']:.1f} s"
    )


def of_study(results: Path) -> str:
    """Simulated studies: how often the planted order is found, and the truth lies in the intervals."""
    return study_simulation.table(_read(results / "study.json"))


def of_unseen(results: Path) -> str:
    """Every stored run of `python -m lab unseen`, a row for each number of references, and for taught cards."""
    rows = [
        [_run(record), _references(count), *_cells(record["summary"], count)]
        for record in _runs(results)
        for count in _counts(record["summary"])
    ]
    heads = ["run", "references", "taken for the set that was asked for", "nearer to it than the content picture was",
             "content found", "colour distance to the set, divided by that of the content picture"]  # fmt: skip
    return table(heads, rows)


def of_limits(results: Path) -> str:
    """The line of README's limits: eight references and a taught card, with the flat finish and without."""
    plain, default = sorted(_runs(results), key=lambda record: _finish(record) != "none")
    return (
        f"Drawn after eight pictures of a set that it never saw, {_told(default, 8)} are recognised as that set"
        f" (chance: 17 %); by a card taught with {TAUGHT} of its icons {_told(default, TAUGHT)}. Without the flat"
        f" finish: {_told(plain, 8)}; with the card {_told(plain, TAUGHT)}."
    )


def of_paintings(results: Path) -> str:
    """The comparison on photographs and paintings: the measures and methods that its page speaks of."""
    return _compared(results / "comparison" / "paintings" / "comparison.json", METHODS, MEASURES, marked=False)


def of_baselines(results: Path) -> str:
    """RDM, DiffuseIT and CAST on photographs and paintings, by the same measures."""
    methods = {"ours": "ours", **OTHERS, "Magenta": "magenta-strength=1", "the photograph": "content"}
    measures = {label.replace(" `*`", "").replace(" `~`", ""): by for label, by in MEASURES.items()}
    return _compared(results / "comparison" / "paintings" / "baselines.json", methods, measures)


def of_ninth(results: Path) -> str:
    """All methods on pictograms, with the bundled edition."""
    return _compared(results / "comparison" / "ninth.json", NINTH, NINTH_MEASURES)


def _compared(
    path: Path, methods: Mapping[str, str], measures: Mapping[str, tuple[str, float, str]], *, marked: bool = True
) -> str:
    """A table of a stored comparison: measures down, methods across; marked: with each value's mark."""
    stored = _read(path)["methods"]

    def cell(method: str, measure: str, times: float, form: str) -> str:
        value = stored[method]["values"][measure]
        mark = value.get("mark", "") if marked else ""
        return f"{times * value['value']:{form}}" + (f" `{mark}`" if mark else "")

    rows = [[label, *(cell(method, *by) for method in methods.values())] for label, by in measures.items()]
    return table(["measure", *methods], rows)


def of_studio(results: Path) -> str:
    """Start, weight, load, kills, hostile files and requests, and search of the studio."""
    record = _read(results / "studio.json")
    rows = [(what, render(record[name])) for name, what, render in STUDIO if name in record]
    return table(("what", "figure"), rows)


def of_alone(results: Path) -> str:
    """The export against the core, in levels; what it loads, and how long it draws."""
    record = _read(results / "alone.json")
    rows = [(what, render(record[name])) for name, what, render in ALONE if name in record]
    return table(("what", "figure"), rows)


def _within(rows: list[Record]) -> str:
    same, near = (sum(row["most"] <= most for row in rows) for most in (0, 1))
    text = f"{near} of {len(rows)} within one level, {same} of them the same to the bit"
    beyond = [row for row in rows if row["most"] > 1]
    if beyond:
        share = max(row["over"] / row["values"] for row in beyond)
        text += f"; beyond: at most {max(row['most'] for row in beyond)} levels, in at most {share:.2%} of the values"
    return text


ALONE: tuple[tuple[str, str, Callable[[Record], str]], ...] = (
    (
        "recipes",
        "the worker's pictures against the core's, as the model drew them",
        lambda part: _within([row for row in part["rows"] if not row["finished"]]),
    ),
    (
        "recipes",
        "the same in few colours or as flat art, where a quarter of a pixel at an edge may go to another colour",
        lambda part: _within([row for row in part["rows"] if row["finished"]]),
    ),
    (
        "speed",
        "what is loaded beside the page",
        lambda part: f"model {part['bytes']['model'] / 1e6:.0f} MB, runtime {part['bytes']['runtime'] / 1e6:.0f} MB",
    ),
    (
        "speed",
        "until a picture can be asked for, from a server on the same machine",
        lambda part: (
            f"{part['ready_cpu']:.1f} s of processor time, Chromium's start included; {part['ready']:.1f} s at a load "
            f"of {part['load']:.0f} on two cores"
        ),
    ),
    (
        "speed",
        "a picture of the model's own dials (128 px, 10 steps of dpm), one thread",
        lambda part: (
            f"{part['cpu']:.1f} s of processor time ({part['core_cpu']:.1f} s in the core); "
            f"{min(part['seconds']):.1f} to {max(part['seconds']):.1f} s at that load"
        ),
    ),
)
"""Part of lab/results/alone.json, what a row says, and its figure."""


def _let(part: Record, what: str) -> str:
    return f"{part['tried'] - len(part['let'])} of {part['tried']} {what}"


STUDIO: tuple[tuple[str, str, Callable[[Record], str]], ...] = (
    (
        "start",
        "from Python's start until the page is there, and until it has all that it asks for, the least of four",
        lambda part: (
            f"{part['shown_cpu']:.1f} and {part['cpu']:.1f} s of processor time; {part['shown']:.1f} and "
            f"{part['page']:.1f} s at a load of {part['load']:.0f}"
        ),
    ),
    (
        "start",
        "page, compressed",
        lambda part: (
            f"{part['weight'] / 1000:.0f} kB in {part['files']} files (limit 150 kB), miniatures of the dials "
            f"{part['miniatures'] / 1000:.0f} kB of it, which are fetched when they are seen"
        ),
    ),
    (
        "dials",
        "in the browser: from a moved dial to the quick look, and from the end of the move to the picture",
        lambda part: (
            f"{part['look']:.2f} and {part['final']:.2f} s at a load of {part['load']:.0f}, a quarter second of the "
            "latter a pause for more"
        ),
    ),
    (
        "commands",
        "`parasol style` while a studio runs, against the same alone (`pictogram`; `painting`)",
        lambda part: (
            "; ".join(
                f"{part[model]['handed'][0]:.1f} s and {part[model]['handed'][1]:.1f} of processor time, alone "
                f"{part[model]['alone'][0]:.1f} and {part[model]['alone'][1]:.1f} s"
                for model in ("pictogram", "painting")
            )
            + f", at a load of {part['load']:.0f}"
        ),
    ),
    (
        "clients",
        "eight clients that keep the queue full",
        lambda part: (
            f"{part['seconds'] / 60:.0f} minutes: {part['drawn']} of {part['accepted']} accepted jobs drawn, "
            f"{part['statuses'].get('429', 0)} orders refused with 429, nothing else; memory after the first minute "
            f"{part['least'] / 1e6:.0f} to {part['most'] / 1e6:.0f} MB ({part['most'] / part['least'] - 1:.1%})"
        ),
    ),
    (
        "kills",
        "killed by -9 at moments up to 4 s after jobs were accepted, a search under way, and started again",
        lambda part: (
            f"{part['intact']} of {part['kills']} times history and index whole and no accepted job lost; "
            f"{part['drawn']} of {part['accepted']} drawn in the end"
        ),
    ),
    (
        "uploads",
        "hostile files at the three doors that take files",
        lambda part: f"{_let(part, 'refused in one line')} ({part['files']} kinds), nothing written beside the store",
    ),
    (
        "guards",
        "posts of other sites, foreign hosts, missing and wrong tokens, paths that lead out",
        lambda part: _let(part, "refused"),
    ),
    (
        "fuzz",
        "schemathesis over the OpenAPI",
        lambda part: f"{part['operations']} operations, {part['faults']} answers of 500 and above",
    ),
    (
        "search",
        "a search over 20,000 pictures (synthetic descriptors in a real index), eight clients at once",
        lambda part: (
            f"{1000 * part['cpu']:.0f} ms of processor time; 95th percentile {part['p95']:.1f} s as a client "
            f"sees it, at a load of {part['load']:.0f}; a bare matrix product of that size with the best 60, by eight "
            f"threads in the same run: {part['bare_p95']:.1f} s"
        ),
    ),
)
"""Part of lab/results/studio.json, what a row says, and its figure."""

BLOCKS: dict[str, Callable[[Path], str]] = {
    "kinds": of_kinds,
    "cost": of_cost,
    "scale": of_scale,
    "large": of_large,
    "comfy": of_comfy,
    "study": of_study,
    "paintings": of_paintings,
    "painting-baselines": of_baselines,
    "ninth": of_ninth,
    "unseen": of_unseen,
    "unseen-line": of_limits,
    "takeaway": taken.shown,
    "studio": of_studio,
    "alone": of_alone,
}


def _read(path: Path) -> Record:
    return json.loads(path.read_text("utf-8"))


def _runs(results: Path) -> list[Record]:
    return [_read(path) for path in sorted((results / "unseen").glob("*.json"))]


def _given(record: Record) -> Record:
    return record.get("given") or record.get("dials") or {}


def _finish(record: Record) -> str:
    return _given(record).get("finish", "none")


def _run(record: Record) -> str:
    given = _given(record)
    dials = " ".join(f"{given[name]}" for name in ("steps", "sampler") if name in given)
    return f"{named(record['model_hash'])}, {dials or 'own dials'}, finish {_finish(record)}"


def _counts(summary: Record) -> Sequence[int]:
    return sorted({int(name.split(", ")[1].split()[0]) for name in summary})


def _references(count: int) -> str:
    return f"a card, taught {count} pictures" if count == TAUGHT else f"{count}"


def _cells(summary: Record, count: int) -> list[str]:
    columns = [summary[f"{kind}, {count} references"] for kind in KINDS]
    shares = [", ".join("" if cell[name] is None else f"{100 * cell[name]:.0f} %" for cell in columns).rstrip(", ")
              for name in ("told", "nearer", "found")]  # fmt: skip
    return [*shares, ", ".join(f"{cell['colours_left']:.2f}" for cell in columns)]


def _told(record: Record, count: int) -> str:
    black, emoji = (100 * record["summary"][f"{kind}, {count} references"]["told"] for kind in KINDS)
    return f"{black:.0f} % of black icons and {emoji:.0f} % of emoji"

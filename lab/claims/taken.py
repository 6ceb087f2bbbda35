"""The table of docs/takeaway.md: what was asked, what is stored of it, and by which command."""

from collections.abc import Callable
from pathlib import Path

from lab import takeaway
from parasol.comparison.markdown import table
from parasol.types import Record

NEITHER = "not measured yet"
GROUNDS = ("white", "black", "green", "photograph")


def shown(results: Path) -> str:
    """Every line of it; what nothing is stored of says so."""
    stored = takeaway.read(results / takeaway.STORED.name)
    rows = [
        [what, asked, say(stored[name]) if name in stored else NEITHER, f"`{command}`"]
        for what, asked, name, say, command in ROWS
    ]
    return table(["what", "asked", "found", "command"], [*rows, *TESTED])


def _by_tracer(record: Record, name: str, times: float, form: str, unit: str) -> str:
    """Ours, and the others behind it."""
    values = {tracer: f"{times * row[name]:{form}}" for tracer, row in record["tracers"].items()}
    others = ", ".join(f"{tracer} {value}" for tracer, value in values.items() if tracer != "parasol")
    return f"{values['parasol']}{unit} ({others}), {record['tracers']['parasol']['pictures']} results"


def _paths(record: Record) -> str:
    ours = record["tracers"]["parasol"]
    many = f"{ours['of_sources']:.2f} times the {record['sources'][0]:g} of its {record['count']} files"
    return f"{_by_tracer(record, 'elements', 1, 'g', '')}; {many}"


def _shapes(record: Record) -> str:
    counts = [f"{recognised} of {there} {kind}s" for kind, (recognised, there) in record["by_kind"].items()]
    return f"{', '.join(counts)} in {record['icons']} icons"


def _edges(record: Record) -> str:
    lowest = ", ".join(f"{ground} {record[ground]['lowest']:.1f}" for ground in GROUNDS)
    middle = min(record[ground]["median"] for ground in GROUNDS)
    return f"median {middle:.1f} dB and more; the lowest of {record['icons']} icons: {lowest}"


def _off(record: Record) -> str:
    return f"{100 * record['off inside']['mean']:.3f} % inside, {100 * record['off outside']['mean']:.3f} % outside"


def _white(record: Record) -> str:
    blank = round(record["blank"]["mean"] * record["icons"])
    unlike = f"{record['results']} results and {record['descriptors']} descriptors of {record['compared']} differ"
    return f"{blank} of {record['icons']} blank; {unlike}"


def _consistency(record: Record) -> str:
    scores, mixes = record["scores"], record["mixes"]
    real = ", ".join(f"`{name}` {score:g}" for name, score in scores.items() if name != "made")
    mixed = ", ".join(f"{score:g}" for score in mixes.values())
    return (
        f"{scores['made']:g} for {record['icons']} icons (its eight references {record['references']:g}; as many of "
        f"real sets: {real}; random halves of two: {mixed})"
    )


def _cost(record: Record) -> str:
    minutes = record["cpu_s"] * 500 / 2 / 60
    early, late = record["halves_mb"]
    return (
        f"{record['cpu_s']:g} CPU-s an icon over {record['icons']} icons (load {record['load']:.0f} on "
        f"{record['cores']} cores), so {minutes:.0f} minutes on two; memory {early} MB in the first half, "
        f"{late} in the second, most {record['peak_mb']}"
    )


def _killed(record: Record) -> str:
    kills = record.get("killed")
    if not kills:
        return "equal, byte for byte, two icons in a test; not measured on more"
    at = ", ".join(map(str, kills["moments"]))
    return f"{kills['equal']} of {kills['files']} files equal, byte for byte, killed after {at} icons"


Row = tuple[str, str, str, Callable[[Record], str], str]
TRACING = "python -m lab tracing --results DIR --sources DIR --written DIR"
ALPHA = "python -m lab alpha --icons DIR"
SETS = "python -m lab sets --out DIR"
ROWS: tuple[Row, ...] = (
    ("SVG against the raster, drawn again", "30 dB",
     "tracing", lambda run: _by_tracer(run, "psnr", 1, ".1f", " dB"), TRACING),
    ("paths, the same", "at most 1.5 times the set's own", "tracing", _paths, TRACING),
    ("bytes, the same, without a recipe", "12 kB",
     "tracing", lambda run: _by_tracer(run, "bytes", 0.001, ".1f", " kB"), TRACING),
    ("how far the SVG looks from the raster to an independent network (Lite2 `lite2-perceptual`)",
     "nearer than the tracers'", "tracing", lambda run: _by_tracer(run, "lite2-perceptual", 1, ".3f", ""), TRACING),
    ("circles, squares, straight strokes of geometric icons", "90 %", "shapes", _shapes, "python -m lab drawings"),
    ("edges on white, black, green, a photograph", "35 dB", "alpha", _edges, ALPHA),
    ("alpha off by over a level", "0", "alpha", _off, ALPHA),
    ("white icons", "none blank, five of five unlike", "alpha-white", _white, f"{ALPHA} --white"),
    ("icons of `mdi` by eight references of a held set", "a mix of two sets", "set", _consistency, SETS),
    ("500 icons", "10 minutes, memory flat", "set-cost", _cost, SETS),
    ("kill -9 at five moments", "equal", "set", _killed, f"{SETS} --kills 5"),
    ("50 SVGs by Chromium and by resvg", "1.5 levels", "browsers",
     lambda run: f"{run['drawings']} drawings: mean {run['mean']:.2f}, most {run['most']:.2f}",
     "python -m lab drawings --svgs DIR"),
)  # fmt: skip
"""What, what was asked, the stored record, how it is told, and the command that stores it."""

TESTED = [
    ["`--palette` of 5 colours", "nothing outside", "nothing, tested", "`pytest tests/test_finishing.py -k palette`"],
    ["replay of an SVG", "the same bytes", "the same, tested", "`pytest tests/test_finishing.py -k replays`"],
    ["a set that was killed", "the same bytes", "the same, tested", "`pytest tests/test_set_resume.py`"],
]

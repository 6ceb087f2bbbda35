"""A whole set measured, python -m lab sets --out DIR: icons of `mdi` by eight references of a set nobody trained on.

The icons are those of the tenth of contents that is kept for tests, in an order by hash. `parasol set` runs as a
program of its own; its CPU-seconds, memory and icons are noted every 20 s, so that a run that was stopped goes on and
still tells what an icon costs. The consistency score of the first hundred by name then stands beside those of as many
pictures of the references' own set, and of random halves of two real sets. With --kills, the first ten icons are drawn
again by a run that is killed so many times, and compared with those of the whole run, byte for byte.
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from hashlib import sha256
from itertools import combinations
from pathlib import Path

import numpy as np
from PIL import Image

from lab import takeaway
from parasol.apps.progress import Progress
from parasol.corpora.drawings import icon_svg
from parasol.corpora.icons import BRANDS, content_key, icon_packages
from parasol.corpora.packages import fetch, read_members
from parasol.corpora.split import split_of_name
from parasol.images import fit, load, load_rgba, sheet, to_uint8
from parasol.types import Record
from parasol.vector import Measures, consistency, measure

ICONS = "mdi"
OTHERS = ("stash", "marketeq")  # real sets to mix with that of the references; held, but not for tests
REFERENCES, JUDGED, AGAIN = 8, 100, 10
PAUSE = 20  # s between two looks at a run
CELL, ACROSS, QUALITY = 80, 12, 70  # px and icons in a row of the sheet, and its quality
PROGRAM = (sys.executable, "-c", "import sys; from parasol.apps.start import main; sys.exit(main())")


def drawings(look: str, packages: Path, *, tested: bool) -> dict[str, str]:
    """The SVGs of one look by name, in an order by hash; `tested`: of contents alone that no model trains on."""
    entry = next(entry for entry in icon_packages() if look == entry.name)
    files = read_members(fetch(entry.package, packages), ("icons.json",).__contains__)
    collection = json.loads(files["icons.json"])
    named = [(icon, *entry.look_of(icon)) for icon, known in collection["icons"].items() if not known.get("hidden")]
    chosen = [
        icon for icon, icon_look, name in named
        if icon_look == look and not BRANDS.search(icon)
        and (not tested or split_of_name(content_key(name), held_out=False) == "content-test")
    ]  # fmt: skip
    return {
        icon: icon_svg(collection, icon) for icon in sorted(chosen, key=lambda icon: sha256(icon.encode()).digest())
    }


def written(svgs: dict[str, str], folder: Path) -> Path:
    """The folder with these SVGs in it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, svg in svgs.items():
        (folder / f"{name}.svg").write_text(svg, "utf-8")
    return folder


def watched(words: Sequence[str | Path], out: Path, rows: Path) -> None:
    """Run `parasol` with these words and note how it stands. Raises ValueError where it fails."""
    child = subprocess.Popen([*PROGRAM, *map(str, words)], stdout=subprocess.DEVNULL)
    started, code = time.monotonic(), None
    while code is None:
        cpu, used = _spent(child.pid)
        row = {"pid": child.pid, "wall": time.monotonic() - started, "icons": _count(out), "cpu": cpu, "mb": used}
        with rows.open("a") as file:
            file.write(json.dumps({name: round(value, 2) for name, value in row.items()}) + "\n")
        try:
            code = child.wait(PAUSE)
        except subprocess.TimeoutExpired:
            continue
    if code:
        raise ValueError(f"parasol set ended with {code}")


def cost(rows: Sequence[Record]) -> Record:
    """CPU-seconds an icon from the first icon on, of all runs together; peak memory, and how it grew in the longest."""
    runs = [[row for row in rows if row["pid"] == pid] for pid in dict.fromkeys(row["pid"] for row in rows)]
    begun = _begun(runs)
    icons, spent = (sum(run[-1][name] - run[0][name] for run in begun) for name in ("icons", "cpu"))
    longest = max(begun, key=len)
    parts = longest[: len(longest) // 2], longest[len(longest) // 2 :]
    return {
        "icons": max(row["icons"] for row in rows),
        "cpu_s": round(spent / icons, 2),
        "start_cpu_s": round(float(np.median([run[0]["cpu"] for run in begun])), 1),
        "peak_mb": round(max(row["mb"] for row in rows)),
        "halves_mb": [round(float(np.median([row["mb"] for row in part]))) for part in parts],
    }


def killed(icons: Path, like: Path, whole: Path, out: Path, times: int) -> Record:
    """Draw the icons of a folder with kills in between, and compare what comes of it with a whole run of more."""
    words = ["set", icons, "--like", like, "-o", out]
    total, moments = len(list(icons.iterdir())), list[int]()
    for number in range(times):
        child = subprocess.Popen([*PROGRAM, *map(str, words)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        until = (number + 1) * total // (times + 1)
        while _count(out) < until and child.poll() is None:
            time.sleep(0.2)
        time.sleep(0.3 * number)  # somewhere in the next icon
        child.send_signal(signal.SIGKILL)
        child.wait()
        moments.append(_count(out))
    subprocess.run([*PROGRAM, *map(str, words)], check=True, stdout=subprocess.DEVNULL)
    files = [path.relative_to(out) for kind in ("png", "svg") for path in (out / kind).rglob("*.*")]
    same = sum((out / path).read_bytes() == (whole / path).read_bytes() for path in files)
    left = [path for path in out.rglob("*") if path.is_file() and path.suffix not in (".png", ".svg", ".json")]
    return {"moments": moments, "files": len(files), "equal": same, "left_over": len(left)}


def scores(made: Path, real: dict[str, Path]) -> Record:
    """Consistency of a result's drawings, of each real set, and of random halves of every two of these."""
    folders = {"made": made, **real}
    measures = {name: _measured(folder) for name, folder in folders.items()}
    by_set: Record = {name: _score(values) for name, values in measures.items()}
    random, mixes = np.random.default_rng(25), dict[str, float]()
    for first, other in combinations(real, 2):
        half = min(len(measures[first]), len(measures[other])) // 2
        mixed = {
            f"{name}/{icon}": measures[name][icon]
            for name in (first, other)
            for icon in random.permutation(sorted(measures[name]))[:half]
        }
        mixes[f"{first} and {other}"] = consistency(mixed).score
    parts = asdict(consistency(measures["made"]))["parts"]
    return {"icons": len(measures["made"]), "scores": by_set, "mixes": mixes, "parts": parts}


def drawn_sheet(icons: Path, like: Path, made: Path, out: Path) -> None:
    """The references, and then each icon with what came of it below, none chosen."""
    names = sorted(path.stem for path in made.glob("*.png"))[:JUDGED]
    rows = [[load(path) for path in sorted(like.glob("*.svg"))]]
    for start in range(0, len(names), ACROSS):
        some = names[start : start + ACROSS]
        rows += [[load(icons / f"{name}.svg") for name in some], [load(made / f"{name}.png") for name in some]]
    small = [[fit(picture, CELL) for picture in row] for row in rows]
    Image.fromarray(to_uint8(sheet(small, cell=CELL))).save(out, quality=QUALITY, method=6)


def main(words: Sequence[str] | None = None) -> int:
    """Draw, judge, store and print."""
    parser = argparse.ArgumentParser(prog="python -m lab sets", description=__doc__)
    parser.add_argument("--packages", type=Path, default=Path("data/icons/packages"), help="archives of icon sets")
    parser.add_argument("--look", default="streamline-plump-color", help="the set that the references are of")
    parser.add_argument("--count", type=int, default=500, help="icons to draw")
    parser.add_argument("--kills", type=int, default=0, help="times that ten icons are killed at")
    parser.add_argument("--judge", action="store_true", help="draw no more: judge what is there")
    parser.add_argument("--sheet", type=Path, default=Path("lab/results/sheets/set.webp"))
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args(words)
    svgs = drawings(ICONS, options.packages, tested=True)
    look_svgs = drawings(options.look, options.packages, tested=False)
    icons = written(_first(svgs, options.count), options.out / "icons")
    like = written(_first(look_svgs, REFERENCES), options.out / "like")
    made, rows = options.out / "set", options.out / "rows.jsonl"
    if not options.judge:
        watched(["set", icons, "--like", like, "-o", made], made, rows)
    sets = {options.look: dict(list(look_svgs.items())[REFERENCES:])}
    sets |= {other: drawings(other, options.packages, tested=False) for other in OTHERS}
    real = {
        name: written(dict(list(all_.items())[:JUDGED]), options.out / "real" / name) for name, all_ in sets.items()
    }
    spent = cost([json.loads(row) for row in rows.read_text().splitlines()])
    spent |= {"load": round(os.getloadavg()[1], 1), "cores": os.cpu_count()}
    takeaway.store("set-cost", spent)
    record = {
        "look": options.look,
        **scores(made / "svg", real),
        "references": _score(_measured(like)),
    }
    drawn_sheet(icons, like, made / "png", options.sheet)
    if options.kills:
        few = written(_first(dict(sorted(_first(svgs, options.count).items())), AGAIN), options.out / "few")
        record["killed"] = killed(few, like, made, options.out / "killed", options.kills)
    else:
        record["killed"] = takeaway.read().get("set", {}).get("killed")
    takeaway.store("set", record)
    print(json.dumps(record, indent=1))
    return 0


def _first(svgs: dict[str, str], count: int) -> dict[str, str]:
    return dict(list(svgs.items())[:count])


def _begun(runs: Sequence[Sequence[Record]]) -> list[list[Record]]:
    """The rows of each run from its first own icon on."""
    later = ([row for row in run if row["icons"] > run[0]["icons"]] for run in runs)
    return [rows for rows in later if rows]


def _measured(folder: Path) -> dict[str, Measures]:
    files = sorted(folder.glob("*.svg"))[:JUDGED]
    measures = dict[str, Measures]()
    with Progress(f"measuring {folder.name}") as progress:
        for number, path in enumerate(files):
            measures[path.stem] = measure(load_rgba(path))
            progress.update(number + 1, len(files))
    return measures


def _score(measures: dict[str, Measures]) -> float:
    return consistency(measures).score


def _count(out: Path) -> int:
    return len(list((out / "png").glob("*.png")))


def _spent(pid: int) -> tuple[float, float]:
    """CPU-seconds and MB of a process and of what it has started, as Linux tells them; zeros once it is gone."""
    cpu = used = 0.0
    try:
        ticks = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:15]
        cpu = sum(map(int, ticks)) / os.sysconf("SC_CLK_TCK")
        used = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 1e6
        for thread in Path(f"/proc/{pid}/task").iterdir():
            for child in (thread / "children").read_text().split():
                more, memory = _spent(int(child))
                cpu, used = cpu + more, used + memory
    except OSError:
        pass
    return cpu, used

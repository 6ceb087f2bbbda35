"""Speed, memory and sizes on this machine, its own peak beside them: python -m lab bench.

Run it on an idle machine, from the repository's root. It asserts nothing; the column at the right says what is asked.
"""

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from lab.speed.against import against
from lab.speed.downloads import dependency_bytes
from lab.speed.machine import cpu_name, import_seconds, load_average, run_parasol
from parasol.bundle import Bundle
from parasol.images import write_atomic
from parasol.runtime.onnx import available_cores

CONTENT, STYLE = Path("examples/content.png"), Path("examples/style.png")
DIST = Path("dist")
IMPORTS, RUNS = 5, 3
LARGEST = 6  # dependencies that are named
MB = 1e6


@dataclass(frozen=True, kw_only=True)
class Row:
    """One measurement: a number or words, and what the project asks for."""

    what: str
    value: float | str
    unit: str = ""
    asked: str = ""

    def line(self) -> str:
        """A line of the table."""
        value = self.value if isinstance(self.value, str) else f"{self.value:.4g}"
        return f"{self.what:<52} {f'{value} {self.unit}':<42} {self.asked}".rstrip()


def rows(bundle: Bundle, *, downloads: bool) -> Iterator[Row]:
    """Every measurement, as soon as it is made; fresh processes come first, while this one is still small."""
    cores = available_cores()
    yield Row(what="processor", value=cpu_name())
    yield Row(what="cores", value=cores)
    yield Row(what="load average before", value=load_average(), asked="near 0, or read the times as too long")
    yield from import_rows()
    yield from style_rows(bundle)
    yield from size_rows(bundle, downloads=downloads)
    yield from compute_rows(bundle, cores)


def against_rows(commit: str) -> Iterator[Row]:
    """CPU-seconds and memory of this working tree as shares of those of a commit."""
    yield Row(what="processor", value=cpu_name())
    for pair in against(commit):
        yield Row(what=pair.what, value=pair.cpu_ratio, unit="x less", asked=f"{pair.here:.3g} CPU-s here")
        if pair.memory_ratio == pair.memory_ratio:  # not nan
            yield Row(what="  largest resident memory", value=pair.memory_ratio, unit="x", asked="at most 1")


def import_rows() -> Iterator[Row]:
    """Imports in fresh processes: the package as it is, and with what a picture needs."""
    for statement, asked in (("import parasol", "under 0.5 s"), ("from parasol import Parasol", "")):
        runs = [import_seconds(statement) for _ in range(IMPORTS)]
        yield Row(what=statement, value=median(seconds for seconds, _ in runs), unit="s", asked=asked)
        heavy = " ".join(runs[0][1]) or "none"
        yield Row(what="  heavy modules that it loads", value=heavy, asked="no torch")


def style_rows(bundle: Bundle) -> Iterator[Row]:
    """`parasol style` from process start to PNG at default dials."""
    with tempfile.TemporaryDirectory() as folder:
        words = (str(CONTENT), "--like", str(STYLE), "-o", str(Path(folder, "out.png")))
        runs = [run_parasol("style", *words, "--model", str(bundle.folder)) for _ in range(RUNS)]
    seconds = median(run.seconds for run in runs)
    yield Row(what="parasol style, cold, default dials", value=seconds, unit="s", asked="at most 5 s on 2 idle cores")
    peak = max(run.peak_bytes for run in runs) / MB
    yield Row(what="  largest resident memory", value=peak, unit="MB", asked="at most 600 MB")


def size_rows(bundle: Bundle, *, downloads: bool) -> Iterator[Row]:
    """What has to be fetched; the wheel if one is built, its dependencies if they may be asked for."""
    total = sum(file.stat().st_size for file in bundle.folder.iterdir()) / MB
    yield Row(what="bundle", value=total, unit="MB")
    wheels = sorted(DIST.glob("*.whl"), key=lambda wheel: wheel.stat().st_mtime)
    wheel = wheels[-1].stat().st_size / MB if wheels else 0.0
    built = wheel if wheels else f"none in {DIST}/: build one with  python -m build --wheel"
    yield Row(what="wheel", value=built, unit="MB" if wheels else "", asked="at most 45 MB a model")
    if downloads:
        sizes = dependency_bytes()
        others = sum(sizes.values()) / MB
        what = f"wheels of the core's {len(sizes)} dependencies"
        yield Row(what=what, value=others, unit="MB", asked="at most 60 MB, for `pip install .`")
        for name in sorted(sizes, key=lambda name: -sizes[name])[:LARGEST]:
            yield Row(what=f"  {name}", value=sizes[name] / MB, unit="MB")


def compute_rows(bundle: Bundle, threads: int) -> Iterator[Row]:
    """The machine's peak, and one sampling step on either runtime; needs the train extra."""
    from lab.speed.embedding import embedding_speed
    from lab.speed.peak import convolution_gflops, matmul_gflops
    from lab.speed.step import step_speed

    yield Row(what="peak, float32 matrix product", value=matmul_gflops(threads), unit="GFLOP/s")
    yield Row(what="peak, float32 convolution", value=convolution_gflops(threads), unit="GFLOP/s")
    speed = step_speed(bundle, threads=threads)
    yield Row(what="three-branch step, ONNX Runtime", value=speed.onnx_ms, unit="ms")
    yield Row(what="three-branch step, diffusers' eager loop on torch", value=speed.torch_ms, unit="ms")
    yield Row(what="  ratio, median of interleaved pairs", value=speed.ratio, unit="x", asked="at least 1.3 x")
    yield Row(what="  largest difference of their latents", value=speed.difference)
    alone = matmul_gflops(1)
    for run in embedding_speed(bundle, threads=1):
        yield Row(what=f"{run.encoder} encoder, one core, {run.gflop:.3f} GFLOP", value=run.milliseconds, unit="ms")
        share = 100.0 * run.share_of(alone)
        yield Row(what="  of one core's peak matrix product", value=share, unit="%", asked="at least 60 %")


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; 2 after an error in one line."""
    parser = argparse.ArgumentParser(prog="python -m lab bench", description=__doc__)
    parser.add_argument("--model", help="a bundled model or the folder of a bundle")
    parser.add_argument("--downloads", action="store_true", help="ask pip what a core install fetches (network)")
    parser.add_argument("--against", metavar="COMMIT", help="beside another commit, in turns; nothing else is measured")
    parser.add_argument("--json", type=Path, help="file for the same as JSON")
    options = parser.parse_args(arguments)
    try:
        finished: list[Row] = []
        measured = rows(Bundle.open(options.model), downloads=options.downloads)
        for row in measured if options.against is None else against_rows(options.against):
            finished.append(row)
            print(row.line(), flush=True)
        if options.json:
            write_atomic(options.json, f"{json.dumps([asdict(row) for row in finished], indent=1)}\n".encode())
    except ValueError as error:
        parser.error(str(error))
    return 0

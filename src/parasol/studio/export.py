"""The Make view as files that any web server can hand out: the page, a model, and onnxruntime-web, which draws.

The wheel carries no WebAssembly: the runtime comes from a folder that npm has filled, or from `npm pack`.
"""

import hashlib
import io
import json
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from parasol.bundle import ATTRIBUTION, DEFAULT_MODEL, GUIDE, GUIDE_WEIGHTS, MANIFEST, WEIGHTS, graph_file
from parasol.dials import named
from parasol.directions import space_file
from parasol.errors import ParasolError
from parasol.images import encode_png, is_photograph, load_rgba, load_shown
from parasol.images.errors import cannot_write
from parasol.pipeline import Parasol
from parasol.studio.dials import LIMITS, told_dials, told_model
from parasol.studio.library import AS_CONTENT, AS_STYLE, EXAMPLES
from parasol.studio.pages import STATIC
from parasol.version import __version__

MARK = "alone.json"
"""By which an export is known, and where its page learns what the studio's own asks its server."""

PACKAGE, VERSION = "onnxruntime-web", "1.30.0"
RUNTIME = ("ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm")
COMPONENTS = ("encode", "decode", "denoise", "style", "content", "content_map", "project")
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'"
)
GET_RUNTIME = f"run npm install {PACKAGE}@{VERSION} and name its folder with --runtime"


def export(out: Path, words: Mapping[str, str], *, model: str | Path | None = None, runtime: Path | None = None) -> int:
    """Write the files to a folder, which is new, empty, or an earlier export; returns their bytes.

    words: what the command line says of its options, by name. runtime: where npm has put onnxruntime-web; left out,
    npm is asked for it. An export that fails leaves the folder as it was.

    Raises:
        ParasolError: the model is on a backbone, there is no runtime, or nothing can be written there.
    """
    loaded = Parasol.load(model or DEFAULT_MODEL, threads=1)
    if loaded.bundle.manifest.backbone:
        raise ParasolError(f"the model {loaded.bundle.manifest.name!r} is run by torch, which no browser has: export "
                           "another")  # fmt: skip
    out = out.absolute()
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".parasol-export-", dir=out.parent) as part:
            made = Path(part) / "made"
            with _runtime_files(runtime) as files:
                _write(made, loaded, words, files)
            out.mkdir(exist_ok=True)
            for entry in sorted(made.iterdir(), key=lambda entry: entry.name == MARK):  # the mark last
                there = out / entry.name
                if there.exists():
                    there.replace(Path(part) / f"old-{entry.name}")
                entry.replace(there)
    except OSError as error:
        raise cannot_write(repr(str(out)), error) from error
    return sum(file.stat().st_size for file in out.rglob("*") if file.is_file())


def _write(made: Path, model: Parasol, words: Mapping[str, str], runtime: Mapping[str, bytes]) -> None:
    bundle = model.bundle
    shutil.copytree(STATIC, made)
    shutil.copyfile(made / "icon.svg", made / "favicon.ico")  # what a browser asks for beside a lone picture
    page = (made / "index.html").read_text()
    head = f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n<meta name="parasol-alone" content="yes">'
    (made / "index.html").write_text(page.replace('<meta charset="utf-8">', f'<meta charset="utf-8">\n{head}'))
    for folder in ("model", "runtime", "examples"):
        (made / folder).mkdir()
    for name, data in runtime.items():
        (made / "runtime" / name).write_bytes(data)
    parts = [name for name in COMPONENTS if name != "content_map" or bundle.manifest.content_map]
    guide = () if bundle.guide is None else (GUIDE_WEIGHTS, graph_file(GUIDE))
    for name in (MANIFEST, ATTRIBUTION, WEIGHTS, *map(graph_file, parts), *guide):
        shutil.copyfile(bundle.folder / name, made / "model" / name)
    space = space_file(bundle.manifest)
    if space is not None:
        shutil.copyfile(space, made / "model" / "space.safetensors")
    own = model.dials()
    facts = {
        "version": __version__,
        "identity": bundle.identity,
        "guide": bundle.guide,
        "hashes": [bundle.identity, bundle.hash],
        "strength": [[stop.style_scale, stop.structure] for stop in bundle.manifest.strength],
        "own": {dial.name: getattr(own, dial.name) for dial in named()},
    }
    shown = {**told_model(model), "words": False, "directions": []}
    setup = {"version": __version__, "dials": told_dials(words), "models": [shown], "limits": LIMITS,
             "search": 0, "teaching": "-"}  # fmt: skip
    answers = {
        "setup": setup,
        "facts": facts,
        "content": _examples(AS_CONTENT, made / "examples"),
        "style": _examples(AS_STYLE, made / "examples"),
        "bytes": (bundle.folder / WEIGHTS).stat().st_size,
    }
    (made / MARK).write_text(json.dumps(answers))


def _examples(names: tuple[str, ...], folder: Path) -> list[dict[str, Any]]:
    """The studio's own drawings, those that are SVG as this renderer draws them."""
    listed = []
    for name in names:
        data = (EXAMPLES / name).read_bytes()
        pixels = load_shown(data)
        if is_photograph(pixels):
            continue  # which another model is for
        if name.endswith(".svg"):
            name, data = f"{name[:-4]}.png", encode_png(load_rgba(data))
        (folder / name).write_bytes(data)
        height, width = pixels.shape[:2]
        digest = hashlib.sha256(data).hexdigest()
        listed.append({"id": digest, "width": width, "height": height, "photograph": False, "name": name})
    return listed


@contextmanager
def _runtime_files(folder: Path | None) -> Iterator[dict[str, bytes]]:
    """The files of onnxruntime-web by name, of the version that the page was tried with."""
    if folder is not None:
        package = next((place for place in _places(folder) if (place / "package.json").is_file()), None)
        version = None if package is None else json.loads((package / "package.json").read_text()).get("version")
        if package is None or version != VERSION or not all((package / "dist" / name).is_file() for name in RUNTIME):
            held = f"no {PACKAGE}" if version is None else f"{PACKAGE} {version}"
            raise ParasolError(f"{str(folder)!r} holds {held} and version {VERSION} is needed: {GET_RUNTIME}")
        yield {name: (package / "dist" / name).read_bytes() for name in RUNTIME}
        return
    npm = shutil.which("npm")
    if npm is None:
        raise ParasolError(f"an export needs {PACKAGE} {VERSION} and there is no npm to get it: where there is one, "
                           f"{GET_RUNTIME}")  # fmt: skip
    with tempfile.TemporaryDirectory() as scratch:
        asked = [npm, "pack", "--silent", f"{PACKAGE}@{VERSION}", "--pack-destination", scratch]
        answer = subprocess.run(asked, capture_output=True, text=True, cwd=scratch)
        packed = next(Path(scratch).glob("*.tgz"), None)
        if answer.returncode or packed is None:
            said = " ".join(answer.stderr.split())[:200]
            raise ParasolError(f"npm could not fetch {PACKAGE} {VERSION} ({said}): {GET_RUNTIME}")
        with tarfile.open(fileobj=io.BytesIO(packed.read_bytes())) as archive:
            members = {name: archive.extractfile(f"package/dist/{name}") for name in RUNTIME}
            yield {name: member.read() for name, member in members.items() if member is not None}


def _places(folder: Path) -> tuple[Path, ...]:
    """Where the package may lie, beginning with the folder itself."""
    name = PACKAGE
    return folder if folder.name == name else folder / name, folder / "node_modules" / name, folder, folder.parent

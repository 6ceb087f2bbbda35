"""Files that somebody may hand over changed, each with the package's own reader: all that is raised is ours."""

import gzip
import hashlib
import io
import json
import struct
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from lab.hostile import small

Reader = Callable[[bytes], object]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A file, what reads it, and how a change is made to look whole (checksums, packing), if it can be."""

    name: str
    data: bytes
    read: Reader
    seal: Callable[[bytes], bytes] | None = None
    document: bool = False
    """Whether `data` is JSON, whose fields are changed too; every change is then sealed."""


def kinds(files: Path, scratch: Path) -> list[Kind]:
    """All of them, from the small files; what must lie in a folder to be read is written into `scratch`."""
    return [*pictures(files), *_ours(files), *bundles(scratch), *_indexes(files, scratch), *_studies(files, scratch)]


def pictures(files: Path) -> list[Kind]:
    """What others make and we read, from pictures that were drawn."""
    from parasol.images import load

    photograph, drawn = Image.open(files / "content.png"), Image.open(files / "icon0.png")
    second = Image.open(files / "other.png")

    def saved(picture: Image.Image, kind: str, **settings: Any) -> bytes:
        file = io.BytesIO()
        picture.save(file, kind, **settings)
        return file.getvalue()

    by_name = {
        "png": saved(drawn, "PNG"),
        "jpeg": saved(photograph, "JPEG", quality=80, exif=_turned()),
        "webp": saved(drawn, "WEBP", lossless=True),
        "gif": saved(photograph.quantize(16), "GIF"),
        "animated gif": saved(photograph, "GIF", save_all=True, append_images=[second]),
        "tiff": saved(photograph, "TIFF", compression="tiff_lzw"),
        "avif": saved(photograph, "AVIF"),
        "jpeg 2000": saved(photograph, "JPEG2000"),
        "bmp": saved(drawn.convert("P"), "BMP"),
        "svg": (files / "icon0.svg").read_bytes(),
        "svgz": (files / "icon0.svg").read_bytes(),
    }
    seals = {"png": recrc, "svgz": lambda data: gzip.compress(data, 1, mtime=0)}
    return [Kind(name=name, data=data, read=load, seal=seals.get(name)) for name, data in by_name.items()]


def _turned() -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = 6
    return exif


def _ours(files: Path) -> list[Kind]:
    from parasol.adaptation import Adaptation
    from parasol.bundle import Bundle
    from parasol.cards import StyleCard, TaughtPart
    from parasol.finishing import finished
    from parasol.recipe import Recipe
    from parasol.search import Log
    from parasol.vector import measure

    models = {name: Bundle.open(name) for name in ("pictogram", "painting")}
    manifest = models["pictogram"].manifest
    weights = {"a": np.zeros((4, 3), np.float32), "b": np.zeros((2, 3, 1, 1), np.float32), "c": np.zeros(4, np.float32)}

    def recipe(data: bytes) -> object:
        parsed = Recipe.read(data)
        picture = parsed.picture()
        for read in (parsed.mask, parsed.protection, lambda: parsed.shown_descriptor(manifest.content.dimension)):
            read()
        parsed.style_parts(manifest.style.dimension, manifest.latent_channels)
        parsed.repeats(parsed, models["pictogram"])
        made = finished(parsed.ground, parsed.finish, picture, picture, kept=1.0, fresh=parsed.dials.fresh)
        return measure(made.rgba) if made.rgba is not None else made

    def card(data: bytes) -> object:
        return StyleCard.parse(data).of(manifest)

    def taught(data: bytes) -> object:
        from parasol.adaptation import adapted

        return adapted(weights, StyleCard.parse(data).of(manifest).taught)

    def session(data: bytes) -> object:
        from parasol.index.store import Encoders

        file = files / "changed.json"
        file.write_bytes(data)
        log = Log.read(file)
        return [step.query.query(Encoders.of(manifest)) for step in log.steps]

    lessons = {name: (np.ones((len(array), 1), np.float32), np.ones((1, array[0].size), np.float32))
               for name, array in weights.items() if array.ndim > 1}  # fmt: skip
    known = StyleCard.parse((files / small.CARD).read_bytes())
    part = TaughtPart.of(Adaptation.of(models["pictogram"].identity, lessons), 1.0)
    taught_card = known.model_copy(update={"format": 2, "taught": (part,)})
    inside = Recipe.read(files / small.MADE).text().encode()
    drawing = json.dumps(json.loads(Recipe.read(files / "made.svg").text())).encode()
    return [
        Kind(name="recipe png", data=(files / small.MADE).read_bytes(), read=recipe, seal=recrc),
        Kind(name="recipe svg", data=(files / "made.svg").read_bytes(), read=recipe),
        Kind(name="recipe jpeg", data=(files / "made.jpg").read_bytes(), read=recipe),
        Kind(name="recipe webp", data=(files / "made.webp").read_bytes(), read=recipe),
        Kind(name="recipe", data=inside, read=recipe, seal=carried, document=True),
        Kind(name="recipe of a drawing", data=drawing, read=recipe, seal=carried, document=True),
        Kind(name="card", data=(files / small.CARD).read_bytes(), read=card, document=True),
        Kind(name="taught card", data=taught_card.text().encode(), read=taught, document=True),
        Kind(name="session", data=(files / small.SESSION).read_bytes(), read=session, document=True),
    ]


def bundles(scratch: Path) -> list[Kind]:
    """A bundle's manifest, its weights (a few, in the same form), and a graph as far as it is read before it is run."""
    from safetensors.numpy import save

    from parasol.bundle import MANIFEST, WEIGHTS, Bundle
    from parasol.runtime.graph import external_tensors

    bundle = Bundle.open("pictogram")
    folder = scratch / "bundle"
    folder.mkdir(parents=True, exist_ok=True)
    manifest = (bundle.folder / MANIFEST).read_bytes()
    content = json.loads(manifest)
    content |= {"networks": {}, "training": {}, "strength": content["strength"][:2]}
    (folder / MANIFEST).write_bytes(manifest)
    tensors = {"project/a": np.ones((2, 3), np.float16), "project/b": np.ones(3, np.float32)}
    weights = save(tensors, {"project/c": "project/a"})

    def read_manifest(data: bytes) -> object:
        (scratch / MANIFEST).write_bytes(data)
        return Bundle._read(scratch)

    def read_weights(data: bytes) -> object:
        (folder / WEIGHTS).write_bytes(data)
        opened = Bundle._read(folder)
        return opened.weights("project"), list(opened._tensors("project/"))

    return [
        Kind(name="bundle manifest", data=json.dumps(content).encode(), read=read_manifest, document=True),
        Kind(name="safetensors", data=weights, read=read_weights, seal=headed),
        Kind(name="onnx graph", data=bundle.graph("project"), read=external_tensors),
    ]


def _indexes(files: Path, scratch: Path) -> list[Kind]:
    from parasol.index.lists import FOLDER, RECORD, opened_lists, write_lists
    from parasol.index.store import MANIFEST, SHARDS, Index

    source, folder = files / small.INDEX, scratch / "index"
    manifest = json.loads((source / MANIFEST).read_bytes())
    (shard,) = manifest["shards"]
    parts = {kind: (source / SHARDS / f"{shard[kind][:16]}.{end}").read_bytes()
             for kind, end in (("vectors", "npy"), ("entries", "jsonl"))}  # fmt: skip
    ends = {"vectors": "npy", "entries": "jsonl"}
    (folder / SHARDS).mkdir(parents=True, exist_ok=True)
    for kind, data in parts.items():
        (folder / SHARDS / f"{shard[kind][:16]}.{ends[kind]}").write_bytes(data)
    (folder / MANIFEST).write_bytes((source / MANIFEST).read_bytes())
    write_lists(Index.open(folder))
    record = json.loads((folder / FOLDER / RECORD).read_bytes())
    lists = {name: (folder / FOLDER / name).read_bytes() for name in record["files"]}

    def all_of(index: Index) -> object:
        rows = index.entries_of(range(len(index.table)))
        queries = np.ones(index.manifest.encoders.dimension, np.float32)
        lists = opened_lists(index)
        return rows, lists and lists[0].nearest(queries, 2)

    def read_manifest(data: bytes) -> object:
        (folder / MANIFEST).write_bytes(data)
        return all_of(Index.open(folder))

    def read_shard(kind: str, data: bytes) -> object:
        digest = hashlib.sha256(data).hexdigest()
        written = folder / SHARDS / f"{digest[:16]}.{ends[kind]}"
        written.write_bytes(data)
        changed = manifest | {"shards": [shard | {kind: digest}]}
        try:
            return read_manifest(json.dumps(changed).encode())
        finally:
            if digest != shard[kind]:
                written.unlink()

    def read_lists(name: str, data: bytes) -> object:
        (folder / MANIFEST).write_bytes((source / MANIFEST).read_bytes())
        for other, whole in lists.items():
            (folder / FOLDER / other).write_bytes(whole)
        files = record["files"]
        if name == RECORD:
            (folder / FOLDER / RECORD).write_bytes(data)
        else:
            (folder / FOLDER / name).write_bytes(data)
            files = files | {name: hashlib.sha256(data).hexdigest()}
            (folder / FOLDER / RECORD).write_text(json.dumps(record | {"files": files}))
        return all_of(Index.open(folder))

    kinds = [
        Kind(name="index manifest", data=json.dumps(manifest).encode(), read=read_manifest, document=True),
        Kind(name="lists", data=json.dumps(record).encode(), read=lambda d: read_lists(RECORD, d), document=True),
    ]
    kinds += [Kind(name=f"index {kind}", data=data, read=lambda d, kind=kind: read_shard(kind, d))
              for kind, data in parts.items()]  # fmt: skip
    kinds += [Kind(name=name, data=data, read=lambda d, name=name: read_lists(name, d)) for name, data in lists.items()
              if name.startswith("style")]  # fmt: skip
    return kinds


def _studies(files: Path, scratch: Path) -> list[Kind]:
    from parasol.study.folder import MANIFEST, load_study
    from parasol.study.sources import read_sources

    folder = files / small.STUDY
    whole = (folder / MANIFEST).read_bytes()
    names = sorted((files / "judged" / small.METHODS[0]).iterdir())
    pairs = [{"name": path.stem, "content": str(path), "style": str(path), "questions": ["overall"],
              "results": {method: str(path) for method in small.METHODS}} for path in names]  # fmt: skip

    def study(data: bytes) -> object:
        (folder / MANIFEST).write_bytes(data)
        try:
            made = load_study(folder)
        finally:
            (folder / MANIFEST).write_bytes(whole)
        turns = [trial for trials in made.schedule for trial in trials]
        shown = [(made.picture(trial, "left"), made.picture(trial, "right"), made.references(trial)) for trial in turns]
        return shown, [made.questions[trial.question] for trial in turns]

    def sources(data: bytes) -> object:
        (scratch / "pairs.json").write_bytes(data)
        return read_sources(scratch / "pairs.json", ["overall"])

    return [
        Kind(name="study", data=whole, read=study, document=True),
        Kind(name="pairs of a study", data=json.dumps({"pairs": pairs}).encode(), read=sources, document=True),
    ]


def recrc(data: bytes) -> bytes:
    """A PNG whose chunks have the right checksums, as far as it has chunks."""
    made, at = bytearray(data), 8
    while at + 12 <= len(made):
        (length,) = struct.unpack(">I", made[at : at + 4])
        end = at + 8 + length
        if end + 4 > len(made):
            break
        made[end : end + 4] = struct.pack(">I", zlib.crc32(made[at + 4 : end]))
        at = end + 4
    return bytes(made)


def headed(data: bytes) -> bytes:
    """A safetensors file that tells the right length of its header, as far as that ends with the last brace."""
    end = data.rfind(b"}}") + 2
    return struct.pack("<Q", max(0, end - 8)) + data[8:] if end > 10 else data


def carried(text: bytes) -> bytes:
    """A PNG that carries a recipe."""
    from parasol.recipe import KEYWORD

    info, file = PngInfo(), io.BytesIO()
    info.add_itxt(KEYWORD, text.decode("utf-8", "replace").replace("\0", " "), zip=False)
    Image.new("RGB", (8, 8)).save(file, "PNG", pnginfo=info)
    return file.getvalue()


def named(all_kinds: Sequence[Kind]) -> dict[str, Kind]:
    """By name."""
    return {kind.name: kind for kind in all_kinds}

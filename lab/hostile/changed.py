"""Documents of strangers, changed field by field, in whole commands: recipes, cards, bundles, indexes, sessions."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from lab.hostile import kinds, small
from lab.hostile.documents import documents, mangled
from lab.hostile.given import MODEL
from lab.hostile.judge import Run, Trial

Write = Callable[[Path, bytes], object]
SEED = 7  # of changes; the in-process ones have others


@dataclass(frozen=True, kw_only=True)
class Changed:
    """A file of the small ones, how it is changed, where it goes, and the commands that read it in turn."""

    text: Callable[[Path], bytes]
    """From the folder of small files."""

    write: Write
    """Puts a change into the folder of a run."""

    commands: tuple[tuple[str, ...], ...]
    document: bool = True
    may_change: tuple[str, ...] = ()
    leaves: tuple[str, ...] = ()
    made: tuple[str, ...] = ()


def trials(group: str, files: Path, count: int) -> Iterator[Trial]:
    """Changes of the group's files, in turn."""
    for number, subject in enumerate(ALL[group]):
        data, share = subject.text(files), -(-count // len(ALL[group]))
        changes = documents(data.decode(), SEED, share) if subject.document else mangled(data, SEED + number, share)
        for place, (what, change) in enumerate(changes):
            words = subject.commands[place % len(subject.commands)]
            run = Run(
                words=words,
                prepare=lambda folder, change=change, subject=subject: subject.write(folder, change),
                may_change=subject.may_change,
                leaves=subject.leaves,
                made=subject.made if "-o" in words else (),
            )
            yield Trial(group=group, name=f"{number}.{place} {words[0]}: {what[:60]!r}", act=run.act)


def _recipe(files: Path) -> bytes:
    from parasol.recipe import Recipe

    return Recipe.read(files / small.MADE).text().encode()


def _drawn(files: Path) -> bytes:
    from parasol.recipe import Recipe

    return Recipe.read(files / "made.svg").text().encode()


def _bundle(folder: Path, change: Mapping[str, bytes]) -> None:
    """A bundle in `folder`/bundle: the files of pictogram by links, but for those that are changed."""
    from parasol.bundle import MODELS

    (folder / "bundle").mkdir()
    for file in (MODELS / "pictogram").iterdir():
        if file.name in change:
            (folder / "bundle" / file.name).write_bytes(change[file.name])
        else:
            (folder / "bundle" / file.name).symlink_to(file)


def _sealed(folder: Path, name: str, data: bytes) -> None:
    """A bundle with another file, whose hash the manifest names, as a stranger's would."""
    import hashlib

    from parasol.bundle import MANIFEST, MODELS

    manifest = json.loads((MODELS / "pictogram" / MANIFEST).read_bytes())
    manifest["files"][name] = hashlib.sha256(data).hexdigest()
    _bundle(folder, {name: data, MANIFEST: json.dumps(manifest).encode()})


def _manifest(files: Path) -> bytes:
    from parasol.bundle import MANIFEST, MODELS

    manifest = json.loads((MODELS / "pictogram" / MANIFEST).read_bytes())
    return json.dumps(manifest | {"networks": {}, "training": {}, "strength": manifest["strength"][:2]}).encode()


def _of_model(name: str) -> Callable[[Path], bytes]:
    def read(files: Path) -> bytes:
        from parasol.bundle import MODELS

        return (MODELS / "pictogram" / name).read_bytes()[: 4_000 if name.endswith(".safetensors") else None]

    return read


def _in_index(name: str) -> Callable[[Path], bytes]:
    return lambda files: next((files / small.INDEX / "shards").glob(f"*.{name}")).read_bytes()


def _shard(end: str, kind: str) -> Write:
    """Puts a shard's file into the index under its own hash."""

    def write(folder: Path, data: bytes) -> None:
        import hashlib

        manifest = json.loads((folder / small.INDEX / "index.json").read_bytes())
        digest = hashlib.sha256(data).hexdigest()
        manifest["shards"][0][kind] = digest
        (folder / small.INDEX / "shards" / f"{digest[:16]}.{end}").write_bytes(data)
        (folder / small.INDEX / "index.json").write_text(json.dumps(manifest))

    return write


def _taught(files: Path) -> bytes:
    """A card that says that it was taught something: a change of the right length that changes nothing."""
    from parasol.adaptation import Adaptation, adaptable
    from parasol.bundle import Bundle
    from parasol.cards import StyleCard, TaughtPart

    bundle = Bundle.open("pictogram")
    weights = bundle.weights("denoise")
    none = {
        name: (np.zeros((len(weights[name]), 1)), np.zeros((1, weights[name][0].size))) for name in adaptable(weights)
    }
    card = StyleCard.parse((files / small.CARD).read_bytes())
    taught = (TaughtPart.of(Adaptation.of(bundle.identity, none), 1.0),)
    return card.model_copy(update={"format": 2, "taught": taught}).text().encode()


REPLAY = (("replay", "changed.png", "-o", "again.png"),)
LIKE = (("style", "content.png", "--like", "b.style.json", "-o", "out.png", *MODEL, *small.FEW),
        ("card", "b.style.json", "style.png", "-o", "c.style.json", *MODEL))  # fmt: skip
WITH = (("style", "content.png", "--like", "style.png", "-o", "out.png", "--model", "bundle", *small.FEW),
        ("card", "style.png", "-o", "c.style.json", "--model", "bundle"))  # fmt: skip
ASKED = (("search", small.INDEX, "--like", "style.png"), ("index", "info", small.INDEX),
         ("index", "build", "pictures", "-o", small.INDEX, *MODEL))  # fmt: skip
GOES_ON = (("search", small.INDEX, "--like", "style.png", "--session", small.SESSION, "--top", "2"),)
INDEXED = (f"{small.INDEX}/*",)

ALL: Mapping[str, tuple[Changed, ...]] = {
    "recipes": (
        Changed(text=_recipe, write=lambda at, data: (at / "changed.png").write_bytes(kinds.carried(data)),
                commands=REPLAY, made=("again.png",)),
        Changed(text=_drawn, write=lambda at, data: (at / "changed.png").write_bytes(kinds.carried(data)),
                commands=REPLAY, made=("again.png",)),
    ),
    "cards": (
        Changed(text=lambda files: (files / small.CARD).read_bytes(), commands=LIKE,
                write=lambda at, data: (at / "b.style.json").write_bytes(data)),
        Changed(text=_taught, commands=LIKE[:1], write=lambda at, data: (at / "b.style.json").write_bytes(data)),
    ),
    "bundles": (
        Changed(text=_manifest, commands=WITH, write=lambda at, data: _bundle(at, {"bundle.json": data})),
        Changed(text=_of_model("weights.safetensors"), commands=WITH[:1], document=False,
                write=lambda at, data: _sealed(at, "weights.safetensors", data)),
        Changed(text=_of_model("ATTRIBUTION"), commands=WITH[:1], document=False,
                write=lambda at, data: _bundle(at, {"ATTRIBUTION": data})),
    ),
    "indexes": (
        Changed(text=lambda files: (files / small.INDEX / "index.json").read_bytes(), commands=ASKED,
                write=lambda at, data: (at / small.INDEX / "index.json").write_bytes(data),
                may_change=INDEXED, leaves=INDEXED),
        Changed(text=_in_index("npy"), commands=ASKED, write=_shard("npy", "vectors"), document=False,
                may_change=INDEXED, leaves=INDEXED),
        Changed(text=_in_index("jsonl"), commands=ASKED, write=_shard("jsonl", "entries"), document=False,
                may_change=INDEXED, leaves=INDEXED),
    ),
    "sessions": (
        Changed(text=lambda files: (files / small.SESSION).read_bytes(), commands=GOES_ON,
                write=lambda at, data: (at / small.SESSION).write_bytes(data), may_change=(small.SESSION,)),
    ),
}  # fmt: skip

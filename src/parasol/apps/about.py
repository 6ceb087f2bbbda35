"""`parasol models` and `parasol env`: what there is to run, and what it runs on."""

import json
import os
import platform
from importlib import metadata
from typing import Annotated

import typer

from parasol.version import __version__

LIBRARIES = ("numpy", "pillow", "onnxruntime", "safetensors", "pydantic", "typer", "resvg-py", "torch", "diffusers")
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def models(json_: Json = False) -> None:
    """List the models inside the package and in the folders that PARASOL_MODELS names, joined as in PATH.

    Every --model takes one of these names, NAME@HASH for one of several editions, or the folder of a bundle.

    \b
    Example:
      parasol models --json
    """
    from parasol.bundle import DEFAULT_MODEL, MODELS, installed
    from parasol.editions import DIGITS, of_hash

    rows = []
    for bundle in installed():
        manifest, known = bundle.manifest, of_hash(bundle.hash)
        rows.append(
            {
                "name": manifest.name,
                "edition": None if known is None else known.edition,
                "default": bundle.folder == MODELS / DEFAULT_MODEL,
                "size": manifest.size,
                "result_size": manifest.default_size,
                "licence": manifest.licence,
                "dials": manifest.dials.model_dump(),
                "identity": bundle.identity,
                "hash": bundle.hash,
                "folder": str(bundle.folder),
            }
        )
    if json_:
        print(json.dumps(rows))
        return
    for row in rows:
        mark, name = "*" if row["default"] else " ", f"{row['name']}@{row['identity'][:DIGITS]}"
        edition = "" if row["edition"] is None else f"edition {row['edition']}"
        print(f"{mark} {name:<26} {edition:<10} {row['result_size']} px  {row['licence']}  {row['folder']}")


def env(json_: Json = False) -> None:
    """Print versions and the machine, for a bug report.

    \b
    Example:
      parasol env
    """
    facts = {
        "parasol": __version__,
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        **{name: _version(name) for name in LIBRARIES},
    }
    if json_:
        print(json.dumps(facts))
        return
    for name, value in facts.items():
        print(f"{name:<12} {value}")


def _version(library: str) -> str:
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return "not installed"

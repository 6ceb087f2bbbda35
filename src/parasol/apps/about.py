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
    """List the models inside the package; every --model takes one of these names, or the folder of a bundle.

    \b
    Example:
      parasol models --json
    """
    from parasol.bundle import DEFAULT_MODEL, Bundle, available_models

    rows = []
    for name in available_models():
        bundle = Bundle.open(name)
        manifest = bundle.manifest
        rows.append(
            {
                "name": name,
                "default": name == DEFAULT_MODEL,
                "size": manifest.size,
                "result_size": manifest.default_size,
                "licence": manifest.licence,
                "dials": manifest.dials.model_dump(),
                "hash": bundle.hash,
                "folder": str(bundle.folder),
            }
        )
    if json_:
        print(json.dumps(rows))
        return
    for row in rows:
        mark = "*" if row["default"] else " "
        print(
            f"{mark} {row['name']:<16} {row['result_size']} px  {row['licence']}  {row['hash'][:12]}  {row['folder']}"
        )


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

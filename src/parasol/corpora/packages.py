"""npm packages in pinned versions: fetched by npm itself, checked against the recipe's hash, read without unpacking."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Package:
    """An npm package in one version. `integrity` is npm's own `sha512-<base64>` of the archive."""

    name: str
    version: str
    integrity: str

    @property
    def archive(self) -> str:
        """The file name that `npm pack` gives the archive."""
        return f"{self.name.removeprefix('@').replace('/', '-')}-{self.version}.tgz"


def fetch(package: Package, folder: Path) -> Path:
    """The package's archive in `folder`, downloaded with `npm pack` unless it lies there already.

    Raises ValueError when npm is missing, when it fails, or when the archive isn't the pinned one.
    """
    path = folder / package.archive
    if path.is_file() and integrity_of(path) == package.integrity:
        return path
    npm = shutil.which("npm")
    if npm is None:
        raise ValueError(
            f"npm is needed to fetch {package.name} and was not found; "
            f"install Node.js (for example: apt install npm) or put {package.archive} into {folder}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ValueError(f"{folder} can't be made ({error.strerror}); choose another folder for packages") from error
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [npm, "pack", "--loglevel=error", f"{package.name}@{package.version}", "--pack-destination", scratch]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        fresh = Path(scratch) / package.archive
        if run.returncode != 0 or not fresh.is_file():
            raise ValueError(
                f"npm could not fetch {package.name}@{package.version} ({_reason(run)}); "
                "check the network, then run the same command again"
            )
        found = integrity_of(fresh)
        if found != package.integrity:
            raise ValueError(
                f"{package.name}@{package.version} has integrity {found}, the recipe pins {package.integrity}: "
                "the archive was changed; do not use it"
            )
        fresh.replace(path)
    return path


def _reason(run: subprocess.CompletedProcess[str]) -> str:
    """What npm complains of, in one line: its code and first sentence."""
    said = [line.removeprefix("npm error").strip() for line in run.stderr.splitlines() if line.startswith("npm error")]
    return ": ".join(said[:2]) or f"exit code {run.returncode}"


def integrity_of(path: Path) -> str:
    """npm's hash of an archive: `sha512-<base64>`."""
    return "sha512-" + base64.b64encode(hashlib.sha512(path.read_bytes()).digest()).decode()


def read_members(archive: Path, wanted: Callable[[str], bool]) -> dict[str, bytes]:
    """The files of an npm archive whose path (without the leading `package/`) is wanted: path -> contents."""
    members = {}
    with tarfile.open(archive, "r:gz") as tar:
        for member in tar:
            path = member.name.partition("/")[2]
            handle = tar.extractfile(member) if member.isfile() and wanted(path) else None
            if handle is not None:
                members[path] = handle.read()
    return members

"""Packages in pinned versions: fetched by their own client, checked against the recipe's hash; npm's are read here."""

import base64
import hashlib
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from parasol.errors import ParasolError


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


@dataclass(frozen=True, kw_only=True)
class Client:
    """The program that fetches packages of one kind.

    `arguments` are made of a package with its version (`spec`) and the folder to download to; a client that is
    `in_place` downloads to its working folder. `errors` begins the lines in which it complains. `way_out` tells what
    to do without the program, `retry` what to do when it fails.
    """

    program: str
    arguments: Callable[[str, str], list[str]]
    errors: str
    way_out: str
    retry: str
    in_place: bool = False


NPM = Client(
    program="npm",
    arguments=lambda spec, folder: ["pack", "--loglevel=error", spec, "--pack-destination", folder],
    errors="npm error",
    way_out="install Node.js (for example: apt install npm)",
    retry="check the network, then run the same command again",
)


def fetch(package: Package, folder: Path) -> Path:
    """The package's archive in `folder`, downloaded with `npm pack` unless it lies there already.

    Raises ValueError when npm is missing, when it fails, or when the archive isn't the pinned one.
    """
    spec = f"{package.name}@{package.version}"
    return obtain(folder / package.archive, spec=spec, integrity=package.integrity, digest=integrity_of, client=NPM)


def obtain(path: Path, *, spec: str, integrity: str, digest: Callable[[Path], str], client: Client) -> Path:
    """The archive at `path`, fetched by `client` unless it lies there with the pinned `integrity` already.

    Raises ValueError when the client is missing, when it fails, or when the archive isn't the pinned one.
    """
    if path.is_file() and digest(path) == integrity:
        return path
    folder = path.parent
    program = shutil.which(client.program)
    if program is None:
        raise ParasolError(
            f"{client.program} is needed to fetch {spec} and was not found; "
            f"{client.way_out} or put {path.name} into {folder}"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ParasolError(f"{folder} can't be made ({error.strerror}); choose another folder for packages") from error
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        command = [program, *client.arguments(spec, scratch)]
        place = scratch if client.in_place else None
        run = subprocess.run(command, capture_output=True, text=True, check=False, cwd=place)
        fresh = Path(scratch) / path.name
        if run.returncode != 0 or not fresh.is_file():
            raise ParasolError(
                f"{client.program} could not fetch {spec} ({_reason(run, client.errors)}); {client.retry}"
            )
        actual = digest(fresh)
        if actual != integrity:
            raise ParasolError(
                f"{spec} has integrity {actual}, the recipe pins {integrity}: the archive was changed; do not use it"
            )
        fresh.replace(path)
    return path


def _reason(run: subprocess.CompletedProcess[str], errors: str) -> str:
    """What the client complains of, in one line: its first two complaints."""
    said = [line.removeprefix(errors).strip() for line in run.stderr.splitlines() if line.startswith(errors)]
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

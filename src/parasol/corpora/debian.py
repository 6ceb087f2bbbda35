"""Debian packages in pinned versions: fetched by apt-get, checked against the recipe's hash, unpacked by dpkg."""

import hashlib
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from parasol.corpora.packages import Client, obtain
from parasol.errors import ParasolError

APT = Client(
    program="apt-get",
    arguments=lambda spec, folder: ["download", spec],
    errors="E:",
    way_out="build the corpus on Debian or Ubuntu, which have it,",
    retry="run `apt-get update` or download the archive by hand into the folder of packages, then run it again",
    in_place=True,
)


@dataclass(frozen=True, kw_only=True)
class DebianPackage:
    """A Debian package of data (architecture `all`) in one version. `integrity` is the archive's sha256 in hex."""

    name: str
    version: str
    integrity: str

    @property
    def archive(self) -> str:
        """The file name that `apt-get download` gives the archive."""
        return f"{self.name}_{self.version}_all.deb"


def fetch(package: DebianPackage, folder: Path) -> Path:
    """The package's archive in `folder`, downloaded with `apt-get download` unless it lies there already.

    Raises ValueError when apt-get is missing, when it fails, or when the archive isn't the pinned one.
    """
    spec = f"{package.name}={package.version}"
    return obtain(folder / package.archive, spec=spec, integrity=package.integrity, digest=sha256_of, client=APT)


def sha256_of(path: Path) -> str:
    """The hash that Debian's own lists of packages state, in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


@contextmanager
def unpacked(archive: Path) -> Iterator[Path]:
    """The files of a package in a folder beside its archive, for as long as they are needed.

    Raises ValueError when dpkg is missing or can't unpack the archive.
    """
    dpkg = shutil.which("dpkg")
    if dpkg is None:
        raise ParasolError(
            f"dpkg is needed to unpack {archive.name} and was not found; build the corpus on Debian or Ubuntu"
        )
    tree = archive.with_suffix(".tree")
    shutil.rmtree(tree, ignore_errors=True)  # left by a build that was killed
    try:
        run = subprocess.run([dpkg, "-x", str(archive), str(tree)], capture_output=True, text=True, check=False)
        if run.returncode != 0:
            said = " ".join(run.stderr.split()) or f"exit code {run.returncode}"
            raise ParasolError(
                f"dpkg could not unpack {archive} ({said}); free some space or delete it to fetch it anew"
            )
        yield tree
    finally:
        shutil.rmtree(tree, ignore_errors=True)

"""Triplets as WebDataset shards: plain tar files, in which KEY.x.png, KEY.y.jpg and KEY.s.webp are one triplet.

A tar file is not compressed, so where a member lies is all that is needed to read it. The order of an epoch is a
function of (seed, epoch) that walks through shards in random order and mixes the triplets of a few at a time: reading
stays within those, and a run that is resumed takes the very triplets that it would have taken.
"""

import io
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from parasol.errors import ParasolError
from parasol.training.backbone import MinedTriplets, Triplets, middle

ROLES = ("x", "y", "s")
KINDS = (".png", ".jpg", ".jpeg", ".webp")
MIXED = 4  # shards at a time
LARGEST = 64_000_000  # bytes of one picture in a shard
PER_SHARD = 1000


@dataclass(frozen=True, kw_only=True, slots=True)
class Member:
    """A picture in a shard, by where its bytes are."""

    shard: Path
    start: int
    size: int

    def read(self) -> bytes:
        """The picture's file."""
        with self.shard.open("rb") as opened:
            opened.seek(self.start)
            return opened.read(self.size)


class ShardedTriplets(Triplets):
    """The triplets of a folder of shards."""

    def __init__(self, folder: Path) -> None:
        self.shards = [list(_members(shard)) for shard in sorted(folder.glob("*.tar"))]
        self.all = [triplet for shard in self.shards for triplet in shard]
        self._starts = np.cumsum([0, *(len(shard) for shard in self.shards)])
        self._order = lru_cache(maxsize=2)(self._ordered)

    def __len__(self) -> int:
        return len(self.all)

    def rows(self, random: np.random.Generator, batch: int, *, seed: int, step: int) -> np.ndarray:
        """The batch of a step, of an order that goes through all triplets before one comes again."""
        places = np.arange(step * batch, (step + 1) * batch)
        epochs = [self._order(seed, int(epoch))[place] for epoch, place in zip(*divmod(places, len(self)), strict=True)]
        return np.array(epochs)

    def _ordered(self, seed: int, epoch: int) -> np.ndarray:
        random = np.random.default_rng([seed, epoch])
        order = random.permutation(len(self.shards))
        mixed = []
        for at in range(0, len(order), MIXED):
            part = [np.arange(*self._starts[shard : shard + 2]) for shard in order[at : at + MIXED]]
            mixed.append(random.permutation(np.concatenate(part)))
        return np.concatenate(mixed)

    def read(self, rows: np.ndarray, size: int) -> tuple[Tensor, Tensor, Tensor]:
        triplets = [self.all[row] for row in rows]
        x, y, s = (torch.stack([middle(part[role].read(), size) for part in triplets]) for role in range(len(ROLES)))
        return x, y, s


def _members(shard: Path) -> Iterator[tuple[Member, ...]]:
    """The triplets of a shard, in the order in which they lie there. Raises ParasolError where one is not whole."""
    by_key: dict[str, dict[str, Member]] = {}
    try:
        with tarfile.open(shard, "r:") as opened:
            for member in opened:
                key, _, rest = Path(member.name).name.partition(".")
                role, _, kind = rest.partition(".")
                if member.isfile() and role in ROLES and f".{kind.lower()}" in KINDS and member.size <= LARGEST:
                    place = Member(shard=shard, start=member.offset_data, size=member.size)
                    by_key.setdefault(key, {})[role] = place
    except (tarfile.TarError, OSError) as error:
        raise ParasolError(f"{shard} is no tar file or breaks off ({error}): write it again") from error
    length = shard.stat().st_size
    for key, roles in by_key.items():
        lost = [role for role in ROLES if role not in roles]
        if lost or any(member.start + member.size > length for member in roles.values()):
            what = f"no picture {key}.{lost[0]}.png (or jpg, webp)" if lost else f"{key} breaks off"
            raise ParasolError(f"{shard}: {what}; a triplet is KEY.x.*, KEY.y.* and KEY.s.*: write it again")
        yield tuple(roles[role] for role in ROLES)


def pack(triplets: MinedTriplets, folder: Path, per_shard: int = PER_SHARD) -> Iterator[tuple[int, int]]:
    """Write mined triplets, the files of their pictures as they are, as shards; (triplets done, in all) as it goes.

    A shard is written under another name first: what is there is whole.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for start in range(0, len(triplets), per_shard):
        shard = folder / f"{start // per_shard:06d}.tar"
        made = shard.with_suffix(".part")
        with tarfile.open(made, "w", format=tarfile.USTAR_FORMAT) as written:
            for row in range(start, min(len(triplets), start + per_shard)):
                for role, rows in zip(ROLES, triplets.rows_of, strict=True):
                    _add(written, f"{row:09d}.{role}", triplets.root / triplets.paths[rows[row]])
        made.replace(shard)
        yield min(len(triplets), start + per_shard), len(triplets)


def _add(written: tarfile.TarFile, name: str, picture: Path) -> None:
    kind = picture.suffix.lower()
    if kind not in KINDS:
        raise ParasolError(f"{picture}: shards hold {', '.join(KINDS)}: convert it, or train on the folder of triplets")
    data = picture.read_bytes()
    member = tarfile.TarInfo(f"{name}{kind}")
    member.size = len(data)
    written.addfile(member, io.BytesIO(data))


def open_triplets(folder: Path) -> Triplets:
    """The triplets of a folder of shards, or of `parasol triplets mine`."""
    return ShardedTriplets(folder) if any(folder.glob("*.tar")) else MinedTriplets(folder)

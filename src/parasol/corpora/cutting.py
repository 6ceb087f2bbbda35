"""From drafts to pictures on disk: what is broken, closed, small or double is left out; the rest is cut into crops."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from parasol import images
from parasol.corpora.attribution import attribution
from parasol.corpora.building import ATTRIBUTION_FILE, Progress, finish, sha256
from parasol.corpora.corpus import CELLS_FILE, PICTURES_FILE, SKIPPED_FILE, json_lines
from parasol.corpora.crops import Place, places
from parasol.corpora.debian import DebianPackage
from parasol.corpora.drafts import Draft
from parasol.corpora.drawings import Credit
from parasol.corpora.gallery import Crop, Picture
from parasol.corpora.licences import OPEN, objection
from parasol.corpora.likeness import Portrait, double_of, portrait
from parasol.corpora.split import PICTURE_SPLITS, split_of_stem

FLATTEST = 2.0  # of 255, deviation of the pixels of a crop; below it shows nothing


class Build:
    """One run of the recipe: pictures are looked at one by one, doubles left out, then crops are cut."""

    def __init__(self, *, out: Path, size: int, overlap: float) -> None:
        self.out, self.size, self.overlap = out, size, overlap
        self.seen: list[tuple[Picture, Credit, Portrait]] = []
        self.crops: list[Crop] = []
        self.skipped: list[dict[str, str]] = []

    def look(self, package: DebianPackage, draft: Draft) -> None:
        """Keep a picture whole, unless something speaks against it."""
        reason = draft.refusal or objection(draft.notice)
        if reason or draft.notice is None:
            self._skip(draft.id, reason)
            return
        path = self.out / f"pictures/{draft.id}{draft.suffix}"
        try:
            data = path.read_bytes() if path.is_file() else draft.load()
            pixels = images.load(data)
        except ValueError as error:
            self._skip(draft.id, str(error))
            return
        height, width = pixels.shape[:2]
        if min(width, height) < self.size:
            self._skip(draft.id, f"small: {width} x {height} pixels, and a crop has {self.size}")
            return
        if not path.is_file():
            images.write_atomic(path, data)
        notice = draft.notice
        trainable = OPEN.fullmatch(notice.licence) is not None
        picture = Picture(
            id=draft.id,
            source=package.name,
            kind=draft.kind,
            subject=draft.subject,
            caption=draft.caption,
            painter=draft.painter,
            author=notice.author,
            licence=notice.licence,
            origin=notice.source,
            note=notice.note,
            split=split_of_stem(draft.stem, trainable=trainable),
            width=width,
            height=height,
            file=str(path.relative_to(self.out)),
            sha256=sha256(data),
        )
        self.seen.append((picture, _credit(picture, package), portrait(pixels, origin=notice.source)))

    def draw(self) -> Iterator[Progress]:
        """Cut the crops of all pictures that are no doubles."""
        self._drop_doubles()
        plans = [(picture, self._places(picture)) for picture, _, _ in self.seen]
        total, done = sum(len(cuts) for _, cuts in plans), 0
        for picture, cuts in plans:
            self._cut(picture, cuts)
            done += len(cuts)
            yield Progress(stage="draw", done=done, total=total, skipped=len(self.skipped), note=picture.id)

    def finish(self, settings: dict) -> None:
        """Write the tables."""
        pictures = [picture for picture, _, _ in self.seen]
        counts = {
            "pictures": dict(Counter(picture.source for picture in pictures)),
            "kinds": dict(Counter(picture.kind for picture in pictures)),
            "licences": dict(sorted(Counter(picture.licence for picture in pictures).items())),
            "splits": {split: sum(picture.split == split for picture in pictures) for split in PICTURE_SPLITS},
            "cells": {split: sum(crop.split == split for crop in self.crops) for split in PICTURE_SPLITS},
        }
        tables = {
            CELLS_FILE: json_lines([asdict(crop) for crop in self.crops]),
            PICTURES_FILE: json_lines([asdict(picture) for picture in pictures]),
            SKIPPED_FILE: json_lines(sorted(self.skipped, key=lambda entry: entry["id"])),
            ATTRIBUTION_FILE: attribution(
                [credit for _, credit, _ in self.seen],
                opening="The photographs and paintings of this corpus, and whose the files are:",
                closing="Files in pictures/ are the packages' own, except those put together from pieces.\n"
                "Crops are scaled and cut out of them.",
            ).encode(),
        }
        finish(self.out, tables, {**settings, **counts})

    def _drop_doubles(self) -> None:
        """Leave out every picture that another file holds too, so that no picture is on two sides of the split."""
        unique: list[tuple[str, Portrait]] = []
        for picture, _, face in sorted(self.seen, key=lambda kept: precedence(kept[0])):
            double = double_of(face, unique)
            if double:
                self._skip(picture.id, f"double: the same picture as {double}")
                (self.out / picture.file).unlink()
            else:
                unique.append((picture.id, face))
        kept_ids = {name for name, _ in unique}
        self.seen = [kept for kept in self.seen if kept[0].id in kept_ids]

    def _places(self, picture: Picture) -> list[Place]:
        return places(picture.width, picture.height, size=self.size, overlap=self.overlap)

    def _cut(self, picture: Picture, cuts: Sequence[Place]) -> None:
        """Note the crops of a picture, cutting what is missing."""
        scaled: dict[int, Image.Image] = {}
        for number, place in enumerate(cuts):
            name = f"{picture.id}/{place.level}-{number:03d}"
            path = self.out / f"cells/{name}.png"
            if path.is_file():  # and complete, for it was renamed into place
                data = path.read_bytes()
            else:
                if place.level not in scaled:
                    pixels = images.to_uint8(images.load(self.out / picture.file))
                    scaled[place.level] = Image.fromarray(pixels).resize(
                        (place.width, place.height), Image.Resampling.LANCZOS
                    )
                box = (place.left, place.top, place.left + self.size, place.top + self.size)
                cut = scaled[place.level].crop(box)
                if np.asarray(cut, np.float32).std(axis=(0, 1)).max() < FLATTEST:
                    self._skip(name, "blank: every pixel is nearly the same")
                    continue
                data = _png(cut)
                images.write_atomic(path, data)
            scale = picture.width / place.width
            self.crops.append(
                Crop(
                    id=name,
                    picture=picture.id,
                    level=place.level,
                    left=round(place.left * scale),
                    top=round(place.top * scale),
                    side=round(self.size * scale),
                    split=picture.split,
                    kind=picture.kind,
                    licence=picture.licence,
                    file=f"cells/{name}.png",
                    sha256=sha256(data),
                )
            )

    def _skip(self, name: str, reason: str) -> None:
        self.skipped.append({"id": name, "reason": reason})


def precedence(picture: Picture) -> tuple[bool, int]:
    """Of two doubles the first by this order is kept: one that may be trained on, then the larger."""
    return OPEN.fullmatch(picture.licence) is None, -picture.width * picture.height


def _credit(picture: Picture, package: DebianPackage) -> Credit:
    title = f"{picture.painter}: {picture.caption}, " if picture.painter else ""
    note = f" ({picture.note})" if picture.note else ""
    return Credit(
        set=picture.id,
        author=f"{title}{picture.author}{note}",
        source=picture.origin or package.name,
        licence=picture.licence,
        licence_url="",
        package=package.name,
        version=package.version,
    )


def _png(picture: Image.Image) -> bytes:
    buffer = BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()

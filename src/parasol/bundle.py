"""Bundles: THE place a model comes from. A folder with a manifest, one weights file and six graphs without weights.

    bundle.json           what the model is, its default dials, and the SHA-256 of every other file
    weights.safetensors   the one copy of the weights, float16 (vectors float32), named `<component>/<parameter>`; its
                          metadata leads from each tensor that equals another to the one that is stored
    ATTRIBUTION           who drew what the weights were trained on
    <component>.onnx      graphs whose weights are named there and read from `weights.safetensors`
    guide.onnx, guide.safetensors
                          where the model has one: the guide, which spares the U-Net two of three passes

A bundle on somebody else's backbone has that one's folders in place of weights and graphs, in diffusers' layout:

    unet, vae, scheduler, image_encoder, style_encoder, projector      configurations and safetensors

Nothing in a bundle is ever executed: the files are JSON, safetensors and ONNX graphs that can open no other file.
"""

import hashlib
import json
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError, create_model

from parasol import editions
from parasol.adaptation import Adaptations, adapted
from parasol.dials import Dials, named
from parasol.errors import ParasolError
from parasol.maths.schedule import Schedule
from parasol.strict import Strict

FORMAT = 1
DEFAULT_MODEL = "pictogram"
MANIFEST = "bundle.json"
WEIGHTS = "weights.safetensors"
ATTRIBUTION = "ATTRIBUTION"
COMPONENTS = ("encode", "decode", "denoise", "style", "content", "project")
WORDS = ("words_style", "words_content")
"""Components of those bundles alone that take words."""
CONTENT_MAP = "content_map"
"""Component of those bundles alone that have spatial content tokens."""
GUIDE = "guide"
"""Component of those bundles alone that have learned to guide in one pass of the U-Net."""
GUIDE_WEIGHTS = "guide.safetensors"
MODELS = Path(__file__).parent / "models"
EDITION = re.compile(r"(?P<name>[^@]*)@(?P<digits>[0-9a-f]{4,64})")
"""One of several models of a name: NAME@HASH, the first digits of its identity or of its manifest's hash."""
LARGEST_MANIFEST = 4_000_000  # bytes; ours have 20 thousand
LARGEST_GRAPH = 256_000_000  # bytes; weights are not in it
LARGEST_SIDE = 8192  # px
MOST_REPEATED = 8  # times what is stored: parameters of one component that lead to the same tensors, in float32
GET_ANOTHER = "copy or download the bundle again, or export it anew with `parasol export`"


class BundleError(ParasolError):
    """A model that cannot be used. One line: what is wrong, and the way out."""


Short = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""A name that errors tell, in their one line."""


class EncoderCard(Strict):
    """Identity of a descriptor space: descriptors of different names or versions must not be compared."""

    name: Short
    version: Short
    dimension: int = Field(ge=1, le=65_536)
    size: int = Field(ge=8, le=LARGEST_SIDE, description="side in px of the square that the encoder sees")


class WordsCard(Strict):
    """Which sentences the heads for words take, and the versions of the descriptor spaces that they lead into.

    style: "" where words name contents alone.
    """

    sentences: str
    style: str
    content: str


def own_dials(record: type[Dials] = Dials) -> Any:
    """The record of those dials of which a manifest may say what suits its model."""
    fields: dict[str, Any] = {}
    for dial in named(record):
        if dial.dial.own is not None:
            ends: dict[str, Any] = {"ge": dial.dial.low, "le": dial.dial.high} if dial.sort in (int, float) else {}
            fields[dial.name] = (dial.annotation, Field(... if dial.required else dial.default, **ends))
    return create_model("OwnDials", __base__=Strict, **fields)


class DefaultDials(own_dials()):
    """Dials that suit this model, used where the caller names none."""


class StrengthStop(Strict):
    """Dials at one of the evenly spaced strengths from 0 to 1."""

    style_scale: float
    structure: float


class Manifest(Strict):
    """The content of `bundle.json`."""

    format: int
    name: Short
    licence: str
    size: int = Field(ge=32, le=LARGEST_SIDE, description="longer side in px that the model was trained at")
    result_size: int = Field(
        0, ge=0, le=LARGEST_SIDE, description="longer side in px of results where none is asked for; 0 for `size`"
    )
    stride: int = Field(ge=8, le=1024, description="sides are padded to a multiple of this, in px")
    latent_channels: int = Field(ge=1, le=1024)
    latents: str = Field("", description="version of the autoencoder, of whose latents textures are")
    schedule: Schedule
    prediction: Literal["epsilon", "v"] = Field("epsilon", description="what the U-Net predicts; samplers take epsilon")
    dials: DefaultDials
    style: EncoderCard
    content: EncoderCard
    words: WordsCard | None = Field(None, description="none where the model takes pictures alone")
    content_map: int = Field(0, ge=0, le=65_536, description="spatial content tokens; 0 where the model has none")
    strength: tuple[StrengthStop, ...] = Field(
        default=(), description="stops of the calibrated dial; none before calibration"
    )
    backbone: str = Field("", description="class of the backbone that it stands on, run by torch alone; '' for ours")
    networks: dict[str, dict[str, Any]] = Field(description="configuration of each torch network of ours")
    training: dict[str, Any] = Field(description="record of how the weights came to be")
    files: dict[str, str] = Field(description="SHA-256 of every file beside this one")

    @property
    def default_size(self) -> int:
        """Longer side in px of results where none is asked for."""
        return self.result_size or self.size


@dataclass(frozen=True, kw_only=True)
class Bundle:
    """A verified bundle on disk."""

    folder: Path
    manifest: Manifest
    hash: str
    """SHA-256 of the manifest. It holds those of all other files, so two bundles of one hash are the same files."""

    adaptations: Adaptations = ()
    """What the U-Net's weights are changed by; none where it is as it was trained."""

    @classmethod
    def open(cls, model: str | Path | None = None) -> "Bundle":
        """Find and verify a bundle: the default, one by name, by NAME@HASH, or a folder.

        Raises:
            BundleError: there is no such model, a file is missing or is not what the manifest says, or the format is
                not one that this version reads.
        """
        return cls._read(_find(model))._verified()

    @classmethod
    def named(cls, name: str, digits: str) -> "Bundle":
        """Find and verify the model that a recipe names, bundled or in `PARASOL_MODELS`. `name` is for the error alone.

        Raises:
            BundleError: it is not there, which says how to get it; else as `open` does.
        """
        matches = [bundle for bundle in _matching(digits) if bundle.goes_by(digits)]
        if not matches:
            raise BundleError(
                f"{editions.titled(name, digits)} made this and is not installed: {editions.way_to(digits)}"
            )
        return matches[0]._verified()

    @cached_property
    def identity(self) -> str:
        """SHA-256 of all that painting reads, which is what the pixels of a picture depend on.

        Two bundles of one identity paint the same pictures from the same recipes, whatever their names, default dials,
        strength stops, words, texts and training records. The table of editions knows those of bundled models; of any
        other the tensors are read once, when it is first asked for.

        Raises:
            BundleError: the weights file is no safetensors file.
        """
        known = editions.of_hash(self.hash)
        return _identity(self) if known is None else known.identity

    def goes_by(self, digits: str) -> bool:
        """Whether a recipe's hash names this model: its identity, its manifest, or a manifest of the same edition."""
        return digits == self.hash or editions.identity_of(digits) == self.identity

    @classmethod
    def _read(cls, folder: Path) -> "Bundle":
        text = _content(folder / MANIFEST, LARGEST_MANIFEST, folder)
        return cls(folder=folder, manifest=_parse(text, folder), hash=hashlib.sha256(text).hexdigest())

    def _verified(self) -> "Bundle":
        files = (WEIGHTS, ATTRIBUTION, *map(graph_file, _components(self.manifest)))
        files += (GUIDE_WEIGHTS,) if GUIDE in self.manifest.networks else ()
        for file in (ATTRIBUTION, *parts_in(self.folder)) if self.manifest.backbone else files:
            _verify(self.folder / file, self.manifest.files.get(file), self.folder)
        return self

    @property
    def guide(self) -> str | None:
        """SHA-256 of the guide, by which recipes that it takes part in name it; None where the model has none.

        It is no part of the identity: without the dial that asks for it, no pixel depends on it.
        """
        if GUIDE not in self.manifest.networks:
            return None
        files = [self.manifest.files[file] for file in (graph_file(GUIDE), GUIDE_WEIGHTS)]
        return hashlib.sha256(" ".join(files).encode()).hexdigest()

    def graph(self, component: str) -> bytes:
        """The ONNX graph of a component."""
        return _content(self.folder / graph_file(component), LARGEST_GRAPH, self.folder)

    def weights(self, component: str, wanted: Collection[str] | None = None) -> dict[str, np.ndarray]:
        """Weights of a component by parameter name, as float32 in memory of their own; all, or those that are wanted.

        Raises:
            BundleError: the weights file is no safetensors file, or holds what is no weight.
        """
        prefix, file = f"{component}/", weights_file(component)
        arrays, left = dict[str, np.ndarray](), MOST_REPEATED * (self.folder / file).stat().st_size
        adaptations = self.adaptations if component == "denoise" else ()
        for name, values in self._tensors(prefix, file=file):
            key = name.removeprefix(prefix)
            if wanted is not None and key not in wanted and not adaptations:
                continue
            left -= values.nbytes
            if left < 0 or values.dtype.kind not in "fiu" or not np.isfinite(values).all():
                fault = "leads to the same tensors too often" if left < 0 else "holds what is no finite number"
                raise BundleError(f"{_name(self.folder)}: {file} {fault}, at {name[:80]!r}: {GET_ANOTHER}")
            arrays[key] = values.astype(np.float32)
        if adaptations:
            arrays = {key: value for key, value in adapted(arrays, adaptations).items() if not wanted or key in wanted}
        return arrays

    def _tensors(self, *prefixes: str, file: str = WEIGHTS) -> Iterator[tuple[str, np.ndarray]]:
        """(name, values as they are stored) of each tensor whose name starts so, by name."""
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.folder / file, framework="numpy") as opened:
                stored = {name: name for name in opened.keys()}  # noqa: SIM118 (it has no iterator)
                for name, place in sorted((stored | (opened.metadata() or {})).items()):
                    if name.startswith(prefixes):
                        yield name, opened.get_tensor(place)
        except (SafetensorError, OSError, TypeError, ValueError, AttributeError) as error:  # numpy has no bfloat16
            raise BundleError(f"{_name(self.folder)}: {file} cannot be read ({error}): {GET_ANOTHER}") from error


def available_models() -> list[str]:
    """Names of the models inside the installed package."""
    return sorted(manifest.parent.name for manifest in MODELS.glob(f"*/{MANIFEST}"))


def installed() -> list[Bundle]:
    """Every model that there is: those inside the package, then those in `PARASOL_MODELS`, not verified yet.

    A folder there is a bundle or holds such; one of a format that is not read, or without a whole manifest, is passed
    over.

    Raises:
        BundleError: `PARASOL_MODELS` names no folder.
    """
    folders = [MODELS / name for name in available_models()]
    for place in editions.named_folders():
        if not place.is_dir():
            raise BundleError(f"{editions.FOLDERS} names {str(place)!r}, which is no folder: correct or unset it")
        held = sorted(manifest.parent for manifest in place.glob(f"*/{MANIFEST}"))
        folders += [place] if (place / MANIFEST).exists() else held
    bundles = []
    for folder in folders:
        try:
            bundles.append(Bundle._read(folder))
        except BundleError:
            continue
    return bundles


def parts_in(folder: Path) -> list[str]:
    """Every file of a backbone's parts, by its path in the folder: all that torch may read."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.glob("*/*") if path.is_file())


def graph_file(component: str) -> str:
    """File name of a component's graph."""
    return f"{component}.onnx"


def weights_file(component: str) -> str:
    """File name of a component's weights."""
    return GUIDE_WEIGHTS if component == GUIDE else WEIGHTS


def sha256(file: Path) -> str:
    """Hash of a file, in hexadecimal."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def first_fault(error: ValidationError) -> str:
    """Where JSON departs from its record, and how: `field (message)`."""
    first = error.errors(include_url=False, include_context=False, include_input=False)[0]
    place = ".".join(map(str, first["loc"])).encode(errors="backslashreplace").decode()
    return f"{place[:80] or 'the start'} ({first['msg'][:200]})"


def shortened(value: object) -> str:
    """A value of a file for one line of an error."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."


def _components(manifest: Manifest) -> tuple[str, ...]:
    maps = (CONTENT_MAP,) if manifest.content_map else ()
    return (*COMPONENTS, *(WORDS if manifest.words else ()), *maps, *((GUIDE,) if GUIDE in manifest.networks else ()))


def _find(model: str | Path | None) -> Path:
    bundled = available_models()
    if model is None:
        model = DEFAULT_MODEL
    if isinstance(model, str) and model in bundled:
        return MODELS / model
    if Path(model).is_dir():
        return Path(model)
    edition = EDITION.fullmatch(str(model))
    name, digits = (str(model), "") if edition is None else (edition["name"], edition["digits"])
    matches = [bundle for bundle in _matching(digits) if bundle.manifest.name == name]
    if len(matches) == 1 or len({bundle.identity for bundle in matches}) == 1:
        return matches[0].folder
    if matches:
        several = ", ".join(f"{name}@{bundle.identity[: editions.DIGITS]}" for bundle in matches)
        raise BundleError(f"there are several models {str(model)!r}: name one of {several}, or its folder")
    if edition and editions.of_hash(digits):
        raise BundleError(f"{editions.titled(name, digits)} is not installed: {editions.way_to(digits)}")
    known = ", ".join(bundled) or "none"
    raise BundleError(
        f"there is no model {str(model)!r}: name a bundled one ({known}), one in {editions.FOLDERS}, or the folder of "
        "a bundle"
    )


def _matching(digits: str) -> list[Bundle]:
    """The installed models whose identity or manifest's hash starts so, those found without reading weights first."""
    models, identity = installed(), editions.identity_of(digits)
    quick = [model for model in models if model.hash.startswith(digits) or _listed_as(model, identity)]
    return quick or [
        model for model in models if editions.of_hash(model.hash) is None and model.identity.startswith(identity)
    ]


def _listed_as(bundle: Bundle, identity: str) -> bool:
    known = editions.of_hash(bundle.hash)
    return known is not None and known.identity.startswith(identity)


def _identity(bundle: Bundle) -> str:
    manifest = bundle.manifest
    painted = (*COMPONENTS, *((CONTENT_MAP,) if manifest.content_map else ()))
    if manifest.backbone:
        described = {name: digest for name, digest in manifest.files.items() if "/" in name}
        facts = [manifest.default_size, manifest.stride, described]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()
    facts = {
        "schedule": manifest.schedule.facts(),
        "prediction": manifest.prediction,
        "size": manifest.default_size,  # at which the textures of style pictures are seen
        "stride": manifest.stride,
        "latent_channels": manifest.latent_channels,
        "style": [manifest.style.dimension, manifest.style.size],
        "content": [manifest.content.dimension, manifest.content.size],
        "content_map": manifest.content_map,
        "networks": {name: value for name, value in manifest.networks.items() if name not in ("words", GUIDE)},
        "graphs": {component: manifest.files.get(graph_file(component)) for component in painted},
    }
    digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode())
    for name, values in bundle._tensors(*(f"{component}/" for component in painted)):
        digest.update(f"{name} {values.dtype} {values.shape}\n".encode())
        digest.update(values.tobytes())
    return digest.hexdigest()


def _parse(text: bytes, folder: Path) -> Manifest:
    try:
        content = json.loads(text)
        version = content["format"]
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise BundleError(f"{_name(folder)}: {MANIFEST} is not the manifest of a bundle: {GET_ANOTHER}") from error
    if version != FORMAT:
        raise BundleError(
            f"{_name(folder)} has bundle format {shortened(version)} and this version reads format {FORMAT}: "
            "update parasol-style, or export the model anew"
        )
    try:
        return Manifest.model_validate(content)
    except ValidationError as error:
        raise BundleError(f"{_name(folder)}: {MANIFEST} is wrong at {first_fault(error)}: {GET_ANOTHER}") from error


def _content(file: Path, most: int, folder: Path) -> bytes:
    """A small file of a bundle; what is no file, such as a pipe that never ends, or is too large is refused."""
    try:
        if file.exists() and not file.is_file():
            raise BundleError(f"{_name(folder)}: {file.name} is no regular file: {GET_ANOTHER}")
        with file.open("rb") as opened:
            data = opened.read(most + 1)
    except OSError as error:
        raise BundleError(f"{_name(folder)} has no readable {file.name} ({error.strerror}): {GET_ANOTHER}") from error
    if len(data) > most:
        raise BundleError(f"{_name(folder)}: {file.name} has more than {most // 1_000_000} MB: {GET_ANOTHER}")
    return data


def _verify(file: Path, expected: str | None, folder: Path) -> None:
    if expected is None:
        raise BundleError(f"{_name(folder)}: {MANIFEST} names no hash for {file.name}: {GET_ANOTHER}")
    try:
        if file.exists() and not file.is_file():
            raise BundleError(f"{_name(folder)}: {file.name} is no regular file: {GET_ANOTHER}")
        digest = sha256(file)
    except OSError as error:
        raise BundleError(f"{_name(folder)}: {file.name} cannot be read ({error.strerror}): {GET_ANOTHER}") from error
    if digest != expected:
        raise BundleError(
            f"{_name(folder)}: {file.name} is not the file that the manifest names (it is damaged or was changed): "
            f"{GET_ANOTHER}"
        )


def _name(folder: Path) -> str:
    return f"the model in {str(folder)!r}"

"""`parasol backbone import`: a checked copy of a model of others, with encoders, as a base to train on."""

import json
import shutil
from collections import deque
from pathlib import Path

from diffusers.models.autoencoders.autoencoder_kl import AutoencoderKL
from diffusers.models.unets.unet_2d_condition import UNet2DConditionModel
from safetensors.numpy import save_file

from parasol.backbones.convert import convert
from parasol.backbones.encoders import TextTower, load_encoder
from parasol.backbones.files import SUFFIX, BackboneError, Tensors, header
from parasol.backbones.inspection import (
    CONTENT,
    CSD_HEAD,
    ENCODER_STEM,
    SCHEDULER,
    STEM,
    STYLE,
    TEXT,
    UNET,
    VAE,
    Backbone,
    Component,
    encoder_in,
    inspect,
    text_in,
    tokenizer_of,
    words_in,
)
from parasol.backbones.networks import check_keys, fit_content
from parasol.backbones.single import read_single
from parasol.bundle import Bundle

OWN_MODEL = "painting"  # whose encoders stand in
CONFIGURATIONS = ("config.json", "scheduler_config.json", "preprocessor_config.json")
TOKENIZER = ("tokenizer.json", "tokenizer_config.json", "vocab.json", "merges.txt", "special_tokens_map.json")


def bring(
    source: Path,
    base: Path,
    *,
    style: Path | None = None,
    content: Path | None = None,
    prediction: str | None = None,
    words: Path | None = None,
) -> Backbone:
    """Copy what PARASOL needs of a folder in diffusers' layout, or of a single file, to `base`, checking every key.

    style: CSD's file, or a folder of a picture encoder. content: such a folder. Both else as in the folder, or ours.
    prediction: what a single file predicts that does not say so. words: a folder of the text encoder of the content
    encoder's CLIP, where that is not whole.

    Raises:
        BackboneError: something does not fit; nothing is left behind.
    """
    if not source.is_file():
        return _bring(source, base, style, content, prediction, words)
    folder = base.with_name(f".{base.name}.single")
    shutil.rmtree(folder, ignore_errors=True)
    try:
        deque(inspect(source, prediction), maxlen=0)
        convert(source, read_single(source, prediction), folder)
        return _bring(folder, base, style, content, None, words)
    except BackboneError as error:
        raise BackboneError(str(error).replace(str(folder), str(source))) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _bring(
    folder: Path, base: Path, style: Path | None, content: Path | None, prediction: str | None, words: Path | None
) -> Backbone:
    parts = list(inspect(folder, prediction))
    tensors = {part.part: part.tensors for part in parts if isinstance(part, Component) and part.tensors}
    check_keys(folder / UNET, UNet2DConditionModel, tensors[UNET])
    check_keys(folder / VAE, AutoencoderKL, tensors[VAE])
    backbone = next(part for part in parts if isinstance(part, Backbone))
    made = base.with_name(f".{base.name}.part")
    shutil.rmtree(made, ignore_errors=True)
    try:
        for part in (UNET, VAE, SCHEDULER):
            _copy(folder / part, made / part, tensors.get(part), STEM)
        for part, given, name in ((CONTENT, content, "content"), (STYLE, style, "style")):
            source = given or folder / part
            _encoder(source, made / part, name)
            try:
                encoder = load_encoder(made / part)
            except BackboneError as error:
                raise BackboneError(str(error).replace(str(made / part), str(source))) from error
            if part == CONTENT:
                fit_content(source, encoder.card, backbone)
                _tokenizer(source, made / CONTENT)
                if words:
                    _copy(words, made / TEXT, text_in(words, encoder.card.dimension), ENCODER_STEM)
                    _tokenizer(tokenizer_of(words) or words, made / TEXT)
        if words := words_in(made):
            TextTower(words)(["a word"])
        if base.exists():
            shutil.rmtree(base)
        made.rename(base)
    finally:
        shutil.rmtree(made, ignore_errors=True)
    return backbone


def _encoder(source: Path, target: Path, name: str) -> None:
    if source.is_file():
        tensors = header(source)
        if CSD_HEAD not in tensors.shapes:
            raise BackboneError(f"{source} has no {CSD_HEAD!r}: a single file must be CSD's, others come as folders")
        _copy(source.parent, target, tensors, ENCODER_STEM)
    elif source.is_dir():
        _copy(source, target, encoder_in(source)[1], ENCODER_STEM)
    elif source.name in (CONTENT, STYLE):
        _own(target, name)
    else:
        raise BackboneError(f"{source} is not there: name a folder of a picture encoder, or CSD's file")


def _copy(source: Path, target: Path, tensors: Tensors | None, stem: str) -> None:
    """Configurations and weights of one part; a variant (fp16) takes the plain name, shards keep theirs."""
    target.mkdir(parents=True)
    for name in CONFIGURATIONS:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)
    for file in tensors.files if tensors else ():
        alone = len(tensors.files) == 1 if tensors else False
        shutil.copyfile(file, target / (f"{stem}{SUFFIX}" if alone else file.name))


def _tokenizer(source: Path, target: Path) -> None:
    for name in TOKENIZER:
        if (source / name).exists():
            shutil.copyfile(source / name, target / name)


def _own(target: Path, name: str) -> None:
    bundle = Bundle.open(OWN_MODEL)
    card = {"style": bundle.manifest.style, "content": bundle.manifest.content}[name]
    target.mkdir(parents=True)
    config = {
        "model_type": "parasol", "network": name, "dimension": card.dimension, "size": card.size,
        "version": card.version, "settings": bundle.manifest.networks[name],
    }  # fmt: skip
    (target / "config.json").write_text(json.dumps(config, indent=1), encoding="utf-8")
    save_file(bundle.weights(name), target / f"{ENCODER_STEM}{SUFFIX}")

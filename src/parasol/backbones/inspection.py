"""What a folder in diffusers' layout holds, and whether PARASOL can be trained on it; read from configurations and
headers alone, so that it takes neither torch nor memory.

    BASE/unet, vae, scheduler     a latent diffusion model: UNet2DConditionModel, AutoencoderKL, and how noise grows
    BASE/image_encoder            content encoder C: CLIP with projection, SigLIP 2 or DINOv3, in transformers' layout
    BASE/style_encoder            style encoder A: CSD's one file, or such a folder too
    BASE/text_encoder             of CLIP with projection, and its tokenizer, where contents may be named in words; a
                                  whole CLIP as content encoder has both in its own folder

Without the last two our own encoders stand in.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from parasol.backbones.files import AGAIN, SUFFIX, BackboneError, Shape, Tensors, config, header, weights
from parasol.backbones.single import read_single
from parasol.maths.schedule import Schedule

UNET, VAE, SCHEDULER = "unet", "vae", "scheduler"
CONTENT, STYLE = "image_encoder", "style_encoder"
TEXT = "text_encoder"
TEXT_HEAD = "text_projection.weight"
TOKENIZERS = (("tokenizer.json",), ("vocab.json", "merges.txt"))
STEM, ENCODER_STEM = "diffusion_pytorch_model", "model"
PIXELS = 8  # to a latent, in the autoencoders that painting knows
REFINER = 1280  # width of the context of SDXL's refiner, which is told five sizes
CSD_HEAD, CSD_PATCHES = "last_layer_style", "backbone.conv1.weight"
EncoderKind = Literal["clip", "siglip", "dinov3", "csd", "own"]


@dataclass(frozen=True, kw_only=True)
class Backbone:
    """A latent diffusion model that fits."""

    kind: str
    """What it is of the known ones, for people."""

    latent_channels: int
    stride: int
    """Sides are padded to a multiple of this, in px."""

    size: int
    """Longer side in px that it was trained at."""

    scaling: float
    shift: float
    """z = scaling (E(x) - shift)."""

    prediction: Literal["epsilon", "v"]
    schedule: Schedule
    context: int
    """Width of what cross-attention attends to."""

    pooled: int
    """Width of the text vector that the U-Net also adds to the time embedding (SDXL); 0 for none."""


@dataclass(frozen=True, kw_only=True)
class Encoder:
    """A picture encoder that fits. dimension: of its descriptors. size: side in px of what it sees."""

    kind: EncoderKind
    dimension: int
    size: int


@dataclass(frozen=True, kw_only=True)
class Component:
    """One part, what it is in words, and its weights."""

    part: str
    words: str
    tensors: Tensors | None = None


def inspect(folder: Path, prediction: str | None = None) -> Iterator[Component | Backbone]:
    """Part by part what is there, then the backbone that it makes; of a folder, or of a single file.

    prediction: of a single file that does not say what it predicts ("epsilon" or "v_prediction").

    Raises:
        BackboneError: at the first part that cannot be used.
    """
    try:
        yield from _parts(folder, prediction)
    except (KeyError, TypeError, AttributeError, IndexError) as error:
        raise BackboneError(f"{folder}: a configuration lacks or garbles a setting ({error}): {AGAIN}") from error


def _parts(folder: Path, prediction: str | None) -> Iterator[Component | Backbone]:
    single = read_single(folder, prediction) if folder.is_file() else None
    if single is None and not folder.is_dir():
        raise BackboneError(f"{folder} is not there: name a folder in diffusers' layout, or a single file")
    if single is None and not (folder / UNET).is_dir():
        raise BackboneError(f"{folder} has no folder {UNET}{_instead(folder)}")
    if single is None and prediction is not None:
        raise BackboneError(f"{folder} is a folder, whose {SCHEDULER} says what it predicts: leave --prediction out")
    unet = single.unet if single else config(folder / UNET)
    tensors = single.tensors[UNET] if single else weights(folder / UNET, STEM)
    context, pooled = _unet(folder / UNET, unet, tensors.shapes)
    channels = int(unet["in_channels"])
    kind = _kind(channels, context, pooled)
    words = f"{kind}: {channels} latent channels, context of {context}, {tensors.parameters / 1e6:.1f} M parameters"
    yield Component(part=UNET, words=f"{words} in {', '.join(sorted(tensors.kinds))}", tensors=tensors)
    vae = single.vae if single else config(folder / VAE)
    tensors = single.tensors[VAE] if single else weights(folder / VAE, STEM)
    scaling, shift = _vae(folder / VAE, vae, tensors.shapes, channels)
    words = f"{PIXELS} px a latent, scaling {scaling:g}{f', shift {shift:g}' if shift else ''}"
    yield Component(part=VAE, words=f"{words}, {tensors.parameters / 1e6:.1f} M parameters", tensors=tensors)
    settings = single.scheduler if single else config(folder / SCHEDULER, "scheduler_config.json")
    schedule, prediction = schedule_of(settings, folder / SCHEDULER / "scheduler_config.json")
    yield Component(part=SCHEDULER, words=f"predicts {prediction}, {_grown(schedule)}")
    for part in (CONTENT, STYLE):
        if (folder / part).is_dir():
            encoder, tensors = encoder_in(folder / part)
            words = f"{encoder.kind}: descriptors of {encoder.dimension}, sees {encoder.size} px"
            words += ", reads words" if part == CONTENT and words_in(folder) else ""
            yield Component(part=part, words=words, tensors=tensors)
        else:
            yield Component(part=part, words="none: our own stands in")
    yield Backbone(
        kind=kind, latent_channels=channels, scaling=scaling, shift=shift, prediction=prediction, schedule=schedule,
        context=context, pooled=pooled, stride=PIXELS * 2 ** (len(unet["block_out_channels"]) - 1),
        size=PIXELS * _sample(unet),
    )  # fmt: skip


def backbone_of(folder: Path) -> Backbone:
    """The backbone in a folder. Raises BackboneError as `inspect` does."""
    return next(part for part in inspect(folder) if isinstance(part, Backbone))


def schedule_of(config: Mapping[str, Any], file: Path) -> tuple[Schedule, Literal["epsilon", "v"]]:
    """The noise schedule of a scheduler's configuration, and what the network predicts.

    Raises:
        BackboneError: the configuration asks for what the sampler does not have.
    """
    name = str(config.get("_class_name", ""))
    if "Flow" in name or config.get("use_flow_sigmas"):
        raise BackboneError(f"{file} is a rectified flow's ({name}) and PARASOL's chain is DDPM's: take another model")
    prediction = {"epsilon": "epsilon", "v_prediction": "v"}.get(str(config.get("prediction_type", "epsilon")))
    if prediction is None:
        raise BackboneError(f"{file}: prediction_type is {config['prediction_type']!r}; epsilon and v_prediction fit")
    growths = {"linear": "linear", "scaled_linear": "scaled_linear", "squaredcos_cap_v2": "cosine"}
    grown = str(config.get("beta_schedule", "linear"))
    if grown not in growths or config.get("trained_betas"):
        raise BackboneError(f"{file}: beta_schedule is {grown!r} or betas are listed; {', '.join(growths)} fit")
    ends = bool(config.get("rescale_betas_zero_snr", False))
    if ends and prediction == "epsilon":
        raise BackboneError(
            f"{file}: rescale_betas_zero_snr is true and prediction_type epsilon, which says nothing of noise alone: "
            "set prediction_type to v_prediction, or rescale_betas_zero_snr to false"
        )
    try:
        schedule = Schedule(
            train_steps=int(config.get("num_train_timesteps", 1000)),
            beta_start=float(config.get("beta_start", 0.0001)),
            beta_end=float(config.get("beta_end", 0.02)),
            growth=growths[grown],  # type: ignore[arg-type]
            zero_terminal=ends,
            # Lin et al. 2024: what ends on noise alone must begin there
            spacing="trailing" if ends else config.get("timestep_spacing", "leading"),
            offset=int(config.get("steps_offset", 0)),
            clean=bool(config.get("set_alpha_to_one", "PNDM" not in name)),
        )
    except (TypeError, ValueError) as error:
        raise BackboneError(f"{file}: {error}") from error
    if schedule.spacing not in ("trailing", "leading", "linspace"):
        raise BackboneError(f"{file}: timestep_spacing is {schedule.spacing!r}; trailing, leading and linspace fit")
    return schedule, prediction  # type: ignore[return-value]


def encoder_in(folder: Path) -> tuple[Encoder, Tensors]:
    """What a folder's picture encoder is. Raises BackboneError where it is none that is known."""
    tensors = weights(folder, ENCODER_STEM)
    if CSD_HEAD in tensors.shapes:
        return _csd(folder, tensors.shapes), tensors
    settings = config(folder)
    kind = str(settings.get("model_type"))
    vision = settings.get("vision_config", settings)
    if kind == "parasol":
        return Encoder(kind="own", dimension=int(settings["dimension"]), size=int(settings["size"])), tensors
    if kind in ("clip", "clip_vision_model"):
        _require(
            folder, tensors.shapes, "visual_projection.weight", (settings.get("projection_dim"), vision["hidden_size"])
        )
        return Encoder(kind="clip", dimension=int(settings["projection_dim"]), size=int(vision["image_size"])), tensors
    if kind in ("siglip", "siglip_vision_model"):
        return Encoder(kind="siglip", dimension=int(vision["hidden_size"]), size=int(vision["image_size"])), tensors
    if kind == "dinov3_vit":
        return Encoder(kind="dinov3", dimension=int(settings["hidden_size"]), size=int(settings["image_size"])), tensors
    raise BackboneError(
        f"{folder} is of model_type {kind!r}; CLIP's image encoder with projection, SigLIP (2, of a fixed size), "
        "DINOv3 and CSD fit"
    )


def words_in(base: Path) -> Path | None:
    """The folder of the text encoder that names contents of a base; None where it has none."""
    folders = [folder for folder in (base / TEXT, base / CONTENT) if folder.is_dir() and _has_tokenizer(folder)]
    return next((folder for folder in folders if TEXT_HEAD in weights(folder, ENCODER_STEM).shapes), None)


def text_in(folder: Path, dimension: int) -> Tensors:
    """The weights of a text encoder that leads into a content space of so many dimensions.

    Raises:
        BackboneError: it is none of CLIP with projection, of another CLIP, or without its tokenizer.
    """
    tensors, kind = weights(folder, ENCODER_STEM), str(config(folder).get("model_type"))
    if kind not in ("clip", "clip_text_model"):
        raise BackboneError(f"{folder} is of model_type {kind!r}; the text encoder of a CLIP fits")
    shape = tensors.shapes.get(TEXT_HEAD)
    if shape is None:
        raise BackboneError(
            f"{folder}: {TEXT_HEAD!r} of shape [{dimension}, ...] is missing (as in Stable Diffusion's own), without "
            "which it leads into no space of contents: take the whole CLIP"
        )
    if shape[0] != dimension:
        raise BackboneError(
            f"{folder}: {TEXT_HEAD!r} has shape {list(shape)} and the content encoder gives {dimension} numbers: take "
            "both of one CLIP"
        )
    if tokenizer_of(folder) is None:
        raise BackboneError(f"{folder} has no tokenizer.json, nor vocab.json and merges.txt: take the whole CLIP")
    return tensors


def tokenizer_of(folder: Path) -> Path | None:
    """Where the tokenizer of a text encoder lies: with it, or beside it in diffusers' layout."""
    places = folder, folder.with_name(folder.name.replace("text_encoder", "tokenizer"))
    return next((place for place in places if _has_tokenizer(place)), None)


def _has_tokenizer(folder: Path) -> bool:
    return any(all((folder / name).exists() for name in names) for names in TOKENIZERS)


def _csd(folder: Path, shapes: Mapping[str, Shape]) -> Encoder:
    if CSD_PATCHES not in shapes:
        raise BackboneError(f"{folder} has {CSD_HEAD!r} and no {CSD_PATCHES!r}: take CSD's whole file")
    width, _, patch, _ = shapes[CSD_PATCHES]
    places = shapes.get("backbone.positional_embedding", (0, 0))[0] - 1
    head = shapes[CSD_HEAD]
    if len(head) != 2 or head[0] != width:
        raise BackboneError(f"{folder}: {CSD_HEAD!r} has shape {list(head)} on a trunk of {width}: take CSD's own file")
    return Encoder(kind="csd", dimension=head[1], size=patch * round(max(0, places) ** 0.5))


def _unet(folder: Path, unet: Mapping[str, Any], shapes: Mapping[str, Shape]) -> tuple[int, int]:
    """(context width, pooled width)."""
    name, channels, context = unet.get("_class_name"), unet.get("in_channels"), unet.get("cross_attention_dim")
    if name != "UNet2DConditionModel":
        raise BackboneError(f"{folder} is a {name}; a UNet2DConditionModel fits")
    if channels != unet.get("out_channels"):
        raise BackboneError(
            f"{folder} takes {channels} channels and gives {unet.get('out_channels')}: inpainting and depth models do "
            "not fit, take the text-to-image model"
        )
    if not isinstance(context, int):
        raise BackboneError(f"{folder}: cross_attention_dim is {context}; one width for all levels fits")
    for name in ("class_embed_type", "encoder_hid_dim_type", "num_class_embeds"):
        if unet.get(name) is not None:
            raise BackboneError(f"{folder}: {name} is {unet[name]!r}, which PARASOL cannot give: take another model")
    if unet.get("addition_embed_type") not in (None, "text_time"):
        raise BackboneError(f"{folder}: addition_embed_type is {unet['addition_embed_type']!r}; text_time or none fits")
    pooled = 0
    if unet.get("addition_embed_type") == "text_time":
        pooled = int(unet["projection_class_embeddings_input_dim"]) - 6 * int(unet["addition_time_embed_dim"])
        if pooled <= 0 or unet.get("cross_attention_dim") == REFINER:
            raise BackboneError(f"{folder} is not told six sizes as SDXL's base is: its refiner does not fit")
    first = int(unet["block_out_channels"][0])
    _require(folder, shapes, "conv_in.weight", (first, channels, 3, 3))
    _require(folder, shapes, "conv_out.weight", (channels, first, 3, 3))
    key = next((key for key in sorted(shapes) if key.endswith("attn2.to_k.weight")), None)
    if key is None:
        raise BackboneError(f"{folder} has no 'attn2.to_k.weight', no cross-attention to condition: take another model")
    _require(folder, shapes, key, (shapes[key][0], context))
    return context, pooled


def _vae(folder: Path, vae: Mapping[str, Any], shapes: Mapping[str, Shape], channels: int) -> tuple[float, float]:
    if vae.get("_class_name") != "AutoencoderKL":
        raise BackboneError(f"{folder} is a {vae.get('_class_name')}; an AutoencoderKL fits")
    if vae.get("latent_channels") != channels:
        raise BackboneError(
            f"{folder} has {vae.get('latent_channels')} latent channels and the U-Net {channels}: take both of one "
            "model"
        )
    pixels = 2 ** (len(vae["block_out_channels"]) - 1)
    if pixels != PIXELS:
        raise BackboneError(f"{folder} has {pixels} px a latent; {PIXELS} fit: take another model")
    _require(folder, shapes, "decoder.conv_in.weight", (int(vae["block_out_channels"][-1]), channels, 3, 3))
    return float(vae.get("scaling_factor") or 1.0), float(vae.get("shift_factor") or 0.0)


def _require(folder: Path, shapes: Mapping[str, Shape], key: str, wanted: tuple[Any, ...]) -> None:
    shape = shapes.get(key)
    if shape != wanted:
        has = "is missing" if shape is None else f"has shape {list(shape)}"
        raise BackboneError(
            f"{folder}: {key!r} {has} and its configuration asks for {list(wanted)}: take both of one model"
        )


def _kind(channels: int, context: int, pooled: int) -> str:
    if pooled:
        return "SDXL"
    return {(4, 768): "Stable Diffusion 1.x", (4, 1024): "Stable Diffusion 2.x"}.get(
        (channels, context), "latent diffusion"
    )


def _sample(config: Mapping[str, Any]) -> int:
    size = config.get("sample_size") or 64
    return int(size if isinstance(size, int) else max(size))


def _grown(schedule: Schedule) -> str:
    betas = "" if schedule.growth == "cosine" else f" {schedule.beta_start:g}..{schedule.beta_end:g}"
    ends = ", ends on noise alone" if schedule.zero_terminal else ""
    steps = f"{schedule.spacing} steps{f' from {schedule.offset}' if schedule.spacing == 'leading' else ''}"
    return f"{schedule.growth}{betas} over {schedule.train_steps}{ends}, {steps}"


def _instead(folder: Path) -> str:
    """What it looks like instead, and the way out."""
    files = sorted(folder.glob(f"*{SUFFIX}"))
    if (folder / "transformer").is_dir():
        return " but a transformer (SD3, Flux and the like): PARASOL is for models with a U-Net"
    if (folder / "config.json").exists():
        return ": it is one part of a model, name the folder above it"
    if files:
        header(files[0])
        return f" but {files[0].name}: name that file"
    return ": name a folder in diffusers' layout (unet, vae, scheduler)"

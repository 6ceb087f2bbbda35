"""Recipes: each is a function that returns its configuration; its docstring says what to expect.

A run is `parasol train NAME`; the same command resumes it. The record of a recipe travels in its checkpoints.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from parasol.corpora import load
from parasol.networks.autoencoder import Autoencoder, AutoencoderConfig, deepened
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.content_map import ContentMapConfig
from parasol.networks.projector import ProjectorConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.unet import UNetConfig
from parasol.networks.words import WordsConfig
from parasol.training.autoencoder import AutoencoderTask, AutoencoderTraining, DecoderTask, DecoderTraining
from parasol.training.descriptors import ContrastiveTraining, DescriptorTask
from parasol.training.diffusion import DiffusionTask, DiffusionTraining, Frozen
from parasol.training.loop import Optimisation, Task
from parasol.training.modality import ModalityTraining
from parasol.training.tables import load_best, tables_of
from parasol.training.words import WordsTask, WordsTraining
from parasol.triplets import Mining, Variety

LANGUAGES = (
    "en", "ko", "bn", "da", "de", "en-gb", "es", "es-mx", "et", "fi", "fr", "hi", "hu", "it", "ja", "lt", "ms", "nb",
    "nl", "pl", "pt", "ru", "sv", "th", "uk", "vi", "zh", "zh-hant",
)  # fmt: skip
STYLE = StyleEncoderConfig(hidden=256, palette=True)
CONTENT = ContentEncoderConfig(hidden=192, layout=True, linear=128)
WORDS = WordsConfig(hidden=512)
DECODER = AutoencoderConfig(decoder_blocks=(3, 4, 4))
STYLE_TRAINING = ContrastiveTraining(contents=24, hands=12, temperature=0.1, metric=40.0)
CONTENT_TRAINING = ContrastiveTraining(contents=128, hands=4, temperature=0.05, emphasis=16.0)


def _frozen(corpus: str) -> Frozen:
    return Frozen(
        autoencoder=DECODER,
        style=STYLE,
        content=CONTENT,
        autoencoder_run=f"{corpus}-refined",
        style_run=f"{corpus}-style",
        content_run=f"{corpus}-content",
    )


FROZEN, PAINTING_FROZEN = _frozen("pictogram"), _frozen("painting")


@dataclass(frozen=True, kw_only=True)
class Places:
    """corpus: folder of the built corpus. runs: folder in which each recipe has its own folder. beside: folder of a
    second corpus, for recipes that learn from two. backbone: base of recipes that fine-tune one. triplets: folder of
    the mined triplets that those learn from.
    """

    corpus: Path
    runs: Path
    beside: Path | None = None
    backbone: Path | None = None
    triplets: Path | None = None


def words_run(recipe: str) -> str:
    """The run of the heads for words beside a diffusion recipe: that of the same style space, `pictogram-guise-words`
    of `pictogram-guised`, else that of the same corpus.
    """
    return f"{recipe.removesuffix('d')}-words" if recipe.endswith("-guised") else f"{recipe.partition('-')[0]}-words"


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """name, how it is optimised, the configuration objects that the record keeps, and how its task is made.

    start: the recipe whose run's best weights a new run begins with, where it is not told to begin with others.
    """

    name: str
    optimisation: Optimisation
    configuration: dict[str, object]
    task: Callable[[Places], Task]
    start: str = ""


def pictogram_autoencoder() -> Recipe:
    """128 px <-> 16x16x12. Expected: above 30 dB on unseen contents after 8,000 steps (35 minutes of one core)."""
    network = AutoencoderConfig()
    training = AutoencoderTraining()
    optimisation = Optimisation(
        steps=8_000, batch=8, learning_rate=1e-3, decay="cosine", warmup=200, validate_every=1_000, save_every=500
    )
    return Recipe(
        name="pictogram-autoencoder",
        optimisation=optimisation,
        configuration={"network": network, "training": training},
        task=lambda places: AutoencoderTask(load(places.corpus), network, training, optimisation.batch),
    )


def pictogram_decoder() -> Recipe:
    """A deeper decoder for the latents of `pictogram-autoencoder`, after it. See docs/training.md."""

    def start(runs: Path) -> Autoencoder:
        return deepened(_autoencoder(runs / "pictogram-autoencoder", AutoencoderConfig()), DECODER)

    return _decoder("pictogram-decoder", start, steps=4_000)


def painting_decoder() -> Recipe:
    """The decoder of `pictogram-decoder`, taught photographs and media: `--corpus data/media`."""

    return _decoder("painting-decoder", lambda runs: _autoencoder(runs / "pictogram-decoder"), steps=1_200)


def _decoder(name: str, start: Callable[[Path], Autoencoder], *, steps: int) -> Recipe:
    optimisation = Optimisation(
        steps=steps, batch=16, learning_rate=6e-4, decay="cosine", warmup=100, average=0.998, validate_every=500,
        save_every=250,
    )  # fmt: skip
    return _sharpened(name, start, DecoderTraining(), optimisation)


def pictogram_refined() -> Recipe:
    """E and D of `pictogram-decoder`, trained on together: two minutes of a GPU. See docs/training.md."""
    return _refined("pictogram-refined", "pictogram-decoder", steps=1_218)


def painting_refined() -> Recipe:
    """The same of `painting-decoder`, on photographs in media: `--corpus data/media`."""
    return _refined("painting-refined", "painting-decoder", steps=1_589)


def _refined(name: str, before: str, *, steps: int) -> Recipe:
    training = DecoderTraining(encoder=True, precision="bfloat16")
    optimisation = Optimisation(
        steps=steps, batch=256, learning_rate=6e-4, decay="cosine", warmup=100, average=0.998, validate_every=500,
        save_every=500,
    )  # fmt: skip
    return _sharpened(name, lambda runs: _autoencoder(runs / before), training, optimisation)


def _autoencoder(run: Path, config: AutoencoderConfig = DECODER) -> Autoencoder:
    trained = load_best(Autoencoder(config), run)
    assert isinstance(trained, Autoencoder)
    return trained


def _sharpened(
    name: str, start: Callable[[Path], Autoencoder], training: DecoderTraining, optimisation: Optimisation
) -> Recipe:
    return Recipe(
        name=name,
        optimisation=optimisation,
        configuration={"network": DECODER, "training": training},
        task=lambda places: DecoderTask(load(places.corpus), start(places.runs), training, optimisation.batch),
    )


def pictogram_style() -> Recipe:
    """Style encoder A on the pre-trained trunk, two minutes once its moments are there. See docs/training.md."""
    return _encoder("pictogram-style", STYLE, STYLE_TRAINING, steps=1_500, validate_every=100)


def pictogram_content() -> Recipe:
    """Content encoder C on the pre-trained trunk, one minute once its moments are there. See docs/training.md."""
    return _encoder("pictogram-content", CONTENT, CONTENT_TRAINING, steps=1_200, validate_every=300)


def painting_style() -> Recipe:
    """As `pictogram-style`, over media: `--corpus data/media`. Their parameters teach no distances yet."""
    training = replace(STYLE_TRAINING, metric=0.0)
    return _encoder("painting-style", STYLE, training, steps=1_500, validate_every=100)


def painting_content() -> Recipe:
    """As `pictogram-content`, over photographs in media: `--corpus data/media`."""
    return _encoder("painting-content", CONTENT, CONTENT_TRAINING, steps=1_200, validate_every=300)


def _encoder(
    name: str,
    network: StyleEncoderConfig | ContentEncoderConfig,
    training: ContrastiveTraining,
    *,
    steps: int,
    validate_every: int,
) -> Recipe:
    optimisation = Optimisation(
        steps=steps, batch=training.contents * training.hands, learning_rate=1e-3, decay="cosine", weight_decay=5e-2,
        average=0.98, validate_every=validate_every, save_every=500,
    )  # fmt: skip

    def task(places: Places) -> Task:
        corpus = load(places.corpus)
        encoder = StyleEncoder(network) if isinstance(network, StyleEncoderConfig) else ContentEncoder(network)
        return DescriptorTask(corpus, tables_of(corpus, places.runs), encoder, training)

    return Recipe(
        name=name,
        optimisation=optimisation,
        configuration={"network": network, "training": training},
        task=task,
    )


def pictogram_diffusion() -> Recipe:
    """U-Net and projector on mined triplets, after the recipes above. It wants a GPU: see docs/training.md.

    parasol train pictogram-diffusion --warm-start src/parasol/models/pictogram
    """
    return _diffusion("pictogram-diffusion", FROZEN, steps=2_066, since=1_585, styles=128)


def painting_diffusion() -> Recipe:
    """The same over photographs in media, from the U-Net of pictograms: `--corpus data/media`.

    Some 45 pictures of a style stand in the style database: among 32 partners 99.5 % are of the same style, among 128
    39 %.
    """
    return _diffusion(
        "painting-diffusion", PAINTING_FROZEN, steps=2_187, since=1_646, styles=32, start="pictogram-diffusion"
    )


def _diffusion(name: str, frozen: Frozen, *, steps: int, since: int, styles: int, start: str = "") -> Recipe:
    unet, projector = UNetConfig(prediction="v", modulated=64, time=96), ProjectorConfig(hidden=256)
    content_map = ContentMapConfig(aligned=True, fine=5)
    mining, variety = Mining(confidence=20.0), Variety(styles=styles, contents=4)
    training = DiffusionTraining(
        shares=(0.58, 0.07, 0.03, 0.14, 0.13, 0.05),
        mirrored=0.5,
        modality=ModalityTraining(style=5.0, content=5.0, pictures=24, since=since),
        precision="bfloat16",
    )
    optimisation = Optimisation(
        steps=steps, batch=1_024, learning_rate=1e-3, decay="cosine", warmup=200, weight_decay=1e-3, average=0.999,
        validate_every=500, save_every=500, keep="last",
    )  # fmt: skip
    return Recipe(
        name=name,
        optimisation=optimisation,
        configuration={
            "unet": unet, "projector": projector, "content_map": content_map, "mining": mining,
            "variety": variety, "training": training, "frozen": frozen,
        },
        task=lambda places: DiffusionTask(
            load(places.corpus), places.runs, frozen, unet, projector, mining, training, optimisation.batch,
            content_map, variety=variety,
        ),
        start=start,
    )  # fmt: skip


def pictogram_words() -> Recipe:
    """Heads from sentences into both descriptor spaces, after the style and content recipes.

    Five minutes of one core, once the sentence vectors of all labels and tags are there (another fifteen). Expected: of
    unseen contents half are among the first five, in English and in Korean; docs/decisions says why not more.
    """
    return _words("pictogram", FROZEN, LANGUAGES, steps=4_000)


def painting_words() -> Recipe:
    """The same for photographs in media, in English: `--corpus data/media`. Two minutes of one core."""
    return _words("painting", PAINTING_FROZEN, ("en",), steps=1_500)


def _words(corpus: str, frozen: Frozen, languages: tuple[str, ...], *, steps: int) -> Recipe:
    network = WORDS
    training = WordsTraining(
        languages=languages,
        style=frozen.style,
        content=frozen.content,
        style_run=frozen.style_run,
        content_run=frozen.content_run,
    )
    optimisation = Optimisation(
        steps=steps, batch=training.contents, learning_rate=1e-3, decay="cosine", weight_decay=5e-2, average=0.98,
        validate_every=500, save_every=500,
    )  # fmt: skip
    return Recipe(
        name=f"{corpus}-words",
        optimisation=optimisation,
        configuration={"network": network, "training": training},
        task=lambda places: WordsTask(load(places.corpus), places.runs, network, training),
    )

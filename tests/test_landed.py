"""What version 0.1.0 wrote before models had an identity: `tests/landed` is read, and painted again.

Bit for bit on the kind of processor that drew it. Sums of AVX2 and of AVX-512 end in other bits, and where a value lies
between two levels the picture shows it: 4 of the 122,880 values of the tiled one, each by one level.

The files were made by the repository's commit 236d652 with `painting`, second edition, whose weights have not changed
since, and `pictogram`, seventh edition: 64 px pictures in 2 to 4 steps by default, with a mask, from words alone, in
the style of a card, and 640 px wide, in tiles. (The folder of the indexed pictures was named /pictures afterwards.)
"""

from pathlib import Path

import numpy as np
import pytest

from parasol import Parasol
from parasol.apps.cli import main
from parasol.bundle import Bundle, BundleError
from parasol.cards import StyleCard
from parasol.editions import FOLDERS
from parasol.images import load
from parasol.index.search import Query, search
from parasol.index.store import Index
from parasol.maths.distances import psnr
from parasol.recipe import Recipe
from parasol.search import Log, Session

LANDED = Path(__file__).parent / "landed"
KINDS = ("default", "mask", "words", "card", "tiles")
SEVENTH = "34e4f98c948a"


@pytest.fixture(scope="module")
def painting(threads: int) -> Parasol:
    return Parasol.load("painting", threads=threads)


def assert_replays(model: Parasol, path: Path) -> None:
    found, kept = (np.rint(255.0 * picture) for picture in (model.replay(path).pixels, load(path)))
    apart = np.abs(found - kept)
    told = f"{path.name} comes out at {psnr(found / 255.0, kept / 255.0):.1f} dB of the picture kept"
    assert apart.max() <= 1.0, told
    assert apart.mean() < 1e-4, told


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_painting_replay(kind: str, painting: Parasol) -> None:
    path = LANDED / f"painting-{kind}.png"
    assert Recipe.read(path).model.hash.startswith("5b0b38ce0a09"), "the hash of a whole manifest"
    assert_replays(painting, path)


def test_the_command_finds_the_model_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["replay", str(LANDED / "painting-default.png"), "-o", "again.png"]) == 0
    assert capsys.readouterr().err == ""
    assert np.array_equal(load("again.png"), load(LANDED / "painting-default.png"))


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_a_former_edition_say_how_to_get_it(
    kind: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv(FOLDERS, raising=False)
    assert main(["replay", str(LANDED / f"pictogram-{kind}.png"), "-o", "-"]) == 2
    told = capsys.readouterr().err
    assert told.count("\n") == 1
    assert "'pictogram', edition 7 (3a06562dab16) made this and is not installed: take the folder" in told
    assert "src/parasol/models/pictogram of the commit e331bd88810f of Parasol's repository" in told
    assert f"name it as the model or in {FOLDERS}" in told


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_pictures_of_a_former_edition_replay_where_it_is_installed(kind: str, threads: int) -> None:
    """Run by hand: PARASOL_MODELS names the folder of the seventh edition, from the commit that the refusal names."""
    path = LANDED / f"pictogram-{kind}.png"
    try:
        model = Parasol.of(Recipe.read(path).model, threads=threads)
    except BundleError as error:
        pytest.skip(str(error))
    assert model.bundle.hash.startswith(SEVENTH)
    assert_replays(model, path)


def test_cards_are_read(painting: Parasol) -> None:
    card = StyleCard.parse((LANDED / "painting.style.json").read_bytes())
    style = painting.style(card)
    assert np.array_equal(style.descriptor, card.of(painting.bundle.manifest).descriptor)
    assert style.texture is not None
    assert StyleCard.parse((LANDED / "pictogram.style.json").read_bytes()).encoder.version == "cbed939369a8"


def test_indexes_are_read(painting: Parasol) -> None:
    index = Index.open(LANDED / "painting.index")
    seen = index.table.take(np.array([2]))[0].astype(np.float32)
    wanted = seen[index.manifest.encoders.content_columns]
    assert search(index, Query(style=None, content=wanted, style_weight=0.5), 1)[0].file.name == "2.png"
    assert len(Index.open(LANDED / "pictogram.index").table) == 4


def test_a_session_is_read_and_replays(painting: Parasol) -> None:
    log = Log.read(LANDED / "painting.session.json")
    session = Session(painting, Index.open(LANDED / "painting.index"), log)
    assert session.replay().log == log


def test_the_set_stays_small() -> None:
    assert sum(file.stat().st_size for file in LANDED.rglob("*") if file.is_file()) < 400_000


def test_a_former_hash_names_the_bundled_model() -> None:
    bundle = Bundle.open("painting")
    for digits in ("5b0b38ce0a09", "5dfd162d1ab9", "c90ecdb6484b", bundle.identity[:12]):
        assert Bundle.open(f"painting@{digits}").folder == bundle.folder

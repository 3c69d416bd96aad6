"""What was found is looked for, too: likely places are examples for the others."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import media
import sounds
from audiosearch import Library, audio
from audiosearch.tokenizers.pocket import Pocket
from queries import locate
from queries.archive import Archive
from queries.phrases import stored
from queries.ways import Way, as_found

RATE = 16000
NOISY = 40.0  # seconds from a place to where it is said in noise


@pytest.fixture(scope="module")
def twice(tmp_path_factory: pytest.TempPathFactory, clips: Path) -> Iterator[Library]:
    """Forty seconds of speech, and the same in noise."""
    said = audio.load(clips / "northanger-abbey.opus", RATE).samples[: round(NOISY * RATE)]
    level = 10 ** (-5 / 20) * float(np.sqrt(np.mean(said**2)))
    both = np.concatenate([said, said + sounds.noise(NOISY, level=level)])
    path = media.write(tmp_path_factory.mktemp("twice") / "twice.wav", both, RATE)
    with Library("memory:") as library:
        list(library.ingest([path]))
        yield library


@pytest.mark.parametrize(
    ("phrase", "moment"),
    [("comparatively obsolete", 22.7), ("bear in mind", 26.5), ("manners books and opinions", 34.9)],
)
def test_a_place_that_is_likely_helps_to_find_another(
    twice: Library, phrase: str, moment: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    def in_noise() -> float:
        return max(
            match.score for match in twice.locate(phrase) if abs(match.reference.start - moment - NOISY) < 0.5
        )

    helped = in_noise()
    monkeypatch.setattr(locate, "MOST", 0)
    assert helped > 1.05 * in_noise()


def test_of_its_own_place_an_example_tells_nothing(twice: Library) -> None:
    tokenizer = Pocket()
    archive = Archive.of(twice.store, twice.recordings(), tokenizer.speech_layers)
    asked = 3 * [stored(archive.codes, slice(0, 20), tokenizer, wide=True)]
    first, second = as_found(archive, tokenizer, [(100, 119), (200, 201), (300, 304)], asked, blur=2)
    frames = np.array([97, 98, 121, 122, 300])
    assert first.weights(frames).tolist() == [1.5, 0, 0, 1.5, 1.5]
    assert second.weights(frames).tolist() == [1.5, 1.5, 1.5, 1.5, 0]
    assert (first.phrase.usual, second.phrase.usual) == (20, 5)
    assert Way(first.phrase).weights(frames).tolist() == [1.0] * 5


@pytest.mark.parametrize("wide", [False, True])
def test_an_example_is_spelled_with_what_surrounds_it(twice: Library, wide: bool) -> None:
    tokenizer = Pocket()
    archive = Archive.of(twice.store, twice.recordings(), tokenizer.speech_layers)
    whole = stored(archive.codes, slice(300, 320), tokenizer, wide)
    [way] = as_found(archive, tokenizer, [(300, 319)], [whole], blur=0)
    codes, bounds = archive.codes[:, 280:340], np.array([0, 60])
    expected, _ = whole.find(codes, bounds)
    found, _ = way.phrase.find(codes, bounds)
    np.testing.assert_allclose(found[-20:], expected[-20:], atol=0.05)

"""Locate: where a phrase is said, in time and with what certainty."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

import media
import sounds
from audiosearch import Library, audio
from audiosearch.errors import AudioError, UsageError
from audiosearch.espeak import Espeak
from audiosearch.interfaces import Speller
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Clip, Codes, Recording, Schema, Segment, Waveform
from queries import locate
from queries import places as looking
from queries.archive import Archive
from queries.locate import BLUR, Peak, apart, fused
from queries.phrases import typed
from queries.places import Places
from queries.surroundings import speech_shaped, surrounded

RATE = 16000


def test_places_share_no_frame() -> None:
    rng = np.random.default_rng(1)
    peaks = [
        Peak(start, start + 5, score)
        for start, score in zip(rng.integers(0, 300, 80), rng.random(80), strict=True)
    ]
    kept = apart(peaks)
    taken = np.zeros(310, int)
    for peak in kept:
        taken[int(peak.start) : peak.end + 1] += 1
    assert taken.max() == 1
    assert kept[0] == max(peaks, key=lambda peak: peak.score)
    assert all(
        any(peak.start <= k.end and k.start <= peak.end and k.score >= peak.score for k in kept)
        for peak in peaks
    )


def test_phrases_that_end_at_about_the_same_frame_are_one_from_where_to_where_the_best_of_them_is() -> None:
    """Paths of three frames, all alike, in two stretches: each lies within its own."""
    bounds = np.array([0, 12, 24])
    paths = [(np.zeros(24, np.float32), np.arange(24.0) - 2)] * 2
    scores, starts, ends = fused(paths, bounds)
    here = np.arange(24)
    assert (starts == ends - 2).all()
    assert (np.abs(ends - here) <= BLUR).all()
    assert (ends // 12 == here // 12).all()
    assert not scores.any()
    high = np.zeros(24, np.float32)
    high[11] = 8.0
    scores, starts, ends = fused([(high, paths[0][1]), paths[1]], bounds)
    assert scores.tolist() == [*[0.0] * 8, *[4.0] * 4, *[0.0] * 12]
    assert set(ends[8:12]) == {11}
    assert set(starts[8:12]) == {9}


def test_a_further_phrase_counts_for_its_weight_and_does_not_tell_where_it_is() -> None:
    bounds = np.array([0, 6])
    asked, found = (np.ones(6, np.float32), np.arange(6.0) - 2), (np.full(6, 4.0, np.float32), np.zeros(6))
    found[0][0] = -np.inf
    weights = np.array([0, 0, 0, 0, 0.5, 2], np.float32)
    scores, starts, ends = fused([asked], bounds, [(found, weights)])
    assert scores.tolist() == [1.0, 1.0, 1.0, 1.0, 2.0, 3.0]
    assert (starts == ends - 2).all()


def test_a_spoken_example_is_found_where_it_was_said(library: Library, speech_clip: Path) -> None:
    samples = audio.load(speech_clip, RATE).samples[round(45.0 * RATE) : round(47.0 * RATE)]
    match = library.locate(Waveform(samples, RATE))[0]
    assert Path(library.name(match.recording)).name == "lonesome-pine.opus"
    assert match.reference.start == pytest.approx(45.0, abs=0.4)
    assert match.reference.end == pytest.approx(47.0, abs=0.4)
    assert match.probability > 0.8


def test_an_example_may_be_a_part_of_its_recording(library: Library, speech_clip: Path) -> None:
    recording = Waveform(audio.load(speech_clip, RATE).samples, RATE)
    part = Segment(45.0, 47.0)
    for example in (speech_clip, recording):
        match = library.locate(example, part=part)[0]
        assert Path(library.name(match.recording)).name == "lonesome-pine.opus"
        assert match.reference.start == pytest.approx(45.0, abs=0.25)
        assert match.reference.end == pytest.approx(47.0, abs=0.25)
    with pytest.raises(AudioError, match=r"an example of 0\.10 s is too short"):
        library.locate(recording, part=Segment(45.0, 45.1))
    with pytest.raises(AudioError, match=r"has no sound from 105\.0 to 106\.0 s"):
        library.locate(speech_clip, part=Segment(105.0, 106.0))


@pytest.mark.parametrize("slots", [2, 3])
def test_phones_may_have_any_number_of_slots(slots: int, speech_clip: Path) -> None:
    class Slower(Pocket):
        def spell(self, codes: Codes, layers: range | None = None, wide: bool = False) -> np.ndarray:
            return first_slots(Pocket().spell(codes, layers, wide))

        def hear(self, waveform: Waveform) -> np.ndarray:
            return first_slots(Pocket().hear(waveform))

    def first_slots(spelled: np.ndarray) -> np.ndarray:
        return spelled.reshape(-1, 4, spelled.shape[1])[:, :slots].reshape(-1, spelled.shape[1])

    tokenizer = Slower()
    tokenizer.slots = slots
    samples = audio.load(speech_clip, RATE).samples
    with Library("memory:", tokenizer=tokenizer) as slower:
        list(slower.ingest([speech_clip]))
        match = slower.locate(Waveform(samples, RATE), part=Segment(45.0, 47.0))[0]
    assert match.reference.start == pytest.approx(45.0, abs=0.25)


def test_a_tokenizer_that_spells_nothing_is_asked_by_its_vectors(speech_clip: Path) -> None:
    class Vectors:
        """Pocket, but for its phones."""

        name, frame_rate, sample_rate = "vectors", Pocket.frame_rate, Pocket.sample_rate
        n_layers, codebook_size = Pocket.n_layers, Pocket.codebook_size
        speech_layers, sound_layers = Pocket.speech_layers, Pocket.sound_layers
        codebooks = Pocket().codebooks

        def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
            return Pocket().encode(waveforms)

    assert not isinstance(Vectors(), Speller)
    with Library("memory:", tokenizer=Vectors()) as library:
        list(library.ingest([speech_clip]))
        match = library.locate(speech_clip, part=Segment(45.0, 47.0))[0]
    assert match.reference.start == pytest.approx(45.0, abs=0.25)
    assert match.reference.end == pytest.approx(47.0, abs=0.25)


def test_the_noise_around_an_example_is_not_looked_for(library: Library, speech_clip: Path) -> None:
    said = audio.load(speech_clip, RATE).samples[round(45.0 * RATE) : round(47.0 * RATE)]
    level = 10 ** (-25 / 20) * np.sqrt(np.mean(said**2))
    before, after = np.split(level * speech_shaped(2 * RATE, RATE), 2)
    match = library.locate(Waveform(np.concatenate([before, said, after]), RATE))[0]
    assert match.reference.start == pytest.approx(45.0, abs=0.25)
    assert match.reference.end == pytest.approx(47.0, abs=0.25)


def test_an_example_of_a_moment_is_too_short(library: Library) -> None:
    with pytest.raises(AudioError, match=r"an example of 0\.10 s is too short to be found"):
        library.locate(Waveform(np.zeros(RATE // 10, np.float32), RATE))


def test_an_example_of_more_than_a_minute_is_too_long(library: Library, speech_clip: Path) -> None:
    samples = audio.load(speech_clip, RATE).samples[: 62 * RATE]
    for part in (None, Segment(0.5, 61.5)):
        with pytest.raises(AudioError, match=r"an example of 6\d s is too long; name at most 60 s of it"):
            library.locate(Waveform(samples, RATE), part=part)


@pytest.mark.parametrize("part", [Segment(0.0, 10.0), Segment(5.0, 15.0)])
def test_a_third_of_a_short_recording_is_found_in_it(
    tmp_path: Path, speech_clip: Path, part: Segment
) -> None:
    samples = audio.load(speech_clip, RATE).samples[: 30 * RATE]
    path = media.write(tmp_path / "short.wav", samples, RATE)
    with Library("memory:") as library:
        list(library.ingest([path]))
        match = library.locate(path, part=part)[0]
    assert match.probability > 0.9
    assert (match.reference.start, match.reference.end) == pytest.approx((part.start, part.end), abs=0.4)


def test_what_surrounds_an_example_sounds_like_speech_and_is_fainter() -> None:
    tone = 0.1 * np.sin(2 * np.pi * 440 * np.arange(RATE // 2) / RATE).astype(np.float32)
    whole, place = surrounded(Waveform(tone, RATE))
    first, after = round(place.start * RATE), round(place.end * RATE)
    np.testing.assert_array_equal(whole.samples[first:after], tone)
    noise = whole.samples[: RATE // 2]
    assert 10 * np.log10(np.mean(tone**2) / np.mean(noise**2)) == pytest.approx(20, abs=1)
    power = np.abs(np.fft.rfft(speech_shaped(10 * RATE, RATE))) ** 2
    bands = [power[10 * low : 10 * high].sum() for low, high in ((445, 561), (3564, 4490))]
    assert 10 * np.log10(bands[0] / bands[1]) == pytest.approx(62.1 - 45.6, abs=1)


@pytest.mark.parametrize(
    ("phrase", "moment"),
    [("comparatively obsolete", 22.7), ("bear in mind", 26.5), ("manners books and opinions", 34.9)],
)
def test_typed_words_are_found_where_they_are_said(library: Library, phrase: str, moment: float) -> None:
    match = library.locate(phrase)[0]
    assert Path(library.name(match.recording)).name == "northanger-abbey.opus"
    assert match.reference.start == pytest.approx(moment, abs=0.5)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_in_noise_nothing_is_said(seed: int, tmp_path: Path) -> None:
    path = media.write(tmp_path / "noise.wav", sounds.noise(20.0, seed=seed), RATE)
    with Library("memory:") as library:
        list(library.ingest([path]))
        assert library.locate("the contract") == []
        assert library.locate("yesterday morning") == []


def test_too_long_a_phrase_is_refused(library: Library) -> None:
    with pytest.raises(
        UsageError, match="a phrase of 30000 letters is too long; give at most 500, some 100 words"
    ):
        library.locate("word " * 6000)


def test_a_phrase_that_is_no_text_is_refused(library: Library) -> None:
    with pytest.raises(UsageError, match="the phrase holds bytes that are not text in UTF-8"):
        library.locate("caf\udce9")


def test_only_the_named_recordings_are_searched(library: Library) -> None:
    found = library.locate("thirteen years", recordings=["lonesome-pine.opus"])
    assert {Path(library.name(m.recording)).name for m in found} == {"lonesome-pine.opus"}
    with pytest.raises(UsageError, match=r"no recording called nowhere\.wav is stored"):
        library.locate("thirteen years", recordings=["nowhere.wav"])


def test_as_many_places_are_found_as_are_asked_for(library: Library, speech_clip: Path) -> None:
    part = Segment(45.0, 45.8)
    many = library.locate(speech_clip, limit=200, part=part)
    assert len(many) == 200
    few = library.locate(speech_clip, limit=3, part=part)
    assert [m.reference for m in many[:3]] == [m.reference for m in few]
    assert [m.probability for m in many[:3]] == pytest.approx([m.probability for m in few], abs=0.01)
    with pytest.raises(UsageError, match="at least 1 answer must be asked for, not -1"):
        library.locate("thirteen years", limit=-1)


@pytest.mark.parametrize(("at_once", "places"), [(looking.AT_ONCE, looking.PLACES), (2000, 20)])
def test_the_likeliest_places_do_not_depend_on_how_many_are_asked_for(
    library: Library, speech_clip: Path, monkeypatch: pytest.MonkeyPatch, at_once: int, places: int
) -> None:
    monkeypatch.setattr(looking, "AT_ONCE", at_once)
    monkeypatch.setattr(looking, "PLACES", places)
    few, many = (
        [
            (m.recording, m.reference.start)
            for m in library.locate(speech_clip, limit, part=Segment(45.0, 45.8))
        ]
        for limit in (10, 100)
    )
    assert few == many[:10]


def test_of_much_that_is_searched_typed_words_are_looked_for_where_they_are_said(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(looking, "AT_ONCE", 0)
    monkeypatch.setattr(looking, "PLACES", 10)  # of a thousand
    tokenizer, known = Pocket(), []
    archive = Archive.of(library.store, library.recordings(), tokenizer.speech_layers)
    for text in ("northanger abbey", "bookseller", "thirteen years", "considerable changes"):
        place = library.locate(text, limit=1, recordings=["northanger-abbey.opus"])[0].reference
        [words, *_] = typed(text, [Espeak("en-us")], tokenizer)
        places = next(Places.best_first(archive, [words]))
        ends = archive.times[np.minimum(places.chosen + places.block, archive.n_frames - 1)]
        assert len(places.chosen) == 10
        assert np.abs(ends - place.end).min() < 0.3, text
        known.append(archive.gains[tokenizer])
    assert all(gains is known[0] for gains in known)  # told once: they do not depend on the words


@pytest.mark.parametrize("n", [1, 40, 99, 100, 200])
def test_the_best_are_those_that_come_first_when_all_are_sorted(n: int) -> None:
    scores = np.random.default_rng(0).integers(0, 12, 100).astype(np.float32)
    scores[90:] = -np.inf
    assert looking._best(scores, n).tolist() == np.argsort(-scores, kind="stable")[:n].tolist()
    padded = np.append(scores, np.full(2, -np.inf, np.float32))
    assert looking._highest(scores, 3).tolist() == padded.reshape(-1, 3).max(axis=1).tolist()


def test_places_that_are_not_likely_enough_end_the_search(library: Library, speech_clip: Path) -> None:
    part = Segment(45.0, 45.8)
    everything = library.locate(speech_clip, limit=1000, part=part)
    likely = library.locate(speech_clip, limit=1000, part=part, least=0.3)
    assert [m.reference for m in likely] == [m.reference for m in everything if m.probability >= 0.3]
    assert 0 < len(likely) < 50 < len(everything)


def test_false_alarms_an_hour_do_not_depend_on_how_much_is_searched(
    clips: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locate, "MOST", 0)  # what is heard twice is a further example of itself
    phrases = ("volume down", "a long way", "never mind", "seven", "turn it off", "candlelight")
    speech = [
        audio.load(clips / f"{name}.opus", RATE).samples for name in ("lonesome-pine", "northanger-abbey")
    ]
    alarms = []
    for times in (1, 2):
        path = media.write(tmp_path / f"{times}.wav", np.tile(np.concatenate(speech), times), RATE)
        with Library("memory:") as library:
            list(library.ingest([path]))
            best = [library.locate(phrase, limit=1)[0] for phrase in phrases]
            alarms.append(np.exp(np.mean([np.log(match.false_alarms) for match in best])))
    assert alarms[0] == pytest.approx(alarms[1], rel=0.3)


def test_probabilities_fall_with_the_scores(library: Library) -> None:
    found = library.locate("the lonesome pine", limit=20)
    assert [m.score for m in found] == sorted((m.score for m in found), reverse=True)
    assert [m.probability for m in found] == sorted((m.probability for m in found), reverse=True)
    assert all(0 <= m.probability <= 1 for m in found)


class Store:
    """As much of a store as an archive needs: clips of zeros."""

    schema = Schema("t", 2, 8, 12.5, anchor_dim=16)

    def __init__(self, *segments: Segment) -> None:
        self._clips = [Clip("a", segment) for segment in segments]

    def codes(self, _: str) -> Iterator[tuple[Clip, Codes]]:
        for clip in self._clips:
            yield clip, Codes(np.zeros((2, round(clip.segment.duration * 12.5)), np.int16), 12.5, 8)


def test_what_is_said_does_not_lie_across_a_gap() -> None:
    recording = Recording("a", "/a.wav", "0" * 64)
    store = Store(Segment(0, 8), Segment(8, 16), Segment(3600, 3608))
    archive = Archive.of(store, [recording, recording], range(1))  # type: ignore[arg-type]
    assert archive.recordings == ["a"] * 4
    assert archive.bounds.tolist() == [0, 200, 300, 500, 600]
    assert archive.times[[199, 200]].tolist() == pytest.approx([15.92, 3600.0])
    assert [archive.stretch_of(frame) for frame in (0, 199, 200, 599.5)] == [0, 0, 1, 3]


def test_a_recording_that_is_named_twice_is_searched_once(library: Library) -> None:
    found = library.locate("thirteen years", 10, recordings=["lonesome-pine.opus"] * 2)
    assert len({match.reference for match in found}) == len(found) == 10


@pytest.mark.parametrize("name", ["./lonesome-pine.opus", "../lonesome-pine.opus", "/lonesome-pine.opus"])
def test_a_path_that_begins_somewhere_is_no_end_of_another(library: Library, name: str) -> None:
    assert [Path(r.name).name for r in library.find("lonesome-pine.opus")] == ["lonesome-pine.opus"]
    with pytest.raises(UsageError, match=f"no recording called {name} is stored"):
        library.find(name)


def test_names_are_told_by_id_and_what_is_gone_is_called_by_its_own(library: Library) -> None:
    recordings = library.recordings()
    assert [library.name(r.id) for r in recordings] == [r.name for r in recordings]
    assert library.name("gone") == library.names()["gone"] == "gone"

"""Match: which recording, which range, at which speed; and nothing where there is nothing."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soxr

import media
import sounds
from audiosearch import Library, audio, demo, wav
from audiosearch.errors import AudioError, UsageError
from audiosearch.frames import count
from audiosearch.judgement import Judgement
from audiosearch.playback import faster, sooner
from audiosearch.types import Clip, Codes, Float32, Match, Segment, Waveform
from audiosearch.verdicts import in_words
from queries.edges import CUTS, FALL, _knee
from queries.listen import Hearing, encoded, listen
from queries.match import answers, match, told
from queries.search import LIKELY, Found, Judged, Search, is_telling, without_overlaps
from queries.speeds import as_asked

RATE = 16000


@pytest.fixture(scope="module")
def music(music_clip: Path) -> Float32:
    return audio.load(music_clip, RATE).samples


def part(samples: Float32, start: float, seconds: float) -> Float32:
    return samples[round(start * RATE) : round((start + seconds) * RATE)]


def ask(library: Library, samples: Float32) -> list[Match]:
    return library.match(Waveform(samples.astype(np.float32), RATE))


def best(library: Library, samples: Float32) -> tuple[str, Match]:
    match = ask(library, samples)[0]
    return Path(library.name(match.recording)).name, match


@pytest.mark.parametrize("seconds", [3.0, 10.0, 37.0])
def test_an_excerpt_is_found_where_it_was_cut(library: Library, speech_clip: Path, seconds: float) -> None:
    name, match = best(library, part(audio.load(speech_clip, RATE).samples, 11.3, seconds))
    assert name == "lonesome-pine.opus"
    assert match.probability > 0.9
    assert match.query.start == pytest.approx(0, abs=0.5)
    assert match.query.end == pytest.approx(seconds, abs=0.5)
    assert match.reference.start == pytest.approx(11.3 + match.query.start, abs=0.3)
    assert match.reference.end == pytest.approx(11.3 + match.query.end, abs=0.3)
    assert match.rate == pytest.approx(1, abs=0.03 / seconds + 0.005)


@pytest.mark.parametrize("n_copies", [1, 4])
def test_a_few_seconds_are_found_between_others(
    tmp_path: Path, music: Float32, speech_clip: Path, n_copies: int
) -> None:
    jingle, talk = part(music, 40.0, 5.2), audio.load(speech_clip, RATE).samples
    for number in range(n_copies):
        media.write(tmp_path / f"jingle{number}.wav", jingle, RATE)
    media.write(tmp_path / "talk.wav", part(talk, 0.0, 60.0), RATE)
    pause = np.zeros(RATE, np.float32)
    with Library("memory:") as library:
        list(library.ingest([tmp_path]))
        asked = np.concatenate([pause, jingle, pause, part(talk, 30.0, 7.0)])
        found = [match for match in ask(library, asked) if match.probability > 0.9]
        names = {match.recording: Path(library.name(match.recording)).stem for match in found}
        assert len(found) == n_copies + 1
        for match in found:
            expected = (7.2, 14.2) if names[match.recording] == "talk" else (1.0, 6.2)
            assert (match.query.start, match.query.end) == pytest.approx(expected, abs=0.5)


def test_short_queries_are_heard_twice_half_a_frame_apart(library: Library, music: Float32) -> None:
    def heard(seconds: float) -> list[Hearing]:
        query = part(music, 20.0, seconds)
        return listen(iter([query]), library.tokenizer, library.segmenter, library.store.schema).hearings

    (twice,) = heard(6.0)
    later = library.tokenizer.encode([Waveform(part(music, 20.04, 5.96), RATE)])[0]
    assert twice.late is not None
    np.testing.assert_array_equal(twice.late.array, later.array)
    as_it_is, mirrored = heard(3.0)
    assert as_it_is.late is not None
    assert mirrored.late is not None
    assert mirrored.late.n_frames == mirrored.codes.n_frames
    assert [hearing.late for hearing in heard(9.0)] == [None]
    assert heard(0.03)[0].late is None
    assert library.match(Waveform(part(music, 20.0, 0.03), RATE)) == []


def test_a_query_of_two_seconds_is_heard_between_its_mirror_images(library: Library, music: Float32) -> None:
    noise = np.random.default_rng(1).standard_normal(2 * RATE).astype(np.float32)
    found = []
    for start in range(4, 44, 4):
        query = part(music, start + 0.03, 2.0)
        query = query + 0.3 * np.sqrt(np.mean(query**2)) * noise  # 10 dB
        matches = library.match(Waveform(query, RATE))
        found.append(bool(matches) and matches[0].probability > 0.5)
    assert sum(found) >= 7


@pytest.mark.parametrize("seconds", [1.0, 1.5, 2.0])
def test_a_short_recording_is_found_by_itself(tmp_path: Path, music: Float32, seconds: float) -> None:
    media.write(tmp_path / "short.wav", part(music, 20.0, seconds), RATE)
    with Library("memory:") as library:
        list(library.ingest([tmp_path]))
        match = library.match(tmp_path / "short.wav")[0]
    assert match.verdict == "same recording"


@pytest.mark.parametrize("gain", [0.05, 0.5])
def test_volume_does_not_matter(library: Library, music: Float32, gain: float) -> None:
    name, match = best(library, gain * part(music, 30.0, 8.0))
    assert (name, match.probability > 0.9) == ("land-5.opus", True)


@pytest.mark.parametrize(
    ("speed", "keeps_pitch"), [(0.55, True), (0.7, False), (1.3, True), (1.4, True), (1.9, False)]
)
def test_half_and_twice_the_speed_are_found_on_request(
    library: Library, music: Float32, speed: float, keeps_pitch: bool
) -> None:
    cut = part(music, 20.0, 12.0)
    played = sooner([cut], RATE, speed) if keeps_pitch else faster([cut], speed)
    query = Waveform(np.concatenate(list(played)), RATE)
    by_codes = speed == 1.3  # of which the waveform tells without being asked
    assert not [m for m in library.match(query, waveforms=not by_codes) if m.verdict != "no match"]
    found = library.match(query, any_speed=True)[0]
    assert Path(library.name(found.recording)).name == "land-5.opus"
    assert found.verdict == "altered copy"
    assert found.rate == pytest.approx(speed, rel=0.02)
    assert found.query.start == pytest.approx(0, abs=0.5)
    assert found.query.end == pytest.approx(12 / speed, abs=1)
    assert found.reference.start == pytest.approx(20, abs=0.5)
    assert found.reference.end == pytest.approx(32, abs=1)


def kept(folder: Path, **recordings: Float32) -> Library:
    """A library of these."""
    for name, samples in recordings.items():
        media.write(folder / f"{name}.wav", samples, RATE)
    library = Library("memory:")
    list(library.ingest([folder]))
    return library


def sure(library: Library, samples: Float32) -> list[tuple[str, Match]]:
    """What is likely, in the order of the query."""
    likely = [match for match in ask(library, samples) if match.probability > LIKELY]
    return [(Path(library.name(m.recording)).stem, m) for m in sorted(likely, key=lambda m: m.query)]


def test_an_exact_copy_hides_nothing_that_is_in_it(tmp_path: Path, music: Float32, speech_clip: Path) -> None:
    talk = audio.load(speech_clip, RATE).samples
    trailer = np.concatenate([part(talk, 10.0, 14.0), part(music, 20.0, 14.0), part(talk, 50.0, 12.0)])
    with kept(tmp_path, trailer=trailer, song=music) as library:
        found = dict(sure(library, trailer))
    assert found["trailer"].verdict == "same recording"
    assert found["song"].query.start == pytest.approx(14.0, abs=0.5)
    assert found["song"].query.end == pytest.approx(28.0, abs=0.5)


def test_parts_of_a_recording_with_something_else_between_them_are_two(
    library: Library, speech_clip: Path, music: Float32
) -> None:
    talk = audio.load(speech_clip, RATE).samples
    query = np.concatenate([part(talk, 10.0, 8.0), part(music, 20.0, 10.0)[::-1], part(talk, 28.0, 12.0)])
    (first, one), (second, other) = sure(library, query)
    assert (first, second) == ("lonesome-pine", "lonesome-pine")
    for found, start, end, at in ((one, 0.0, 8.0, 10.0), (other, 18.0, 30.0, 28.0)):
        assert found.query.start == pytest.approx(start, abs=0.5)
        assert found.query.end == pytest.approx(end, abs=0.5)
        assert found.reference.start == pytest.approx(at, abs=0.5)


def test_a_pause_of_a_recording_does_not_part_its_copy(tmp_path: Path, speech_clip: Path) -> None:
    talk = audio.load(speech_clip, RATE).samples
    paused = np.concatenate([talk[: 30 * RATE], np.zeros(20 * RATE, np.float32), part(talk, 30.0, 30.0)])
    with kept(tmp_path, paused=paused) as library:
        ((_, match),) = sure(library, paused)
    assert match.verdict == "same recording"
    assert match.query.end == pytest.approx(80.0, abs=0.5)


def test_a_hearing_that_is_heard_twice_weighs_no_more(library: Library, music: Float32) -> None:
    query = np.concatenate(list(faster([part(music, 20.0, 8.0)], 0.8)))  # at 1.41 it has less than 8 s
    found = library.match(Waveform(query, RATE), any_speed=True)[0]
    assert found.probability > 0.9


def test_what_is_found_at_another_speed_is_told_as_it_was_asked() -> None:
    match = Match(
        "r", Segment(1.0, 3.0), Segment(10.0, 13.0), 1.5, score=4.0, probability=1 / (1 + np.exp(-4.0))
    )
    told = as_asked(Found(match, 10.0, Judgement(0.6, 1.5, 0.0, 0.8, 2.0)), 2.0).match
    assert (told.query, told.reference, told.rate) == (Segment(2.0, 6.0), match.reference, 0.75)
    assert told.probability == pytest.approx(1 / (1 + np.exp(-told.score)))  # of so many hearings
    assert told.probability < match.probability


def test_at_any_speed_the_right_one_is_told_once(library: Library, music: Float32) -> None:
    found = library.match(Waveform(part(music, 20.0, 10.0), RATE), any_speed=True)
    sure = [m for m in found if m.verdict != "no match"]
    assert len(sure) == 1
    assert sure[0].rate == pytest.approx(1, abs=0.01)


@pytest.mark.parametrize("speed", [0.92, 1.08])
def test_another_speed_is_found_and_told(library: Library, music: Float32, speed: float) -> None:
    played = soxr.resample(part(music, 20.0, 20.0), RATE * speed, RATE)
    name, match = best(library, played)
    assert name == "land-5.opus"
    assert match.rate == pytest.approx(speed, abs=0.01)
    assert match.reference.start == pytest.approx(20 + speed * match.query.start, abs=0.3)


def test_a_verdict_says_what_a_match_is(library: Library, music: Float32) -> None:
    assert best(library, 0.5 * music)[1].verdict == "same recording"
    assert best(library, part(music, 11.3, 12.0))[1].verdict == "contains part of"
    faster = soxr.resample(part(music, 5.0, 30.0), RATE * 1.05, RATE)
    match = best(library, faster)[1]
    assert in_words(match.verdict, match.rate) == "altered copy (speed 1.05)"
    longer = np.concatenate([sounds.noise(10.0, level=0.02), music])
    assert best(library, longer)[1].verdict == "contains part of"


class Whole:
    """As much of a store as a verdict needs: one recording of one clip."""

    def __init__(self, duration: float) -> None:
        self._clip = Clip("r", Segment(0.0, duration))

    def codes(self, _: str, within: Segment) -> Iterator[tuple[Clip, Codes]]:
        if within.start < self._clip.segment.end:
            yield self._clip, Codes(np.zeros((1, 1), np.int16), 12.5, 8)


@pytest.mark.parametrize(
    ("end", "asked", "stored", "verdict"),
    [
        (10.0, 10.0, 10.0, "same recording"),
        (10.0, 10.0, 60.0, "contains part of"),
        (10.0, 60.0, 10.0, "contains part of"),
        (98.5, 100.0, 98.5, "same recording"),  # less than 2 % are missing
    ],
)
def test_the_same_recording_is_the_same_to_both_ends(
    end: float, asked: float, stored: float, verdict: str
) -> None:
    match = Match("r", Segment(0.0, end), Segment(0.0, end), 1.0, 9.0, 0.999)
    assert told(match, Whole(stored), asked).verdict == verdict  # type: ignore[arg-type]


def test_of_two_that_overlap_the_one_that_more_frames_support_is_kept_and_the_surest_comes_first() -> None:
    def found(start: float, end: float, support: float, probability: float) -> Found:
        place = Segment(start, end)
        match = Match("r", place, place, 1.0, 9.0, probability)
        return Found(match, support, Judgement(0.9, 1.0, 0.0, 1.0, 10.0))

    surer, more, elsewhere = found(2, 8, 4.0, 0.99), found(0, 10, 7.0, 0.9), found(20, 25, 3.0, 0.95)
    assert without_overlaps([surer, more, elsewhere]) == [elsewhere, more]


def noise_of_agreement(seed: int) -> np.ndarray:
    return 0.008 * np.random.default_rng(seed).standard_normal(len(CUTS))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("end", [-0.6, 0.0, 0.4])
def test_an_end_lies_where_agreement_ceases_to_rise(seed: int, end: float) -> None:
    rising = 0.1 + 0.7 * np.clip(1 - (end - CUTS) / FALL, 0, 1)
    assert _knee(CUTS, rising + noise_of_agreement(seed)) == pytest.approx(end, abs=0.05)


@pytest.mark.parametrize("seed", range(5))
def test_an_end_stays_where_agreement_does_not_rise(seed: int) -> None:
    assert _knee(CUTS, 0.8 + noise_of_agreement(seed)) == 0


def test_what_is_unlikely_is_no_match(library: Library) -> None:
    assert {m.verdict for m in ask(library, sounds.melody(8.0, seed=9))} <= {"no match"}


def test_noise_over_speech(library: Library, speech_clip: Path, tmp_path: Path) -> None:
    upload = demo.make_upload(speech_clip, 50.0, 8.0, tmp_path / "upload.opus")
    match = library.match(upload)[0]
    assert Path(library.name(match.recording)).name == "lonesome-pine.opus"
    assert match.reference.start == pytest.approx(50 + match.query.start, abs=0.3)


# recording, from where in it, seconds of it, speed
EXCERPTS = (
    ("lonesome-pine", 20.0, 15.0, 1.0),
    ("land-5", 5.0, 15.0, 1.06),
    ("northanger-abbey", 12.0, 12.0, 1.0),
    ("blinded-by-desire", 30.0, 14.0, 0.94),
    ("history-of-printing", 8.0, 12.0, 1.0),
)


def test_an_upload_may_hold_parts_of_several_recordings(library: Library, clips: Path) -> None:
    gap = sounds.noise(6.0, level=0.02)
    parts, begins = [gap], []
    for name, start, seconds, speed in EXCERPTS:
        samples = part(audio.load(next(clips.glob(f"{name}.*")), RATE).samples, start, seconds)
        begins.append(sum(map(len, parts)) / RATE)
        parts += [soxr.resample(samples, RATE * speed, RATE), gap]
    found = [m for m in ask(library, np.concatenate(parts)) if m.probability > 0.9]
    rows = {Path(library.name(m.recording)).stem: m for m in found}
    assert len(found) == len(rows) == len(EXCERPTS)
    for (name, start, seconds, speed), begin in zip(EXCERPTS, begins, strict=True):
        match = rows[name]
        assert (match.query.start, match.query.end) == pytest.approx(
            (begin, begin + seconds / speed), abs=0.6
        )
        assert (match.reference.start, match.reference.end) == pytest.approx(
            (start, start + seconds), abs=0.6
        )
        assert match.rate == pytest.approx(speed, abs=0.015)


@pytest.mark.parametrize(
    "samples",
    [
        sounds.silence(8.0),
        0.3 * np.sin(2 * np.pi * 440 * np.arange(8 * RATE) / RATE),
        0.2 * np.sin(2 * np.pi * 50 * np.arange(8 * RATE) / RATE),
        sounds.noise(8.0, seed=5),
        np.tile(sounds.noise(0.08, seed=6), 100),
        sounds.melody(8.0, seed=9),
    ],
    ids=["silence", "tone", "hum", "noise", "one frame in a loop", "another melody"],
)
def test_what_is_not_there_is_not_found(library: Library, samples: Float32) -> None:
    assert [m for m in ask(library, samples) if m.probability > 0.5] == []


@pytest.mark.parametrize(
    "pitches, on, off", [((440, 480), 2.0, 4.0), ((480, 620), 0.5, 0.5), ((1000,), 0.2, 0.8)]
)
def test_telephones_that_ring_are_no_copies(
    tmp_path: Path, pitches: tuple[int, ...], on: float, off: float
) -> None:
    wav.write(tmp_path / "rings.wav", Waveform(sounds.ringing(30.0, pitches, on, off), RATE))
    with Library("memory:") as library:
        list(library.ingest([tmp_path]))
        for seconds, late in ((10.0, 0.3), (17.0, 0.0)):
            asked = sounds.ringing(seconds, pitches, on, off, late) + sounds.noise(seconds, level=0.001)
            assert [m for m in ask(library, asked) if m.probability > 0.5] == []


def test_all_copies_are_found_however_many(tmp_path: Path, music: Float32) -> None:
    wav.write(tmp_path / "00.wav", Waveform(part(music, 10.0, 12.0), RATE))
    for number in range(1, 30):
        (tmp_path / f"{number:02d}.wav").write_bytes((tmp_path / "00.wav").read_bytes())
    with Library("memory:") as library:
        list(library.ingest([tmp_path]))
        found = ask(library, part(music, 13.0, 6.0))
        assert {Path(library.name(m.recording)).name for m in found if m.probability > 0.9} == {
            f"{number:02d}.wav" for number in range(30)
        }


def test_music_ends_where_it_was_cut(library: Library, music: Float32, speech_clip: Path) -> None:
    speech = audio.load(speech_clip, RATE).samples
    upload = np.concatenate([part(speech, 20.0, 9.0), part(music, 15.0, 14.0), part(speech, 40.0, 9.0)])
    found = next(m for m in ask(library, upload) if "land-5" in library.name(m.recording))
    assert (found.query.start, found.query.end) == pytest.approx((9.0, 23.0), abs=0.3)
    assert (found.reference.start, found.reference.end) == pytest.approx((15.0, 29.0), abs=0.3)


def test_a_query_whose_ends_are_its_own_is_read_once(library: Library, music: Float32) -> None:
    times = []

    def read() -> Iterator[Float32]:
        times.append(len(times))
        return iter([part(music, 20.0, 6.0)])

    assert match(library.store, library.tokenizer, library.segmenter, read)
    assert len(times) == 1


def test_nothing_at_all_is_an_error(library: Library) -> None:
    with pytest.raises(AudioError, match="the query holds no sound"):
        ask(library, np.zeros(0, np.float32))


def test_the_limit_is_kept(library: Library, music: Float32) -> None:
    assert len(library.match(Waveform(music, RATE), limit=1)) == 1


def test_a_copy_is_found_by_its_fingerprint_alone(clips: Path, speech_clip: Path) -> None:
    """Without a single anchor in the store."""
    with Library("memory:") as library:
        list(library.ingest([clips]))
        search = library.store.by_anchors
        library.store.by_anchors = lambda rows, *_: [[] for _ in rows]  # type: ignore[method-assign]
        found = library.match(speech_clip)
        library.store.by_anchors = search  # type: ignore[method-assign]
        assert Path(library.name(found[0].recording)).name == "lonesome-pine.opus"
    assert found[0].probability > 0.99


@pytest.mark.parametrize(
    ("text", "telling"),
    [("5_" * 50 + "5", False), ("_".join(map(str, range(20))), False), ("_".join(map(str, range(60))), True)],
)
def test_short_or_monotonous_fingerprints_tell_nothing(text: str, telling: bool) -> None:
    assert is_telling(text) is telling


def test_an_empty_store_matches_nothing(music: Float32) -> None:
    with Library("memory:") as library:
        list(library.ingest([]))
        assert ask(library, part(music, 0.0, 5.0)) == []


def test_matches_are_the_same_each_time(library: Library, music: Float32) -> None:
    once, again = (ask(library, part(music, 14.0, 6.0)) for _ in range(2))
    assert once == again
    assert replace(once[0], score=0) != once[0]


def test_ends_lie_within_the_sound(library: Library, music: Float32, tmp_path: Path) -> None:
    _, match = best(library, part(music, 20.0, 5.019))
    assert match.query.end == pytest.approx(5.019, abs=1e-4)
    with Library("memory:") as short:
        wav.write(tmp_path / "short.wav", Waveform(part(music, 20.0, 9.956), RATE))
        list(short.ingest([tmp_path]))
        _, match = best(short, part(music, 24.0, 5.956))
    assert match.reference.end <= 9.956


def test_what_begins_behind_the_end_of_the_sound_is_no_match() -> None:
    def found(start: float, end: float) -> Found:
        place = Segment(start, end)
        return Found(Match("r", place, place, 1.0, 1.0, 0.7), 1.0, Judgement(0.9, 1.0, 0.0, 1.0, 0.8))

    (match,) = answers([found(0.84, 0.92), found(0.0, 0.84)], Whole(0.8), 0.801)  # type: ignore[arg-type]
    assert match.query == Segment(0.0, 0.801)


@pytest.mark.parametrize("limit", [0, -1])
def test_no_answers_cannot_be_asked_for(library: Library, music: Float32, limit: int) -> None:
    waveform = Waveform(music, RATE)
    for ask_for in (library.match, library.similar, library.ask):
        with pytest.raises(UsageError, match=f"at least 1 answer must be asked for, not {limit}"):
            ask_for(waveform, limit)


class Slow:
    """A tokenizer whose frames are no whole number of samples, and tell when they begin."""

    sample_rate, frame_rate, n_layers, codebook_size = RATE, 86.02, 1, 1

    def encode(self, waveforms: list[Waveform]) -> list[Codes]:
        return [
            Codes(self._begins(waveform.samples)[None], self.frame_rate, self.codebook_size)
            for waveform in waveforms
        ]

    def _begins(self, samples: Float32) -> np.ndarray:
        n_frames = count(len(samples), RATE, self.frame_rate)
        begins = [round(n * RATE / self.frame_rate) for n in range(n_frames)]
        return samples[np.minimum(begins, len(samples) - 1)]


def test_chunks_are_whole_frames_at_any_rate() -> None:
    clock = (np.arange(400 * RATE) / RATE).astype(np.float32)  # each sample tells its time
    codes = np.concatenate(list(encoded(iter([clock]), Slow(), 10.0)), axis=1)[0]  # type: ignore[arg-type]
    assert len(codes) == count(len(clock), RATE, Slow.frame_rate)
    np.testing.assert_allclose(codes, np.arange(len(codes)) / Slow.frame_rate, atol=2 / RATE)


def test_a_copy_stored_beside_it_is_no_rival(tmp_path: Path, music: Float32) -> None:
    for suffix in ("flac", "mp3"):
        media.write(tmp_path / f"song.{suffix}", music, RATE)
    noise = np.random.default_rng(0).standard_normal(5 * RATE).astype(np.float32)
    clean = part(music, 20.0, 5.0)
    noisy = clean + noise * np.sqrt((clean**2).mean())
    with Library("memory:") as library:
        list(library.ingest([tmp_path]))
        codes = library.tokenizer.encode([Waveform(noisy, RATE)])[0]
        found = Search(library.store, library.tokenizer, codes).judged(Segment(0.0, 5.0))
        true = [one for one in found if abs(one.line.at(2.5) - 22.5) < 0.2]
        assert len({one.line.recording for one in true}) == 2
        assert all(one.judgement.lead > 0.1 for one in true)


def test_nothing_more_is_looked_for_behind_music_that_repeats_itself(
    tmp_path: Path, music: Float32, monkeypatch: pytest.MonkeyPatch
) -> None:
    looped = np.tile(part(music, 20.0, 5.0), 8)
    media.write(tmp_path / "looped.flac", looped, RATE)
    media.write(tmp_path / "other.flac", part(music, 30.0, 30.0), RATE)
    limits = []
    judge = Search._judged

    def spy(search: Search, section: Segment, limit: int) -> list[Judged]:
        limits.append(limit)
        return judge(search, section, limit)

    monkeypatch.setattr(Search, "_judged", spy)
    with Library("memory:") as library:
        list(library.ingest([tmp_path]))
        codes = library.tokenizer.encode([Waveform(looped[: 10 * RATE], RATE)])[0]
        found = Search(library.store, library.tokenizer, codes).judged(Segment(0.0, 10.0))
        likely = [one for one in found if one.judgement.probability > LIKELY]
        assert len(likely) > limits[0] / 2
        assert len({one.line.recording for one in likely}) == 1
    assert len(limits) == 1

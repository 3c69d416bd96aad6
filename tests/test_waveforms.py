"""Lines are listened to where the files of recordings are at hand; where they are not, codes alone decide."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import soxr

import sounds
from audiosearch import Library, audio, wav
from audiosearch.coherence import RATE
from audiosearch.errors import AudioError
from audiosearch.types import Float32, Match, Segment, Waveform
from commands import Run
from queries.waveforms import Tape


@pytest.fixture
def music(music_clip: Path) -> Float32:
    return audio.load(music_clip, RATE).samples


def under(samples: Float32, speech_clip: Path, decibels: float) -> Waveform:
    """Sound below speech that is so much louder."""
    speech = audio.load(speech_clip, RATE).samples[: len(samples)]
    gain = np.std(samples) / np.std(speech) * 10 ** (decibels / 20)
    return Waveform((0.3 * (samples + gain * speech)).astype(np.float32), RATE)


def surest(matches: list[Match]) -> float:
    return max((match.probability for match in matches), default=0.0)


@pytest.fixture
def kept(tmp_path: Path, music_clip: Path) -> tuple[Library, Path]:
    path = tmp_path / "music.opus"
    shutil.copy(music_clip, path)
    library = Library("memory:")
    list(library.ingest([path]))
    return library, path


@pytest.mark.parametrize(("start", "decibels"), [(20, 1), (45, -2), (45, 4)])
def test_what_codes_doubt_is_known_by_its_waveform(
    kept: tuple[Library, Path], music: Float32, speech_clip: Path, start: int, decibels: float
) -> None:
    library, _ = kept
    asked = under(music[start * RATE : (start + 9) * RATE], speech_clip, decibels)
    (found, *_), by_codes = library.match(asked), library.match(asked, waveforms=False)
    assert found.probability > 0.95 > 0.9 > surest(by_codes)
    assert found.reference.start - found.query.start == pytest.approx(start, abs=0.1)


def test_what_only_resembles_is_less_likely_by_its_waveform(library: Library, speech_clip: Path) -> None:
    backwards = audio.load(speech_clip, RATE).samples[10 * RATE : 16 * RATE][::-1].copy()
    asked = Waveform(backwards, RATE)
    assert surest(library.match(asked)) < max(0.1, surest(library.match(asked, waveforms=False)))


def removed(path: Path) -> None:
    path.unlink()


def changed(path: Path) -> None:
    path.write_bytes(path.read_bytes() + b"more")


def touched(path: Path) -> None:
    os.utime(path, (1e9, 1e9))


def damaged(path: Path) -> None:
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize("spoil", [removed, changed, touched, damaged])
def test_without_the_file_that_was_stored_codes_decide(
    kept: tuple[Library, Path], music: Float32, speech_clip: Path, spoil: Callable[[Path], None]
) -> None:
    library, path = kept
    asked = under(music[20 * RATE : 25 * RATE], speech_clip, 5)
    before = library.match(asked)
    spoil(path)
    assert library.match(asked) == library.match(asked, waveforms=False) != before


def test_an_excerpt_that_begins_before_the_recording_is_listened_to(
    library: Library, speech_clip: Path
) -> None:
    before, speech = np.zeros(2 * RATE, np.float32), audio.load(speech_clip, RATE).samples
    found = library.match(Waveform(np.concatenate([before, speech[: 4 * RATE]]), RATE))[0]
    assert found.probability > 0.99
    assert found.reference.start == pytest.approx(0, abs=0.3)


@pytest.mark.parametrize(("seconds", "speed"), [(8.0, 1.0), (14.0, 1.07), (10.0, 1.1)])
def test_ends_lie_where_the_waveforms_cease_to_agree(
    library: Library, clips: Path, seconds: float, speed: float
) -> None:
    desire = audio.load(clips / "blinded-by-desire.opus", RATE).samples
    excerpt = desire[30 * RATE : round((30 + seconds * speed) * RATE)]
    around = [np.std(excerpt) * sounds.melody(7.3, seed=seed) for seed in (1, 2)]
    excerpt = soxr.resample(excerpt, RATE * speed, RATE)
    asked = Waveform(np.concatenate([around[0], excerpt, around[1]]).astype(np.float32), RATE)
    found = library.match(asked)[0]
    assert (found.query.start, found.query.end) == pytest.approx((7.3, 7.3 + seconds), abs=0.1)


def test_in_a_stream_they_do_as_well(library: Library, clips: Path, tmp_path: Path) -> None:
    excerpt = audio.load(clips / "blinded-by-desire.opus", RATE).samples[30 * RATE : 38 * RATE]
    around = [np.std(excerpt) * sounds.melody(20.3, seed=seed) for seed in (1, 2)]
    wav.write(tmp_path / "stream.wav", Waveform(np.concatenate([around[0], excerpt, around[1]]), RATE))
    (found,) = (m for m in library.watch(tmp_path / "stream.wav") if m.probability > 0.9)
    assert (found.query.start, found.query.end) == pytest.approx((20.3, 28.3), abs=0.2)
    assert (found.reference.start, found.reference.end) == pytest.approx((30.0, 38.0), abs=0.2)


def test_what_a_stream_begins_with_begins_with_it(library: Library, clips: Path, tmp_path: Path) -> None:
    music = audio.load(clips / "blinded-by-desire.opus", RATE).samples[30 * RATE : 42 * RATE]
    behind = np.std(music) * sounds.melody(20.0, seed=2)
    wav.write(tmp_path / "stream.wav", Waveform(np.concatenate([music, behind]), RATE))
    (found,) = (m for m in library.watch(tmp_path / "stream.wav") if m.probability > 0.9)
    assert found.query.start == 0
    assert found.query.end == pytest.approx(12.0, abs=0.2)


def test_what_begins_at_the_very_end_of_a_query_is_no_error(library: Library, clips: Path) -> None:
    desire = audio.load(clips / "blinded-by-desire.opus", RATE).samples[30 * RATE : 33 * RATE]
    asked = np.concatenate([sounds.melody(6.0, seed=3), soxr.resample(desire, RATE * 1.08, RATE)])
    assert all(match.query.end <= 9.0 for match in library.match(Waveform(asked.astype(np.float32), RATE)))


def test_copies_are_listened_to_as_well(tmp_path: Path, music: Float32, speech_clip: Path) -> None:
    wav.write(tmp_path / "music.wav", Waveform(music[: 30 * RATE], RATE))
    wav.write(tmp_path / "mixed.wav", under(music[10 * RATE : 18 * RATE], speech_clip, 7))
    with Library("memory:") as library:
        list(library.ingest([tmp_path]))
        (mixed,) = library.find("mixed.wav")
        assert surest(library.copies(mixed)) > 0.95
        assert surest(library.copies(mixed)) > surest(library.copies(mixed, waveforms=False))


def test_a_stream_is_listened_to_as_it_passes(
    kept: tuple[Library, Path], music: Float32, speech_clip: Path, tmp_path: Path
) -> None:
    library, _ = kept
    asked = under(music[30 * RATE : 55 * RATE], speech_clip, 3)
    before = np.tile(np.random.default_rng(0).normal(0, 0.05, RATE).astype(np.float32), 70)
    wav.write(tmp_path / "stream.wav", Waveform(np.concatenate([before, asked.samples]), RATE))
    found = [m for m in library.watch(tmp_path / "stream.wav") if m.probability > 0.95]
    by_codes = list(library.watch(tmp_path / "stream.wav", waveforms=False))
    assert found
    assert surest(found) > surest(by_codes)
    played = Segment(70.0, 95.0)
    assert all(match.query.overlap(played) > 0.5 * match.query.duration for match in found)


def test_what_was_heard_more_than_a_minute_ago_is_not_held() -> None:
    tape = Tape(RATE)
    for block in tape.recording([np.full(RATE, second, np.float32) for second in range(90)]):
        assert len(block) == RATE
    assert tape(Segment(80.0, 82.0)).tolist() == RATE * [80.0] + RATE * [81.0]
    assert len(tape(Segment(89.5, 92.0))) == RATE / 2
    with pytest.raises(AudioError, match="not held"):
        tape(Segment(20.0, 25.0))


def test_the_command_can_do_without(store: Path, music_clip: Path, tmp_path: Path, run: Run) -> None:
    for options in ([], ["--codes-alone"]):
        done = run("match", music_clip, "--store", store, *options)
        assert (done.code, "same recording" in done.out) == (0, True)
    assert run("dedup", "--store", store, "--out", tmp_path / "found").code == 0
    done = run("dedup", "--store", store, "--out", tmp_path / "found", "--codes-alone")
    assert done.code != 0
    assert "waveforms" in done.err

"""Watch: a stream's matches, one by one, as they end; files that grow; bounded memory."""

import itertools
import os
import threading
import types
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
import soxr

import media
import sounds
from audiosearch import Library, audio
from audiosearch.errors import AudioError
from audiosearch.growing import Growing
from audiosearch.judgement import Judgement
from audiosearch.types import Float32, Match, Segment
from queries import watch as watching
from queries.search import Found

RATE = 16000


@pytest.fixture(scope="module")
def broadcast(music_clip: Path, speech_clip: Path) -> Float32:
    """Music at 20 s, speech at 60 s 5 % too fast, nothing known in between."""
    music, speech = (audio.load(path, RATE).samples for path in (music_clip, speech_clip))
    fast = soxr.resample(speech[20 * RATE : round(39.5 * RATE)], RATE * 1.05, RATE)
    gap = sounds.noise(20.0, level=0.02)
    return np.concatenate([gap, music[5 * RATE : 25 * RATE], gap, fast, gap]).astype(np.float32)


def heard(library: Library, blocks: Iterator[Float32]) -> Iterator[Match]:
    found = watching.watch(library.store, library.tokenizer, blocks)
    return (match for match in found if match.probability > 0.9)


def test_matches_come_in_the_order_in_which_they_end(library: Library, broadcast: Float32) -> None:
    music, speech = heard(library, iter(np.array_split(broadcast, 13)))
    assert Path(library.name(music.recording)).name == "land-5.opus"
    assert (music.query.start, music.query.end) == pytest.approx((20, 40), abs=0.5)
    assert (music.reference.start, music.reference.end) == pytest.approx((5, 25), abs=0.5)
    assert music.verdict == "contains part of"
    assert Path(library.name(speech.recording)).name == "lonesome-pine.opus"
    assert (speech.query.start, speech.query.end) == pytest.approx((60, 60 + 19.5 / 1.05), abs=0.5)
    assert speech.rate == pytest.approx(1.05, abs=0.01)
    assert speech.verdict == "altered copy"


def test_a_few_seconds_between_others_are_told(library: Library, music_clip: Path) -> None:
    gap, music = sounds.noise(9.0, level=0.02), audio.load(music_clip, RATE).samples
    jingle = music[30 * RATE : round(35.2 * RATE)]
    stream = np.concatenate([gap, jingle, gap]).astype(np.float32)
    (match,) = heard(library, iter(np.array_split(stream, 9)))
    assert (match.query.start, match.query.end) == pytest.approx((9.0, 14.2), abs=0.5)
    assert (match.reference.start, match.reference.end) == pytest.approx((30.0, 35.2), abs=0.5)


def test_a_match_is_told_while_the_stream_goes_on(library: Library, broadcast: Float32) -> None:
    n_read = 0

    def blocks() -> Iterator[Float32]:
        nonlocal n_read
        for block in np.array_split(broadcast, len(broadcast) // RATE):
            n_read += len(block)
            yield block

    next(heard(library, blocks()))
    assert n_read / RATE < 40 + 31


def test_what_is_kept_of_a_stream_is_bounded(
    library: Library, music_clip: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(watching, "LONGEST", 30.0)
    longest = 0
    forget = watching._Stream._forget

    def spy(stream: watching._Stream, needed: float) -> None:
        nonlocal longest
        forget(stream, needed)
        longest = max(longest, stream._codes.shape[1])

    monkeypatch.setattr(watching._Stream, "_forget", spy)
    samples = audio.load(music_clip, RATE).samples
    parts = list(heard(library, iter([samples])))
    assert longest / 12.5 < 30 + 2 * watching.PATIENCE
    assert len(parts) > 1
    assert parts[0].query.start == pytest.approx(0, abs=0.5)
    assert parts[-1].query.end == pytest.approx(60, abs=1)
    for part, following in itertools.pairwise(parts):
        assert following.query.start == part.query.end
        assert following.reference.start == pytest.approx(part.reference.end, abs=0.1)


@pytest.mark.parametrize("seconds", [4, 6])
def test_a_stream_shorter_than_a_section_is_searched(
    library: Library, music_clip: Path, seconds: int
) -> None:
    samples = audio.load(music_clip, RATE).samples[30 * RATE : (30 + seconds) * RATE]
    (match,) = heard(library, iter([samples]))
    assert match.reference.start == pytest.approx(30, abs=0.5)
    assert match.query.end == pytest.approx(seconds, abs=0.1)


def test_a_section_before_what_is_needed_is_kept(library: Library) -> None:
    stream = watching._Stream(library.store, library.tokenizer)
    stream.hear(np.zeros((library.tokenizer.n_layers, 500), np.int16))
    stream._forget(30.0)
    assert stream._start == 12.5 * (30 - watching.SECTION)
    assert stream.end == 40.0


def test_what_ends_within_a_part_that_was_told_is_not_told_again(library: Library) -> None:
    def found(start: float, end: float, support: float) -> Found:
        match = Match("r", Segment(start, end), Segment(start + 7, end + 7), 1.0, 8.0, 0.999)
        return Found(match, support, Judgement(0.9, 1.0, 0.0, 1.0, 10.0))

    def told(start: float, end: float) -> list[tuple[Segment, float]]:
        search = types.SimpleNamespace(extend=lambda _: [found(start, end, 9.0)])
        left = stream._extended(search, [])  # type: ignore[arg-type]
        return [(one.match.query, one.support) for one in left]

    stream = watching._Stream(library.store, library.tokenizer)
    stream._cut = [found(0.0, 20.0, 18.0), found(20.0, 30.0, 27.0)]
    assert told(10.0, 29.0) == []
    assert told(10.0, 40.0) == [(Segment(30.0, 40.0), 27.0 + 3.0)]
    assert told(35.0, 40.0) == [(Segment(35.0, 40.0), 9.0)]


@pytest.mark.parametrize("seconds", [0.0, 0.5, 12.0])
def test_nothing_known_is_no_match(library: Library, seconds: float) -> None:
    assert list(heard(library, iter([sounds.noise(seconds)]))) == []


def test_a_file_that_grows_is_followed(tmp_path: Path) -> None:
    whole = media.write(tmp_path / "whole.mp3", sounds.melody(6.0), 44100).read_bytes()
    path = tmp_path / "growing.mp3"
    path.write_bytes(whole[: len(whole) // 2])

    def grow() -> None:
        with path.open("ab") as file:
            file.write(whole[len(whole) // 2 :])

    threading.Timer(0.5, grow).start()
    with path.open("rb") as file:
        blocks = audio.live(Growing(file, patience=2.0), str(path), RATE)[1]  # type: ignore[arg-type]
        seconds = sum(map(len, blocks)) / RATE
    assert seconds == pytest.approx(audio.load(tmp_path / "whole.mp3", RATE).duration, abs=0.1)


def test_a_pipe_ends_with_its_writer(tmp_path: Path) -> None:
    path = media.write(tmp_path / "tone.wav", sounds.melody(2.0), RATE)
    out, into = os.pipe()
    threading.Thread(target=lambda: (os.write(into, path.read_bytes()), os.close(into))).start()
    with os.fdopen(out, "rb") as file:
        blocks = audio.live(Growing(file, patience=0.0), "pipe", RATE)[1]
        assert sum(map(len, blocks)) == 2 * RATE


def test_what_has_ended_is_not_waited_for_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    monkeypatch.setattr("time.sleep", waited.append)
    path = tmp_path / "file"
    path.write_bytes(b"x")
    with path.open("rb") as file:
        growing = Growing(file, patience=2.0)
        assert [growing.read(8) for _ in range(3)] == [b"x", b"", b""]
    once = sum(waited)
    assert 1.9 < once < 2.5
    out, into = os.pipe()
    os.close(into)
    with os.fdopen(out, "rb") as pipe:
        assert Growing(pipe, patience=2.0).read(8) == b""
    assert sum(waited) == once


def test_an_mp4_is_followed_if_its_index_comes_first(tmp_path: Path, clips: Path) -> None:
    path = clips / "history-of-printing.mp4"
    with path.open("rb") as file, pytest.raises(AudioError, match="an MP4 with its index at its end"):
        list(audio.live(Growing(file, patience=0.0), str(path), RATE)[1])
    with av.open(path) as whole, av.open(tmp_path / "a.mp4", "w", options={"movflags": "faststart"}) as first:
        track = whole.streams.audio[0]
        copied = first.add_stream_from_template(track)
        for packet in whole.demux(track):
            if packet.dts is not None:
                packet.stream = copied
                first.mux(packet)
    with (tmp_path / "a.mp4").open("rb") as file:
        blocks = audio.live(Growing(file, patience=0.0), "a.mp4", RATE)[1]
        assert sum(map(len, blocks)) / RATE == pytest.approx(82, abs=0.1)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter").write_text("Dear Sir,")
    with (tmp_path / "letter").open("rb") as file, pytest.raises(AudioError, match="letter is not sound"):
        audio.live(Growing(file, patience=0.0), "letter", RATE)

"""Files to sound: every format, times from timestamps, and a clear sentence for what is not sound."""

import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

import media
import sounds
from audiosearch import Library, audio, wav
from audiosearch.errors import AudioError, UsageError
from audiosearch.types import Float32, Segment, Waveform

RATE = 16000


@pytest.mark.parametrize("suffix", sorted(media.FORMATS))
def test_reads_every_format_and_keeps_times(tmp_path: Path, suffix: str) -> None:
    rate = media.FORMATS[suffix][2]
    path = media.write(tmp_path / f"a.{suffix}", sounds.click_at(2.0, 4.0, rate), rate)
    waveform = audio.load(path, RATE)
    assert waveform.duration == pytest.approx(4.0, abs=0.1)
    # These do not say how much silence the encoder put in front (21 to 46 ms).
    tolerance = 0.05 if suffix in ("avi", "ts", "wma") else 0.02
    assert sounds.onset(waveform.samples, RATE) == pytest.approx(2.0, abs=tolerance)


@pytest.mark.parametrize("suffix", sorted(media.VIDEO))
def test_takes_the_sound_of_a_video_at_the_time_a_player_plays_it(tmp_path: Path, suffix: str) -> None:
    rate = media.FORMATS[suffix][2]
    click = sounds.click_at(1.0, 2.0, rate)
    path = media.write(tmp_path / f"a.{suffix}", click, rate, delay=0.7, picture=True)
    assert sounds.onset(audio.load(path, RATE).samples, RATE) == pytest.approx(1.7, abs=0.03)


@pytest.mark.parametrize("channels", [1, 2, 6])
@pytest.mark.parametrize("rate", [8000, 11025, 22050, 48000, 96000])
def test_any_rate_and_number_of_channels(tmp_path: Path, channels: int, rate: int) -> None:
    path = media.write(tmp_path / "a.wav", sounds.click_at(1.0, 1.5, rate), rate, channels=channels)
    media_info, blocks = audio.stream(path, RATE)
    samples = np.concatenate(list(blocks))
    assert (media_info.sample_rate, media_info.channels) == (rate, channels)
    assert len(samples) == pytest.approx(1.5 * RATE, abs=2)
    assert sounds.onset(samples, RATE) == pytest.approx(1.0, abs=0.002)


def test_resampling_keeps_pitch_and_level() -> None:
    times = np.arange(44100) / 44100
    tone = Waveform((0.5 * np.sin(2 * np.pi * 440 * times)).astype(np.float32), 44100)
    resampled = audio.resample(tone, RATE).samples
    spectrum = np.abs(np.fft.rfft(resampled * np.hanning(len(resampled))))
    assert len(resampled) == RATE
    assert int(spectrum.argmax()) == 440
    assert np.abs(resampled[2000:-2000]).max() == pytest.approx(0.5, abs=0.01)


def test_blocks_have_the_asked_length_and_join_to_the_whole(tmp_path: Path) -> None:
    path = media.write(tmp_path / "a.wav", sounds.noise(7.3, 44100), 44100)
    blocks = list(audio.stream(path, RATE, block=2.0)[1])
    assert [len(block) for block in blocks] == [2 * RATE] * 3 + [round(1.3 * RATE)]
    np.testing.assert_array_equal(np.concatenate(blocks), audio.load(path, RATE).samples)


def test_lost_packets_leave_silence_and_move_nothing(tmp_path: Path) -> None:
    whole = media.write(tmp_path / "whole.mkv", sounds.click_at(3.0, 4.0, 44100), 44100)
    cut = tmp_path / "cut.mkv"
    with av.open(whole) as source, av.open(cut, "w", format="matroska") as target:
        stream = target.add_stream_from_template(source.streams.audio[0])
        for packet in source.demux(audio=0):
            if packet.pts is not None and not 1.0 < float(packet.pts * packet.time_base) < 2.0:
                packet.stream = stream
                target.mux(packet)
    assert sounds.onset(audio.load(cut, RATE).samples, RATE) == pytest.approx(3.0, abs=0.05)


def test_a_rate_that_changes_on_the_way(tmp_path: Path) -> None:
    first = media.write(tmp_path / "a.ogg", sounds.noise(1.0, 44100), 44100)
    second = media.write(tmp_path / "b.ogg", sounds.noise(1.0, 22050), 22050)
    chained = tmp_path / "c.ogg"
    chained.write_bytes(first.read_bytes() + second.read_bytes())
    assert audio.load(chained, RATE).duration == pytest.approx(2.0, abs=0.1)


def test_damaged_sound_is_silence_and_moves_nothing(tmp_path: Path) -> None:
    sound = sounds.noise(6.0, 44100, level=0.02) + sounds.click_at(5.0, 6.0, 44100)
    path = media.write(tmp_path / "a.flac", sound, 44100)
    content = bytearray(path.read_bytes())
    content[100000:160000] = np.random.default_rng(0).bytes(60000)
    path.write_bytes(content)
    info, blocks = audio.stream(path, RATE)
    samples = np.concatenate(list(blocks))
    assert info.lost > 0.2
    assert len(samples) == pytest.approx(6.0 * RATE, abs=0.1 * RATE)
    assert np.abs(samples[round(5.0 * RATE) :]).argmax() < 0.1 * RATE


def test_a_clock_that_is_set_anew_is_no_gap(tmp_path: Path) -> None:
    path = tmp_path / "jump.mkv"
    with av.open(path, "w", format="matroska") as out:
        stream = out.add_stream("pcm_s16le", rate=RATE, layout="mono")
        for start in (0, 5000):  # seconds
            frame = av.AudioFrame.from_ndarray(
                np.ones((1, RATE), np.int16) * 9000, format="s16", layout="mono"
            )
            frame.sample_rate, frame.pts, frame.time_base = RATE, start * RATE, Fraction(1, RATE)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    assert audio.load(path, RATE).duration == pytest.approx(2.0, abs=0.1)


@pytest.fixture(params=["flac", "ogg", "opus", "ts"])
def joined(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Three files of 6 s end to end, with clicks at 2, 9 and 16 s."""
    suffix = request.param
    rate = media.FORMATS[suffix][2]
    parts = (
        media.write(tmp_path / f"{i}.{suffix}", sounds.click_at(2.0 + i, 6.0, rate), rate) for i in range(3)
    )
    path = tmp_path / f"joined.{suffix}"
    path.write_bytes(b"".join(part.read_bytes() for part in parts))
    return path


def test_files_that_were_joined_are_heard_to_the_end(joined: Path) -> None:
    with joined.open("rb") as file:
        live = np.concatenate(list(audio.live(file, "a pipe", RATE)[1]))
    for samples in (audio.load(joined, RATE).samples, live):
        assert len(samples) == pytest.approx(18.0 * RATE, abs=0.2 * RATE)
        for click in (2, 9, 16):
            around = samples[(click - 1) * RATE : (click + 1) * RATE]
            assert sounds.onset(around, RATE) == pytest.approx(1.0, abs=0.15)


def test_a_stretch_of_joined_files_is_where_it_was_heard(joined: Path) -> None:
    whole = audio.load(joined, RATE).samples
    for segment in (Segment(1.5, 2.5), Segment(8.0, 10.0), Segment(15.5, 17.0)):
        heard = audio.resample(audio.excerpt(joined, segment), RATE)
        click = segment.start + sounds.onset(heard.samples, RATE)
        assert heard.duration == pytest.approx(segment.duration, abs=0.001)
        assert np.abs(whole[round(click * RATE) :][: RATE // 20]).max() > 0.2
        assert np.abs(whole[: round((click - 0.01) * RATE)][-RATE:]).max() < 0.1


def refusal(path: Path) -> str:
    with pytest.raises(AudioError) as caught:
        audio.load(path, RATE)
    assert caught.value.exit_code == 3
    return str(caught.value)


def test_says_what_is_wrong_with_a_file(tmp_path: Path) -> None:
    wav = media.write(tmp_path / "good.wav", sounds.noise(1.0), RATE)
    cases = {
        "missing.wav": (None, "does not exist"),
        "empty.wav": (b"", "is empty"),
        "text.wav": (b"Dear Sir,\nthis is a letter.\n" * 50, "it holds plain text"),
        "random.mp3": (np.random.default_rng(1).bytes(5000), "not sound or video that FFmpeg can read"),
        "cut.wav": (wav.read_bytes()[:20], "its header is damaged or cut off"),
        "cut.flac": (b"fLaC\0\0\0\x22", "its header is damaged or cut off"),
    }
    for name, (content, sentence) in cases.items():
        path = tmp_path / name
        if content is not None:
            path.write_bytes(content)
        assert sentence in refusal(path), name
        assert str(path) in refusal(path)


def test_refuses_a_directory_and_a_device(tmp_path: Path) -> None:
    assert "is a directory" in refusal(tmp_path)
    assert "is a device or a pipe" in refusal(Path("/dev/null"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_refuses_a_file_without_permission(tmp_path: Path) -> None:
    path = media.write(tmp_path / "secret.wav", sounds.noise(1.0), RATE)
    path.chmod(0)
    assert "permission denied" in refusal(path)


def test_refuses_a_video_without_sound(tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with av.open(path, "w") as out:
        for packet in media._film(out, 1.0):
            out.mux(packet)
    assert "has no audio track" in refusal(path)


def test_refuses_a_track_without_samples(tmp_path: Path) -> None:
    header = media.write(tmp_path / "a.wav", sounds.noise(1.0), RATE).read_bytes()[:78]
    path = tmp_path / "none.wav"
    path.write_bytes(header)
    assert "no samples in it" in refusal(path)


def test_refuses_samples_that_are_not_numbers(tmp_path: Path) -> None:
    path = tmp_path / "nan.wav"
    with av.open(path, "w") as out:
        stream = out.add_stream("pcm_f32le", rate=RATE, layout="mono")
        samples = np.full((1, RATE), np.nan, np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="flt", layout="mono")
        frame.sample_rate = RATE
        out.mux(stream.encode(frame))
    assert "not numbers" in refusal(path)


@pytest.mark.parametrize(
    ("samples", "rate"),
    [
        (np.zeros(8), RATE),
        (np.zeros(8, np.int16), RATE),
        (np.zeros((2, 8), np.float32), RATE),
        ([0.0, 0.1], RATE),
        (np.zeros(8, np.float32), 0),
        (np.zeros(8, np.float32), np.nan),
    ],
)
def test_a_waveform_is_mono_float32_with_a_rate(samples: Float32, rate: int) -> None:
    with pytest.raises(ValueError, match=r"a waveform (holds float32 samples|has a sample rate above 0 Hz)"):
        Waveform(samples, rate)


@pytest.mark.parametrize("samples", [[], [0.0, np.nan], [np.inf]])
@pytest.mark.parametrize("question", ["match", "locate", "similar", "ask"])
def test_no_question_is_asked_without_sound(question: str, samples: list[float]) -> None:
    with Library("memory:") as library:
        list(library.ingest(["none.wav"]))
        with pytest.raises(AudioError, match=r"the query holds (no sound|samples that are not numbers)"):
            getattr(library, question)(Waveform(np.array(samples, np.float32), RATE))


def test_walks_directories_for_media_alone(tmp_path: Path) -> None:
    for name in ("b/two.MP3", "a/one.wav", "a/notes.txt", ".hidden/x.wav", "a/.y.wav", "film.mkv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    found = [str(path.relative_to(tmp_path)) for path in audio.find_media([tmp_path])]
    assert found == ["film.mkv", "a/one.wav", "b/two.MP3"]
    assert list(audio.find_media([tmp_path / "a/notes.txt"])) == [tmp_path / "a/notes.txt"]


def test_names_that_ffmpeg_would_take_for_protocols(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    media.write(tmp_path / "concat:a.wav", sounds.noise(1.0), RATE, suffix="wav")
    assert audio.load(Path("concat:a.wav"), RATE).duration == pytest.approx(1.0)


@pytest.mark.parametrize("suffix", sorted(media.FORMATS))
def test_a_stretch_is_what_a_player_plays_there(tmp_path: Path, suffix: str) -> None:
    rate = media.FORMATS[suffix][2]
    delay = 1.5 if suffix in media.VIDEO else 0.0
    sound = sounds.click_at(7.25 - delay, 12.0 - delay, rate)
    path = media.write(tmp_path / f"a.{suffix}", sound, rate, delay=delay, picture=suffix in media.VIDEO)
    heard = audio.excerpt(path, Segment(7.0, 8.0))
    assert (heard.sample_rate, len(heard.samples)) == (rate, rate)
    assert sounds.onset(heard.samples, rate) == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("suffix", sorted(media.FORMATS))
def test_a_stretch_is_the_same_sound_as_in_the_whole(tmp_path: Path, suffix: str) -> None:
    rate = media.FORMATS[suffix][2]
    path = media.write(tmp_path / f"a.{suffix}", sounds.melody(12.0, rate), rate)
    whole = audio.load(path, rate).samples
    for start in (0.0, 0.3, 4.9, 7.77):
        heard = audio.excerpt(path, Segment(start, start + 1.0)).samples
        first = max(0, round((start - 0.005) * rate))  # where clocks count milliseconds it may be beside
        around = whole[first : round((start + 1.005) * rate)]
        windows = np.lib.stride_tricks.sliding_window_view(around, len(heard))
        likeness = windows @ heard / np.linalg.norm(windows, axis=1) / np.linalg.norm(heard)
        assert likeness.max() > 0.999


def test_a_stretch_ends_where_the_file_does(tmp_path: Path) -> None:
    path = media.write(tmp_path / "a.flac", sounds.noise(3.0, RATE), RATE)
    assert audio.excerpt(path, Segment(2.0, 5.0)).duration == pytest.approx(1.0)
    assert audio.excerpt(path, Segment(2.0, 1e7)).duration == pytest.approx(1.0)
    assert audio.excerpt(path, Segment(0.0, np.inf)).duration == pytest.approx(3.0)
    with pytest.raises(AudioError, match=r"has no sound from 4\.0 to 5\.0 s"):
        audio.excerpt(path, Segment(4.0, 5.0))


def test_a_file_that_cannot_be_written_is_one_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"gone/x\.wav cannot be written: No such file or directory"):
        wav.write(tmp_path / "gone" / "x.wav", Waveform(np.zeros(8, np.float32), 8000))

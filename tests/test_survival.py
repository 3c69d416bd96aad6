"""The benchmark that counts surviving codes: what it compares lies at the same moment."""

from pathlib import Path

import numpy as np
import pytest

import media
import sounds
from audiosearch.types import Codes, Waveform
from benchmarks.how_well.degradations import ALL
from benchmarks.survival import __main__ as survival
from tokens import Levels

RATE = 8000


Shares = dict[str, np.ndarray]


@pytest.fixture(scope="module")
def both() -> tuple[Shares, Shares]:
    waveforms = [Waveform(sounds.melody(4.0, RATE, seed), RATE) for seed in range(3)]
    return survival.survival(Levels(), waveforms)


@pytest.fixture
def shares(both: tuple[Shares, Shares]) -> Shares:
    return both[0]


@pytest.fixture
def degraded(both: tuple[Shares, Shares]) -> Shares:
    return both[1]


def test_unchanged_sound_keeps_its_codes(shares: Shares) -> None:
    assert shares["unchanged"].tolist() == [1.0] * 4


def test_a_shift_by_a_whole_frame_keeps_them_too(shares: Shares) -> None:
    assert (shares["80 ms later"] > 0.99).all()
    assert (shares["10 ms later"] < 0.9).all()


def test_changes_that_matter_are_seen(shares: Shares) -> None:
    assert (shares["gain -6 dB"] < 0.5).all()
    assert (shares["another recording"] < 0.5).all()
    assert (shares["MP3 64k"] < 1).all()
    assert (shares["noise 20 dB"] < 1).all()


def test_every_degradation_is_seen(degraded: Shares) -> None:
    assert list(degraded) == list(ALL)
    assert (degraded["none"] > 0.7).all()  # but for being resampled to 16 kHz and back
    for name in set(degraded) - {"none"}:
        assert (degraded[name] < degraded["none"]).all(), name


@pytest.mark.parametrize("rate", [0.9, 1.1])
def test_codes_at_another_speed_are_those_of_the_same_moment(rate: float) -> None:
    codes = Codes(np.arange(40, dtype=np.int16)[None], 12.5, 64)
    middles = (np.arange(round(40 / rate)) + 0.5) * rate
    other = Codes(middles.astype(np.int16)[None], 12.5, 64)
    assert survival.compared(codes, other, rate=rate).all()
    assert not survival.compared(codes, other).all()


@pytest.mark.parametrize(("delay", "later"), [(0.0, 0), (0.01, 0), (0.08, 1), (0.16, 2)])
def test_codes_are_compared_at_the_same_moment(delay: float, later: int) -> None:
    codes = Codes(np.arange(20, dtype=np.int16)[None], 12.5, 64)
    other = Codes(np.pad(codes.array, ((0, 0), (later, 0))), 12.5, 64)
    assert survival.compared(codes, other, delay).all()


def test_mp3_stays_in_time() -> None:
    sound = Waveform(sounds.click_at(1.0, 2.0, 24000), 24000)
    changed = survival.mp3(64000)(sound, np.random.default_rng(0))
    assert len(changed.samples) == len(sound.samples)
    assert sounds.onset(changed.samples, 24000) == pytest.approx(1.0, abs=0.002)


def test_the_command_writes_a_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("audiosearch.plugins.load_tokenizer", lambda *_: Levels())
    for number in range(3):
        media.write(tmp_path / f"{number}.wav", sounds.melody(1.0, RATE, number), RATE)
    survival.main(tmp_path, files=2, out=tmp_path / "table.md", tokenizer="levels", model=None, device="cpu")
    table = (tmp_path / "table.md").read_text()
    assert table.count("| layer | 0 | 1 | 2 | 3 | all |\n") == 2
    rows = [line.split(" | ")[0].removeprefix("| ") for line in table.splitlines() if line.startswith("| ")]
    assert rows == ["layer", *survival.CHANGES, "another recording", "layer", *ALL]
    assert table in capsys.readouterr().out

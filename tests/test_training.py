"""The training of pocket: what it reads, what it teaches, and that it goes on where it stopped."""

import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import torch

import sounds
from audiosearch.tokenizers.pocket import weights
from audiosearch.tokenizers.pocket.training import __main__ as command
from audiosearch.tokenizers.pocket.training import corpus, degrade, sound, speech
from audiosearch.tokenizers.pocket.training.place import Place
from audiosearch.types import Int16


def int16(samples: np.ndarray) -> Int16:
    return np.round(samples * 32767).astype(np.int16)


@pytest.fixture(scope="module")
def data() -> corpus.Corpus:
    """A minute of melodies, some noise and a room; words without a voice."""
    said = [corpus.Utterance(int16(sounds.noise(3.0, seed=i)), "en", "seven candles") for i in range(3)]
    rooms = [int16(np.exp(-np.arange(3000) / 500).astype(np.float32) * sounds.noise(3000 / 16000))]
    return corpus.Corpus([int16(sounds.melody(60.0))], said, [int16(sounds.noise(4.0, seed=9))], rooms)


def test_a_manifest_tells_the_kinds_apart(tmp_path: Path) -> None:
    lines = [
        {"path": "a.wav", "kind": "music"},
        {"path": "b.wav", "kind": "speech", "speaker": "ann", "text": "hi", "language": "en", "source": "x"},
        {"path": "c.wav", "kind": "speech", "speaker": None, "text": "ho", "language": "en", "source": "x"},
        {"path": "d.json", "kind": "long_speech", "speaker": "ann"},
    ]
    (tmp_path / "manifest.jsonl").write_text("\n".join(map(json.dumps, lines)))
    found = list(corpus.rows(tmp_path))
    assert [(row.path.name, row.kind, row.group) for row in found] == [
        ("a.wav", "music", "a.wav"),
        ("b.wav", "speech", "ann"),
        ("c.wav", "speech", "x"),
    ]


def test_without_a_manifest_everything_is_music(clips: Path) -> None:
    assert {row.kind for row in corpus.rows(clips)} == {"music"}


def test_the_split_is_by_name_and_about_the_share() -> None:
    names = [f"speaker {i}" for i in range(2000)]
    held = [corpus.is_held_out(name, 0.3) for name in names]
    assert held == [corpus.is_held_out(name, 0.3) for name in names]
    assert np.mean(held) == pytest.approx(0.3, abs=0.04)
    assert not any(corpus.is_held_out(name, 0.0) for name in names)


def test_degraded_rows_are_sound_and_differ(data: corpus.Corpus) -> None:
    generator = torch.Generator().manual_seed(3)
    clean = sound.Crops.of(data).draw(8, 16000, generator)
    bad = degrade.degrade(clean, clean.roll(1, 0), sound.materials(data), generator)
    assert bad.shape == clean.shape
    assert bad.isfinite().all()
    assert ((bad - clean).abs().amax(1) > 1e-4).all()


@pytest.mark.parametrize("tempo", [0.9, 1.0, 1.1])
def test_a_warp_moves_a_click_to_its_new_time(tempo: float) -> None:
    click = torch.from_numpy(sounds.click_at(1.0, 2.4, 16000))[None]
    generator = torch.Generator().manual_seed(0)
    one = torch.ones(1)
    plain = degrade.warped_mel(click, one, one, generator)[0].sum(0)
    warped = degrade.warped_mel(click, one * tempo, one, generator)[0].sum(0)
    ends = [int((mel > mel.min() + 30).nonzero()[0]) for mel in (plain, warped)]
    assert ends[1] == pytest.approx(ends[0] / tempo, abs=2)


def test_vectors_between_frames_are_mixed() -> None:
    vectors = torch.arange(10.0)[None, :, None]
    places = torch.tensor([[0.0, 2.25, 7.5]])
    assert sound.at(vectors, places)[0, :, 0].tolist() == pytest.approx([0.0, 2.25, 7.5])


def test_synthetic_speech_is_spelled_slot_by_slot(data: corpus.Corpus) -> None:
    samples, [phones], slots = next(speech._spoken(data.speech, 0.1, 0))
    assert len(slots) == pytest.approx(len(samples) / 16000 / speech.SLOT, abs=2)
    in_slots = [phone for phone, _ in itertools.groupby(slots) if phone]
    collapsed = [phone for phone, _ in itertools.groupby(phones)]
    assert len(in_slots) == pytest.approx(len(collapsed), abs=2)
    assert {"s", "v", "n"} <= set(phones)


def test_training_goes_on_where_it_stopped(
    data: corpus.Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(command, "SAVE_EVERY", 1)
    monkeypatch.setattr(command, "LOG_EVERY", 1)
    monkeypatch.setattr(sound, "FRAMES", 12)
    command.train_sound(data, tmp_path / "once", 3, 1, Place())
    whole = torch.load(tmp_path / "once" / "sound.pt", weights_only=True)

    def save_and_die(state: dict, path: Path) -> None:
        save(state, path)
        if state["step"] == 2:
            path.replace(path.with_suffix(".pt"))
            raise KeyboardInterrupt

    save = torch.save
    monkeypatch.setattr(torch, "save", save_and_die)
    with pytest.raises(KeyboardInterrupt):
        command.train_sound(data, tmp_path / "twice", 3, 1, Place())
    monkeypatch.setattr(torch, "save", save)
    command.train_sound(data, tmp_path / "twice", 3, 1, Place())
    resumed = torch.load(tmp_path / "twice" / "sound.pt", weights_only=True)
    assert resumed["step"] == whole["step"] == 3
    for name, tensor in whole["model"].items():
        torch.testing.assert_close(resumed["model"][name], tensor)
    logged = [
        json.loads(line)["step"] for line in (tmp_path / "once" / "sound.jsonl").read_text().splitlines()
    ]
    assert logged == [1, 2, 3]


def test_two_states_of_the_speech_network_are_averaged(
    data: corpus.Corpus, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    phones = ["a", "b"]
    spelled = [speech.Spelled(s.samples, (), np.ones(4 * 38, np.int64)) for s in data.speech]
    monkeypatch.setattr(speech, "spell", lambda *_: (spelled, phones))
    monkeypatch.setattr(speech, "aligned", lambda *_: [])
    fitted = []
    monkeypatch.setattr(speech, "find_codebooks", lambda model, *_: fitted.append(model))
    states = []
    for name, value in (("speech.pt", 1.0), ("earlier.pt", 2.0)):
        model = speech.Speller(len(phones)).state_dict()
        states.append({key: t.fill_(value) if t.is_floating_point() else t for key, t in model.items()})
        torch.save({"model": states[-1], "step": 9, "inventory": phones}, tmp_path / name)
    command.average_speech(data, tmp_path, tmp_path / "earlier.pt", 0.4, 1.0, 0, Place())
    mixed = torch.load(tmp_path / "speech.pt", weights_only=True)
    assert mixed["step"] == 9
    assert len(fitted) == 1
    for tensor in mixed["model"].values():
        if tensor.is_floating_point():
            torch.testing.assert_close(tensor, torch.full_like(tensor, 1.4))


def test_learning_lowers_the_loss(data: corpus.Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sound, "FRAMES", 16)
    torch.manual_seed(0)
    model, crops, stuff = sound.network(), sound.Crops.of(data), sound.materials(data)
    optimizer = torch.optim.AdamW(model.parameters(), lr=2e-3)
    generator = torch.Generator().manual_seed(0)
    losses = []
    for _ in range(12):
        loss, _ = sound.loss(model, crops, stuff, 8, generator, Place())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    assert np.mean(losses[-3:]) < np.mean(losses[:3]) - 0.3


def unsure(truth: np.ndarray, n_phones: int, rng: np.random.Generator) -> np.ndarray:
    """What a network may say of slots that hold these phones."""
    likely = rng.normal(0, 1, (len(truth), 1 + n_phones)) + 2 * np.eye(1 + n_phones)[truth]
    return (likely - np.log(np.exp(likely).sum(axis=1, keepdims=True))).astype(np.float32)


@pytest.mark.parametrize("shift", [-4, 4])
def test_alignment_finds_silence_where_it_is_quiet(shift: int, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(4)
    utterances, truth = [], {}
    for _ in range(40):
        one, other = rng.integers(1, 5, (2, 8))
        slots = np.repeat(np.r_[0, one, 0, other, 0], 6)
        loudness = np.where(np.repeat(slots, 320) == 0, 0.001, 0.3)
        heard = int16(loudness * rng.uniform(-1, 1, len(loudness)))
        utterances.append(speech.Spelled(heard, (*one.tolist(), 0, *other.tolist()), slots[:0]))
        truth[id(heard)] = slots

    def heard_late_or_early(_: speech.Speller, utterance: speech.Spelled) -> np.ndarray:
        slots = truth[id(utterance.samples)]
        moved = np.where((slots == 0) | (np.roll(slots, shift) == 0), np.roll(slots, shift), slots)
        return unsure(moved, 4, rng)

    monkeypatch.setattr(speech, "_scores", heard_late_or_early)
    found = speech.aligned(speech.Speller(4), utterances)
    silent = [(s.slots == 0) == (truth[id(s.samples)] == 0) for s in found]
    assert np.mean([right.mean() for right in silent]) > 0.95


def test_alignment_finds_no_silence_within_a_word() -> None:
    rng = np.random.default_rng(5)
    truth = np.repeat([0, 1, 0, 2, 0, 3, 0], 8)
    scores = unsure(truth, 3, rng)
    within = [phone for phone, _ in itertools.groupby(speech._viterbi(scores, (1, 2, 3)))]
    assert within == [0, 1, 2, 3, 0]
    between = [phone for phone, _ in itertools.groupby(speech._viterbi(scores, (1, 0, 2, 3)))]
    assert between == [0, 1, 0, 2, 3, 0]
    tight = unsure(np.repeat([1, 2, 3], 8), 3, rng)
    assert [phone for phone, _ in itertools.groupby(speech._viterbi(tight, (1, 0, 2, 3)))] == [1, 2, 3]


def test_where_the_level_hardly_changes_it_says_nothing_of_silence() -> None:
    steady = int16(0.1 * np.random.default_rng(6).uniform(-1, 1, 16000))
    assert not speech._silent(steady, 52).any()
    assert not speech._silent(steady[:10], 4).any()
    louder = steady * np.repeat([0.01, 1.0], 8000)
    said = speech._silent(louder.astype(np.int16), 52)
    assert len(said) == 52
    assert (said[:24] > 2).all()
    assert (said[26:50] < -5).all()


def test_words_end_where_their_phones_do() -> None:
    numbers = {"a": 1, "b": 2}
    assert speech._letters([["a", "b"], ["x"], ["b", "x"]], numbers) == (1, 2, 0, 2)
    assert speech._letters([["x"]], numbers) == ()


def test_weights_are_kept_to_8_bits(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    plain = {"a.weight": rng.standard_normal((6, 4, 3)).astype(np.float32), "a.bias": np.ones(6, np.float32)}
    weights.write(tmp_path / "w.safetensors.gz", plain, {"command": "test"})
    back = weights.read((tmp_path / "w.safetensors.gz").read_bytes())
    assert set(back) == set(plain)
    np.testing.assert_array_equal(back["a.bias"], plain["a.bias"])
    step = np.abs(plain["a.weight"]).max(axis=(1, 2), keepdims=True) / 127
    assert (np.abs(back["a.weight"] - plain["a.weight"]) <= step / 2 + 1e-6).all()

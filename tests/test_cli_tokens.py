"""The commands about tokens; with a tokenizer that cannot decode, and with a small one that can."""

import importlib.util
import json
import sys
import warnings
import wave
from collections.abc import Callable, Collection, Sequence
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load_file, save_file

import media
import qwen
import sounds
from audiosearch import cli, token_cache
from audiosearch.code_statistics import lose_frames, statistics
from audiosearch.types import Codes, Waveform
from tokens import Levels

needs_qwen_tts = pytest.mark.skipif(
    importlib.util.find_spec("qwen_tts") is None,
    reason="qwen-tts is not installed: pip install 'audiosearch[qwen-tts]'",
)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process: exit code, output, complaints."""

    def runner(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["audiosearch", "tokens", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return int(stopped.value.code or 0), captured.out, " ".join(captured.err.split())

    return runner


@pytest.fixture
def levels(monkeypatch: pytest.MonkeyPatch) -> None:
    """The tokenizer that needs no weights, whatever name is asked for."""
    monkeypatch.setattr("audiosearch.plugins.load_tokenizer", lambda *_, **__: Levels())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings, and one that is none."""
    folder = tmp_path / "sounds"
    folder.mkdir()
    media.write(folder / "a.wav", sounds.melody(2.0, 8000, 1), 8000)
    media.write(folder / "b.wav", sounds.melody(3.0, 8000, 2), 8000)
    return folder


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Options for a checkpoint with both halves."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = qwen.write_whole(tmp_path_factory.mktemp("qwen") / "whole")
    return ["--tokenizer", "qwen3-tts-12hz", "--model", str(path)]


@pytest.mark.usefixtures("levels")
def test_encode_keeps_what_the_tokenizer_gives(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tokens.safetensors"
    code, printed, said = run("encode", folder, "--out", out)
    assert code == 0
    assert "00:02.0      25 frames" in printed
    assert "2 encoded, 0 there already, 0 failed; 00:05.0 of sound at" in said
    cache = token_cache.open_cache(out)
    assert cache.lengths == {str(folder / "a.wav"): 25, str(folder / "b.wav"): 38}
    assert cache.header.tokenizer == "levels@1"
    assert "numpy 2" in cache.header.versions
    media.write(folder / "c.wav", sounds.melody(1.0, 8000, 3), 8000)
    code, printed, said = run("encode", folder, "--out", out, "--json")
    assert [json.loads(line)["frames"] for line in printed.splitlines()] == [13]
    assert "1 encoded, 2 there already" in said


@pytest.mark.usefixtures("levels")
def test_fewer_layers_and_the_other_format(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tokens.pt"
    assert run("encode", folder / "a.wav", "--out", out, "--first", 2)[0] == 0
    assert token_cache.open_cache(out).read(str(folder / "a.wav")).shape == (2, 25)
    assert "holds 2 layers, not 4" in run("encode", folder, "--out", out)[2]
    assert "has 4 layers, not 5" in run("encode", folder, "--out", out, "--first", 5)[2]


@pytest.mark.usefixtures("levels")
def test_encode_names_what_failed_and_keeps_the_rest(run: Run, folder: Path, tmp_path: Path) -> None:
    (folder / "broken.wav").write_text("no sound")
    code, _, said = run("encode", folder, "--out", tmp_path / "tokens.pt")
    assert code == 5
    assert "2 encoded, 0 there already, 1 failed" in said
    assert "broken.wav is not sound or video that FFmpeg can read: it holds plain text" in said
    assert len(token_cache.open_cache(tmp_path / "tokens.pt").lengths) == 2


@pytest.mark.usefixtures("levels")
def test_encode_names_a_folder_that_cannot_be_read(
    run: Run, folder: Path, tmp_path: Path, unlisted: Path
) -> None:
    code, _, said = run("encode", folder, unlisted.parent, "--out", tmp_path / "tokens.pt")
    assert (code, "2 encoded, 0 there already, 1 failed" in said) == (5, True)
    assert f"error: {unlisted}: Permission denied" in said
    code, _, said = run("encode", unlisted.parent, "--out", tmp_path / "tokens.pt")
    assert (code, f"error: {unlisted}: Permission denied" in said) == (5, True)


@pytest.mark.usefixtures("levels")
def test_a_cache_of_another_tokenizer_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    header = token_cache.Header("other@7", 4, 64, 12.5, 8000, "")
    token_cache.write(tmp_path / "tokens.pt", header, {"x": np.zeros((4, 3), np.int16)})
    code, _, said = run("encode", folder, "--out", tmp_path / "tokens.pt")
    assert (code, "was made with other@7, not levels@1" in said) == (4, True)


@pytest.mark.usefixtures("levels")
def test_a_cache_that_another_process_adds_to_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tokens.pt"
    with token_cache.locked(out):
        code, printed, said = run("encode", folder, "--out", out)
    assert (code, printed, f"{out} is in use by process" in said) == (4, "", True)
    assert run("encode", folder, "--out", out)[0] == 0


@pytest.mark.usefixtures("levels")
def test_show_counts_codes_layer_by_layer(run: Run, folder: Path, tmp_path: Path) -> None:
    out = tmp_path / "tokens.safetensors"
    media.write(folder / "ba.wav", sounds.melody(2.5, 8000, 3), 8000)  # whose name ends as that of another
    run("encode", folder, "--out", out)
    code, printed, _ = run("show", out, "--json")
    lines = [json.loads(line) for line in printed.splitlines()]
    assert code == 0
    assert [line["layer"] for line in lines] == [0, 1, 2, 3]
    assert all(0 < line["entropy"] <= 6 and 1 < line["used"] <= 64 for line in lines)
    of_a, computed = run("show", out, "--recording", "a.wav")[1], run("show", folder / "a.wav")[1]
    assert of_a == computed
    assert "entropy, bits" in of_a
    assert "no recording called z.wav" in run("show", out, "--recording", "z.wav")[2]


@pytest.mark.usefixtures("levels")
def test_a_tokenizer_without_decoder_says_so(run: Run, folder: Path, tmp_path: Path) -> None:
    run("encode", folder, "--out", tmp_path / "tokens.pt")
    for arguments in (["decode", tmp_path / "tokens.pt", "--out", tmp_path], ["roundtrip", folder / "a.wav"]):
        code, _, said = run(*arguments)
        assert code == 2
        assert "levels@1 cannot turn tokens into sound; qwen3-tts-12hz can" in said


def test_an_option_that_a_tokenizer_does_not_take_is_refused(run: Run, folder: Path, tmp_path: Path) -> None:
    code, _, said = run("encode", folder, "--out", tmp_path / "t.pt", "--model", "somewhere")
    assert (code, "the tokenizer pocket has no option --model" in said) == (2, True)


@pytest.mark.usefixtures("levels")
@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["show", "missing.pt"], 4, "there is no token cache at missing.pt"),
        (["show", "missing.wav"], 3, "missing.wav does not exist"),
        (["encode", ".", "--out", "tokens.npz"], 2, "must end in .safetensors or .pt"),
        (["encode", "empty", "--out", "tokens.pt"], 2, "there is no audio or video file in empty"),
        (["encode", "missing.wav", "--out", "gone/t.pt"], 4, "gone/t.pt cannot be written"),
    ],
)
def test_bad_input_gets_one_clear_sentence(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], code: int, sentence: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    found, printed, said = run(*arguments)
    assert (found, printed) == (code, "")
    assert sentence in said


@pytest.mark.usefixtures("levels")
def test_a_file_is_known_by_its_whole_path_and_encoded_again_when_it_changed(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(folder)
    out = tmp_path / "tokens.safetensors"
    assert "1 encoded, 0 there already" in run("encode", "a.wav", "--out", out)[2]
    assert "1 encoded, 1 there already" in run("encode", folder, "--out", out)[2]
    media.write(folder / "a.wav", sounds.melody(4.0, 8000, 1), 8000)
    assert "1 encoded, 1 there already" in run("encode", ".", "--out", out)[2]
    assert token_cache.open_cache(out).lengths == {str(folder / "a.wav"): 50, str(folder / "b.wav"): 38}


@pytest.mark.usefixtures("levels")
def test_nothing_encoded_leaves_no_cache(run: Run, tmp_path: Path) -> None:
    code, _, said = run("encode", tmp_path / "missing", "--out", tmp_path / "tokens.pt")
    assert (code, "missing does not exist" in said) == (5, True)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("every", [0.0, 60.0])
def test_what_was_encoded_is_kept_when_interrupted(
    run: Run, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, every: float
) -> None:
    class Interrupted(Levels):
        def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
            if waveforms[0].duration > 2.5:
                raise KeyboardInterrupt
            return super().encode(waveforms)

    monkeypatch.setattr("audiosearch.plugins.load_tokenizer", lambda *_, **__: Interrupted())
    monkeypatch.setattr("audiosearch.cli.tokens.BATCH_SECONDS", 1.0)
    monkeypatch.setattr("audiosearch.cli.tokens.SAVE_EVERY", every)
    code, _, _ = run("encode", folder, "--out", tmp_path / "tokens.pt")
    assert code == 130
    assert list(token_cache.open_cache(tmp_path / "tokens.pt").lengths) == [str(folder / "a.wav")]


class Silent(Levels):
    """One that can decode."""

    def decode(self, codes: Sequence[Codes], layers: Collection[int] | None = None) -> list[Waveform]:
        return [Waveform(np.zeros(8000, np.float32), 8000) for _ in codes]


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("audiosearch.plugins.load_tokenizer", lambda *_, **__: Silent())


@pytest.mark.usefixtures("silent")
def test_decode_writes_a_file_for_each_recording(run: Run, tmp_path: Path) -> None:
    arrays = {name: np.zeros((4, 10), np.int16) for name in ("/x/a.wav", "/y/a.wav", "/z/a-2.wav")}
    token_cache.write(tmp_path / "tokens.pt", token_cache.header_of(Silent()), arrays)
    assert run("decode", tmp_path / "tokens.pt", "--out", tmp_path / "wavs")[0] == 0
    assert sorted(path.name for path in (tmp_path / "wavs").iterdir()) == ["a-2-2.wav", "a-2.wav", "a.wav"]


@pytest.mark.usefixtures("silent")
def test_what_cannot_be_measured_is_left_empty(run: Run, tmp_path: Path) -> None:
    path = media.write(tmp_path / "short.wav", sounds.melody(0.03, 8000), 8000)
    code, printed, said = run("roundtrip", path, "--out", tmp_path / "again.wav", "--json")
    card = json.loads(printed)
    assert (code, card["shape"], card["ratio"]) == (0, [4, 1], 160.0)
    assert [card[name] for name in ("log-spectral distance", "mel distance", "PESQ", "STOI")] == [None] * 4
    assert "sound of less than 0.032 s has no spectrum to compare" in said
    assert (tmp_path / "again.wav").exists()
    assert "mel distance" in run("roundtrip", path)[1]


@pytest.mark.usefixtures("silent")
def test_decode_refuses_a_cache_of_another_tokenizer(run: Run, tmp_path: Path) -> None:
    header = token_cache.Header("other@7", 4, 64, 12.5, 8000, "")
    token_cache.write(tmp_path / "tokens.pt", header, {"x": np.zeros((4, 3), np.int16)})
    code, printed, said = run("decode", tmp_path / "tokens.pt", "--out", tmp_path / "wavs")
    assert (code, printed, "was made with other@7, not levels@1" in said) == (4, "", True)
    assert not (tmp_path / "wavs").exists()


@pytest.mark.usefixtures("silent")
def test_decode_needs_a_directory(run: Run, folder: Path, tmp_path: Path) -> None:
    run("encode", folder, "--out", tmp_path / "tokens.pt")
    for out in (folder / "a.wav", folder / "a.wav" / "x"):
        code, _, said = run("decode", tmp_path / "tokens.pt", "--out", out)
        assert code == 2
        assert f"the directory {out} cannot be made" in said
    assert run("decode", tmp_path / "tokens.pt", "--out", tmp_path / "wavs")[0] == 0


def test_lost_frames_are_those_before_them() -> None:
    codes = Codes(np.arange(1000, dtype=np.int16)[None].repeat(2, 0), 12.5, 2048)
    heard = lose_frames(codes, 0.2, seed=3).array
    assert np.array_equal(heard[0], heard[1])
    assert 0.15 < (heard[0] != codes.array[0]).mean() < 0.25
    assert (np.diff(heard[0]) >= 0).all()
    assert np.array_equal(lose_frames(codes, 0.0).array, codes.array)
    assert set(lose_frames(codes, 1.0).array[0].tolist()) == {0}


def test_statistics_of_random_codes_are_those_of_chance() -> None:
    array = np.random.default_rng(0).integers(0, 64, (1, 20000)).astype(np.int16)
    (layer,) = statistics(Codes(array, 12.5, 64))
    assert layer.entropy == pytest.approx(6, abs=0.01)
    assert layer.used == 64


@needs_qwen_tts
def test_decode_writes_what_qwen_tts_would(run: Run, folder: Path, tmp_path: Path, model: list[str]) -> None:
    cache, out = tmp_path / "tokens.safetensors", tmp_path / "wavs"
    assert run("encode", folder, "--out", cache, *model)[0] == 0
    code, printed, said = run("decode", cache, "--out", out, *model)
    assert code == 0, said
    assert sorted(path.name for path in out.iterdir()) == ["a.wav", "b.wav"]
    assert "flash" not in printed
    with wave.open(str(out / "a.wav")) as file:
        assert (file.getframerate(), file.getnframes()) == (24000, 25 * 1920)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from qwen_tts import Qwen3TTSTokenizer

        original = Qwen3TTSTokenizer.from_pretrained(model[3])
    from audiosearch.tokenizers.qwen3 import Qwen3

    codes = token_cache.open_cache(cache).codes(str(folder / "a.wav"))
    (expected,), _ = original.decode([{"audio_codes": codes.array.T.astype(np.int64)}])
    tokenizer = Qwen3(model=model[3])
    (found,) = tokenizer.decode([codes])
    assert np.array_equal(found.samples, expected)
    (fewer,) = tokenizer.decode([codes], layers=[0])
    assert not np.array_equal(fewer.samples, expected)
    assert np.array_equal(tokenizer.decode([codes])[0].samples, expected)
    assert "there is no layer 16" in run("decode", cache, "--out", out, "--layers", "0-16", *model)[2]
    assert "takes numbers such as" in run("decode", cache, "--out", out, "--layers", "x", *model)[2]
    assert run("decode", cache, "--out", out, "--layers", "0-11", "--drop", "0.2", *model)[0] == 0


@needs_qwen_tts
@pytest.mark.parametrize(
    ("lost", "sentence"),
    [
        (
            "decoder.decoder.0.",
            "lacks the tensors decoder.decoder.0.conv.bias, decoder.decoder.0.conv.weight;",
        ),
        ("decoder.", "cannot be loaded: "),
    ],
)
def test_a_checkpoint_without_its_decoder_is_one_sentence(
    run: Run, folder: Path, tmp_path: Path, model: list[str], lost: str, sentence: str
) -> None:
    partial = tmp_path / "partial"
    partial.mkdir()
    config = json.loads((Path(model[3]) / "config.json").read_text())
    if lost == "decoder.":
        del config["decoder_config"]
    (partial / "config.json").write_text(json.dumps(config))
    weights = load_file(Path(model[3]) / "model.safetensors")
    kept = {name: tensor for name, tensor in weights.items() if not name.startswith(lost)}
    save_file(kept, partial / "model.safetensors", {"format": "pt"})
    code, printed, said = run("roundtrip", folder / "a.wav", *model[:3], partial)
    assert (code, printed, said.count("error: ")) == (2, "", 1)
    assert said.startswith("error: ")
    assert f"{partial} {sentence}" in said


@needs_qwen_tts
def test_roundtrip_prints_a_card(run: Run, folder: Path, tmp_path: Path, model: list[str]) -> None:
    code, printed, said = run("roundtrip", folder / "b.wav", "--out", tmp_path / "b.wav", "--json", *model)
    assert code == 0, said
    card = json.loads(printed)
    assert card["shape"] == [16, 38]
    assert card["duration"] == 3.0
    assert (card["bytes as sound"], card["bytes as tokens"]) == (144000, 456)  # 6 bits a code
    assert card["log-spectral distance"] > 0
    assert set(card) >= {"PESQ", "STOI", "mel distance", "ratio"}
    with wave.open(str(tmp_path / "b.wav")) as file:
        assert file.getnframes() == 38 * 1920
    assert "16 x 38" in run("roundtrip", folder / "b.wav", *model)[1]


@needs_qwen_tts
def test_pictures_are_drawn(run: Run, folder: Path, tmp_path: Path, model: list[str]) -> None:
    pytest.importorskip(
        "matplotlib", reason="matplotlib is not installed: pip install 'audiosearch[metrics]'"
    )
    assert run("show", folder / "a.wav", "--picture", tmp_path / "codes.png", *model)[0] == 0
    done = run("roundtrip", folder / "a.wav", "--picture", tmp_path / "both.png", *model)
    assert done[0] == 0, done
    for name in ("codes.png", "both.png"):
        assert (tmp_path / name).read_bytes().startswith(b"\x89PNG")
    wrong = run("show", folder / "a.wav", "--picture", tmp_path / "codes.xyz", *model)
    assert (wrong[0], "cannot be written" in wrong[2]) == (2, True)

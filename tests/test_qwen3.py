"""The tokenizer qwen3-tts-12hz, on small checkpoints with random weights."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("transformers", reason="transformers is not installed: pip install 'audiosearch[qwen3]'")

import torch
from safetensors.torch import load_file, save_file

import media
import qwen
import sounds
from audiosearch import Library, cli
from audiosearch.errors import AudioError, MissingDependencyError, StoreMismatchError, UsageError
from audiosearch.tokenizers.qwen3 import Qwen3, batches, checkpoint
from audiosearch.types import Float32, Waveform
from commands import Run

RATE = 24000
FRAME = 1920  # samples


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return qwen.write_encoder(tmp_path_factory.mktemp("qwen3") / "small")


@pytest.fixture(scope="module")
def tokenizer(folder: Path) -> Qwen3:
    return Qwen3(model=str(folder))


def waveform(n_samples: int, seed: int = 0) -> Waveform:
    return Waveform(sounds.melody(n_samples / RATE + 1, RATE, seed)[:n_samples], RATE)


def codes(tokenizer: Qwen3, *waveforms: Waveform) -> list[np.ndarray]:
    return [found.array for found in tokenizer.encode(waveforms)]


def test_it_is_what_its_config_says(tokenizer: Qwen3) -> None:
    assert (tokenizer.sample_rate, tokenizer.frame_rate) == (24000, 12.5)
    assert (tokenizer.n_layers, tokenizer.codebook_size) == (16, 64)
    assert (tokenizer.speech_layers, tokenizer.sound_layers) == (range(1), range(1, 16))
    assert tokenizer.codebooks.shape == (16, 64, 16)
    assert tokenizer.codebooks.dtype == np.float32


def test_nothing_is_taken_for_granted(tmp_path: Path) -> None:
    other = qwen.write_encoder(tmp_path / "other", encoder_valid_num_quantizers=8, input_sample_rate=48000)
    tokenizer = Qwen3(model=str(other))
    assert (tokenizer.n_layers, tokenizer.sample_rate, tokenizer.frame_rate) == (8, 48000, 25.0)
    assert tokenizer.encode([Waveform(sounds.noise(1.0, 48000), 48000)])[0].array.shape == (8, 25)


@pytest.mark.parametrize(
    ("n_samples", "n_frames"), [(1, 1), (1919, 1), (1920, 1), (1921, 2), (19200, 10), (24000, 13)]
)
def test_every_sample_is_covered(tokenizer: Qwen3, n_samples: int, n_frames: int) -> None:
    (found,) = tokenizer.encode([waveform(n_samples)])
    assert found.array.shape == (16, n_frames)
    assert found.array.dtype == np.int16
    assert 0 <= found.array.min() <= found.array.max() < 64


def test_codes_tell_sounds_apart(tokenizer: Qwen3) -> None:
    one, other = codes(tokenizer, waveform(RATE, 1), waveform(RATE, 2))
    assert (one != other).mean() > 0.5


def test_codes_are_the_nearest_vectors_of_the_codebooks(tokenizer: Qwen3) -> None:
    found = codes(tokenizer, waveform(5 * FRAME))[0]
    vectors = tokenizer.codebooks[1:, :, :][np.arange(15), found[1:, 2]].sum(axis=0)
    fewer = tokenizer.codebooks[1:4][np.arange(3), found[1:4, 2]].sum(axis=0)
    assert np.isfinite(vectors).all()
    assert not np.array_equal(vectors, fewer)


def test_codes_are_those_of_qwen_tts_whatever_the_version_of_transformers(tmp_path: Path) -> None:
    """Kept codes of qwen-tts, which cannot be installed beside most versions; see `qwen`."""
    kept = np.load(qwen.KEPT)
    tokenizer = Qwen3(model=str(qwen.write_fixed(tmp_path)))
    (found,) = codes(tokenizer, Waveform(qwen.kept_sound(), RATE))
    assert found.shape == kept.shape == (16, 263)
    assert len(np.unique(kept)) == 64
    assert (found == kept).mean() > 0.999  # other processors round otherwise


LENGTHS = (FRAME * 25, 1, FRAME * 25 - 7, 40000, FRAME, 961, 960, 33333, 12345)


@pytest.mark.parametrize("batch_seconds", [0.0, 4.0, 60.0])
def test_codes_depend_neither_on_the_batch_nor_on_the_order(folder: Path, batch_seconds: float) -> None:
    tokenizer = Qwen3(model=str(folder))
    clips = [waveform(n_samples, seed) for seed, n_samples in enumerate(LENGTHS)]
    alone = [codes(tokenizer, clip)[0] for clip in clips]
    tokenizer.batch_seconds = batch_seconds  # as on a GPU, where several are computed at once
    together = codes(tokenizer, *clips)
    backwards = codes(tokenizer, *clips[::-1])[::-1]
    for n_samples, one, two, three in zip(LENGTHS, alone, together, backwards, strict=True):
        assert np.array_equal(one, two), n_samples
        assert np.array_equal(two, three), n_samples


def test_without_care_padding_would_change_the_last_frame(tokenizer: Qwen3) -> None:
    """What the care in `network` is for: zeros behind a clip are not its end."""
    clip = waveform(FRAME * 5 + 300)
    longer = Waveform(np.pad(clip.samples, (0, FRAME * 3)), RATE)
    one, other = codes(tokenizer, clip, longer)
    assert np.array_equal(one[:, :5], other[:, :5])
    assert not np.array_equal(one[:, 5], other[:, 5])


def test_tiles_change_nothing(tokenizer: Qwen3) -> None:
    network = tokenizer._encoder
    samples = torch.from_numpy(waveform(100000).samples)[None, None]
    with torch.inference_mode():
        tiled, _ = network._convolve(samples, None)
        whole = network.encoder(samples)
    assert tiled.shape == whole.shape
    assert (tiled - whole).abs().max() < 1e-5 * whole.abs().max()


def test_fewer_layers_are_the_first_ones(tokenizer: Qwen3) -> None:
    clip = waveform(RATE)
    (whole,), (first,) = tokenizer.encode([clip]), tokenizer.encode_layers([clip], 1)
    assert first.array.shape == (1, 13)
    assert np.array_equal(first.array, whole.array[:1])
    calls = []
    layers = tokenizer._encoder.quantizer.acoustic_residual_vector_quantizer.layers
    hooks = [layer.register_forward_pre_hook(lambda *_: calls.append(1)) for layer in layers]
    tokenizer.encode_layers([clip], 1)
    for hook in hooks:
        hook.remove()
    assert not calls
    with pytest.raises(UsageError, match="has 16 layers and gives at least 1, not 17"):
        tokenizer.encode_layers([clip], 17)


def test_long_sound_is_heard_in_chunks_with_what_was_before() -> None:
    long = Waveform(np.zeros(FRAME * 1900 - 5, np.float32), RATE)
    found = list(batches.windows([long, waveform(5)], 12.5, FRAME))
    assert [(w.waveform, w.first, w.begin, w.end) for w in found] == [
        (0, 0, 0, 750),
        (0, 625, 750, 1500),
        (0, 1375, 1500, 1900),
        (1, 0, 0, 1),
    ]
    assert [w.n_samples for w in found] == [FRAME * 750, FRAME * 875, FRAME * 525 - 5, 5]


def test_batches_hold_everything_once_and_little_padding() -> None:
    rng = np.random.default_rng(0)
    seconds = np.exp(rng.uniform(np.log(0.5), np.log(60), 200))
    clips = [Waveform(np.zeros(round(length * RATE), np.float32), RATE) for length in seconds]
    found = list(batches.windows(clips, 12.5, FRAME))
    made = batches.batches(found, 240 * RATE)
    assert sorted(window.waveform for batch in made for window in batch) == list(range(200))
    lengths = [[window.n_samples for window in batch] for batch in made]
    assert all(max(of) <= 2 * min(of) and len(of) * max(of) <= 240 * RATE for of in lengths)
    assert sum(len(of) * max(of) for of in lengths) < 1.25 * sum(map(sum, lengths))
    assert [len(batch) for batch in batches.batches(found, 0)] == [1] * 200


def test_chunks_agree_with_the_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = Qwen3(model=str(qwen.write_encoder(tmp_path, scale=0.01)))
    clip = waveform(FRAME * 100 - 11)
    whole = codes(tokenizer, clip)[0]
    windows, agreement = batches.windows, {}
    for context in (0, 25):
        monkeypatch.setattr(
            batches, "windows", lambda *a, context=context: windows(*a, chunk=30, context=context)
        )
        chunked = codes(tokenizer, clip)[0]
        assert np.array_equal(chunked[:, :30], whole[:, :30])
        agreement[context] = (chunked == whole).mean()
    assert agreement[25] > max(0.97, agreement[0])


def test_when_memory_runs_out_the_batch_halves(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = Qwen3(model=str(folder))
    clips = [waveform(5000 + seed, seed) for seed in range(7)]
    expected = codes(tokenizer, *clips)
    network, sizes = tokenizer._encoder, []
    forward = network.forward

    def small(samples: torch.Tensor, *rest: object) -> torch.Tensor:
        sizes.append(len(samples))
        if len(samples) > 2:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(samples, *rest)

    monkeypatch.setattr(network, "forward", small)
    tokenizer.batch_seconds = 60.0
    assert all(map(np.array_equal, codes(tokenizer, *clips), expected))
    assert sizes == [7, 4, 2, 2, 3, 2, 1]
    assert tokenizer.batch_seconds == pytest.approx(2 * 5000 / RATE, rel=0.01)  # kept, and never less
    del sizes[:]
    assert all(map(np.array_equal, codes(tokenizer, *clips), expected))
    assert max(sizes) == 2


def test_sound_that_does_not_fit_by_itself_is_computed_in_tiles(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokenizer = Qwen3(model=str(folder))
    clips = [waveform(100000, 1), waveform(90000, 2)]
    expected = codes(tokenizer, *clips)
    network, tried = tokenizer._encoder, []
    assert network.tiled
    network.tiled, tokenizer.batch_seconds = False, 60.0  # as on a GPU
    forward = network.forward

    def small(samples: torch.Tensor, *rest: object) -> torch.Tensor:
        tried.append((len(samples), network.tiled))
        if not network.tiled or max(map(len, samples)) > room:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return forward(samples, *rest)

    room = 200000
    monkeypatch.setattr(network, "forward", small)
    assert all(map(np.array_equal, codes(tokenizer, *clips), expected))
    assert tried == [(2, False), (1, False), (1, True), (1, True)]
    room = 95000
    with pytest.raises(UsageError, match=r"4 s of sound do not fit into the memory of cpu.*--max-gpu-memory"):
        tokenizer.encode(clips)


def test_weights_that_do_not_fit_are_one_sentence(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr("audiosearch.tokenizers.qwen3.network.Encoder.to", full)
    with pytest.raises(UsageError, match=r"^the weights of the encoder do not fit into the memory of cpu"):
        Qwen3(model=str(folder)).encode([waveform(100)])


def test_convolutions_are_exact_and_still_those_of_cudnn(tokenizer: Qwen3) -> None:
    """Torch's settings, which are there without a GPU too; what they do is seen on one."""
    cudnn, seen = torch.backends.cudnn, []
    hook = tokenizer._encoder.register_forward_pre_hook(
        lambda *_: seen.append((cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32))
    )
    before = (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32)
    tokenizer.encode([waveform(100)])
    hook.remove()
    assert seen == [(before[0], False, True, False)]
    assert (cudnn.enabled, cudnn.benchmark, cudnn.deterministic, cudnn.allow_tf32) == before


@pytest.mark.parametrize("device", ["cuda:99", "foo", "meta"])
def test_a_device_that_is_not_there_is_an_error(folder: Path, device: str) -> None:
    with pytest.raises(UsageError, match=f"there is no device '{device}' here; use --device cpu"):
        Qwen3(device=device, model=str(folder))


@pytest.mark.parametrize(
    ("samples", "rate", "sentence"),
    [
        (np.array([0.0, np.nan], np.float32), RATE, "waveform 1 of 2 holds samples that are not numbers"),
        (np.array([np.inf], np.float32), RATE, "not numbers"),
        (np.zeros(0, np.float32), RATE, "waveform 1 of 2 holds no sound"),
        (np.zeros(10, np.float32), 16000, "needs 24000 Hz, got 16000 Hz"),
    ],
)
def test_what_is_no_sound_is_refused(tokenizer: Qwen3, samples: Float32, rate: int, sentence: str) -> None:
    with pytest.raises(AudioError, match=sentence):
        tokenizer.encode([waveform(100), Waveform(samples, rate)])


def test_the_name_changes_with_the_weights_and_only_with_them(folder: Path, tmp_path: Path) -> None:
    import transformers

    name = Qwen3(model=str(folder)).name
    assert name.endswith(f"/transformers-{transformers.__version__}")
    assert Qwen3(model=str(qwen.write_encoder(tmp_path / "other", seed=1))).name != name
    split = tmp_path / "split"
    split.mkdir()
    (split / "config.json").write_bytes((folder / "config.json").read_bytes())
    weights = list(load_file(folder / "model.safetensors").items())
    save_file(dict(weights[:50]), split / "model-00001-of-00002.safetensors")
    save_file(dict(weights[50:]) | {"decoder.x": torch.zeros(3)}, split / "model-00002-of-00002.safetensors")
    parted = Qwen3(model=str(split))
    assert parted.name == name
    clip = waveform(RATE)
    assert np.array_equal(codes(parted, clip), codes(Qwen3(model=str(folder)), clip))


def test_weights_in_half_precision_are_computed_in_float32(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    weights = load_file(folder / "model.safetensors")
    save_file({name: w.bfloat16() for name, w in weights.items()}, tmp_path / "model.safetensors")
    tokenizer = Qwen3(model=str(tmp_path))
    tokenizer.encode([waveform(5000)])
    assert {tensor.dtype for tensor in tokenizer._encoder.state_dict().values()} == {torch.float32}


def test_a_directory_that_is_not_there_is_said_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"there is no directory .*none.*hf download .*modelscope download"):
        Qwen3(model=str(tmp_path / "none"))


def test_without_network_and_weights_two_commands_are_named(tmp_path: Path) -> None:
    program = "from audiosearch.tokenizers.qwen3 import Qwen3\nQwen3()"
    env = os.environ | {"HF_HUB_CACHE": str(tmp_path), "HF_HUB_OFFLINE": "1"}
    done = subprocess.run([sys.executable, "-c", program], env=env, capture_output=True, text=True)
    said = done.stderr.strip().splitlines()[-1]
    assert f"are not in {tmp_path}/models--Qwen--Qwen3-TTS-Tokenizer-12Hz" in said
    assert "`hf download Qwen/Qwen3-TTS-Tokenizer-12Hz --local-dir Qwen3-TTS-Tokenizer-12Hz`" in said
    assert "`modelscope download --model Qwen/Qwen3-TTS-Tokenizer-12Hz" in said
    assert "--model Qwen3-TTS-Tokenizer-12Hz" in said


def test_without_transformers_it_says_how_to_get_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from importlib.metadata import PackageNotFoundError

    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr("audiosearch.tokenizers.qwen3.version", missing)
    with pytest.raises(MissingDependencyError, match=r"pip install 'audiosearch\[qwen3\]'"):
        Qwen3(model=str(folder))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (None, "there is no config.json in"),
        ("{", "config.json cannot be read"),
        ('{"model_type": "qwen3_tts_tokenizer_25hz"}', "of type qwen3_tts_tokenizer_25hz, not qwen3_tts_"),
        (json.dumps(qwen.CONFIG | {"encoder_config": {}}), "is not of a 12 Hz tokenizer"),
        (
            json.dumps(qwen.CONFIG | {"encode_downsample_rate": 960}),
            "its config says 960",
        ),
        (json.dumps(qwen.CONFIG | {"encoder_valid_num_quantizers": 99}), "99 layers are asked of 20"),
        (json.dumps(qwen.CONFIG | {"encoder_valid_num_quantizers": 0}), "semantic layers it has 0"),
        (json.dumps(qwen.CONFIG | {"input_sample_rate": 0}), "a sample rate of 0 Hz is none"),
        ("[]", "it holds no object"),
        ("null", "it holds no object"),
    ],
)
def test_a_config_of_something_else_is_refused(tmp_path: Path, content: str | None, sentence: str) -> None:
    if content is not None:
        (tmp_path / "config.json").write_text(content)
    with pytest.raises(UsageError, match=sentence):
        Qwen3(model=str(tmp_path))


def test_the_tokenizer_inside_a_speech_model_is_pointed_at(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "qwen3_tts"}')
    (tmp_path / "speech_tokenizer").mkdir()
    with pytest.raises(UsageError, match=r"its tokenizer is in .*speech_tokenizer, use that as --model"):
        Qwen3(model=str(tmp_path))


def test_missing_tensors_are_named(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    weights = load_file(folder / "model.safetensors")
    gone = [name for name in weights if "encoder_transformer.layers.1.mlp" in name]
    save_file({n: w for n, w in weights.items() if n not in gone}, tmp_path / "model.safetensors")
    with pytest.raises(
        UsageError, match=r"lacks the tensors encoder\.encoder_transformer\.layers\.1\.mlp\.fc1"
    ):
        Qwen3(model=str(tmp_path)).encode([waveform(100)])
    del weights["encoder.quantizer.semantic_residual_vector_quantizer.layers.0.codebook.embed_sum"]
    save_file(weights, tmp_path / "model.safetensors")
    with pytest.raises(UsageError, match=r"lacks the tensor encoder\.quantizer\.semantic.*embed_sum"):
        _ = Qwen3(model=str(tmp_path)).codebooks


def test_tensors_of_other_shapes_are_named(folder: Path, tmp_path: Path) -> None:
    weights = load_file(folder / "model.safetensors")
    save_file(weights, tmp_path / "model.safetensors")
    config = qwen.CONFIG | {"encoder_config": qwen.ENCODER | {"num_filters": 8}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match=r"config.json: the tensors encoder\.encoder\.layers\.0\.conv"):
        Qwen3(model=str(tmp_path)).encode([waveform(100)])


def test_settings_that_make_no_encoder_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes((folder / "model.safetensors").read_bytes())
    config = qwen.CONFIG | {"encoder_config": qwen.ENCODER | {"num_attention_heads": 5}}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(UsageError, match="does not describe a Mimi encoder"):
        Qwen3(model=str(tmp_path)).encode([waveform(100)])


def test_weights_that_are_cut_short_are_refused(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((folder / "config.json").read_bytes())
    with pytest.raises(UsageError, match=r"there is no \.safetensors file in"):
        Qwen3(model=str(tmp_path))
    content = (folder / "model.safetensors").read_bytes()
    (tmp_path / "model.safetensors").write_bytes(content[:-1000])
    with pytest.raises(UsageError, match="is cut short: 1000 bytes are missing"):
        Qwen3(model=str(tmp_path))
    (tmp_path / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\n" * 3)
    with pytest.raises(UsageError, match="is not a whole safetensors file"):
        Qwen3(model=str(tmp_path))
    save_file({"decoder.weight": torch.zeros(3)}, tmp_path / "model.safetensors")
    with pytest.raises(UsageError, match="no tensor whose name begins with encoder"):
        Qwen3(model=str(tmp_path))


def test_a_library_is_bound_to_the_weights(folder: Path, tmp_path: Path) -> None:
    path = media.write(tmp_path / "melody.wav", sounds.melody(5.0, 16000), 16000)
    arguments = {"tokenizer": "qwen3-tts-12hz", "segmenter": "off"}
    with Library(tmp_path / "store", model=str(folder), **arguments) as library:
        (outcome,) = library.ingest([path])
        assert outcome.status == "stored", outcome.note
        (entry,) = library.entries(outcome.recording.id)
        assert entry.codes.array.shape == (16, 63)
    other = qwen.write_encoder(tmp_path / "other", seed=1)
    with (
        Library(tmp_path / "store", model=str(other), **arguments) as library,
        pytest.raises(StoreMismatchError, match="was made with tokenizer qwen3-tts-12hz@"),
    ):
        library.recordings()


def test_the_model_comes_from_the_environment(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("AUDIOSEARCH_TOKENIZER", "qwen3-tts-12hz")
    monkeypatch.setenv("AUDIOSEARCH_MODEL", str(folder))
    monkeypatch.setattr(sys, "argv", ["audiosearch", "doctor", "--store", str(tmp_path), "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    found = {line["what"]: line for line in map(json.loads, capsys.readouterr().out.splitlines())}
    assert found["tokenizer"]["detail"] == Qwen3(model=str(folder)).name
    assert found["transformers"]["state"] == "ok"


def test_doctor_tries_the_weights_and_tells_what_they_took(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    def state(model: Path, what: str) -> tuple[int, dict[str, object] | None]:
        options = ["--tokenizer", "qwen3-tts-12hz", "--model", model, "--store", tmp_path / "store", "--json"]
        done = run("doctor", *options)
        return done.code, next((record for record in done.records if record["what"] == what), None)

    assert state(folder, "GPU memory") == (0, None)
    monkeypatch.setattr("audiosearch.gpu.peak_gigabytes", lambda: 1.234)
    found = {"what": "GPU memory", "state": "ok", "detail": "1.23 GB at the peak, for 10 s of sound"}
    assert state(folder, "GPU memory") == (0, found)
    partial = tmp_path / "partial"
    partial.mkdir()
    (partial / "config.json").write_bytes((folder / "config.json").read_bytes())
    weights = load_file(folder / "model.safetensors")
    del weights["encoder.downsample.conv.weight"]
    save_file(weights, partial / "model.safetensors")
    code, broken = state(partial, "tokenizer")
    assert broken is not None
    assert (code, broken["state"]) == (2, "broken")
    assert "lacks the tensor encoder.downsample.conv.weight; get it again" in str(broken["detail"])


def test_ingest_tells_the_most_gpu_memory(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, run: Run
) -> None:
    path = media.write(tmp_path / "melody.wav", sounds.melody(2.0, 16000), 16000)
    options = ["--tokenizer", "qwen3-tts-12hz", "--model", folder, "--store", tmp_path / "store"]
    assert "GPU" not in run("ingest", path, *options).err
    monkeypatch.setattr("audiosearch.gpu.peak_gigabytes", lambda: 1.234)
    assert "real time" not in (done := run("ingest", path, *options)).err
    assert "at most 1.23 GB of GPU memory" in " ".join(done.err.split())


def test_reading_the_name_loads_no_torch(folder: Path) -> None:
    program = (
        "import sys\nfrom audiosearch.tokenizers.qwen3 import Qwen3\n"
        f"print(Qwen3(model={str(folder)!r}).name, 'torch' in sys.modules, 'transformers' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.split()[1:] == ["False", "False"]


def test_the_default_model_is_qwens_own() -> None:
    assert checkpoint.MODEL == "Qwen/Qwen3-TTS-Tokenizer-12Hz"

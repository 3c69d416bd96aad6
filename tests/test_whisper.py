"""Whisper through transformers itself, with random weights: what it writes means nothing."""

from pathlib import Path

import pytest

import sounds
from audiosearch.errors import UsageError
from audiosearch.types import Waveform
from audiosearch.whisper import Whisper

transformers = pytest.importorskip("transformers")
pytestmark = pytest.mark.filterwarnings("ignore")  # of transformers, about itself

LETTERS = "abcdefghijklmnopqrstuvwxyz"
END, START = "<|endoftext|>", "<|startoftranscript|>"
WITHOUT_TIMES = "<|notimestamps|>"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of one layer that knows the letters."""
    import torch

    folder = tmp_path_factory.mktemp("whisper")
    vocabulary = {token: i for i, token in enumerate([*LETTERS, "Ġ", END, START, WITHOUT_TIMES])}
    tokenizer = transformers.WhisperTokenizer(
        vocab=vocabulary, merges=[], unk_token=END, bos_token=START, eos_token=END
    )
    config = transformers.WhisperConfig(
        vocab_size=len(vocabulary),
        d_model=16,
        encoder_layers=1,
        decoder_layers=1,
        encoder_attention_heads=2,
        decoder_attention_heads=2,
        encoder_ffn_dim=16,
        decoder_ffn_dim=16,
        max_target_positions=300,
        decoder_start_token_id=vocabulary[START],
        bos_token_id=vocabulary[START],
        eos_token_id=vocabulary[END],
        pad_token_id=vocabulary[END],
        suppress_tokens=[vocabulary[token] for token in (END, START, WITHOUT_TIMES)],
        begin_suppress_tokens=[],
    )
    torch.manual_seed(0)
    transformers.WhisperForConditionalGeneration(config).save_pretrained(folder)
    transformers.WhisperProcessor(transformers.WhisperFeatureExtractor(), tokenizer).save_pretrained(folder)
    return folder


def test_a_question_is_written_down_as_the_model_gives_it(checkpoint: Path) -> None:
    sound = Waveform(sounds.melody(1.0), 16000)
    written = Whisper(str(checkpoint)).transcribe(sound)
    processor = transformers.WhisperProcessor.from_pretrained(checkpoint)
    model = transformers.WhisperForConditionalGeneration.from_pretrained(checkpoint)
    features = processor(sound.samples, sampling_rate=16000, return_tensors="pt").input_features
    (expected,) = processor.batch_decode(
        model.generate(features, max_new_tokens=256, num_beams=5), skip_special_tokens=True
    )
    assert written == expected.strip() != ""


def test_weights_that_are_not_there(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="cannot be loaded"):
        Whisper(str(tmp_path / "nothing"))

"""Small checkpoints of Qwen3-TTS-Tokenizer-12Hz with random weights, for the tests of its tokenizer.

qwen-tts is bound to one version of transformers. So that others are compared with it, too, its codes of
`KEPT_SECONDS` of sound stand in `KEPT`; they are made anew by ``python tests/qwen.py``.
"""

import json
import tempfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors.torch import load_file, save_file

KEPT = Path(__file__).parent / "qwen_tts_codes.npy"  # shape (n_layers, n_frames), of `write_fixed`
KEPT_SECONDS = 21.03  # more than twice as far as Mimi was trained to look back

SCALE = 0.3  # of what a transformer layer adds: so large that it has a say
# Everything small but the strides, so that a frame is 1920 samples as in the real one.
ENCODER: dict[str, Any] = {
    "codebook_dim": 16,
    "codebook_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_attention_heads": 4,
    "num_filters": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 4,
    "num_quantizers": 20,
    "num_semantic_quantizers": 1,
    "upsample_groups": 32,
    "upsampling_ratios": [8, 6, 5, 4],
    "use_causal_conv": True,
    "vector_quantization_hidden_dimension": 16,
}
DECODER: dict[str, Any] = {
    "codebook_dim": 32,
    "codebook_size": 64,
    "decoder_dim": 32,
    "hidden_size": 32,
    "intermediate_size": 64,
    "latent_dim": 32,
    "num_attention_heads": 4,
    "num_hidden_layers": 2,
    "num_key_value_heads": 4,
}
CONFIG: dict[str, Any] = {
    "decode_upsample_rate": 1920,
    "encode_downsample_rate": 1920,
    "encoder_config": ENCODER,
    "encoder_valid_num_quantizers": 16,
    "input_sample_rate": 24000,
    "model_type": "qwen3_tts_tokenizer_12hz",
    "output_sample_rate": 24000,
}


def write_encoder(folder: Path, seed: int = 0, scale: float = SCALE, **changes: object) -> Path:
    """The encoder's half alone, for which transformers suffices; ``changes`` are of its config."""
    from audiosearch.tokenizers.qwen3.network import Encoder

    torch.manual_seed(seed)
    weights = Encoder(ENCODER).state_dict()
    fill(weights, scale)
    folder.mkdir(parents=True, exist_ok=True)
    save_file({f"encoder.{name}": tensor for name, tensor in weights.items()}, folder / "model.safetensors")
    (folder / "config.json").write_text(json.dumps(CONFIG | changes))
    return folder


def write_whole(folder: Path, encoder: dict[str, Any] = ENCODER, decoder: dict[str, Any] = DECODER) -> Path:
    """Both halves, made and saved by the classes of qwen-tts."""
    from qwen_tts.core import Qwen3TTSTokenizerV2Config, Qwen3TTSTokenizerV2Model
    from transformers import EncodecFeatureExtractor

    torch.manual_seed(0)
    config = Qwen3TTSTokenizerV2Config(encoder_config=encoder, decoder_config=decoder)
    model = Qwen3TTSTokenizerV2Model(config)
    fill(model.state_dict())
    model.save_pretrained(folder)
    EncodecFeatureExtractor(feature_size=1, sampling_rate=24000).save_pretrained(folder)
    return folder


def fill(weights: dict[str, torch.Tensor], scale: float = SCALE) -> None:
    """Random numbers for what begins as zeros or ones: codebooks, and the scales of the transformer."""
    for name, tensor in weights.items():
        if name.endswith(("embed_sum", "embedding_sum")):
            tensor.normal_(std=0.05)
        elif name.endswith("conv.bias"):
            tensor.zero_()  # else the codes of a small network are those of its biases, whatever it hears
        elif name.endswith("cluster_usage"):
            tensor.uniform_(0.5, 2.0)
        elif name.endswith("layer_scale.scale"):
            tensor.fill_(scale)


def write_fixed(folder: Path) -> Path:
    """The encoder's half alone, with the same weights whatever the versions of torch and transformers."""
    weights = load_file(write_encoder(folder) / "model.safetensors")
    fix(weights)
    save_file(weights, folder / "model.safetensors")
    return folder


def write_whole_fixed(folder: Path) -> Path:
    """Both halves, with that encoder."""
    weights = load_file(write_whole(folder) / "model.safetensors")
    fix({name: tensor for name, tensor in weights.items() if name.startswith("encoder.")})
    save_file(weights, folder / "model.safetensors", {"format": "pt"})
    return folder


def fix(weights: dict[str, torch.Tensor]) -> None:
    """Numbers that depend on the names alone, as large as those that layers begin with."""
    for name, tensor in weights.items():
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        drawn = torch.from_numpy(rng.standard_normal(tuple(tensor.shape)).astype(np.float32))
        if name.endswith("embed_sum"):
            tensor.copy_(drawn * 0.05)
        elif name.endswith("cluster_usage"):
            tensor.copy_(0.5 + drawn.abs())
        elif tensor.ndim > 1:
            tensor.copy_(drawn / tensor[0].numel() ** 0.5)


def kept_sound() -> np.ndarray:
    """What was heard, at 24 kHz."""
    import sounds

    return sounds.melody(KEPT_SECONDS, 24000)


def theirs_of_kept_sound(folder: Path) -> np.ndarray:
    """The codes that qwen-tts gives, shape (n_layers, n_frames)."""
    from qwen_tts import Qwen3TTSTokenizer

    original = Qwen3TTSTokenizer.from_pretrained(str(write_whole_fixed(folder)))
    found: np.ndarray = original.encode(kept_sound(), sr=24000).audio_codes[0].numpy().T.astype(np.int16)
    return found


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        np.save(KEPT, theirs_of_kept_sound(Path(made)))

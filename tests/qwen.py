"""Small checkpoints of Qwen3-TTS-Tokenizer-12Hz with random weights, for the tests of its tokenizer."""

import json
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file

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

"""A checkpoint of full size with random weights, for machines that the real weights do not reach."""

from pathlib import Path

import numpy as np
import torch


def write(folder: Path) -> Path:
    """Make and save it with the classes of qwen-tts.

    The vectors of the codebooks are drawn so that noise uses many of them: each residual that is left
    over has the spread of the vectors that come next.
    """
    from qwen_tts.core import Qwen3TTSTokenizerV2Config, Qwen3TTSTokenizerV2Model
    from transformers import EncodecFeatureExtractor

    torch.manual_seed(0)
    model = Qwen3TTSTokenizerV2Model(Qwen3TTSTokenizerV2Config(decoder_config={"codebook_dim": 512})).eval()
    for name, tensor in model.state_dict().items():
        if name.endswith("conv.bias") and name.startswith("encoder."):
            tensor.zero_()
        if name.endswith("embedding_sum"):
            tensor.normal_()
    with torch.inference_mode():
        noise = torch.from_numpy(np.random.default_rng(0).standard_normal((1, 1, 24000 * 20)) * 0.1).float()
        hidden = model.encoder.encoder(noise)
        hidden = model.encoder.encoder_transformer(hidden.transpose(1, 2))[0].transpose(1, 2)
        hidden = model.encoder.downsample(hidden)
        quantizer = model.encoder.quantizer
        for part in (
            quantizer.semantic_residual_vector_quantizer,
            quantizer.acoustic_residual_vector_quantizer,
        ):
            spread = float(part.input_proj(hidden).std())
            for layer in part.layers:
                layer.codebook.embed_sum.normal_(std=spread)
                spread *= 0.8
    model.save_pretrained(folder)
    EncodecFeatureExtractor(feature_size=1, sampling_rate=24000).save_pretrained(folder)
    return folder

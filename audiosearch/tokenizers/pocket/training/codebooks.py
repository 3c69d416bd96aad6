"""The last stage: the codebooks of the sound network, and everything that is shipped.

(Those of the speech network were found in its training.)
"""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import normalize

from audiosearch.tokenizers.pocket import features, quantize
from audiosearch.tokenizers.pocket.network import Encoder, fold
from audiosearch.tokenizers.pocket.training import degrade, sound, speech
from audiosearch.tokenizers.pocket.training.corpus import Corpus
from audiosearch.types import Float32

LAYERS, SIZE = 12, 2048
VECTORS = 120_000  # that the codebooks are fitted to
ROUNDS = 10  # of k-means


def finish(data: Corpus, work: Path, seed: int) -> dict[str, Float32]:
    """Weights of the folded networks and their codebooks."""
    generator = torch.Generator().manual_seed(seed)
    sounds, speller = sound.network(), speech.Speller(len(phones(work)))
    sounds.load_state_dict(_trained(work / "sound.pt"))
    speller.load_state_dict(_trained(work / "speech.pt"))
    heard = _vectors(sounds.eval(), data, generator)
    shipped = {
        "spelling.weight": speller.letters.weight,
        "spelling.bias": speller.letters.bias,
        "codebooks.speech": speller.codebooks,
        "codebooks.sound": quantize.fit(heard, LAYERS, SIZE, ROUNDS, generator),
    }
    for name, network, blocks in (
        ("sound", sounds, (0, sound.EARLY, *sound.DILATIONS)),
        ("speech", speller.encoder, (speech.FINE, speech.EARLY, *speech.DILATIONS)),
    ):
        shipped |= {f"{name}.{key}": tensor for key, tensor in fold(network).items()}
        shipped[f"{name}.blocks"] = torch.tensor(blocks)
    return {name: tensor.detach().numpy().astype(np.float32) for name, tensor in shipped.items()}


def phones(work: Path) -> list[str]:
    """What the spelling layer spells, beside silence."""
    inventory: list[str] = torch.load(work / "speech.pt", weights_only=True, map_location="cpu")["inventory"]
    return inventory


def _trained(path: Path) -> dict[str, Tensor]:
    model: dict[str, Tensor] = torch.load(path, weights_only=True, map_location="cpu")["model"]
    return model


@torch.inference_mode()
def _vectors(sounds: Encoder, data: Corpus, generator: torch.Generator) -> Tensor:
    """What the network hears in random crops, half of them degraded."""
    crops, stuff = sound.Crops.of(data), sound.materials(data)
    length, batch = 125 * features.SAMPLES, 16
    heard = []
    for number in range(VECTORS // (125 * batch) + 1):
        x = crops.draw(batch, length, generator)
        if number % 2:
            x = degrade.degrade(x, crops.draw(batch, length, generator), stuff, generator)
        mel = features.remove_mean(features.log_mel(x))
        heard.append(normalize(sounds(mel), dim=2).flatten(0, 1))
    return torch.cat(heard)

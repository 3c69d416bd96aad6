"""The last stage: the codebooks of both networks, and everything that is shipped."""

from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import layer_norm, normalize

from audiosearch.tokenizers.pocket import features, quantize
from audiosearch.tokenizers.pocket.network import Encoder, fold
from audiosearch.tokenizers.pocket.training import degrade, sound, speech
from audiosearch.tokenizers.pocket.training.corpus import Corpus
from audiosearch.types import Float32

SPEECH_LAYERS, SOUND_LAYERS, SIZE = 4, 12, 2048
VECTORS = 120_000  # that the codebooks are fitted to
ROUNDS = 10  # of k-means


def finish(data: Corpus, work: Path, seed: int) -> dict[str, Float32]:
    """Weights of the folded networks and their codebooks."""
    generator = torch.Generator().manual_seed(seed)
    sounds, speaks = sound.network(), speech.network()
    sounds.load_state_dict(_trained(work / "sound.pt"))
    speller = _trained(work / "speech.pt")
    speaks.load_state_dict(
        {name.removeprefix("encoder."): t for name, t in speller.items() if name.startswith("encoder.")}
    )
    heard = _vectors(sounds.eval(), speaks.eval(), data, generator)
    shipped: dict[str, Float32] = {
        f"spelling.{name}": speller[f"letters.{name}"].numpy() for name in ("weight", "bias")
    }
    for name, network, dilations, early, vectors, layers in (
        ("sound", sounds, sound.DILATIONS, 0, heard[0], SOUND_LAYERS),
        ("speech", speaks, speech.DILATIONS, speech.EARLY, heard[1], SPEECH_LAYERS),
    ):
        for key, tensor in fold(network).items():
            shipped[f"{name}.{key}"] = tensor.numpy()
        shipped[f"{name}.blocks"] = np.array([early, *dilations], np.float32)
        shipped[f"codebooks.{name}"] = quantize.fit(vectors, layers, SIZE, ROUNDS, generator).numpy()
    return shipped


def phones(work: Path) -> list[str]:
    """What the spelling layer spells, beside silence."""
    inventory: list[str] = torch.load(work / "speech.pt", weights_only=True)["inventory"]
    return inventory


def _trained(path: Path) -> dict[str, Tensor]:
    model: dict[str, Tensor] = torch.load(path, weights_only=True)["model"]
    return model


@torch.inference_mode()
def _vectors(
    sounds: Encoder, speaks: Encoder, data: Corpus, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """What the networks hear in random crops, half of them degraded; speech only in clean speech."""
    both, stuff = sound.Crops.of(data), sound.materials(data)
    talk = sound.Crops(both.streams[-1:])
    length, batch = 125 * features.SAMPLES, 16
    heard: tuple[list[Tensor], list[Tensor]] = ([], [])
    for number in range(VECTORS // (125 * batch) + 1):
        x = both.draw(batch, length, generator)
        if number % 2:
            x = degrade.degrade(x, both.draw(batch, length, generator), stuff, generator)
        mel = features.remove_mean(features.log_mel(x))
        heard[0].append(normalize(sounds(mel), dim=2).flatten(0, 1))
        mel = features.remove_mean(features.log_mel(talk.draw(batch, length, generator)))
        heard[1].append(layer_norm(speaks(mel), (speech.DIM,)).flatten(0, 1))
    return torch.cat(heard[0]), torch.cat(heard[1])

"""pocket: the tokenizer that is shipped in the package.

16 layers of 2048 codes at 12.5 frames per second, from sound at 16 kHz. Two small networks hear the
same log-mel features (see `features`):

- layers 0 to 3 say *what is said*: a residual quantization of what the speech network hears. It was
  trained to spell phones, so that the same words by another voice give the same or confusable codes.
  Layer 0 alone says most of it, all four nearly what the network hears;
- layers 4 to 15 say *which sound this is*: a residual quantization of what the sound network hears. It
  was trained so that a moment keeps its vector under noise, rooms, codecs, filters, other speeds and
  pitches, and differs from all other moments.

`Pocket.spell` turns stored codes into the probabilities of phones (see `spelling`); `Pocket.hear` does
so with what the codes of a sound would stand for, for questions, which nobody stores.

Long sound is encoded in chunks with `CONTEXT` frames on either side, further than the networks and the
moving mean of the features reach, so that a part of it has the codes of the whole away from its ends.
"""

import functools
import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from audiosearch import audio, footprint, frames, gpu
from audiosearch.representations import vectors
from audiosearch.tokenizers.pocket import spelling, weights
from audiosearch.types import Codes, Float32, Int16, Waveform

if TYPE_CHECKING:
    from torch import Tensor

    from audiosearch.tokenizers.pocket.network import Encoder

CHUNK = 375  # token frames: 30 s
CONTEXT = 38  # token frames: 3 s
SAMPLES = 1280  # to a token frame


class Pocket:
    """The embedded tokenizer.

    Parameters
    ----------
    device : str
        "cpu" or "cuda", as torch names it.

    Raises
    ------
    UsageError
        When there is no such device.

    Examples
    --------
    >>> silence = Waveform(np.zeros(16000, np.float32), 16000)
    >>> Pocket().encode([silence])[0].array.shape
    (16, 13)
    """

    sample_rate = 16000
    frame_rate = 12.5
    n_layers = 16
    codebook_size = 2048
    speech_layers = range(4)
    sound_layers = range(4, 16)
    slots = 4

    def __init__(self, device: str = "cpu") -> None:
        gpu.require(device)
        self.device = device
        self.name = f"pocket@{weights.revision()}"

    @property
    def codebooks(self) -> Float32:
        """Shape (16, 2048, 128)."""
        return _codebooks()

    @property
    def phones(self) -> tuple[str, ...]:
        """What can be spelled: phones as `espeak.phones` writes them."""
        return tuple(weights.metadata()["phones"].split())

    def spell(self, codes: Codes, layers: range | None = None, wide: bool = False) -> Float32:
        """What is said, phone by phone.

        Parameters
        ----------
        codes : Codes
            Where all layers are believed, its frames are neighbours that tell of each other.
        layers : range, optional
            Of the speech layers, those that are believed; all by default.
        wide : bool
            Whether further neighbours tell, too, where all layers are believed.

        Returns
        -------
        np.ndarray, shape (n_frames * slots, 1 + n_phones), float32
            Log-probabilities, one row for each 20 ms: of silence, then of each of `phones`.
        """
        chosen = self.speech_layers if layers is None else layers
        stand_for = vectors(codes, _codebooks(), chosen)
        if chosen != self.speech_layers:
            return self._slots(spelling.alone(_weights(spelling.CODES), stand_for))
        if wide:
            return self._slots(spelling.wide(_weights(spelling.COMPARED), stand_for))
        return self._slots(spelling.near(_weights(spelling.CODES), stand_for))

    def hear(self, waveform: Waveform) -> Float32:
        """What is said in sound whose codes are not needed: nothing is lost by quantizing.

        There is little of it, so that there is time to let frames further away tell of each, too.

        Parameters
        ----------
        waveform : Waveform
            At 16000 Hz.

        Returns
        -------
        np.ndarray, shape (ceil(n_samples / 1280) * slots, 1 + n_phones), float32
            As `spell` gives them.

        Raises
        ------
        AudioError
            As `encode` does.
        """
        audio.require_waveforms([waveform], self.sample_rate, self.name)
        heard = [self._speech(*chunk).cpu().numpy() for chunk in self._chunks(waveform.samples)]
        whole, taught = np.concatenate(heard), _weights(spelling.HEARD)
        near, far = (self._slots(told_by(taught, whole)) for told_by in (spelling.near, spelling.far))
        mean: Float32 = np.logaddexp(near, far) - np.float32(np.log(2))
        return mean

    def _slots(self, odds: Float32) -> Float32:
        """Log-odds of frames as log-probabilities, a row for each slot."""
        scores = odds.reshape(-1, 1 + len(self.phones))
        scores -= scores.max(axis=1, keepdims=True)
        spelled: Float32 = scores - np.log(np.exp(scores).sum(axis=1, keepdims=True))
        return spelled

    def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
        """Codes of each waveform, one after the other: none depends on the rest.

        Parameters
        ----------
        waveforms : sequence of Waveform
            At 16000 Hz.

        Returns
        -------
        list of Codes
            Arrays of shape (16, ceil(n_samples / 1280)).

        Raises
        ------
        AudioError
            For another sample rate, no samples, or samples that are not numbers.
        """
        audio.require_waveforms(waveforms, self.sample_rate, self.name)
        return [Codes(self._encode(w.samples), self.frame_rate, self.codebook_size) for w in waveforms]

    def _encode(self, samples: Float32) -> Int16:
        import torch

        from audiosearch.tokenizers.pocket import quantize

        model, chunks = _model(self.device), []
        for mel, inner in self._chunks(samples):
            with torch.inference_mode():
                sound = torch.nn.functional.normalize(model.sound(mel)[0, inner], dim=1)
                codes = [
                    quantize.encode(self._speech(mel, inner), model.codebooks[: self.sound_layers.start]),
                    quantize.encode(sound, model.codebooks[self.sound_layers.start :]),
                ]
                chunks.append(torch.cat(codes).to("cpu", torch.int16).numpy())
        return np.concatenate(chunks, axis=1)

    def _speech(self, mel: "Tensor", inner: slice) -> "Tensor":
        """What the speech network hears in some of the frames, shape (n_frames, 128)."""
        import torch

        model = _model(self.device)
        with torch.inference_mode():
            return torch.nn.functional.layer_norm(model.speech(mel)[0, inner], (model.dim,))

    def _chunks(self, samples: Float32) -> Iterator[tuple["Tensor", slice]]:
        """The features of so many frames at a time and of what lies around them, and where in it they are."""
        import torch

        from audiosearch.tokenizers.pocket import features

        n_frames = frames.count(len(samples), self.sample_rate, self.frame_rate)
        for begin in range(0, n_frames, CHUNK):
            first, after = max(0, begin - CONTEXT), min(n_frames, begin + CHUNK + CONTEXT)
            heard = samples[first * SAMPLES : after * SAMPLES]
            padded = np.pad(heard, (0, (after - first) * SAMPLES - len(heard)))
            with torch.inference_mode():
                mel = features.remove_mean(features.log_mel(torch.from_numpy(padded)[None].to(self.device)))
            yield mel, slice(begin - first, min(begin + CHUNK, n_frames) - first)


class _Model:
    """The networks and codebooks on a device."""

    def __init__(self, device: str) -> None:
        import torch

        # Clips have many lengths, and the library would keep compiled convolutions for each of them.
        os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "8")
        loaded = {name: torch.from_numpy(array).to(device) for name, array in weights.shipped().items()}
        self.speech = _network(loaded, "speech.")
        self.sound = _network(loaded, "sound.")
        self.codebooks = torch.from_numpy(_codebooks()).to(device)
        self.dim = self.codebooks.shape[2]
        if device == "cpu":
            footprint.release_libraries("/nvidia/")  # torch loads them all, 120 MB


@functools.cache
def _model(device: str) -> _Model:
    return _Model(device)


def _network(loaded: dict[str, "Tensor"], prefix: str) -> "Encoder":
    from audiosearch.tokenizers.pocket.network import Encoder

    state = {name.removeprefix(prefix): t for name, t in loaded.items() if name.startswith(prefix)}
    fine, early, *dilations = (int(n) for n in state.pop("blocks").tolist())
    network = Encoder(state["out.weight"].shape[0], dilations, early, fine, trained=True)
    network.load_state_dict(state)
    return network.to(state["out.weight"].device).eval()


@functools.cache
def _codebooks() -> Float32:
    shipped = weights.shipped()
    return np.concatenate([shipped["codebooks.speech"], shipped["codebooks.sound"]])


@functools.cache
def _weights(file: str) -> dict[str, Float32]:
    return weights.shipped(file)

"""How a question is heard: every moment in each part of a frame."""

from collections.abc import Sequence

import numpy as np

from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Codes, Float32, Waveform
from queries.ask.hearing import hear


class FirstSlots:
    """Hears sound whose samples are numbers of phones, but of each frame only the first slot rightly."""

    name = "first slots"
    sample_rate = 100
    frame_rate = 10.0
    n_layers = 2
    codebook_size = 4
    speech_layers = range(2)
    slots = 2
    phones = ("a", "b", "c")
    codebooks = np.zeros((2, 4, 1), np.float32)

    def encode(self, waveforms: Sequence[Waveform]) -> list[Codes]:
        """The phone of each slot: ten samples are a frame, five a slot."""
        made = []
        for waveform in waveforms:
            padded = np.pad(waveform.samples, (0, -len(waveform.samples) % 10))
            made.append(Codes(padded[::5].reshape(-1, 2).T.astype(np.int16), 10.0, 4))
        return made

    def spell(self, codes: Codes, layers: range | None = None, wide: bool = False) -> Float32:
        """The first slot of a frame for sure, in the second nothing."""
        likely = np.full((codes.n_frames, 2, 4), 0.25)
        likely[:, 0] = np.eye(4)[codes.array[0]] * 0.96 + 0.01
        return np.log(likely).reshape(-1, 4).astype(np.float32)

    def hear(self, waveform: Waveform) -> Float32:
        """The same of sound."""
        return self.spell(self.encode([waveform])[0])


def test_each_moment_is_heard_in_every_part_of_a_frame() -> None:
    said = np.array([1, 1, 2, 3, 3, 2, 0, 1, 2])
    heard = hear(Waveform(np.repeat(said, 5).astype(np.float32), 100), FirstSlots())
    assert heard.argmax(axis=1).tolist() == said.tolist()
    np.testing.assert_allclose(np.exp(heard).max(axis=1), (0.97 + 0.25) / 2, rtol=1e-5)


def test_slots_cover_the_sound_and_sum_to_one() -> None:
    tokenizer = Pocket()
    rng = np.random.default_rng(0)
    for n_samples in (1, 319, 320, 1281, 20000):
        heard = hear(Waveform(rng.standard_normal(n_samples).astype(np.float32) * 0.1, 16000), tokenizer)
        assert heard.shape == (-(-n_samples // 320), 1 + len(tokenizer.phones))
        np.testing.assert_allclose(np.exp(heard).sum(axis=1), 1, rtol=1e-4)

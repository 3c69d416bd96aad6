"""What each part of the answer from sound is worth: left out, or added."""

from collections.abc import Mapping, Sequence

import numpy as np

from audiosearch.encoders.static import Static
from audiosearch.interfaces import Speller
from audiosearch.types import Float32, Waveform
from benchmarks.which_answers.figures import place
from benchmarks.which_answers.questions import RATE, Asked
from benchmarks.which_answers.spoken import SpokenPassages
from queries.ask.bridge import Bridge
from queries.ask.fusion import fused
from queries.ask.hearing import hear
from queries.ask.phones import segments
from queries.ask.rankings import by_sound
from queries.ask.shelf import Shelf

PARTS = ("phone n-grams", "words heard", "meaning of the words heard", "alignment")
FIRST_STAGE = 200  # passages

Rankings = Sequence[tuple[float, Float32]]


def compared(
    shelf: Shelf, tokenizer: Speller, asked: Sequence[Asked], spoken: SpokenPassages, bridge: Bridge | None
) -> dict[str, float]:
    """Mean reciprocal rank with some of the parts, by name; and the recall of the first stage."""
    ways: dict[str, list[float]] = {}
    found = []
    for one in asked:
        codes = tokenizer.encode([Waveform(one.samples, RATE)])[0]
        heard = segments(hear(Waveform(one.samples, RATE), tokenizer))
        rankings = by_sound(shelf, heard, Static()).rankings
        extra = {
            "histogram of the spoken passage": spoken.by_histogram(codes),
            "tf-idf histogram of the spoken passage": spoken.by_rare_codes(codes),
            "anchors of the spoken passage": spoken.by_anchors(codes),
        }
        if bridge is not None:
            extra["what `kb fit` learned"] = bridge.scores(heard, shelf.vectors)
        for name, some in _ways(rankings, extra).items():
            reached = place(fused(some), one.answer)
            ways.setdefault(name, []).append(1 / reached if reached <= 10 else 0.0)
        found.append(place(fused(rankings[:-1]), one.answer) <= FIRST_STAGE)
    means = {name: float(np.mean(reciprocal)) for name, reciprocal in ways.items()}
    return {**means, f"right one among the best {FIRST_STAGE} before the alignment": float(np.mean(found))}


def _ways(rankings: Rankings, extra: Mapping[str, Float32]) -> dict[str, Rankings]:
    alone = {f"{name} alone": [ranking] for name, ranking in zip(PARTS, rankings, strict=True)}
    without = {
        f"without {name}": [r for r in rankings if r is not ranking]
        for name, ranking in zip(PARTS, rankings, strict=True)
    }
    more: dict[str, Rankings] = {}
    for name, scores in extra.items():
        more |= {f"{name} alone": [(1.0, scores)], f"with {name}": [*rankings, (1.0, scores)]}
    return {"all parts": rankings, **without, **alone, **more}

"""How well phones are spelled from codes, and from what is heard without making them.

    python -m benchmarks.pocket.spelled --audio FOLDER

Phone error rate: edits of the likeliest spelling, in which a change of phone costs 1 nat, to a phone of what
eSpeak NG makes of the text; for people whom training heard, and for people it did not.
"""

import random
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from rapidfuzz.distance import Levenshtein

from audiosearch.representations import vectors
from audiosearch.tokenizers.pocket import Pocket, spelling, weights
from audiosearch.tokenizers.pocket.training import corpus, speech
from audiosearch.types import Codes, Float32, Waveform
from benchmarks.commit import commit

COST = 1.0  # nats
LANGUAGES = {"en": "English", "zh": "Mandarin"}
Said = tuple[Codes, Float32, list[str]]
WAYS = (
    "by the layer it was taught with",
    "each frame alone",
    "with its neighbours",
    "with further ones",
    "without codes",
)


def main(
    audio_folder: Annotated[Path, typer.Option("--audio", help="Folder with a manifest.jsonl.")],
    utterances: Annotated[int, typer.Option(min=1, help="Of each row.")] = 80,
    holdout: Annotated[float, typer.Option(help="Share that training kept out.")] = 0.3,
    seed: int = 0,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/pocket/spelled.md"),
) -> None:
    """Measure and write the table."""
    state = commit()
    pocket = Pocket()
    rows = [row for row in corpus.rows(audio_folder) if row.language in LANGUAGES and row.text.strip()]
    lines = [
        "# How well phones are spelled",
        "",
        f"Phone error rate against eSpeak NG, {utterances} utterances a row; {pocket.name}, commit {state}; "
        f"`python -m benchmarks.pocket.spelled --utterances {utterances} --holdout {holdout} --seed {seed}`.",
        "",
        "| |" + "".join(f" {way} |" for way in WAYS),
        "|---|" + "---|" * len(WAYS),
    ]
    for language, name in LANGUAGES.items():
        for held_out in (False, True):
            chosen = [
                row
                for row in rows
                if row.language == language and corpus.is_held_out(row.group, holdout) == held_out
            ]
            said = list(encoded(pocket, random.Random(seed).sample(chosen, min(utterances, len(chosen)))))
            figures = "".join(f" {rate:.3f} |" for rate in error_rates(pocket, said))
            lines.append(f"| {name}, {'held out' if held_out else 'trained on'} |{figures}")
    text = "\n".join(lines) + "\n"
    out.write_text(text)
    print(text)


def encoded(pocket: Pocket, rows: Sequence[corpus.Row]) -> Iterator[Said]:
    """Codes of utterances, what is heard without them, and the phones, of those that can be spelled."""
    known = set(pocket.phones)
    for utterance in corpus.load(list(rows)).speech:
        phones = [phone for word in speech.words(utterance) for phone in word if phone in known]
        waveform = Waveform(utterance.samples / np.float32(32767), pocket.sample_rate)
        if phones:
            yield pocket.encode([waveform])[0], pocket.hear(waveform), phones


def error_rates(pocket: Pocket, said: Sequence[Said]) -> list[float]:
    """One for each of `WAYS`."""
    taught, first = weights.shipped(spelling.CODES), weights.shipped()
    before = {"alone.weight": first["spelling.weight"], "alone.bias": first["spelling.bias"]}
    edits, n_phones = np.zeros(len(WAYS)), 0
    for codes, without, phones in said:
        heard = vectors(codes, pocket.codebooks, pocket.speech_layers)
        ways = (
            *(spelling.alone(layer, heard) for layer in (before, taught)),
            pocket.spell(codes),
            pocket.spell(codes, wide=True),
            without,
        )
        n_slots = len(heard) * pocket.slots
        edits += [
            Levenshtein.distance(likeliest(odds.reshape(n_slots, -1), pocket.phones), phones) for odds in ways
        ]
        n_phones += len(phones)
    return [float(rate) for rate in edits / n_phones]


def likeliest(odds: Float32, phones: Sequence[str]) -> list[str]:
    """The phones on the best way through slots, without silence (Viterbi 1967)."""
    best, before = odds[0], []
    for row in odds[1:]:
        other = int(best.argmax())
        changed = best < best[other] - COST
        before.append(np.where(changed, other, np.arange(len(best))))
        best = np.maximum(best, best[other] - COST) + row
    way = [int(best.argmax())]
    for step in reversed(before):
        way.append(int(step[way[-1]]))
    way.reverse()
    new = np.flatnonzero(np.diff(way, prepend=0))
    return [phones[way[i] - 1] for i in new if way[i]]


if __name__ == "__main__":
    typer.run(main)

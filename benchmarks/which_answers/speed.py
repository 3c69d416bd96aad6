"""How long `ask` takes over 10,000 passages, the question tokenized and the index made before.

    python -m benchmarks.which_answers.speed

Passages are docstrings of the whole standard library of Python, names with an underscore among them;
questions are those of the benchmark, read by eSpeak NG.
"""

import os
import time
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from audiosearch.encoders.static import Static
from audiosearch.tokenizers.pocket import Pocket
from audiosearch.types import Waveform
from benchmarks.commit import commit
from benchmarks.which_answers.calibrate import VOICES, espeak
from benchmarks.which_answers.docstrings import docstrings
from benchmarks.which_answers.questions import RATE, Documentation, passages, read_out
from queries.ask import Question, ask
from queries.ask.hearing import hear
from queries.ask.shelf import Shelf

WARM_UP = 2  # questions that are not counted: the first compiles


def main(
    n: Annotated[int, typer.Option("--passages")] = 10_000,
    questions: Annotated[int, typer.Option(help="Of each kind.")] = 20,
    out: Annotated[Path, typer.Option(help="Table to write.")] = Path("benchmarks/which_answers/speed.md"),
) -> None:
    """Measure and write the table."""
    tokenizer = Pocket()
    texts = docstrings("**/*.py", private=True)
    stored = passages(list(texts.items())[:n])
    known = Documentation.of(600)
    asked = read_out(
        [*known.verbatim("first", questions), *known.rephrased("first", questions)], espeak, VOICES
    )
    spelled = [hear(Waveform(one.samples, RATE), tokenizer) for one in asked]
    shelf = Shelf(stored, tokenizer.phones)
    took, worked = [], []
    for i, slots in enumerate([*spelled[:WARM_UP], *spelled]):
        began, began_work = time.perf_counter(), time.process_time()
        ask(shelf, Question(slots), encoder=Static())
        if i >= WARM_UP:
            took.append(1e3 * (time.perf_counter() - began))
            worked.append(1e3 * (time.process_time() - began_work))
    long = np.median([len(slots) * 0.02 for slots in spelled])
    rows = [f"{np.percentile(ms, 50):.0f} | {np.percentile(ms, 95):.0f}" for ms in (took, worked)]
    lines = [
        "# How long a question takes",
        "",
        f"Commit {commit()}, {tokenizer.name}; `python -m benchmarks.which_answers.speed`. "
        f"{os.cpu_count()} cores, others at work on them: compare processor time. {len(spelled)} questions "
        f"of {long:.1f} s (median), tokenized before; milliseconds.",
        "",
        "| passages | words of them | p50 | p95 | processor p50 | processor p95 |",
        "|---|---|---|---|---|---|",
        f"| {len(stored)} | {len(shelf.vocabulary.words)} | {rows[0]} | {rows[1]} |",
    ]
    out.write_text("\n".join(lines) + "\n")
    print("\n".join(lines))


if __name__ == "__main__":
    typer.run(main)

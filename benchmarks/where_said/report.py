"""The tables: mean average precision of all systems first, then every figure of each row."""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.where_said.archive import Spoken
from benchmarks.where_said.figures import (
    SHOWN,
    Answer,
    Figures,
    Judged,
    calibration_error,
    figures,
    judge,
    kept_apart,
)
from benchmarks.where_said.questions import Truth
from benchmarks.where_said.systems import Asked

Results = dict[tuple[str, str], dict[str, tuple[list[Answer], float]]]  # by condition and system
COLUMNS = (
    "MAP", "P@1", "missed at .1/h", "missed at 1/h", "start, median", "start, p95", "within 250 ms", "ECE",
    "a question",
)  # fmt: skip


def text(spoken: Sequence[Spoken], truth: Truth, asked: Sequence[Asked], results: Results, state: str) -> str:
    """Everything, as Markdown."""
    hours = {s.name: s.utterances[-1].place.end / 3600 for s in spoken}
    there = [a for a in asked if not a.question.absent]
    rows = sorted({a.question.row for a in there})
    made = {
        (row, condition, system): figures(judged)
        for row in rows
        for (condition, system), answers in results.items()
        if (judged := judge_all([a for a in there if a.question.row == row], answers, truth, hours))
    }
    lines = [
        "# Where a phrase is said",
        "",
        f"{state}. {len(spoken)} recordings, {sum(hours.values()):.2f} h, "
        f"{len({s.speaker for s in spoken})} speakers, {len(there)} questions.",
        "",
        *NOTES,
        "",
        *overview(rows, results, made),
        *alike(there, results, truth),
        *probabilities(asked, results, truth, hours),
    ]
    for row in rows:
        lines += ["", f"## {row}", "", "| condition | system | n | " + " | ".join(COLUMNS) + " |"]
        lines.append("|---" * (3 + len(COLUMNS)) + "|")
        for condition, system in results:
            if (row, condition, system) in made:
                found = made[row, condition, system]
                cells = [condition, system, str(found.n_questions), *shown(found)]
                lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


NOTES = (
    "A place is right when its middle lies where the phrase is said, within 250 ms. When it is said within",
    "read sentences, forced alignment tells (CMU Sphinx and the true text); of words alone and keywords",
    "the data do. Missed: share of the places where the phrase is said, under the one threshold for all",
    "questions of the row, the best, that lets at most so many false alarms pass, an hour searched and",
    "question. Start: of the right ones among the first n answers, for n places. ECE: of the probabilities",
    'of the first ten answers. "-" is what a system does not give; the model in pocketsphinx speaks English',
    "alone, and where its own alignment is the truth, its times have an advantage.",
)


def judge_all(
    asked: Sequence[Asked],
    answers: dict[str, tuple[list[Answer], float]],
    truth: Truth,
    hours: dict[str, float],
) -> list[Judged]:
    """The questions that were answered."""
    judged = []
    for one in asked:
        if one.question.id in answers:
            found, seconds = answers[one.question.id]
            said, unsure = truth.said(one.question), truth.unsure(one.question)
            judged.append(judge(found, said, unsure, sum(hours[name] for name in one.within), seconds))
    return judged


def overview(rows: list[str], results: Results, made: dict[tuple[str, str, str], Figures]) -> Iterator[str]:
    """Mean average precision: a line for each row and condition, a column for each system."""
    systems = list(dict.fromkeys(system for _, system in results))
    yield "## Mean average precision"
    yield ""
    yield "| row | condition | " + " | ".join(systems) + " |"
    yield "|---" * (2 + len(systems)) + "|"
    for row in rows:
        for condition in dict.fromkeys(condition for condition, _ in results):
            found = [made.get((row, condition, system)) for system in systems]
            cells = [f"{f.mean_average_precision:.3f}" if f else "-" for f in found]
            yield f"| {row} | {condition} | " + " | ".join(cells) + " |"


def alike(asked: Sequence[Asked], results: Results, truth: Truth) -> Iterator[str]:
    """Phrases of two words beside phrases that begin with the same word."""
    systems = list(dict.fromkeys(system for _, system in results))
    mine = [a for a in asked if a.question.several and a.question.kind == "words"]
    yield from ("", "## Phrases that begin with the same word", "")
    yield "How often the phrase itself comes before the other, of all pairs of places; .5 is chance."
    yield from ("", "| row | condition | pairs | " + " | ".join(systems) + " |")
    yield "|---" * (3 + len(systems)) + "|"
    for row in sorted({a.question.row for a in mine}):
        for condition in dict.fromkeys(condition for condition, _ in results):
            cells, total = [], 0
            for system in systems:
                answers = results.get((condition, system), {})
                shares = [
                    kept_apart(answers[q.id][0], truth.said(q), truth.alike(q))
                    for q in (a.question for a in mine if a.question.row == row)
                    if q.id in answers
                ]
                n_pairs = sum(n for _, n in shares)
                total = max(total, n_pairs)
                cells.append(f"{sum(s * n for s, n in shares) / n_pairs:.3f}" if n_pairs else "-")
            yield f"| {row} | {condition} | {total} | " + " | ".join(cells) + " |"


def probabilities(
    asked: Sequence[Asked], results: Results, truth: Truth, hours: dict[str, float]
) -> Iterator[str]:
    """All rows as one, and what is asked in vain."""
    vain = sum(a.question.absent for a in asked)
    yield from ("", "## Probabilities", "")
    yield "Of the first ten answers to all questions of all rows. Every fifth question is asked once more, of"
    yield f"the recordings that do not say it ({vain})."
    yield from ("", "| condition | system | answers | mean probability | right | ECE |", "|---" * 6 + "|")
    for (condition, system), answers in results.items():
        judged = judge_all(asked, answers, truth, hours)
        if any(j.calibrated for j in judged):
            probability = np.concatenate([j.certainty[:SHOWN] for j in judged])
            right = np.concatenate([j.right[:SHOWN] for j in judged])
            yield (
                f"| {condition} | {system} | {len(right)} | {probability.mean():.3f} | {right.mean():.3f} "
                f"| {calibration_error(judged):.3f} |"
            )


def shown(found: Figures) -> list[str]:
    """The cells of a row, in the order of `COLUMNS`."""

    def number(value: float, form: str, unit: str = "") -> str:
        return "-" if np.isnan(value) else f"{value:{form}}{unit}"

    return [
        number(found.mean_average_precision, ".3f"),
        number(found.first_right, ".3f"),
        number(found.missed_at_tenth, ".3f"),
        number(found.missed_at_one, ".3f"),
        number(1000 * found.median_start, ".0f", " ms"),
        number(1000 * found.p95_start, ".0f", " ms"),
        number(found.within, ".3f"),
        number(found.calibration, ".3f"),
        number(found.seconds, ".3f", " s"),
    ]

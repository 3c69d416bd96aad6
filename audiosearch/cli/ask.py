"""The command that asks the stored texts: ask."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from audiosearch import exports, microphone
from audiosearch.api import Library, Names
from audiosearch.chances import chance
from audiosearch.cli import options
from audiosearch.cli.answers import Certainty, print_matches
from audiosearch.cli.output import clock, complain, report, short
from audiosearch.errors import NOTHING_FOUND, AudioError, UsageError
from audiosearch.files import exists
from audiosearch.sphinx import Sphinx
from audiosearch.types import Answer, Match
from audiosearch.whisper import Whisper

if TYPE_CHECKING:
    from audiosearch.interfaces import Transcriber

WIDTH = 90  # letters of a passage in the table


def ask(
    store: options.Store,
    question: Annotated[
        Path | None,
        typer.Argument(parser=options.path, help="A recording of the question.", show_default=False),
    ] = None,
    text: Annotated[
        str, typer.Option("--text", "-t", help="The question in words; with a recording, its transcript.")
    ] = "",
    mic: Annotated[
        float | None, typer.Option("--mic", min=1.0, max=60.0, help="Record the question: so many seconds.")
    ] = None,
    whisper: Annotated[
        str | None,
        typer.Option(
            "--whisper", help="Transcribe it, too: a Whisper model, a directory or id on Hugging Face."
        ),
    ] = None,
    pocketsphinx: Annotated[
        bool, typer.Option("--pocketsphinx", help="The same by CMU Sphinx: English, nothing to download.")
    ] = False,
    recordings: Annotated[
        bool, typer.Option("--recordings", help="Also name where the stored recordings say this.")
    ] = False,
    limit: options.Limit = 5,
    min_probability: Certainty = 0.3,
    tokenizer: options.TokenizerName = "pocket",
    model: options.Model = None,
    encoder: options.Encoder = None,
    device: options.Device = "cpu",
    as_json: options.Json = False,
) -> None:
    """Which passage of the stored texts answers this? Spoken, and not transcribed; or typed.

    Likeliest first, with what was heard of it: which words, and when in the question. Exits 1 when
    none of them answers; --min-probability 0 shows the passages that come nearest.
    """
    if question is not None and mic is not None:
        raise UsageError("give a recording or --mic, not both")
    if (whisper is not None) + pocketsphinx + bool(text) > 1:
        raise UsageError("give a transcript with --text, or have one made with --whisper or --pocketsphinx")
    if question is not None and not exists(question):
        raise AudioError(f"{question} does not exist; a question in words is asked with --text")
    transcriber: Transcriber | None = Sphinx() if pocketsphinx else None
    if whisper is not None:
        transcriber = Whisper(whisper, device=device)
    asked = microphone.record(mic) if mic is not None else question
    with Library(store, tokenizer, device=device, model=model, encoder=encoder) as library:
        documents = library.documents()
        names = Names({document.id: document.name for document in documents})
        answers = library.ask(asked, limit, text, transcriber)
        answers = [answer for answer in answers if answer.probability >= min_probability]
        print_answers(answers, names, as_json)
        if not documents:
            typer.echo("no texts are stored; store some with `audiosearch kb add`", err=True)
        elif not answers:
            typer.echo("none of the stored texts answers this", err=True)
        said = library.locate(asked or text, limit, unreadable=complain) if recordings else []
        said = [place for place in said if place.probability >= min_probability]
        print_places(said, library.names(), as_json)
    if not answers and not said:
        raise typer.Exit(NOTHING_FOUND)


def print_answers(answers: list[Answer], names: Names, as_json: bool) -> None:
    """Answers as rows."""

    def record(answer: Answer) -> dict[str, object]:
        passage = answer.passage
        return {
            "kind": "passage",
            "id": passage.id,
            "document": names[passage.document],
            "line": passage.line,
            "title": passage.title,
            "text": passage.text,
            "score": answer.score,
            "probability": answer.probability,
            "evidence": [
                {"words": e.words, "start": e.heard.start, "end": e.heard.end, "score": e.score}
                for e in answer.evidence
            ],
        }

    columns = {
        "probability": lambda a: chance(a.probability),
        "where": lambda a: f"{short(names.get(a.passage.document, ''))}:{a.passage.line}",
        "passage": lambda a: excerpt(a),
        "heard": lambda a: "; ".join(_told(a)),
    }
    report(answers, as_json, record, columns)


def print_places(said: list[Match], names: Names, as_json: bool) -> None:
    """Where recordings say what is asked, as rows."""
    if as_json:
        report(said, True, lambda m: {"kind": "place", **exports.record(m, names[m.recording])}, {})
    else:
        print_matches(said, names, as_json, with_query=False)


def excerpt(answer: Answer) -> str:
    """The beginning of a passage, in one line."""
    whole = " ".join(f"{answer.passage.title} | {answer.passage.text}".split()).removeprefix("| ")
    return whole if len(whole) <= WIDTH else whole[: WIDTH - 1] + "…"


def _told(answer: Answer) -> list[str]:
    surest = sorted(answer.evidence, key=lambda e: -e.score)[:3]
    return [
        f"{clock(e.heard.start)} {e.words}" if e.heard.end else e.words
        for e in sorted(surest, key=lambda e: e.heard)
    ]

"""Questions with their answers: a table (CSV), or one JSON object a line.

A question may be a list of them in JSON, and an answer a list of its paragraphs. The columns may also be
called title and text.
"""

import csv
import io
import json
from collections.abc import Iterable, Iterator, Mapping

from audiosearch.documents.part import Part, Text

QUESTIONS = ("question", "questions", "title")
ANSWERS = ("answer", "text")


def read_csv(text: str) -> Text:
    r"""Comma, semicolon or tab between the columns, whose names are in the first line.

    Cells that a row lacks are empty.

    >>> read_csv("question,answer\nWhere?,Here.\n").parts
    [Part(title='Where?', text='Here.', line=2, whole=True)]

    Raises
    ------
    ValueError
        When there is no column of questions or none of answers, a row has more cells than there are columns,
        or a cell is longer than 131,072 letters.
    """
    first = text.partition("\n")[0]
    rows = csv.DictReader(io.StringIO(text), delimiter=max(",;\t", key=first.count), restval="")
    return Text("", list(_pairs(_numbered(rows))))


def read_jsonl(text: str) -> Text:
    """One object a line.

    Raises
    ------
    ValueError
        When a line is no JSON object, or has no question or no answer in text.
    """

    def objects() -> Iterator[tuple[int, Mapping[str, object]]]:
        for number, line in enumerate(text.split("\n"), 1):
            if line.strip():
                try:
                    value = json.loads(line)
                except json.JSONDecodeError as exc:
                    raise ValueError(f"line {number} is not JSON: {exc.msg} at column {exc.colno}") from exc
                if not isinstance(value, dict):
                    raise ValueError(f"line {number} is no JSON object")
                yield number, value

    return Text("", list(_pairs(objects())))


def _numbered(rows: "csv.DictReader[str]") -> Iterator[tuple[int, Mapping[str, object]]]:
    try:
        for row in rows:
            cells = [*row.values(), *row.get(None, ())]
            line = rows.line_num - sum(cell.count("\n") for cell in cells if isinstance(cell, str))
            if any(row.get(None, ())):
                raise ValueError(
                    f"line {line} has more cells than columns; put text with such marks in quotes"
                )
            yield line, row
    except csv.Error as exc:
        raise ValueError(f"line {rows.line_num + 1} is no row of a table: {exc}") from exc


def _pairs(records: Iterable[tuple[int, Mapping[str, object]]]) -> Iterator[Part]:
    for line, record in records:
        lower = {str(key).strip().lower(): value for key, value in record.items()}
        question = next((lower[name] for name in QUESTIONS if name in lower), None)
        answer = next((lower[name] for name in ANSWERS if name in lower), None)
        if question is None or answer is None:
            raise ValueError(f"line {line} has no question or no answer; name them so")
        for text in (question, answer):
            if any(isinstance(part, dict) for part in (text if isinstance(text, list) else [text])):
                raise ValueError(f"line {line} has an object where text is expected")
        yield Part(_said(question), _said(answer), line, whole=True)


def _said(value: object) -> str:
    """As text that can be written; JSON may hold lists of it, and halves of characters."""
    if isinstance(value, list):
        return " ".join(map(_said, value))
    return str(value).strip().encode("utf-8", "replace").decode("utf-8")

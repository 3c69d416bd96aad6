"""Markdown (CommonMark with tables), by markdown-it-py; HTML in it as `html` reads it.

Code blocks are left out: nobody says them.
"""

import re
from collections.abc import Iterator

from markdown_it import MarkdownIt
from markdown_it.token import Token

from audiosearch.documents import html
from audiosearch.documents.part import Headings, Part, Text

BREAK = re.compile(r"<br\b", re.I)
FRONT_MATTER = re.compile(r"\A---\n.*?\n---\n", re.S)


def read(text: str) -> Text:
    r"""Its paragraphs, list items and table cells; the title is its first heading.

    >>> read("# Tea\n\n## Black\n\nBoil *water*.\n").parts
    [Part(title='Tea: Black', text='Boil water.', line=5, whole=False)]
    """
    hidden = FRONT_MATTER.sub(lambda found: "\n" * found[0].count("\n"), text)
    tokens = MarkdownIt("commonmark").enable("table").parse(hidden)
    first = next((i for i, token in enumerate(tokens) if token.type == "heading_open"), None)
    return Text("" if first is None else _said(tokens[first + 1]), list(_parts(tokens)))


def _parts(tokens: list[Token]) -> Iterator[Part]:
    headings = Headings()
    line = 1
    level = 0  # of the heading that is read; 0 outside of one
    for token in tokens:
        if token.map:
            line = token.map[0] + 1
        if token.type == "heading_open":
            level = int(token.tag[1:])
        elif token.type == "html_block":
            for part in html.read(token.content).parts:
                yield Part(
                    headings.title, " ".join(f"{part.title} {part.text}".split()), line + part.line - 1
                )
        elif token.type == "inline":
            said = _said(token)
            if level:
                headings.enter(level, said)
                level = 0
            elif said:
                yield Part(headings.title, said, line)


def _said(token: Token) -> str:
    """The words of a paragraph without its marks; of an image, what stands for it."""
    words = []
    for child in token.children or []:
        if child.type in ("text", "code_inline", "image"):
            words.append(child.content)
        elif child.type in ("softbreak", "hardbreak") or BREAK.match(child.content):
            words.append(" ")
    return " ".join("".join(words).split())

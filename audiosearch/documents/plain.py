"""Plain text: paragraphs with empty lines between them."""

import re

from audiosearch.documents.part import Part, Text

LONGEST_TITLE = 12  # words
SENTENCE = re.compile(r"[.!?:;,\u3002\uff01\uff1f]\s*\Z")


def read(text: str) -> Text:
    r"""The first line is the title, if it stands alone, is short, and no sentence.

    >>> read("Tea\n\nBoil water.\nPour it.\n").parts
    [Part(title='Tea', text='Boil water. Pour it.', line=3, whole=False)]
    """
    paragraphs = list(re.finditer(r"\S.*?(?=\n\s*\n|\s*\Z)", text, re.S))
    title = ""
    if len(paragraphs) > 1 and _is_title(paragraphs[0][0]):
        title = " ".join(paragraphs.pop(0)[0].split())
    return Text(
        title,
        [
            Part(title, " ".join(found[0].split()), text.count("\n", 0, found.start()) + 1)
            for found in paragraphs
        ],
    )


def _is_title(paragraph: str) -> bool:
    short = "\n" not in paragraph and len(paragraph.split()) <= LONGEST_TITLE
    return short and not SENTENCE.search(paragraph)

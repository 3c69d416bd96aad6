"""HTML, by Beautiful Soup. Navigation, scripts and code blocks are left out."""

import re
from collections.abc import Iterator

from bs4 import BeautifulSoup
from bs4.builder import ParserRejectedMarkup
from bs4.element import NavigableString, PreformattedString, Tag

from audiosearch.documents.part import Headings, Part, Text

LEFT_OUT = [
    "title",
    "script",
    "style",
    "nav",
    "header",
    "footer",
    "aside",
    "pre",
    "template",
    "noscript",
]
INLINE = re.compile(
    "a|abbr|b|bdi|bdo|big|br|cite|code|del|dfn|em|font|i|img|ins|kbd|label|mark|q|s|samp|small|span|strike|"
    "strong|sub|sup|tt|u|var|wbr"
)


def read(text: str) -> Text:
    """The text of its blocks under their headings; the title is that of the page.

    >>> read("<title>Tea</title><h1>Black</h1><p>Boil <b>water</b>.").parts
    [Part(title='Black', text='Boil water.', line=1, whole=False)]

    Raises
    ------
    ValueError
        When the parser cannot go on.
    """
    try:
        page = BeautifulSoup(text, "html.parser")
    except ParserRejectedMarkup as exc:
        raise ValueError(f"it is not HTML that can be read: {exc}") from exc
    title = " ".join(page.title.get_text().split()) if page.title else ""
    for tag in page.find_all(LEFT_OUT):
        if tag.name != "header" or tag.find_parent(["article", "main", "section"]) is None:
            tag.decompose()  # the header of an article is its heading, that of a page is navigation
    for tag in page.find_all("br"):
        tag.replace_with("\n")
    parts = list(_parts(page))
    return Text(title or (parts[0].title if parts else ""), parts)


def _parts(page: BeautifulSoup) -> Iterator[Part]:
    headings = Headings()
    for block, words in _blocks(page):
        if heading := re.fullmatch(r"h([1-6])", block.name):
            headings.enter(int(heading[1]), words)
        else:
            yield Part(headings.title, words, block.sourceline or 1)


def _blocks(page: BeautifulSoup) -> Iterator[tuple[Tag, str]]:
    """Each run of text in the same block element."""
    current: Tag | None = None
    words: list[str] = []
    for string in page.find_all(string=True):
        if isinstance(string, PreformattedString):  # comments and the like
            continue
        block = _block_of(string)
        if current is not None and block is not current and words:
            if said := " ".join("".join(words).split()):
                yield current, said
            words = []
        current = block
        words.append(string)
    if current is not None and (said := " ".join("".join(words).split())):
        yield current, said


def _block_of(string: NavigableString) -> Tag:
    above = string.parent
    while above is not None and INLINE.fullmatch(above.name) and above.parent is not None:
        above = above.parent
    assert above is not None
    return above

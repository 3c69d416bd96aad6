"""What readers give."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of a text.

    Parameters
    ----------
    title : str
        The headings above it, outermost first, or the question that it answers.
    text : str
    line : int
        In which it begins, from 1.
    whole : bool
        Whether it is one answer, neither to be cut nor joined.
    """

    title: str
    text: str
    line: int
    whole: bool = False


@dataclass(frozen=True, slots=True)
class Text:
    """A text in parts.

    Parameters
    ----------
    title : str
        Empty when it has none.
    parts : list of Part
        In order.
    """

    title: str
    parts: list[Part]


class Headings:
    """The headings above the place that a reader has come to."""

    def __init__(self) -> None:
        self._above: dict[int, str] = {}

    def enter(self, level: int, heading: str) -> None:
        """A heading of this level; those of its level and below end."""
        self._above = {above: text for above, text in self._above.items() if above < level}
        self._above[level] = heading

    @property
    def title(self) -> str:
        """All of them, outermost first."""
        return ": ".join(text for text in self._above.values() if text)

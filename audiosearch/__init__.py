"""Audio search on your own machine: give it any sound, phrase or spoken question.

>>> from audiosearch import Library
>>> library = Library("memory:")
"""

from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audiosearch.api import Library

__all__ = ["Library", "__version__"]

try:
    __version__ = version("audiosearch")
except PackageNotFoundError:  # a source tree that is not installed
    __version__ = "0+unknown"


def __getattr__(name: str) -> Any:
    if name == "Library":
        from audiosearch.api import Library

        return Library
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

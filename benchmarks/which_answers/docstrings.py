"""What Python says of its own standard library: documentation that is on every machine."""

import ast
import sysconfig
from collections.abc import Iterator
from pathlib import Path

FEWEST_WORDS = 4
MOST_WORDS = 100  # of a docstring; what follows is left out


def docstrings(pattern: str = "*.py", private: bool = False) -> dict[str, str]:
    """The docstrings of modules, classes and functions by dotted name, each text once; nothing is imported.

    Parameters
    ----------
    pattern : str
        Of files below the directory of the standard library; by default its modules without packages.
    private : bool
        Whether names that begin with an underscore are taken, too.
    """
    root = Path(sysconfig.get_path("stdlib"))
    found: dict[str, str] = {}
    for path in sorted(root.glob(pattern)):
        module = ".".join(path.relative_to(root).with_suffix("").parts)
        if "site-packages" in path.parts or (module.startswith("_") and not private):
            continue
        try:
            tree = ast.parse(path.read_text("utf-8"))
        except (SyntaxError, UnicodeDecodeError):
            continue  # made to be wrong, for tests of Python
        for name, text in _of(module, tree, private):
            words = text.split()
            if len(words) >= FEWEST_WORDS:
                found.setdefault(" ".join(words[:MOST_WORDS]), name)
    return {name: text for text, name in found.items()}


def _of(
    name: str, node: ast.Module | ast.ClassDef | ast.FunctionDef, private: bool
) -> Iterator[tuple[str, str]]:
    """Of a module, class or function and what is in it."""
    yield name, (ast.get_docstring(node) or "").partition(">>>")[0]
    for child in node.body:
        if isinstance(child, ast.ClassDef | ast.FunctionDef) and (private or not child.name.startswith("_")):
            yield from _of(f"{name}.{child.name}", child, private)

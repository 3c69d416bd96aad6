"""Who may import whom, and that importing the package loads nothing heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
OURS = ("audiosearch", "indexers", "queries")
CLIENTS = {"qdrant_edge", "qdrant_client", "weaviate", "sqlite3"}
MODULES = sorted(path for package in OURS for path in (ROOT / package).rglob("*.py"))


def is_edge(name: str) -> bool:
    return name.split(".")[:2] in (["audiosearch", part] for part in ("cli", "api", "__main__"))


def name_of(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def imported(path: Path) -> Iterator[str]:
    """Every module that a file names in an import, wherever it stands; not those for types alone."""
    tree = ast.parse(path.read_text())
    for_types = {
        id(inner)
        for node in ast.walk(tree)
        if isinstance(node, ast.If) and isinstance(node.test, ast.Name) and node.test.id == "TYPE_CHECKING"
        for inner in ast.walk(node)
    }
    for node in ast.walk(tree):
        if id(node) in for_types:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_imports_keep_to_the_rules(path: Path) -> None:
    name, names = name_of(path), set(imported(path))
    tops = {other.partition(".")[0] for other in names}
    edge = is_edge(name)
    if name == "audiosearch.types":
        assert tops <= {"numpy"} | set(sys.stdlib_module_names)
    if name.startswith("audiosearch") and not edge and name != "audiosearch":
        assert not tops & {"indexers", "queries"}
    if name.startswith("queries"):
        assert not tops & CLIENTS
        assert "indexers" not in tops
    if name == "indexers.ingest":
        assert not tops & CLIENTS
        assert not {other for other in names if other.startswith("indexers")}
    if not edge and name != "audiosearch":
        assert not set(filter(is_edge, names))


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = [
        "torch",
        "torchaudio",
        "qdrant_edge",
        "qdrant_client",
        "weaviate",
        "fastapi",
        "av",
        "soxr",
        "numpy",
    ]
    program = f"import sys, audiosearch; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize("command", [["list"], ["--help"], ["stats"]])
def test_commands_that_hear_nothing_load_no_torch(tmp_path: Path, command: list[str]) -> None:
    program = (
        "import sys\nfrom audiosearch.cli import main\n"
        f"sys.argv = ['audiosearch', *{command!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "print('torch' in sys.modules, file=sys.stderr)"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        check=True,
        env={"AUDIOSEARCH_STORE": str(tmp_path), "PATH": "/usr/bin"},
    )
    assert done.stderr.strip().endswith("False")


def test_the_top_level_is_as_agreed() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode or not listed.stdout:
        pytest.skip("not in a git checkout")
    top = {line.partition("/")[0] for line in listed.stdout.splitlines()}
    agreed = {"pyproject.toml", "audiosearch", "indexers", "queries", "tests", "docker-compose.yml"}
    agreed |= {"notebooks", "README.md", "CHANGELOG.md", "LICENSE", "benchmarks", ".ci", ".gitignore"}
    assert top <= agreed | {"deploy", "Dockerfile", ".dockerignore"}

"""What the tests share."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # media and sounds, the tests' own helpers

import pytest

import servers
from audiosearch import Library, cli, demo
from commands import Done, Run


@pytest.fixture(scope="session", autouse=True)
def bare(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Whoever runs the tests has stored and set nothing, and keeps what they have."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_DATA_HOME", str(tmp_path_factory.mktemp("data")))
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        ours = re.compile("AUDIOSEARCH_(?!QDRANT_URL|WEAVIATE_URL|REQUIRE_SERVICES)")  # which the tests use
        for setting in filter(ours.match, list(os.environ)):
            patch.delenv(setting)
        yield


@pytest.fixture(scope="session")
def clips() -> Path:
    """The folder of real recordings that are shipped."""
    return demo.clips()


@pytest.fixture(scope="session")
def speech_clip(clips: Path) -> Path:
    """104 s of read speech."""
    return clips / "lonesome-pine.opus"


@pytest.fixture(scope="session")
def music_clip(clips: Path) -> Path:
    """60 s of music."""
    return clips / "land-5.opus"


@pytest.fixture(scope="session")
def library(clips: Path) -> Iterator[Library]:
    """The shipped recordings in memory, heard by pocket. Not to be changed."""
    with Library("memory:") as library:
        assert all(outcome.recording for outcome in library.ingest([clips]))
        yield library


@pytest.fixture(scope="session")
def qdrant() -> Iterator[str]:
    """Address of stores on a Qdrant server; the name goes in for ``{}``."""
    with servers.found("qdrant") as address:
        yield address


@pytest.fixture(scope="session")
def weaviate() -> Iterator[str]:
    """Address of stores on a Weaviate server; the name goes in for ``{}``."""
    with servers.found("weaviate") as address:
        yield address


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a command in this process."""

    def runner(*arguments: object) -> Done:
        monkeypatch.setattr(sys, "argv", ["audiosearch", *map(str, arguments)])
        capsys.readouterr()
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        captured = capsys.readouterr()
        return Done(int(stopped.value.code or 0), captured.out, captured.err)

    return runner


@pytest.fixture
def unlisted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that may not be listed, whoever asks, below another one."""
    folder = tmp_path / "above" / "unlisted"
    folder.mkdir(parents=True)
    scandir = os.scandir

    def refused(path: os.PathLike[str] | str) -> object:
        if Path(path) == folder:
            raise PermissionError(13, "Permission denied", str(path))
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refused)
    return folder


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store of the shipped recordings; tests that change it take a copy."""
    path = tmp_path_factory.mktemp("cli") / "store"
    arguments = [sys.executable, "-m", "audiosearch", "ingest", demo.clips(), "--store", path]
    subprocess.run(arguments, check=True, capture_output=True)
    return path

"""What the tests share."""

import sys
from collections.abc import Iterator
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # media and sounds, the tests' own helpers

import pytest

import servers
from audiosearch import Library, demo


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

"""Weights that cannot be loaded: one sentence, and nothing else is said."""

import logging

import pytest

from audiosearch.errors import UsageError
from audiosearch.hub import loading

LOG = logging.getLogger("huggingface_hub.utils")


@pytest.mark.parametrize("error", [OSError, ValueError, RuntimeError])
def test_what_goes_wrong_is_one_sentence(error: type[Exception]) -> None:
    said = "^the weights nosuch/model cannot be loaded: The hub cannot be reached$"
    with pytest.raises(UsageError, match=said), loading("nosuch/model"):
        raise error("The hub cannot be reached.\nCheck your connection.")
    with pytest.raises(UsageError, match=f"cannot be loaded: {error.__name__}$"), loading("nosuch/model"):
        raise error


def test_repeated_trying_is_not_told() -> None:
    before = LOG.isEnabledFor(logging.WARNING)
    with loading("mine"):
        assert not LOG.isEnabledFor(logging.WARNING)
        assert LOG.isEnabledFor(logging.ERROR)
    assert LOG.isEnabledFor(logging.WARNING) == before


def test_others_are_silent_only_where_that_is_asked_for() -> None:
    other = logging.getLogger("other.part")
    with loading("mine"):
        assert other.isEnabledFor(logging.WARNING)
    with loading("mine", "other"):
        assert not other.isEnabledFor(logging.WARNING)
    assert other.isEnabledFor(logging.WARNING)

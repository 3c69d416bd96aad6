"""How the tests find their servers."""

import pytest

import servers
from indexers import address
from indexers.servers import QDRANT_OPTIONS


@pytest.mark.parametrize(
    "url", ["qdrant://here:16333", "http://here:16333/", "qdrant://here:16333/?timeout=5"]
)
def test_a_url_of_any_kind_becomes_addresses(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("AUDIOSEARCH_QDRANT_URL", url)
    with servers.found("qdrant") as found:
        at = address.parse(
            servers.with_options(found.format("x"), tenant="one"), "qdrants", 1, QDRANT_OPTIONS
        )
    assert (str(at), at.name, at.secure) == ("here:16333", "x", False)
    assert (at.options["tenant"], at.seconds("timeout")) == ("one", 5 if "timeout" in url else 30)


def test_an_encrypted_url_becomes_an_encrypted_address() -> None:
    assert servers.template("weaviate", "https://here:1") == "weaviates://here:1/{}"


@pytest.mark.parametrize("required", ["0", "1"])
def test_with_a_url_alone_no_server_is_started(monkeypatch: pytest.MonkeyPatch, required: str) -> None:
    monkeypatch.setenv("AUDIOSEARCH_QDRANT_URL", "http://127.0.0.1:6333")
    monkeypatch.setenv("AUDIOSEARCH_REQUIRE_SERVICES", required)
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.skip.Exception, match="no program called qdrant"), servers.running("qdrant"):
        pass


def test_servers_that_are_required_and_missing_fail_the_test(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AUDIOSEARCH_QDRANT_URL", raising=False)
    monkeypatch.setenv("AUDIOSEARCH_REQUIRE_SERVICES", "1")
    monkeypatch.setenv("PATH", "")
    with pytest.raises(pytest.fail.Exception, match="no program called qdrant"), servers.running("qdrant"):
        pass

"""Real servers for the tests.

Each is found by its URL in the environment (AUDIOSEARCH_QDRANT_URL, AUDIOSEARCH_WEAVIATE_URL); else a
`qdrant` or `weaviate` program on PATH is started on free loopback ports and a temporary directory; else
testcontainers is asked; else the test is skipped, or fails where AUDIOSEARCH_REQUIRE_SERVICES is 1. Tests
that stop a server, or need one with settings of its own, start the program; with a URL alone, they are
skipped.
"""

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import pytest

QDRANT_IMAGE = "qdrant/qdrant:v1.18.3"
WEAVIATE_IMAGE = "cr.weaviate.io/semitechnologies/weaviate:1.39.0"
READY = {"qdrant": "/readyz", "weaviate": "/v1/.well-known/ready"}
START_SECONDS = 120.0
STOP_SECONDS = 20.0


@dataclass(frozen=True)
class Certificate:
    """Of this machine, signed by itself: two files."""

    public: Path
    private: Path

    def context(self) -> ssl.SSLContext:
        """That trusts it alone."""
        return ssl.create_default_context(cafile=str(self.public))


def certificate(folder: Path) -> Certificate:
    """A new one, made by OpenSSL's program; the test is skipped where there is none."""
    if not shutil.which("openssl"):
        pytest.skip("no program called openssl on PATH")
    made = Certificate(folder / "certificate.pem", folder / "key.pem")
    command = "openssl req -x509 -nodes -days 2 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -subj /CN=us"
    files = ["-out", str(made.public), "-keyout", str(made.private)]
    names = ["-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*command.split(), *files, *names], check=True, capture_output=True)
    return made


class Server:
    """A program that can be started, stopped, killed and started again on the same data.

    Parameters
    ----------
    kind : "qdrant" or "weaviate"
    folder : Path
        Of its data.
    environment : mapping of str to str, optional
        More of its settings.
    certificate : Certificate, optional
        With one, all connections are encrypted.
    """

    def __init__(
        self,
        kind: str,
        folder: Path,
        environment: Mapping[str, str] | None = None,
        certificate: Certificate | None = None,
    ) -> None:
        self.kind = kind
        self.folder = folder
        self.certificate = certificate
        self.port, self.grpc_port, *self._inner = free_ports(8)
        self._settings = _SETTINGS[kind](self) | dict(environment or {})
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def log(self) -> Path:
        return self.folder / "log.txt"

    def address(self, name: str, **options: float | str) -> str:
        """Of a store there."""
        scheme = f"{self.kind}s" if self.certificate else self.kind
        at = f"{scheme}://127.0.0.1:{self.port}/{name}"
        return with_options(at, grpc_port=self.grpc_port, **options)

    def start(self) -> None:
        program = shutil.which(self.kind)
        assert program
        self.folder.mkdir(parents=True, exist_ok=True)
        with self.log.open("ab") as log:
            command = [program, *_ARGUMENTS[self.kind](self)]
            self._process = subprocess.Popen(
                command, cwd=self.folder, env={**os.environ, **self._settings}, stdout=log, stderr=log
            )
        self._await()

    def kill(self) -> None:
        """At once, as a power cut would."""
        assert self._process is not None
        self._process.kill()
        self._process.wait()

    def stop(self) -> None:
        """In good order."""
        if self._process is None or self._process.poll() is not None:
            return
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()

    def version(self) -> str:
        """As the server says it."""
        path = {"qdrant": "/", "weaviate": "/v1/meta"}[self.kind]
        return str(json.loads(self._get(path))["version"])

    def inner(self, number: int) -> int:
        """One of the ports that it needs for itself."""
        return self._inner[number]

    def _await(self) -> None:
        assert self._process is not None
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end:
            if self._process.poll() is not None:
                break
            with contextlib.suppress(OSError):
                self._get(READY[self.kind])
                return
            time.sleep(0.1)
        self.stop()
        raise RuntimeError(f"{self.kind} did not start: {self.log.read_text()[-2000:]}")

    def _get(self, path: str) -> bytes:
        scheme, trusted = ("https", self.certificate.context()) if self.certificate else ("http", None)
        url = f"{scheme}://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(url, timeout=2, context=trusted) as answer:
            return bytes(answer.read())


def _qdrant_settings(server: Server) -> dict[str, str]:
    encrypted = {}
    if server.certificate:
        encrypted = {
            "QDRANT__SERVICE__ENABLE_TLS": "true",
            "QDRANT__TLS__CERT": str(server.certificate.public),
            "QDRANT__TLS__KEY": str(server.certificate.private),
        }
    return encrypted | {
        "QDRANT__SERVICE__HOST": "127.0.0.1",
        "QDRANT__SERVICE__HTTP_PORT": str(server.port),
        "QDRANT__SERVICE__GRPC_PORT": str(server.grpc_port),
        "QDRANT__STORAGE__STORAGE_PATH": str(server.folder / "storage"),
        "QDRANT__STORAGE__SNAPSHOTS_PATH": str(server.folder / "snapshots"),
        "QDRANT__TELEMETRY_DISABLED": "true",
    }


def _weaviate_settings(server: Server) -> dict[str, str]:
    encrypted = {}
    if server.certificate:
        encrypted = {
            "GRPC_CERT_FILE": str(server.certificate.public),
            "GRPC_KEY_FILE": str(server.certificate.private),
            "TLS_CERTIFICATE": str(server.certificate.public),
            "TLS_PRIVATE_KEY": str(server.certificate.private),
        }
    return encrypted | {
        "PERSISTENCE_DATA_PATH": str(server.folder / "data"),
        "GRPC_PORT": str(server.grpc_port),
        "AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED": "true",
        "DISABLE_TELEMETRY": "true",
        "CLUSTER_HOSTNAME": "node1",
        "CLUSTER_ADVERTISE_ADDR": "127.0.0.1",
        "CLUSTER_BIND_ADDR": "127.0.0.1",
        "CLUSTER_GOSSIP_BIND_PORT": str(server.inner(0)),
        "CLUSTER_DATA_BIND_PORT": str(server.inner(1)),
        "RAFT_PORT": str(server.inner(2)),
        "RAFT_INTERNAL_RPC_PORT": str(server.inner(3)),
        "GO_PROFILING_DISABLE": "true",
        "RAFT_BOOTSTRAP_EXPECT": "1",
        "LOG_LEVEL": "error",
    }


def _weaviate_arguments(server: Server) -> list[str]:
    if server.certificate:
        return ["--scheme", "https", "--tls-host", "127.0.0.1", "--tls-port", str(server.port)]
    return ["--scheme", "http", "--host", "127.0.0.1", "--port", str(server.port)]


_SETTINGS = {"qdrant": _qdrant_settings, "weaviate": _weaviate_settings}
_ARGUMENTS = {
    "qdrant": lambda server: ["--disable-telemetry"],
    "weaviate": _weaviate_arguments,
}


@contextlib.contextmanager
def running(
    kind: str, environment: Mapping[str, str] | None = None, certificate: Certificate | None = None
) -> Iterator[Server]:
    """A server that is started for the tests, from its program."""
    require_program(kind)
    with tempfile.TemporaryDirectory(prefix=f"{kind}-") as folder:
        server = Server(kind, Path(folder), environment, certificate)
        server.start()
        try:
            yield server
        finally:
            server.stop()


@contextlib.contextmanager
def found(kind: str) -> Iterator[str]:
    """Address of a server without the store's name, however it is found; ``{}`` stands for the name."""
    if url := os.environ.get(variable(kind)):
        yield template(kind, url)
    elif shutil.which(kind):
        with running(kind) as server:
            yield server.address("{}")
    else:
        with _container(kind) as address_of:
            yield address_of


def variable(kind: str) -> str:
    """Of the environment, which names a server."""
    return f"AUDIOSEARCH_{kind.upper()}_URL"


def template(kind: str, url: str) -> str:
    """Address of stores on the server at a URL, with ``{}`` for the name.

    >>> template("qdrant", "https://here:6333/?timeout=5")
    'qdrants://here:6333/{}?timeout=5'
    """
    parts = urllib.parse.urlsplit(url)
    scheme = {"http": kind, "https": f"{kind}s"}.get(parts.scheme, parts.scheme)
    return urllib.parse.urlunsplit((scheme, parts.netloc, f"{parts.path.rstrip('/')}/{{}}", parts.query, ""))


def with_options(address: str, **options: float | str) -> str:
    """The address of a store, with more options.

    >>> with_options("qdrant://here/{}", tenant="one")
    'qdrant://here/{}?tenant=one'
    """
    return f"{address}{'&' if '?' in address else '?'}{urllib.parse.urlencode(options)}"


def free_ports(n: int) -> list[int]:
    """Ports of the loopback interface that nobody listens on."""
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(n)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [one.getsockname()[1] for one in sockets]


def require_program(kind: str) -> None:
    """Give the test up where there is no program; where there is a server's URL, it is always skipped."""
    if shutil.which(kind):
        return
    if os.environ.get(variable(kind)):
        pytest.skip(f"starts a server of its own, and there is no program called {kind} on PATH")
    give_up(f"no program called {kind} on PATH")


def give_up(why: str) -> NoReturn:
    """Skip the test, or fail where servers are required."""
    if os.environ.get("AUDIOSEARCH_REQUIRE_SERVICES") == "1":
        pytest.fail(f"{why} (AUDIOSEARCH_REQUIRE_SERVICES is 1)")
    pytest.skip(why)


@contextlib.contextmanager
def _container(kind: str) -> Iterator[str]:
    sought = f"no {kind} server: {variable(kind)} is not set, no program called {kind} on PATH"
    try:
        from testcontainers.core.container import DockerContainer
    except ImportError:
        give_up(f"{sought}, testcontainers is not installed")
    if not shutil.which("docker") or subprocess.run(["docker", "info"], capture_output=True).returncode:
        give_up(f"{sought}, and Docker does not answer")
    image, ports = {
        "qdrant": (QDRANT_IMAGE, (6333, 6334)),
        "weaviate": (WEAVIATE_IMAGE, (8080, 50051)),
    }[kind]
    container = DockerContainer(image).with_exposed_ports(*ports)
    container = container.with_env("AUTHENTICATION_ANONYMOUS_ACCESS_ENABLED", "true")
    try:
        container.start()
    except Exception as exc:  # whatever Docker's client raises where there is no Docker
        give_up(f"{sought}, and no container starts: {exc}")
    try:
        host = container.get_container_host_ip()
        port, grpc_port = (int(container.get_exposed_port(one)) for one in ports)
        _await_ready(f"http://{host}:{port}{READY[kind]}")
        yield with_options(f"{kind}://{host}:{port}/{{}}", grpc_port=grpc_port)
    finally:
        container.stop()


def _await_ready(url: str) -> None:
    """Wait until a server says that it is; its ports may be open before."""
    end = time.monotonic() + START_SECONDS
    while time.monotonic() < end:
        with contextlib.suppress(OSError), urllib.request.urlopen(url, timeout=2):
            return
        time.sleep(0.2)
    raise RuntimeError(f"no server is ready at {url}")

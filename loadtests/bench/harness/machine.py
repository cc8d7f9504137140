"""Starts the measured programs, each on its processor, and stops them again.

With two processors the server has one alone. The client, PostgreSQL and the process that updates
the read models share the other.
"""

import base64
import os
import secrets
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from pydantic import SecretStr

from ops.local_servers.ports import free_ports
from ops.local_servers.postgres import PostgresServer, production_settings
from tracker.settings import Settings

_PROCESSORS = sorted(os.sched_getaffinity(0))
SERVER = {_PROCESSORS[0]}
"""Where the server under test runs."""

OTHERS = set(_PROCESSORS[1:]) or SERVER
"""Where everything else runs."""

ALL = SERVER | OTHERS

UNLIMITED = {
    f"TRACKER_LOOKUPS_{what}": str(10**9) for what in ("PER_CODE", "PER_NETWORK", "OVERALL")
}
"""The limits are checked and never reached, although all requests come from one address."""

_READY_WITHIN_S = 60
_KAFKA = "TRACKER_KAFKA_SERVERS"
TRACKER = (sys.executable, "-m", "tracker")


@dataclass(frozen=True)
class Site:
    """One measured installation: the environment of its programs, and a clerk's key."""

    environment: Mapping[str, str]
    key: str
    directory: Path
    stop_store: Callable[[], None] = lambda: None
    """Stop its PostgreSQL in order; the data stay in the directory."""

    def command(self, *words: str) -> str:
        """Run a command of Tracker without Kafka and return its output."""
        own = {name: value for name, value in self.environment.items() if name != _KAFKA}
        return _run(words, own)

    def settings(self) -> Settings:
        """Return its settings without Kafka: the read models follow the store."""
        return Settings(
            data_dir=Path(self.environment["TRACKER_DATA_DIR"]),
            store_url=self.environment["TRACKER_STORE_URL"],
            master_key=SecretStr(self.environment["TRACKER_MASTER_KEY"]),
        )


@contextmanager
def directory() -> Iterator[Path]:
    """Make a directory that the account of PostgreSQL can enter; delete it afterwards."""
    made = Path(tempfile.mkdtemp(prefix="tracker-bench-"))
    made.chmod(0o755)
    try:
        yield made
    finally:
        shutil.rmtree(made)


@contextmanager
def on_postgres() -> Iterator[Site]:
    """Make an installation on its own PostgreSQL, as durable as in production.

    Its settings name a Kafka that does not exist. Other processes then update the read models, and
    intake does not wait for Kafka.
    """
    with directory() as made:
        server = PostgresServer(made / "postgres", settings=production_settings())
        with server:
            _move(server.pid, OTHERS)
            (nowhere,) = free_ports(1)
            kafka = {_KAFKA: f"127.0.0.1:{nowhere}"}
            yield _site(made, server.stop, TRACKER_STORE_URL=server.url, **kafka)


@contextmanager
def staying_on(processors: set[int]) -> Iterator[None]:
    """Run this process, and all that it starts, on these processors."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def on_sqlite() -> Iterator[Site]:
    """Make an installation with the default settings: everything in one directory."""
    with directory() as made:
        yield _site(made)


@contextmanager
def serving(site: Site, *, processors: set[int] = SERVER) -> Iterator[int]:
    """Run `tracker serve`; yield the port."""
    with served((*TRACKER, "serve"), site.environment, processors) as (port, _):
        yield port


@contextmanager
def baseline(which: str, *, processors: set[int] = SERVER) -> Iterator[int]:
    """Run one of the baselines; yield the port."""
    with served(ceiling_command(which), os.environ, processors) as (port, _):
        yield port


def ceiling_command(which: str) -> tuple[str, ...]:
    """Return the command that starts one of the baselines."""
    return (sys.executable, "-m", "loadtests.bench.harness.baselines", which)


@contextmanager
def served(
    command: Sequence[str], environment: Mapping[str, str], processors: set[int]
) -> Iterator[tuple[int, int]]:
    """Run a program that serves HTTP; yield its port and its process once it answers."""
    (port,) = free_ports(1)
    with running([*command, "--port", str(port)], environment, processors) as process:
        _wait_for(f"http://127.0.0.1:{port}/livez")
        for child in _children(process.pid):
            _move(child, OTHERS)
        yield port, process.pid


def processor_time(pid: int) -> float:
    """Return the processor time of a process so far, in seconds."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextmanager
def running(
    command: Sequence[str], environment: Mapping[str, str], processors: set[int]
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a program on these processors; stop it afterwards and wait for its end."""
    process = subprocess.Popen(
        ["taskset", "-c", ",".join(map(str, sorted(processors))), *command],
        env=environment,
        stdout=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _site(made: Path, stop_store: Callable[[], None] = lambda: None, **settings: str) -> Site:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("TRACKER_")},
        "TRACKER_DATA_DIR": str(made / "data"),
        "TRACKER_MASTER_KEY": base64.b64encode(secrets.token_bytes(32)).decode(),
        "TRACKER_LOG_LEVEL": "INFO",
        "TRACKER_CODE_BLOCK_SIZE": "10000",
        **UNLIMITED,
        **settings,
    }
    if "TRACKER_STORE_URL" in settings:
        _run(("migrate",), environment)
    words = ("keys", "make", "--role", "staff", "--actor", "bench", "--office", "CN01")
    return Site(environment, _run(words, environment).strip(), made, stop_store)


def _run(words: Sequence[str], environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        [*TRACKER, *words], env=environment, check=True, capture_output=True, text=True
    )
    return done.stdout


def _move(server: int, processors: set[int]) -> None:
    """Move a server with all its processes, also those that it starts later."""
    for pid in (server, *_children(server)):
        for thread in _threads(pid):
            os.sched_setaffinity(thread, processors)


def _children(pid: int) -> list[int]:
    every = (f"/proc/{pid}/task/{thread}/children" for thread in _threads(pid))
    return [int(child) for children in every for child in Path(children).read_text().split()]


def _threads(pid: int) -> list[int]:
    return [int(task.name) for task in Path(f"/proc/{pid}/task").iterdir()]


def _wait_for(address: str) -> None:
    until = time.monotonic() + _READY_WITHIN_S
    while True:
        try:
            with urllib.request.urlopen(address, timeout=1):  # noqa: S310  our own loopback address
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)

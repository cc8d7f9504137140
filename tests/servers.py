"""Real servers for the tests that ask for one: the first starts it, all share it.

What a test makes on Kafka (topics, transactional ids, groups) bears names of its own: others use
the same broker meanwhile. A test that stops or kills a server starts one for itself, with
`KafkaCluster(server_directory)` or `PostgresServer(server_directory)`.
"""

import fcntl
import os
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import sql

from ops.local_servers.chromium import browser
from ops.local_servers.errors import ServerMissing
from ops.local_servers.jars import KAFKA, VERAPDF, java
from ops.local_servers.kafka import KafkaCluster
from ops.local_servers.postgres import PostgresServer, binaries

_NO = "not tried, there is no "


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Let all tests that lack the same server share one line of the summary."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason.startswith(_NO):
            report.longrepr = (__file__, 0, reason)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The addresses of a real Kafka; `TRACKER_TEST_KAFKA` names one's own."""
    if own := os.environ.get("TRACKER_TEST_KAFKA"):
        yield own
        return
    _demand("Kafka", lambda: (java(), KAFKA.installed()))
    with _shared(tmp_path_factory, "kafka", _kafka) as address:
        yield address


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a real PostgreSQL, for its superuser; `TRACKER_TEST_POSTGRES` names one's own."""
    if own := os.environ.get("TRACKER_TEST_POSTGRES"):
        yield own
        return
    _demand("PostgreSQL", binaries)
    with _shared(tmp_path_factory, "postgres", _postgres) as address:
        yield address


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """The URL of a fresh, empty database."""
    with fresh_database(postgres_server) as url:
        yield url


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Make an empty database on the server, and drop it afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    database = sql.Identifier(name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(database))
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@pytest.fixture
def needs_kafka() -> None:
    """Kafka can be started here: for tests that start their own brokers."""
    _demand("Kafka", lambda: (java(), KAFKA.installed()))


@pytest.fixture
def needs_postgres() -> None:
    """PostgreSQL can be started here: for tests that start their own server."""
    _demand("PostgreSQL", binaries)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """The program of a browser."""
    _demand("Chromium", browser)
    return browser()


@pytest.fixture(scope="session")
def verapdf() -> list[str]:
    """The command of a program that tells whether a PDF is what it says it is."""
    _demand("veraPDF", lambda: (java(), VERAPDF.installed()))
    return [java(), "-cp", f"{VERAPDF.installed()}/*", "org.verapdf.apps.GreenfieldCliWrapper"]


@pytest.fixture
def server_directory() -> Iterator[Path]:
    """An empty directory for a test's own servers, which other accounts may enter."""
    with _open_directory() as directory:
        yield directory


def _demand(server: str, find: Callable[[], object]) -> None:
    """Skip the test where the server can't be had; but let it fail where CI is true."""
    try:
        find()
    except ServerMissing as missing:
        reason = f"{_NO}{server}: {missing}"
    else:
        return
    if os.environ.get("CI", "").lower() == "true":
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


@contextmanager
def _kafka(log_directory: Path) -> Iterator[str]:
    with (
        _open_directory() as data,
        KafkaCluster(log_directory, data_directory=data) as cluster,
    ):
        yield cluster.bootstrap_servers


@contextmanager
def _postgres(_log_directory: Path) -> Iterator[str]:
    # No test measures the disk or pulls the plug here; whoever does starts a server of its own.
    with (
        _open_directory() as directory,
        PostgresServer(directory, settings={"fsync": "off"}) as server,
    ):
        yield server.url


@contextmanager
def _open_directory() -> Iterator[Path]:
    """Outside pytest's own directory, which is shut to the account that PostgreSQL runs as."""
    directory = Path(tempfile.mkdtemp(prefix="tracker-servers-"))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory)


@contextmanager
def _shared(
    factory: pytest.TempPathFactory,
    name: str,
    serve: Callable[[Path], AbstractContextManager[str]],
) -> Iterator[str]:
    """The address of one server for all workers of pytest-xdist.

    Each user holds a shared lock on `users` for as long as it lives, however it ends. Who can have
    that lock alone is the first, and starts the server, or the last, and may stop it. `door` lets
    only one at a time find that out.
    """
    root = factory.getbasetemp()
    directory = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / f"server-{name}"
    directory.mkdir(exist_ok=True)
    address = directory / "address"
    with ExitStack() as server, (directory / "users").open("w") as users:
        with _door(directory):
            first = _alone(users.fileno())
            if first:
                address.write_text(server.enter_context(serve(directory)))
            fcntl.flock(users, fcntl.LOCK_SH)
        yield address.read_text()
        while first:
            with _door(directory):
                if _alone(users.fileno()):
                    server.close()
                    break
                fcntl.flock(users, fcntl.LOCK_SH)  # the attempt may have cost us the one we had
            time.sleep(0.1)


@contextmanager
def _door(directory: Path) -> Iterator[None]:
    with (directory / "door").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _alone(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

"""Fixtures for real servers: the first test that needs a server starts it, and all share it.

Tests share the same broker at the same time. So each test uses unique names for its topics,
transactional ids and groups. A test that stops or kills a server starts its own, with
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
    """Report all tests that lack the same server in one line of the summary."""
    for report in terminalreporter.stats.get("skipped", []):
        reason = report.longrepr[2].removeprefix("Skipped: ")
        if reason.startswith(_NO):
            report.longrepr = (__file__, 0, reason)


@pytest.fixture(scope="session")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the addresses of a Kafka, by default a new one; `TRACKER_TEST_KAFKA` names another."""
    if address := os.environ.get("TRACKER_TEST_KAFKA"):
        yield address
        return
    _demand("Kafka", lambda: (java(), KAFKA.installed()))
    with _shared(tmp_path_factory, "kafka", _kafka) as address:
        yield address


@pytest.fixture(scope="session")
def postgres_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the superuser's URL of a PostgreSQL; `TRACKER_TEST_POSTGRES` names an existing one."""
    if address := os.environ.get("TRACKER_TEST_POSTGRES"):
        yield address
        return
    _demand("PostgreSQL", binaries)
    with _shared(tmp_path_factory, "postgres", _postgres) as address:
        yield address


@pytest.fixture
def postgres_url(postgres_server: str) -> Iterator[str]:
    """Return the URL of a new, empty database."""
    with fresh_database(postgres_server) as url:
        yield url


@contextmanager
def fresh_database(server: str) -> Iterator[str]:
    """Create an empty database on the server, and drop it at the end."""
    name = f"test_{uuid.uuid4().hex}"
    database = sql.Identifier(name)
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(database))
    yield urlsplit(server)._replace(path=f"/{name}").geturl()
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(database))


@pytest.fixture
def needs_kafka() -> None:
    """Skip the test if this machine cannot start Kafka brokers."""
    _demand("Kafka", lambda: (java(), KAFKA.installed()))


@pytest.fixture
def needs_postgres() -> None:
    """Skip the test if this machine cannot start PostgreSQL."""
    _demand("PostgreSQL", binaries)


@pytest.fixture(scope="session")
def chromium() -> Path:
    """Return the path of a browser."""
    _demand("Chromium", browser)
    return browser()


@pytest.fixture(scope="session")
def verapdf() -> list[str]:
    """Return the command of veraPDF, which checks that a PDF conforms to its standard."""
    _demand("veraPDF", lambda: (java(), VERAPDF.installed()))
    return [java(), "-cp", f"{VERAPDF.installed()}/*", "org.verapdf.apps.GreenfieldCliWrapper"]


@pytest.fixture
def server_directory() -> Iterator[Path]:
    """Return an empty directory for a test's own servers. Other accounts can enter it."""
    with _open_directory() as directory:
        yield directory


def _demand(server: str, find: Callable[[], object]) -> None:
    """Skip the test if the server is not available. With `CI=true`, fail it."""
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
    # Tests that measure the disk or cut the power start their own server.
    with (
        _open_directory() as directory,
        PostgresServer(directory, settings={"fsync": "off"}) as server,
    ):
        yield server.url


@contextmanager
def _open_directory() -> Iterator[Path]:
    """Make a directory outside pytest's own, which PostgreSQL's account cannot enter."""
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
    """Return the address of one server that all workers of pytest-xdist share.

    Each worker holds a shared lock on `users` until its process ends. A worker that can get this
    lock exclusively is the first, which starts the server, or the last, which stops it. The lock on
    `door` ensures that only one worker tries at a time.
    """
    root = factory.getbasetemp()
    directory = (root.parent if "PYTEST_XDIST_WORKER" in os.environ else root) / f"server-{name}"
    directory.mkdir(exist_ok=True)
    address = directory / "address"
    with ExitStack() as server, (directory / "users").open("w") as users:
        with _door_lock(directory):
            first = _is_only_user(users.fileno())
            if first:
                address.write_text(server.enter_context(serve(directory)))
            fcntl.flock(users, fcntl.LOCK_SH)
        yield address.read_text()
        while first:
            with _door_lock(directory):
                if _is_only_user(users.fileno()):
                    server.close()
                    break
                fcntl.flock(users, fcntl.LOCK_SH)  # a failed attempt can release the shared lock
            time.sleep(0.1)


@contextmanager
def _door_lock(directory: Path) -> Iterator[None]:
    with (directory / "door").open("w") as door:
        fcntl.flock(door, fcntl.LOCK_EX)
        yield


def _is_only_user(users: int) -> bool:
    try:
        fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True

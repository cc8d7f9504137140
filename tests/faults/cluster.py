"""A production installation as real processes: PostgreSQL, Kafka, the service and the workers.

A program that ends by itself is recorded and restarted after half a second, as systemd would do. A
program that a test has killed stays down until the test starts it.
"""

import base64
import contextlib
import http.client
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Event as Signal
from threading import RLock, Thread
from types import TracebackType
from typing import Self

from ops.local_servers.kafka import KafkaCluster
from ops.local_servers.ports import HOST, free_ports
from ops.local_servers.postgres import PostgresServer
from ops.local_servers.processes import ServerProcess
from tests.commands import Done, bare_environment, run_here

ROOT = Path(__file__).parents[2]
TRACKER = (sys.executable, "-m", "tracker")
DESK, DEPARTMENT = "faults-desk", "faults-department"
_RESTART_AFTER_S = 0.5
_CHECK_EVERY_S = 0.1
_VIEWS = "status,timeline,promises,messages"
_MASTER_KEY = base64.b64encode(b"faults" + bytes(26)).decode()


def wait_for(condition: Callable[[], bool], description: str, *, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"after {seconds} s still not: {description}"
        time.sleep(_CHECK_EVERY_S)


def run_tracker(arguments: Sequence[str], environment: Mapping[str, str], *, code: int = 0) -> Done:
    """Run a command in this process until it ends. Check its exit code."""
    done = run_here(arguments, environment)
    assert done.returncode == code, f"{arguments}:\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
    return done


def is_ready(port: int) -> bool:
    try:
        connection = http.client.HTTPConnection(HOST, port, timeout=2)
        with contextlib.closing(connection):
            connection.request("GET", "/readyz")
            return connection.getresponse().status == 200
    except (OSError, http.client.HTTPException):
        return False


class Program:
    """A `tracker` process that is restarted when it ends."""

    def __init__(
        self, name: str, directory: Path, arguments: Sequence[str], environment: Mapping[str, str]
    ) -> None:
        self.name = name
        self.log = directory / f"{name}.log"
        variables = [f"{key}={value}" for key, value in environment.items()]
        self._process = ServerProcess(["env", *variables, *TRACKER, *arguments], self.log)
        self._lock = RLock()
        self._wanted = False
        self._down_since: float | None = None
        self.ends: list[int] = []

    @property
    def alive(self) -> bool:
        return self._process.alive

    @property
    def exit_code(self) -> int | None:
        return self._process._started().returncode

    def start(self) -> None:
        with self._lock:
            self._wanted, self._down_since = True, None
            if not self._process.alive:
                self._process.start()

    def kill(self) -> None:
        with self._lock:
            self._wanted = False
            self._process.kill()

    def stop(self) -> None:
        with self._lock:
            self._wanted = False
            if self._process.alive:
                self._process.stop(signal.SIGTERM, seconds=60)

    def let_end(self) -> None:
        """Do not restart the program when it ends."""
        with self._lock:
            self._wanted = False

    def send(self, number: signal.Signals) -> None:
        self._process.send(number)

    def restart_if_ended(self) -> None:
        with self._lock:
            if not self._wanted or self._process.alive:
                return
            if self._down_since is None:
                self._down_since = time.monotonic()
                self.ends.append(self.exit_code or 0)
            elif time.monotonic() - self._down_since > _RESTART_AFTER_S:
                self.start()

    def last_lines(self, lines: int = 15) -> str:
        with self.log.open(errors="replace") as log:
            return "".join(deque(log, lines))


class Cluster:
    """The whole installation. The context manager starts it and removes it at the end."""

    def __init__(
        self,
        directory: Path,
        *,
        brokers: int = 1,
        kafka_data: Path | None = None,
        relays: Sequence[str] = ("relay",),
    ) -> None:
        self.directory = directory
        self.postgres = PostgresServer(directory / "postgres")
        self.kafka = KafkaCluster(
            directory / "kafka",
            brokers=brokers,
            data_directory=kafka_data,
            java_options=["-Xms96m", "-Xmx288m"],
        )
        (self.port,) = free_ports(1)
        replication, min_insync = ("3", "2") if brokers > 1 else ("1", "1")
        self.environment = {
            **bare_environment(),
            "PYTHONPATH": str(ROOT),
            "TRACKER_STORE_URL": self.postgres.url,
            "TRACKER_KAFKA_SERVERS": self.kafka.bootstrap_servers,
            "TRACKER_KAFKA_PARTITIONS": "3",
            "TRACKER_KAFKA_REPLICATION": replication,
            "TRACKER_KAFKA_MIN_INSYNC": min_insync,
            "TRACKER_DATA_DIR": str(directory / "data"),
            "TRACKER_MASTER_KEY": _MASTER_KEY,
        }
        self.programs: dict[str, Program] = {}
        self.keys: dict[str, str] = {}
        self._relays = relays
        self._closing = Signal()

    def __enter__(self) -> Self:
        try:
            self._set_up()
        except BaseException:
            self._tear_down()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._tear_down()

    def _set_up(self) -> None:
        with ThreadPoolExecutor() as pool:
            for done in [pool.submit(self._make_database), pool.submit(self._make_topics)]:
                done.result()
        self.add("api", "serve", "--port", str(self.port))
        for name in self._relays:
            self.add(name, "work", "--only", "relay", "--name", name)
        for number in (1, 2):
            self.add(f"projections-{number}", "work", "--only", _VIEWS)
        Thread(target=self._restart_programs, daemon=True).start()
        wait_for(self.ready, "the service is ready")

    def _make_database(self) -> None:
        self.postgres.start()
        self.tracker("migrate")
        for actor, office in ((DESK, "CN05"), (DEPARTMENT, "SO-TAICHINH")):
            options = ("--role", "staff", "--actor", actor, "--office", office)
            self.keys[actor] = self.tracker("keys", "make", *options).stdout.split()[-1]

    def _make_topics(self) -> None:
        self.kafka.start()
        self.tracker("topics")

    def _tear_down(self) -> None:
        self._closing.set()
        for program in self.programs.values():
            program.kill()
        self.kafka.kill()
        self.postgres.kill()

    def add(self, name: str, *arguments: str, **environment: str) -> Program:
        program = Program(name, self.directory, arguments, self.environment | environment)
        self.programs[name] = program
        program.start()
        return program

    def tracker(self, *arguments: str, code: int = 0, **environment: str) -> Done:
        """Run a command in this process until it ends. Check its exit code."""
        return run_tracker(arguments, self.environment | environment, code=code)

    def ready(self) -> bool:
        return is_ready(self.port)

    @contextlib.contextmanager
    def without(self, *names: str) -> Iterator[None]:
        """Stop these programs while the context lasts."""
        for name in names:
            self.programs[name].stop()
        yield
        for name in names:
            self.programs[name].start()

    def _restart_programs(self) -> None:
        while not self._closing.wait(_CHECK_EVERY_S):
            for program in list(self.programs.values()):
                program.restart_if_ended()

"""Real Kafka brokers on this machine."""

import base64
import functools
import signal
import uuid
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

from kafka import KafkaAdminClient
from kafka.errors import KafkaError

from ops.local_servers.jars import KAFKA, java
from ops.local_servers.ports import HOST, free_ports, is_open
from ops.local_servers.processes import ServerProcess, run

ARCHIVE = "kafka.jsa"
"""A class-data archive of the JVM next to the jars; with it a broker starts twice as fast."""

_START_SECONDS = 90.0
_STOP_SECONDS = 60.0

_JAVA_OPTIONS = (
    "-Xms256m",
    "-Xmx512m",
    "-XX:+UseSerialGC",  # one thread instead of one for each core
    "-XX:TieredStopAtLevel=1",  # the process is too short-lived for the optimising compiler
    "-XX:+ExitOnOutOfMemoryError",
    f"-Dlog4j2.configurationFile={KAFKA.files / 'log4j2.properties'}",
)

_SETTINGS = {
    "auto.create.topics.enable": "false",
    "unclean.leader.election.enable": "false",
    "log.retention.ms": "-1",
    "log.segment.bytes": str(64 << 20),
    "log.index.size.max.bytes": str(1 << 20),
    "log.cleaner.dedupe.buffer.size": str(8 << 20),  # of the heap; the default is a quarter of it
    # Fast instead of large:
    "num.network.threads": "2",
    "num.io.threads": "4",
    "offsets.topic.num.partitions": "3",
    "transaction.state.log.num.partitions": "3",
    "group.initial.rebalance.delay.ms": "0",
    "group.min.session.timeout.ms": "1000",
    "transaction.abort.timed.out.transaction.cleanup.interval.ms": "500",
    # A killed broker loses its partitions, and may return, after three seconds instead of nine:
    "broker.heartbeat.interval.ms": "300",
    "broker.session.timeout.ms": "3000",
}


class KafkaCluster:
    """One or more brokers, each also a controller. As a context manager it starts and kills them.

    `directory` holds settings and logs, `data_directory` (by default the same) the brokers' data.
    Existing data are served again, on other ports. Brokers are numbered from 1 and keep their ports
    as long as this object exists. `settings` are broker settings by name.
    """

    def __init__(
        self,
        directory: Path,
        *,
        brokers: int = 1,
        data_directory: Path | None = None,
        settings: Mapping[str, str] | None = None,
        java_options: Sequence[str] = (),
    ) -> None:
        self._directory = directory
        self._data = data_directory or directory
        self._settings = dict(settings or {})
        self._numbers = range(1, brokers + 1)
        ports = free_ports(2 * brokers)
        self._ports = dict(zip(self._numbers, ports[:brokers], strict=True))
        self._controllers = dict(zip(self._numbers, ports[brokers:], strict=True))
        jars = KAFKA.installed()
        archive = jars / ARCHIVE
        self._java = [
            java(),
            *_JAVA_OPTIONS,
            *([f"-XX:SharedArchiveFile={archive}"] if archive.exists() else []),
            *java_options,
            *("-cp", f"{jars}/*"),
        ]
        directory.mkdir(parents=True, exist_ok=True)
        self._processes = {
            number: ServerProcess(
                [*self._java, "kafka.Kafka", str(self._settings_file(number))], self.log(number)
            )
            for number in self._numbers
        }

    @property
    def bootstrap_servers(self) -> str:
        """The addresses of all brokers, separated by commas."""
        return ",".join(self.address(number) for number in self._numbers)

    def address(self, broker: int) -> str:
        """The address of one broker."""
        return f"{HOST}:{self._ports[broker]}"

    def log(self, broker: int) -> Path:
        """The log file of one broker."""
        return self._directory / f"broker-{broker}.log"

    def data(self, broker: int) -> Path:
        """The data directory of one broker."""
        return self._data / f"broker-{broker}"

    def pid(self, broker: int) -> int:
        """The process id of one broker."""
        return self._processes[broker].pid

    def alive(self, broker: int) -> bool:
        """Whether the process of one broker runs, paused or not."""
        return self._processes[broker].alive

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.kill()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.kill()

    def start(self, broker: int | None = None) -> None:
        """Start one broker, or all that do not run; wait until each can be a leader."""
        numbers = [number for number in self._chosen(broker) if not self.alive(number)]
        for number in numbers:
            self._write_settings(number)
        with ThreadPoolExecutor() as pool:
            list(pool.map(self._format, numbers, [self._cluster_id()] * len(numbers)))
        for number in numbers:
            self._processes[number].start()
        for number in numbers:
            process = self._processes[number]
            for ready in (self._listens, self._serves):
                process.wait_until(functools.partial(ready, number), seconds=_START_SECONDS)

    def stop(self, broker: int | None = None) -> None:
        """Stop one broker, or all: they hand over their partitions and write their data."""
        alive = [self._processes[it] for it in self._chosen(broker) if self.alive(it)]
        for process in alive:  # all at once: the last broker of a quorum would wait for the others
            process.send(signal.SIGTERM)
        for process in alive:
            process.stop(signal.SIGTERM, seconds=_STOP_SECONDS)

    def kill(self, broker: int | None = None) -> None:
        """Kill one broker, or all, with SIGKILL."""
        for number in self._chosen(broker):
            self._processes[number].kill()

    def pause(self, broker: int | None = None) -> None:
        """Freeze one broker, or all, with SIGSTOP: the ports stay open and do not answer."""
        for number in self._chosen(broker):
            self._processes[number].send(signal.SIGSTOP)

    def resume(self, broker: int | None = None) -> None:
        """Continue the paused brokers."""
        for number in self._chosen(broker):
            self._processes[number].send(signal.SIGCONT)

    def _chosen(self, broker: int | None) -> Sequence[int]:
        return self._numbers if broker is None else [broker]

    def _settings_file(self, broker: int) -> Path:
        return self._directory / f"broker-{broker}.properties"

    def _write_settings(self, broker: int) -> None:
        lines = [f"{name}={value}\n" for name, value in self._settings_of(broker)]
        self._settings_file(broker).write_text("".join(lines))

    def _settings_of(self, broker: int) -> Iterator[tuple[str, str]]:
        count = len(self._numbers)
        copies = str(min(count, 3))
        enough = "2" if count > 2 else "1"  # noqa: PLR2004 - a majority of three
        voters = (f"{number}@{HOST}:{port}" for number, port in self._controllers.items())
        client = f"CLIENT://{self.address(broker)}"
        settings = {
            "node.id": str(broker),
            "process.roles": "broker,controller",
            "listeners": f"{client},CONTROLLER://{HOST}:{self._controllers[broker]}",
            "advertised.listeners": client,
            "listener.security.protocol.map": "CLIENT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "CLIENT",
            "controller.listener.names": "CONTROLLER",
            "controller.quorum.voters": ",".join(voters),
            "log.dirs": str(self.data(broker)),
            "default.replication.factor": copies,
            "offsets.topic.replication.factor": copies,
            "transaction.state.log.replication.factor": copies,
            "transaction.state.log.min.isr": enough,
            "min.insync.replicas": enough,
        }
        yield from (settings | _SETTINGS | self._settings).items()

    def _format(self, broker: int, cluster_id: str) -> None:
        if (self.data(broker) / "meta.properties").exists():
            return
        settings = str(self._settings_file(broker))
        tool = [*self._java, "kafka.tools.StorageTool"]
        run([*tool, "format", "--cluster-id", cluster_id, "--config", settings])

    def _cluster_id(self) -> str:
        file = self._directory / "cluster-id"
        if not file.exists():
            # "T": an id that starts with a dash would look like an option
            encoded = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode()
            file.write_text("T" + encoded[1:22])
        return file.read_text()

    def _listens(self, broker: int) -> bool:
        return is_open(self._ports[broker])

    def _serves(self, broker: int) -> bool:
        try:
            with KafkaAdminClient(
                bootstrap_servers=self.address(broker), bootstrap_timeout_ms=30_000
            ) as client:
                known = client.describe_cluster()["brokers"]
        except KafkaError:
            return False
        return any(it["broker_id"] == broker and not it["is_fenced"] for it in known)

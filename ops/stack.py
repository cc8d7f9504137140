"""`make stack`: the production shape on this machine, with real servers, until Ctrl-C.

It starts PostgreSQL and Kafka from `ops/local_servers`, then the programs as an operator would:
`tracker migrate`, `topics`, `demo`, `serve`, and `work` twice. Everything is in one directory,
which is kept: a new start continues with its data.
"""

import argparse
import base64
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.request import urlopen

from ops.local_servers.errors import ServerMissing
from ops.local_servers.kafka import KafkaCluster
from ops.local_servers.postgres import PostgresServer, production_settings

_TRACKER = (sys.executable, "-m", "tracker")
_READY_WITHIN_S = 60
_STOP_WITHIN_S = 40


@dataclass(frozen=True)
class Stack:
    """The running production shape."""

    address: str
    store_url: str
    kafka_servers: str
    programs: Mapping[str, subprocess.Popen[bytes]]
    pids: Mapping[str, int]
    """The process ids of our programs, PostgreSQL and Kafka."""
    master_key: bytes
    """The master key, which encrypts the keys of the dossiers."""
    demo: str
    """The output of `tracker demo`: codes to try, and a key for every role."""

    def ended(self) -> list[str]:
        """Return the names of the programs that have ended."""
        return _ended(self.programs)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the stack; return 0 if it was stopped in order, 1 if a program died."""
    parser = argparse.ArgumentParser(description="The production shape on this machine.")
    parser.add_argument("--directory", type=Path, default=Path("var/stack"))
    parser.add_argument("--port", type=int, default=8080)
    parser.add_argument("--brokers", type=int, choices=(1, 3), default=1)
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, _interrupt)
    try:
        with standing(chosen.directory, port=chosen.port, brokers=chosen.brokers) as stack:
            print(stack.demo)
            print(f"The stack is ready: {stack.address}  Ctrl-C stops it.", flush=True)
            return _watch(stack)
    except KeyboardInterrupt:
        print("Stopped.", flush=True)
        return 0
    except (ServerMissing, subprocess.CalledProcessError) as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


@contextmanager
def standing(directory: Path, *, port: int, brokers: int = 1) -> Iterator[Stack]:
    """Start the stack with demo data and wait until it is ready; stop everything afterwards."""
    directory = directory.resolve()
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        print("PostgreSQL and Kafka are starting …", flush=True)
        postgres = stack.enter_context(
            PostgresServer(directory / "postgres", settings=production_settings())
        )
        stack.callback(postgres.stop)
        kafka = stack.enter_context(KafkaCluster(directory / "kafka", brokers=brokers))
        stack.callback(kafka.stop)
        environment = _environment(directory, postgres, kafka, brokers)
        for command in ("migrate", "topics"):
            subprocess.run([*_TRACKER, command], env=environment, check=True)
        programs = _programs(stack, directory, environment, port)
        _wait_until_ready(port, programs)
        demo = subprocess.run(
            [*_TRACKER, "demo"], env=environment, check=True, stdout=subprocess.PIPE, text=True
        )
        yield Stack(
            address=f"http://127.0.0.1:{port}",
            store_url=postgres.url,
            kafka_servers=kafka.bootstrap_servers,
            programs=programs,
            pids={name: process.pid for name, process in programs.items()}
            | {"postgres": postgres.pid}
            | {f"kafka-{number}": kafka.pid(number) for number in range(1, brokers + 1)},
            master_key=base64.b64decode(environment["TRACKER_MASTER_KEY"]),
            demo=demo.stdout,
        )


def _interrupt(*_: object) -> None:
    raise KeyboardInterrupt


def _environment(
    directory: Path, postgres: PostgresServer, kafka: KafkaCluster, brokers: int
) -> dict[str, str]:
    key = directory / "master.key"
    if not key.exists():
        key.touch(mode=0o600)
        key.write_text(base64.b64encode(secrets.token_bytes(32)).decode())
    copies = {"TRACKER_KAFKA_REPLICATION": "3", "TRACKER_KAFKA_MIN_INSYNC": "2"}
    return {
        **os.environ,
        **(copies if brokers > 1 else {}),
        "TRACKER_STORE_URL": postgres.url,
        "TRACKER_KAFKA_SERVERS": kafka.bootstrap_servers,
        "TRACKER_DATA_DIR": str(directory / "data"),
        "TRACKER_MASTER_KEY": key.read_text(),
    }


def _programs(
    stack: ExitStack, directory: Path, environment: dict[str, str], port: int
) -> dict[str, subprocess.Popen[bytes]]:
    commands = {
        "api": ["serve", "--port", str(port)],
        "relay": ["work", "--only", "relay,inbox,log"],
        "projections-1": ["work", "--only", "status,timeline,promises,messages"],
        "projections-2": ["work", "--only", "status,timeline,promises,messages"],
    }
    return {
        name: stack.enter_context(_program(command, directory / f"{name}.log", environment))
        for name, command in commands.items()
    }


@contextmanager
def _program(
    command: Sequence[str], log: Path, environment: dict[str, str]
) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*_TRACKER, *command],
            env=environment,
            stdout=output,
            stderr=output,
            start_new_session=True,  # Ctrl-C goes to this process only; we stop the others in order
        )
        try:
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_until_ready(port: int, programs: Mapping[str, subprocess.Popen[bytes]]) -> None:
    end = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < end and not _ended(programs):
        try:
            with urlopen(f"http://127.0.0.1:{port}/readyz", timeout=2):
                return
        except OSError:
            time.sleep(0.2)


def _watch(stack: Stack) -> int:
    while not (ended := stack.ended()):
        time.sleep(0.5)
    print(f"{', '.join(ended)} ended; its log says why.", file=sys.stderr)
    return 1


def _ended(programs: Mapping[str, subprocess.Popen[bytes]]) -> list[str]:
    return [name for name, process in programs.items() if process.poll() is not None]


if __name__ == "__main__":
    sys.exit(main())

"""A real PostgreSQL server on this machine.

We do not use pytest-postgresql's executor: it starts every server with fsync off, has no immediate
stop, empties an existing data directory, and cannot run for root.
"""

import contextlib
import os
import pwd
import shutil
import signal
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from ops.local_servers.errors import ServerError, ServerMissing
from ops.local_servers.ports import HOST, free_ports
from ops.local_servers.processes import ServerProcess, run

USER = "tracker"

_PRODUCTION = Path(__file__).parents[1] / "postgresql.conf"

_START_SECONDS = 60.0
_STOP_SECONDS = 60.0
_STOPS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT}
_READY_LINE = 7  # the line of postmaster.pid, from 0, that pg_ctl reads


def binaries() -> Path:
    """Return the directory of `initdb` and `postgres`, of the newest version.

    Raises:
        ServerMissing: PostgreSQL's server is not installed.

    """
    for pattern in ("lib/postgresql/*/bin/initdb", "pgsql-*/bin/initdb"):
        found = Path("/usr").glob(pattern)
        if by_age := sorted(found, key=lambda path: float(path.parts[-3].removeprefix("pgsql-"))):
            return by_age[-1].parent
    if command := shutil.which("initdb"):
        return Path(command).resolve().parent
    message = "PostgreSQL's server is not here; `make servers` or apt-get install postgresql"
    raise ServerMissing(message)


def production_settings() -> dict[str, str]:
    """Return the settings in `ops/postgresql.conf`."""
    lines = _PRODUCTION.read_text(encoding="utf-8").splitlines()
    said = [line.partition("#")[0].partition("=") for line in lines]
    return {name.strip(): value.strip() for name, _, value in said if name.strip()}


class PostgresServer:
    """A server on loopback without passwords. As a context manager it starts and kills the server.

    `directory` holds the data and the log. Existing data are served again, on another port. The
    port stays the same as long as this object exists. Committed data are on disk. `settings` are
    server settings by name. PostgreSQL does not run as root; for root it runs as `postgres` or
    `nobody`, which must be able to enter `directory`.
    """

    def __init__(self, directory: Path, *, settings: Mapping[str, str] | None = None) -> None:
        self._directory = directory.absolute()
        self._data = self._directory / "data"
        self._binaries = binaries()
        self._account = _account()
        (self.port,) = free_ports(1)
        chosen = {
            "listen_addresses": HOST,
            "port": str(self.port),
            "unix_socket_directories": "",
            "log_line_prefix": "%m [%p] ",
        } | dict(settings or {})
        self._process = ServerProcess(
            [
                *(str(self._binaries / "postgres"), "-D", str(self._data)),
                *(f"--{name}={value}" for name, value in chosen.items()),
            ],
            self.log,
            account=self._account,
        )

    @property
    def url(self) -> str:
        """The URL of the default database, for the superuser."""
        return f"postgresql://{USER}@{HOST}:{self.port}/postgres"

    @property
    def log(self) -> Path:
        """The log file of the server."""
        return self._directory / "postgres.log"

    @property
    def pid(self) -> int:
        """The process id of the server."""
        return self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return self._process.alive

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

    def start(self) -> None:
        """Start it, also after a crash, and wait until it answers."""
        self._directory.mkdir(parents=True, exist_ok=True)
        if not (self._data / "PG_VERSION").exists():
            self._make_data()
        self._process.start()
        self._process.wait_until(self._ready, seconds=_START_SECONDS)

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop it: `fast` aborts transactions and writes all data; `immediate` ends at once."""
        if self.alive:
            self._process.stop(_STOPS[mode], seconds=_STOP_SECONDS)

    def kill(self) -> None:
        """Kill all its processes with SIGKILL."""
        children = _children(self.pid) if self.alive else []
        self._process.kill()
        for child in children:  # each leads its own group, and would end a moment later
            with contextlib.suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
        while any(
            map(_holds_memory, children)
        ):  # the shared memory of the old server prevents the start of a new one
            time.sleep(0.01)

    def _make_data(self) -> None:
        if self._account:
            owner = pwd.getpwnam(self._account)
            os.chown(self._directory, owner.pw_uid, owner.pw_gid)
            _check_way(self._directory, self._account)
        run(
            [
                *(str(self._binaries / "initdb"), "--pgdata", str(self._data)),
                *("--username", USER, "--auth", "trust"),
                *("--encoding", "UTF8", "--locale", "C.UTF-8"),
            ],
            account=self._account,
        )

    def _ready(self) -> bool:
        with contextlib.suppress(FileNotFoundError):
            lines = (self._data / "postmaster.pid").read_text().splitlines()
            if len(lines) > _READY_LINE and lines[0] == str(self.pid):
                return lines[_READY_LINE].strip() == "ready"
        return False


def _account() -> str | None:
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _check_way(directory: Path, account: str) -> None:
    try:
        run(["/bin/sh", "-c", 'cd "$0"', str(directory)], account=account)
    except ServerError:
        message = f"PostgreSQL runs as '{account}', which can not enter {directory}"
        raise ServerError(message) from None


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _holds_memory(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False
    return status.rpartition(")")[2].split()[0] != "Z"

"""An embedded service for a crowd: `tracker serve` on its own directory."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from loadtests.crowd.conversation import Target
from ops.local_servers.ports import HOST, free_ports, is_open
from ops.local_servers.processes import ServerProcess

_STARTED_WITHIN_S = 60
_TRACKER = (sys.executable, "-m", "tracker")


@contextmanager
def embedded_service(directory: Path) -> Iterator[Target]:
    """Start an empty service on a free port; stop it afterwards."""
    environment = {**os.environ, "TRACKER_DATA_DIR": str(directory / "data")}
    made = subprocess.run(
        [*_TRACKER, *["keys", "make", "--role", "staff", "--actor", "crowd", "--office", "CN01"]],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    (port,) = free_ports(1)
    variables = [f"TRACKER_DATA_DIR={directory / 'data'}", "TRACKER_LOG_LEVEL=WARNING"]
    serve = [*_TRACKER, "serve", "--port", str(port)]
    process = ServerProcess(["env", *variables, *serve], directory / "serve.log")
    process.start()
    try:
        process.wait_until(lambda: is_open(port), seconds=_STARTED_WITHIN_S)
        yield Target(HOST, port, made.stdout.split()[-1])
    finally:
        process.kill()

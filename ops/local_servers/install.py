"""Install what the local servers need.

With `--if-possible` the exit code is 0 even if something can't be installed.
"""

import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path

from ops.local_servers.chromium import PACKAGES, browser
from ops.local_servers.errors import ServerError, ServerMissing
from ops.local_servers.jars import KAFKA, VERAPDF, Jars, java
from ops.local_servers.kafka import ARCHIVE, KafkaCluster
from ops.local_servers.postgres import binaries


def main(arguments: Sequence[str]) -> int:
    """Install what is missing; print what can't be installed."""
    missing = list(filter(None, (_kafka(), _verapdf(), _postgres(), _chromium())))
    for line in missing:
        print(f"Not to be had here: {line}", file=sys.stderr)
    return 1 if missing and "--if-possible" not in arguments else 0


def _kafka() -> str | None:
    return _java() or _bring(KAFKA.installed, _fetch_kafka)


def _verapdf() -> str | None:
    return _java() or _bring(VERAPDF.installed, lambda: _fetch(VERAPDF))


def _java() -> str | None:
    return _bring(java, lambda: _apt("default-jre-headless"))


def _postgres() -> str | None:
    return _bring(binaries, lambda: _apt("postgresql"))


def _chromium() -> str | None:
    return _bring(browser, lambda: _apt(*PACKAGES))


def _bring(find: Callable[[], object], bring: Callable[[], None]) -> str | None:
    try:
        find()
    except ServerMissing:
        try:
            bring()
            find()
        except ServerMissing as missing:
            return str(missing)
    return None


def _fetch(jars: Jars) -> None:
    if shutil.which("mvn") is None:
        _apt("maven")
    jars.fetch()


def _fetch_kafka() -> None:
    _fetch(KAFKA)
    archive = KAFKA.installed() / ARCHIVE
    with (
        contextlib.suppress(ServerError),  # without the archive brokers only start slower
        tempfile.TemporaryDirectory() as directory,
        KafkaCluster(
            Path(directory), java_options=[f"-XX:ArchiveClassesAtExit={archive}"]
        ) as cluster,
    ):
        cluster.stop()


def _apt(*packages: str) -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        return
    environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
    commands = (["update", "-qq"], ["install", "-qq", "-y", "--no-install-recommends", *packages])
    for command in commands:
        print("apt-get", *command, flush=True)
        subprocess.run(["apt-get", *command], check=False, env=environment)  # noqa: S607


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""Where Kafka's jars and the Java to run them are, and how the jars get there."""

import contextlib
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from ops.local_servers.errors import ServerMissing

KAFKA_FILES = Path(__file__).parents[1] / "kafka"

_POM = KAFKA_FILES / "pom.xml"
_OLDEST_JAVA = 17  # the brokers of Kafka 4 run on nothing older


def jar_directory() -> Path:
    """The directory of exactly the jars that `pom.xml` names; it may not exist yet.

    `TRACKER_KAFKA_JARS` names another.
    """
    if chosen := os.environ.get("TRACKER_KAFKA_JARS"):
        return Path(chosen)
    pom = _POM.read_bytes()
    found = re.search(rb"<kafka\.version>(.+?)</kafka\.version>", pom)
    if found is None:
        message = f"{_POM} names no kafka.version"
        raise ValueError(message)
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    digest = hashlib.sha256(pom).hexdigest()[:8]
    return cache / "tracker" / f"kafka-{found[1].decode()}-{digest}"


def installed_jars() -> Path:
    """The directory of the jars.

    Raises:
        ServerMissing: they have not been fetched.

    """
    if not any(jar_directory().glob("kafka_*.jar")):
        message = "Kafka's jars are not here; `make servers` fetches them"
        raise ServerMissing(message)
    return jar_directory()


@functools.cache
def java() -> str:
    """The command of a Java that can run the brokers.

    Raises:
        ServerMissing: there is none, or too old a one.

    """
    home = os.environ.get("JAVA_HOME")
    command = shutil.which("java", path=f"{home}/bin" if home else None)
    if command is None:
        message = f"Kafka needs Java {_OLDEST_JAVA} or newer: apt-get install default-jre-headless"
        raise ServerMissing(message)
    said = subprocess.run([command, "-version"], check=False, capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        message = f"Kafka needs Java {_OLDEST_JAVA} or newer, and {command} is none"
        raise ServerMissing(message)
    return command


def fetch_jars() -> None:
    """Bring the jars with Maven; all or none.

    Raises:
        ServerMissing: there is no Maven, or it failed.

    """
    maven = shutil.which("mvn")
    if maven is None:
        message = "Kafka's jars come by Maven: apt-get install maven"
        raise ServerMissing(message)
    target = jar_directory()
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as directory:
        jars = Path(directory, "jars")
        done = subprocess.run(
            [
                *(maven, "-q", "-B", "-ntp", "-f", str(_POM)),
                *("dependency:copy-dependencies", f"-DoutputDirectory={jars}"),
            ],
            check=False,
        )
        if done.returncode:
            message = f"Maven could not fetch Kafka's jars (it ended with {done.returncode})"
            raise ServerMissing(message)
        with contextlib.suppress(OSError):  # someone else was quicker, or it is in the way
            jars.rename(target)
    installed_jars()

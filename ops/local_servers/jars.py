"""Find Java and the jars of Java programs, and download the jars."""

import contextlib
import functools
import hashlib
import os
import re
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from ops.local_servers.errors import ServerMissing

_OPS = Path(__file__).parents[1]
_OLDEST_JAVA = 17  # the brokers of Kafka 4 need this version


@dataclass(frozen=True)
class Jars:
    """The jars of one program, listed by the `pom.xml` in its directory under `ops/`.

    `chief` is the pattern of the main jar.
    """

    program: str
    chief: str

    @property
    def files(self) -> Path:
        """The directory of the `pom.xml`."""
        return _OPS / self.program.lower()

    @property
    def directory(self) -> Path:
        """The directory of these jars; it may not exist yet.

        `TRACKER_TEST_KAFKA_JARS`, or the same for another program, names another directory.
        """
        if chosen := os.environ.get(f"TRACKER_TEST_{self.program.upper()}_JARS"):
            return Path(chosen)
        name = self.program.lower()
        pom = (self.files / "pom.xml").read_bytes()
        found = re.search(rf"<{name}\.version>(.+?)</{name}\.version>", pom.decode())
        if found is None:
            message = f"{self.files / 'pom.xml'} names no {name}.version"
            raise ValueError(message)
        cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
        digest = hashlib.sha256(pom).hexdigest()[:8]
        return cache / "tracker" / f"{name}-{found[1]}-{digest}"

    def installed(self) -> Path:
        """Return the directory of the jars.

        Raises:
            ServerMissing: they are not downloaded.

        """
        if not any(self.directory.glob(self.chief)):
            message = f"{self.program}'s jars are not here; `make servers` fetches them"
            raise ServerMissing(message)
        return self.directory

    def fetch(self) -> None:
        """Download the jars with Maven; all or none.

        Raises:
            ServerMissing: there is no Maven, or it failed.

        """
        maven = shutil.which("mvn")
        if maven is None:
            message = f"{self.program}'s jars come by Maven: apt-get install maven"
            raise ServerMissing(message)
        target = self.directory
        target.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=target.parent, prefix=".fetching-") as directory:
            jars = Path(directory, "jars")
            done = subprocess.run(
                [
                    *(maven, "-q", "-B", "-ntp", "-f", str(self.files / "pom.xml")),
                    *("dependency:copy-dependencies", f"-DoutputDirectory={jars}"),
                ],
                check=False,
            )
            if done.returncode:
                message = (
                    f"Maven could not fetch {self.program}'s jars (it ended with {done.returncode})"
                )
                raise ServerMissing(message)
            with contextlib.suppress(
                OSError
            ):  # another process was faster, or something else has this name
                jars.rename(target)
        self.installed()


KAFKA = Jars("Kafka", "kafka_*.jar")
VERAPDF = Jars("veraPDF", "greenfield-apps-*.jar")


@functools.cache
def java() -> str:
    """Return the command of a Java that can run them.

    Raises:
        ServerMissing: there is no Java, or it is too old.

    """
    home = os.environ.get("JAVA_HOME")
    command = shutil.which("java", path=f"{home}/bin" if home else None)
    if command is None:
        message = f"Java {_OLDEST_JAVA} or newer is needed: apt-get install default-jre-headless"
        raise ServerMissing(message)
    said = subprocess.run([command, "-version"], check=False, capture_output=True, text=True).stderr
    found = re.search(r'version "(\d+)', said)
    if found is None or int(found[1]) < _OLDEST_JAVA:
        message = f"Java {_OLDEST_JAVA} or newer is needed, and {command} is none"
        raise ServerMissing(message)
    return command

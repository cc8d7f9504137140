"""Frozen stores put up again, each a copy of its own."""

import gzip
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg

from tests.commands import Done, bare_environment, run_here
from tests.frozen import topics
from tracker.settings import Settings
from tracker.wiring.kafka import kafka_connection, topic_names

HERE = Path(__file__).parent
VERSIONS = sorted(one.name for one in HERE.glob("v*_*") if one.is_dir())
PARTITIONS = 4
TEST_KEYS = "test_keys"
KEY_FILES = ("master.key", "log.key", "log.key.pub")
_PACKED = ".gz"


@dataclass(frozen=True)
class Thawed:
    """A copy of a frozen store, and what was recorded of it."""

    frozen: Path
    environment: dict[str, str]

    @property
    def settings(self) -> Settings:
        named = {
            name.removeprefix("TRACKER_").lower(): value
            for name, value in self.environment.items()
            if name.startswith("TRACKER_")
        }
        return Settings.model_validate(named)

    @property
    def keys(self) -> dict[str, str]:
        return dict(read(self.frozen / TEST_KEYS / "api_keys.json"))

    @property
    def requests(self) -> list[dict[str, Any]]:
        return list(read(self.frozen / "requests.json"))

    @property
    def answers(self) -> Any:  # noqa: ANN401  JSON
        return read(self.frozen / "answers.json.gz")

    def run(self, *arguments: str, **settings: str) -> Done:
        """Run a command on it."""
        more = {f"TRACKER_{name.upper()}": value for name, value in settings.items()}
        return run_here(arguments, self.environment | more)


def read(file: Path) -> Any:  # noqa: ANN401  JSON
    content = file.read_bytes()
    return json.loads(gzip.decompress(content) if file.suffix == _PACKED else content)


def thaw_sqlite(version: str, directory: Path) -> Thawed:
    frozen = HERE / version / "sqlite"
    copied = with_keys(frozen, directory)
    for name in ("events.db", "views.db"):
        content = gzip.decompress((frozen / f"{name}.gz").read_bytes())
        (directory / name).write_bytes(content)
    return copied


def thaw_production(version: str, directory: Path, postgres: str, kafka: str) -> Thawed:
    """Put the dump into this empty database, and the records into topics of their own."""
    frozen = HERE / version / "production"
    prefix = f"test-{uuid4().hex[:12]}"
    statements = gzip.decompress((frozen / "dump.sql.gz").read_bytes())
    # Read models keep their positions under the topics' names.
    statements = statements.replace(
        b"'tracker.dossier-events:", f"'{prefix}.dossier-events:".encode()
    )
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(statements)
    copied = with_keys(
        frozen,
        directory,
        store_url=postgres,
        kafka_servers=kafka,
        kafka_topic_prefix=prefix,
        kafka_partitions=str(PARTITIONS),
    )
    chosen = copied.settings
    topics.thaw(
        kafka_connection(chosen), topic_names(chosen), PARTITIONS, frozen / "topics.ndjson.gz"
    )
    return copied


def with_keys(frozen: Path, directory: Path, **settings: str) -> Thawed:
    directory.mkdir(exist_ok=True)
    for name in KEY_FILES:
        shutil.copyfile(frozen / TEST_KEYS / name, directory / name)
        (directory / name).chmod(0o600)
    named = {f"TRACKER_{name.upper()}": value for name, value in settings.items()}
    environment = bare_environment(
        TRACKER_DATA_DIR=str(directory),
        TRACKER_PUBLIC_URL="https://frozen.example",
        TRACKER_LOOKUPS_PER_NETWORK="0",
    )
    return Thawed(frozen, environment | named)

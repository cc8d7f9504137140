"""Freeze stores as the version of this working tree writes them: see README.md.

`python -m tests.frozen.make v0_2` writes the directory `tests/frozen/v0_2`.
"""

import gzip
import json
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fastapi.testclient import TestClient

from ops.local_servers.kafka import KafkaCluster
from ops.local_servers.postgres import PostgresServer, binaries
from tests.frozen import topics
from tests.frozen.asking import ask
from tests.frozen.living import DEMO_UNTIL, FROZEN_AT, live, send_later, send_messages
from tests.frozen.thawing import KEY_FILES, PARTITIONS, TEST_KEYS
from tests.http.site import Site
from tests.kafka.inbox.posting import Partner, serving
from tests.kafka.relaying import publish_all
from tracker.adapters.kafka.inbox.dead_letters import DeadLetters
from tracker.adapters.kafka.topics import create_topics, wanted_topics
from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.migrate import Branch, migrate
from tracker.bootstrap import open_container
from tracker.cli.run.work import inbox_secret
from tracker.container import Container
from tracker.demo.filling import SPAN, DemoClock
from tracker.settings import Settings
from tracker.wiring.http import http_app
from tracker.wiring.kafka import kafka_connection, topic_names


def main(version: str) -> None:
    target = Path(__file__).parent / version
    target.mkdir()
    freeze_sqlite(target / "sqlite")
    freeze_production(target / "production")
    size = sum(one.stat().st_size for one in target.rglob("*") if one.is_file())
    sys.stdout.write(f"{target}: {size:,} bytes\n")


def freeze_sqlite(target: Path) -> None:
    """Freeze the embedded shape."""
    with tempfile.TemporaryDirectory() as made:
        data = Path(made)
        chosen = settings(data)
        freeze(chosen, target, lambda _it, _keys: None)
        for name in ("events.db", "views.db"):
            with sqlite3.connect(data / name) as connection:
                connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                connection.execute("VACUUM")
            pack(target / f"{name}.gz", (data / name).read_bytes())


def freeze_production(target: Path) -> None:
    """Freeze the production shape: PostgreSQL and Kafka."""
    with tempfile.TemporaryDirectory() as made, tempfile.TemporaryDirectory() as data:
        Path(made).chmod(0o755)
        with (
            KafkaCluster(Path(made) / "kafka") as kafka,
            PostgresServer(Path(made) / "postgres") as postgres,
        ):
            chosen = settings(
                Path(data),
                store_url=postgres.url,
                kafka_servers=kafka.bootstrap_servers,
                kafka_partitions=PARTITIONS,
            )
            connection, names = kafka_connection(chosen), topic_names(chosen)
            create_topics(
                connection,
                wanted_topics(names, partitions=PARTITIONS, replication=1, min_insync=1),
            )
            freeze(chosen, target, use_kafka)
            topics.freeze(kafka.bootstrap_servers, names, PARTITIONS, target / "topics.ndjson.gz")
            dump = subprocess.run(
                [
                    str(binaries() / "pg_dump"),
                    *("--inserts", "--rows-per-insert=50", "--no-owner", "--no-privileges"),
                    postgres.url,
                ],
                capture_output=True,
                check=True,
            ).stdout
            # Its own orders to psql: we give the statements to the server ourselves.
            statements = [line for line in dump.splitlines() if not line.startswith(b"\\")]
            pack(target / "dump.sql.gz", b"\n".join(statements) + b"\n")


def freeze(
    chosen: Settings, target: Path, more: Callable[[Container, dict[str, str]], None]
) -> None:
    target.mkdir()
    if chosen.store_url:
        migrate_postgres(chosen)
    clock = DemoClock(DEMO_UNTIL - SPAN)
    with open_container(chosen, clock) as it:
        keys, requests = live(it, clock)
        more(it, keys)
        it.catch_up()
        it.log.maker.prepare()
        it.log.maker.make()
        send_messages(it)
        # What happens after the first checkpoint, and after the last message was sent:
        clock.moment = FROZEN_AT
        with TestClient(http_app(it)) as client:
            requests += send_later(Site(it, client, [FROZEN_AT], keys))
        if it.settings.kafka_servers:
            publish_all(it.tracker.store, kafka_connection(chosen), topic_names(chosen))
        it.catch_up()
        it.log.maker.make()
        answers = ask(it, keys)
    (target / TEST_KEYS).mkdir()
    for name in KEY_FILES:
        shutil.copyfile(chosen.data_dir / name, target / TEST_KEYS / name)
    write(target / TEST_KEYS / "api_keys.json", keys)
    write(target / "requests.json", requests)
    pack(target / "answers.json.gz", json.dumps(answers, ensure_ascii=False, indent=1).encode())


def migrate_postgres(chosen: Settings) -> None:
    engine = open_engine(chosen.events_url())
    for branch in Branch:
        migrate(engine, branch)
    engine.dispose()


def use_kafka(it: Container, keys: dict[str, str]) -> None:
    """Publish, and let a partner post to the inbox: good, twice, early, and unreadable."""
    connection, names = kafka_connection(it.settings), topic_names(it.settings)
    publish_all(it.tracker.store, connection, names)
    partner = Partner(connection, names, it, keys["desk"])
    complaint = {"event_id": "early", "occurred_at": partner.intake()["occurred_at"]}
    complaint |= {"step": "complained", "text": "chờ lâu", "code": "H26.01-261120-9999"}
    with serving(partner, secret=inbox_secret(it.settings)):
        first = partner.intake()
        partner.post(first, first, partner.intake(), complaint, b"{", b"[")
        partner.answers()
        DeadLetters(connection, names).retry([0])
        partner.answers(7)


def settings(data: Path, **more: Any) -> Settings:  # noqa: ANN401  any setting
    routes = data / "notices.toml"
    routes.write_text(f'[file]\npath = "{data / "told.ndjson"}"\n')
    return Settings(data_dir=data, notices=routes, public_url="https://frozen.example", **more)


def write(file: Path, content: object) -> None:
    file.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def pack(file: Path, content: bytes) -> None:
    file.write_bytes(gzip.compress(content, mtime=0))


if __name__ == "__main__":
    main(*sys.argv[1:])

"""`python -m loadtests city-day …`: the stack, the people, the judges; 1 if anything fails."""

import argparse
import json
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import psycopg

from loadtests import report
from loadtests.bench import archive
from loadtests.journal import Told, read_learnt, read_requests
from loadtests.judging import missed
from loadtests.locust_process import LOG, run_locust
from loadtests.processor import Spent
from loadtests.profile import PROFILES, Profile, load
from ops.local_servers.errors import ServerMissing
from ops.local_servers.ports import free_ports
from ops.reading_back import (
    EVENTS_TOPIC,
    NONE,
    Message,
    faults_of_store,
    faults_of_topic,
    records,
    requests,
    stored,
)
from ops.stack import Stack, standing

_PUBLISHED_WITHIN_S = 60
_TOLD_EVERY_S = 30


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the profiles one after the other on one stack, and check it once at the end."""
    names = sorted(path.stem for path in PROFILES.glob("*.toml"))
    parser = argparse.ArgumentParser(prog="python -m loadtests", description=__doc__)
    parser.add_argument("profiles", nargs="*", default=["city-day"], help=", ".join(names))
    parser.add_argument(
        "--archive", type=int, default=0, metavar="DOSSIERS", help="finished, and there before"
    )
    parser.add_argument("--results", type=Path, default=Path("var/loadtest"))
    chosen = parser.parse_args(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is stopped then, too
    profiles = {name: load(name) for name in chosen.profiles}
    results = chosen.results / f"{time.strftime('%Y%m%d-%H%M%S')}"
    try:
        with tempfile.TemporaryDirectory(prefix="tracker-loadtest-") as directory:
            Path(directory).chmod(0o755)  # PostgreSQL's account has to get in
            (port,) = free_ports(1)
            with standing(Path(directory), port=port) as stack:
                return _load(stack, profiles, chosen.archive, results)
    except ServerMissing as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1


def _load(stack: Stack, profiles: dict[str, Profile], dossiers: int, results: Path) -> int:
    results.mkdir(parents=True)
    cast = results / "cast.txt"
    cast.write_text(stack.demo, encoding="utf-8")
    before = {event.sent_as() for event in stored(stack.store_url)}
    archived = _fill(stack, dossiers) if dossiers else NONE
    faults: list[str] = []
    for name, profile in profiles.items():
        faults += _run(stack, name, profile, cast, results / Path(name).stem)
    faults += _check(stack, [results / Path(name).stem for name in profiles], before, archived)
    report.verdict(faults, results)
    return 1 if faults else 0


def _run(stack: Stack, name: str, profile: Profile, cast: Path, results: Path) -> list[str]:
    print(
        f"\n{name}: {profile.what} {profile.people} people, {profile.seconds:.0f} s …", flush=True
    )
    before = Spent.until_now(stack.pids)
    locust = run_locust(name, host=stack.address, cast=cast, results=results)
    if ended := stack.ended():
        return [f"{name}: {', '.join(ended)} ended under the load"]
    if locust:
        return [f"{name}: locust ended with {locust}; {results / LOG} says why"]
    spent = Spent.until_now(stack.pids).since(before)
    asked = read_requests(results)
    report.journeys(profile, asked)
    report.spikes(profile, asked)
    report.processor(spent, asked)
    report.guesses(asked, read_learnt(results))
    return [f"{name}: {one}" for one in missed(profile, asked)]


def _fill(stack: Stack, dossiers: int) -> range:
    """Add an archive, wait until all of it can be looked up, and give its positions."""
    with psycopg.connect(stack.store_url) as connection:
        first = archive.head(connection) + 1
    began = time.monotonic()
    events = archive.load(stack.store_url, dossiers, seed=1, master_key=stack.master_key)
    print(f"{events:,} events of {dossiers:,} dossiers are in the store.", flush=True)
    told = time.monotonic()
    while behind := _behind(stack):
        if time.monotonic() > told:
            words = ", ".join(f"{name} {count:,}" for name, count in behind.items())
            print(f"  {time.monotonic() - began:5.0f} s; not yet in {words}", flush=True)
            told += _TOLD_EVERY_S
        time.sleep(1)
    print(f"All could be read {time.monotonic() - began:.0f} s after it was begun.", flush=True)
    return range(first, first + events)


def _behind(stack: Stack) -> dict[str, int]:
    """Give how many events each read model wants, where it wants any."""
    with urlopen(f"{stack.address}/readyz") as answer:  # noqa: S310  our own loopback address
        models = json.load(answer)["read_models"]
    return {name: one["behind"] for name, one in models.items() if one["behind"]}


def _check(
    stack: Stack, results: Sequence[Path], before: set[Message], archived: range
) -> list[str]:
    """Hold the store and the topic against everything that was acknowledged, by readers apart."""
    told = Told.read(results)
    events = stored(stack.store_url, without=archived)
    known = requests(stack.store_url, without=archived)
    asked = [row for row in known if row[:2] not in before]
    end = time.monotonic() + _PUBLISHED_WITHIN_S
    while len(found := _published(stack, archived)) < len(events):
        if time.monotonic() > end:
            break
        time.sleep(1)
    faults = [
        *told.faults,
        *faults_of_store(
            events,
            asked,
            told.acknowledged.values(),
            unanswered=told.unanswered | before,
        ),
        *faults_of_topic(events, found),
    ]
    report.checked(told, len(events), len(found), well=not faults)
    return faults


def _published(stack: Stack, archived: range) -> list[Any]:
    return records(stack.kafka_servers, EVENTS_TOPIC, without=archived)


if __name__ == "__main__":
    sys.exit(main())

"""How fast projections catch up on PostgreSQL: from the store, from Kafka, and as events grow.

    python -m loadtests.bench.catching_up [--only store,Kafka,growth] [--events 10000000]

Every round fills new, empty tables with the same events: one projection alone, then all three at
once, on one feed, as `tracker work` runs them. The ceiling is the feed itself, read and decoded
with nothing written. For growth all three read a larger archive once, and their speed is told after
a quarter, a half and all of it.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial
from time import perf_counter

from loadtests.bench import machine
from loadtests.bench.archived import archived, kafka, measured, move_to, new_topics
from loadtests.bench.relaying import publish
from loadtests.bench.rounds import Spread, alternate, ratios
from tracker.adapters.kafka.feed import KafkaFeed
from tracker.adapters.sql.store_feed import StoreFeed
from tracker.installation import Installation
from tracker.projections.feed import OpenFeed
from tracker.projections.follower import Follower
from tracker.projections.projector import BATCH, Projector

NAMES = ("status", "timeline", "promises")
TOGETHER, FEED = "all three at once", "the feed alone"
TARGETS = {"store": 30_000, "Kafka": 15_000}
GROWTH = "growth"
_EVENTS_A_DOSSIER = 9

OpenFrom = Callable[[], OpenFeed]
Tell = Callable[[str], None]


def catching_up(it: Installation, source: str, open_feed: OpenFrom, rounds: int, told: Tell) -> str:
    """Measure on this feed; give the rows of a table."""
    sides = {name: partial(_catch_up, it, [name], open_feed) for name in NAMES}
    values = alternate(
        {
            **sides,
            TOGETHER: partial(_catch_up, it, NAMES, open_feed),
            FEED: partial(_feed_alone, open_feed),
        },
        rounds,
        told=told,
    )
    return "\n".join(
        _row(f"{what}, from {source}", values[what], values[FEED], TARGETS[source])
        for what in (*NAMES, TOGETHER)
    )


def growth(it: Installation, told: Tell) -> None:
    """Let all three read the whole archive; tell how fast they were, as it goes."""
    head = it.store_feed.head()
    wanted = [head // 4, head // 2, head]
    taken, began = 0, perf_counter()
    with _follower(it, NAMES, partial(StoreFeed, it.tracker.store)) as follower:
        while wanted:
            taken += follower.run_once()
            if taken >= wanted[0]:
                seconds = perf_counter() - began
                told(
                    f"  {TOGETHER}: {taken:,} events in {seconds:,.0f} s,"
                    f" {taken / seconds:,.0f} a second"
                )
                wanted.pop(0)


def _catch_up(it: Installation, names: Sequence[str], open_feed: OpenFrom) -> float:
    """Let these projections fill new tables; give how many events a second all of them took."""
    with _follower(it, names, open_feed) as follower:
        began = perf_counter()
        taken = follower.catch_up()
        return taken / (perf_counter() - began)


@contextmanager
def _follower(it: Installation, names: Sequence[str], open_feed: OpenFrom) -> Iterator[Follower]:
    """Give these projections with empty tables beside the live ones, on a feed of their own."""
    with closing(open_feed()) as feed:
        projectors = {
            name: Projector(
                it.follows[name].projection, feed, it.follows[name].model.next_generation()
            )
            for name in names
        }
        yield Follower(feed, projectors, at_once=len(projectors))


def _feed_alone(open_feed: OpenFrom) -> float:
    taken, began = 0, perf_counter()
    with closing(open_feed()) as feed:
        for partition in feed.partitions():
            after = 0
            while records := feed.read(partition, after=after, limit=BATCH):
                after = records[-1].position
                taken += len(records)
    return taken / (perf_counter() - began)


def _row(what: str, rates: Sequence[float], feed: Sequence[float], target: int) -> str:
    rate = Spread.of(rates)
    met = "met" if rate.mid >= target else "**missed**"
    return f"| {what} | {rate:,.0f} | {ratios(rates, feed):.2f} x {FEED} | {target:,} | {met} |"


def main() -> int:
    """Measure what was asked for and print it."""
    parser = argparse.ArgumentParser(
        prog="python -m loadtests.bench.catching_up",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join((*TARGETS, GROWTH)), metavar="NAME,…")
    parser.add_argument("--dossiers", type=int, default=6_000, help="of each round")
    parser.add_argument("--events", type=int, default=400_000, help="about so many, for growth")
    chosen = parser.parse_args()
    names = [name.strip() for name in chosen.only.split(",")]
    if unknown := [name for name in names if name not in (*TARGETS, GROWTH)]:
        parser.error(f"there is no {', '.join(unknown)}; there are {', '.join((*TARGETS, GROWTH))}")
    rows: list[str] = []
    if set(names) & set(TARGETS):
        move_to(machine.OTHERS)
        with archived(chosen.dossiers, _say) as it, ExitStack() as stack:
            feeds: dict[str, OpenFrom] = {"store": partial(StoreFeed, it.tracker.store)}
            if "Kafka" in names:
                connection = stack.enter_context(kafka())
                topics = new_topics(connection)
                publish(it.tracker.store, connection, topics)
                feeds["Kafka"] = partial(KafkaFeed, connection, topics.events)
            with measured():
                rows = [
                    catching_up(it, source, feeds[source], chosen.rounds, _say)
                    for source in TARGETS
                    if source in names
                ]
    if GROWTH in names:
        move_to(machine.OTHERS)
        with archived(chosen.events // _EVENTS_A_DOSSIER, _say) as it, measured():
            growth(it, _say)
    if rows:
        print(f"\nEvents a second, medians of {chosen.rounds} rounds (least to most):\n")
        print("| what | rate | ratio | target | |\n|---|---|---|---|---|")
        print("\n".join(rows))
    return 0


def _say(line: str) -> None:
    print(line, flush=True)


if __name__ == "__main__":
    sys.exit(main())

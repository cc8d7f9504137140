"""How fast read models catch up on PostgreSQL: from the store, from Kafka, and as events grow.

Every round fills new, empty tables with the same events: one read model alone, then all three at
once on one feed, as `tracker work` runs them. The baseline is the feed itself, read and decoded
without writing.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from itertools import pairwise
from time import perf_counter

from loadtests.bench.archive.installation import archived, kafka, measured, new_topics
from loadtests.bench.harness.figures import Figure, against, at_least
from loadtests.bench.harness.rounds import Spread, alternate, ratios
from loadtests.bench.harness.run import STATUS, Run
from loadtests.bench.scenarios.relay import publish
from tracker.adapters.kafka.reader.feed import KafkaFeed
from tracker.adapters.sql.event_store.store_feed import PARTITION, StoreFeed
from tracker.container import Container
from tracker.projections.model.feed import OpenFeed
from tracker.projections.model.follower import Follower
from tracker.projections.model.projector import BATCH, Projector

NAMES = (STATUS, "timeline", "promises")
TOGETHER, FEED = "all three at once", "the feed alone"
_DOSSIERS = 6_000
"""Each has about nine events."""
_STRETCHES = 10

OpenFrom = Callable[[], OpenFeed]


def from_store(run: Run) -> list[Figure]:
    """Read models catch up from the store, compared with the feed alone."""
    with archived(_DOSSIERS, run.say) as it, measured():
        return _catching_up(it, "store", partial(StoreFeed, it.tracker.store), run, 30_000)


def from_kafka(run: Run) -> list[Figure]:
    """Read models catch up from Kafka, compared with the feed alone."""
    with archived(_DOSSIERS, run.say) as it, kafka() as connection:
        topics = new_topics(connection)
        publish(it.tracker.store, connection, topics)
        with measured():
            open_feed = partial(KafkaFeed, connection, topics)
            return _catching_up(it, "Kafka", open_feed, run, 15_000)


def rebuild(run: Run) -> list[Figure]:
    """The status is rebuilt from the large archive: is the time linear in the events?"""
    with run.large_archive(STATUS).opened() as it, measured():
        follow = it.follows[STATUS]
        green = follow.model.next_generation()
        projector = Projector(follow.projection, follow.feed, green)
        head, taken, began = it.store_feed.head(), 0, perf_counter()
        marks = [(0, 0.0)]
        while more := projector.run_once(PARTITION):
            taken += more
            if taken >= head * len(marks) // _STRETCHES:
                marks.append((taken, perf_counter() - began))
                run.say(f"  {taken:12,} events, the last {_pace(*marks[-2:]):,.0f} a second")
        follow.model.replace_with(green)
        follow.model.drop_old()
    half = len(marks) // 2
    paces = [_pace(*two) for two in pairwise(marks)]
    return [
        against(
            f"rebuild of the status, {taken:,} events, second half",
            [_pace(marks[half], marks[-1])],
            [_pace(marks[0], marks[half])],
            f"its first half, tenths {Spread.of(paces):,.0f}",
            0.9,
            unit="events/s",
        )
    ]


def _catching_up(
    it: Container, source: str, open_feed: OpenFrom, run: Run, target: float
) -> list[Figure]:
    sides = {name: partial(_catch_up, it, [name], open_feed) for name in NAMES}
    values = alternate(
        {
            **sides,
            TOGETHER: partial(_catch_up, it, NAMES, open_feed),
            FEED: partial(_feed_alone, open_feed),
        },
        run.rounds,
        say=run.say,
    )
    return [
        at_least(
            f"{what}, from {source}",
            values[what],
            target,
            "events/s",
            f"{ratios(values[what], values[FEED]):.2f} x {FEED}",
        )
        for what in (*NAMES, TOGETHER)
    ]


def _pace(begin: tuple[int, float], end: tuple[int, float]) -> float:
    """Return the number of events a second between two marks."""
    return (end[0] - begin[0]) / (end[1] - begin[1])


def _catch_up(it: Container, names: Sequence[str], open_feed: OpenFrom) -> float:
    """Let these projections fill new tables; return the number of events a second."""
    with _follower(it, names, open_feed) as follower:
        began = perf_counter()
        taken = follower.catch_up()
        return taken / (perf_counter() - began)


@contextmanager
def _follower(it: Container, names: Sequence[str], open_feed: OpenFrom) -> Iterator[Follower]:
    """Open these projections with new empty tables and their own feed."""
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

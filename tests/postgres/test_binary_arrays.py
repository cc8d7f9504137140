from uuid import UUID, uuid4

import psycopg
import pytest

from tracker.adapters.sql.binary_arrays import (
    BigintArray,
    BooleanArray,
    ByteaArray,
    TextArray,
    UuidArray,
    send_binary_arrays,
)


@pytest.mark.parametrize("count", [0, 1, 3, 1000])
def test_the_server_reads_arrays_as_they_were_written(postgres_url: str, count: int) -> None:
    texts = [("", "Nguyễn Thị Bí Mật", 'a "quoted", {braced} \\ NULL')[n % 3] for n in range(count)]
    octets = [bytes([n % 256]) * (n % 5) for n in range(count)]
    ids: list[UUID] = [uuid4() for _ in range(count)]
    numbers = [(-1) ** n * n * 2**50 for n in range(count)]
    send_binary_arrays()
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute(
            "SELECT %s::text[], %s::bytea[], %s::uuid[], %s::bigint[]",
            (
                TextArray.of(texts),
                ByteaArray.of(octets),
                UuidArray.of(ids),
                BigintArray.of(numbers),
            ),
        ).fetchone()
    assert row == (texts, octets, ids, numbers)


def test_the_server_reads_none_as_null(postgres_url: str) -> None:
    send_binary_arrays()
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute(
            "SELECT %s::text[], %s::bytea[], %s::bigint[], %s::boolean[]",
            (
                TextArray.of([None, "", "An"]),
                ByteaArray.of([b"", None]),
                BigintArray.of([None, 0, -1]),
                BooleanArray.of([True, False]),
            ),
        ).fetchone()
    assert row == ([None, "", "An"], [b"", None], [None, 0, -1], [True, False])

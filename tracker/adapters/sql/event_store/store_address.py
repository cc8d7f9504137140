"""Translates the address of an event store into the variables of the eventsourcing library."""

from sqlalchemy import make_url

_PACKAGE = __package__
_POOL_SIZE = 4
_POOL_OVERFLOW = 12
_CONNECT_TIMEOUT_S = 3


def library_variables(url: str) -> dict[str, str]:
    """Return the library's variables for `sqlite:///FILE` or `postgresql://…`."""
    if url.startswith("sqlite:///"):
        return {
            "PERSISTENCE_MODULE": f"{_PACKAGE}.sqlite_store",
            "SQLITE_DBNAME": url.removeprefix("sqlite:///"),
        }
    parts = make_url(url)
    return {
        "PERSISTENCE_MODULE": f"{_PACKAGE}.postgres_store",
        "POSTGRES_DBNAME": parts.database or "",
        "POSTGRES_HOST": parts.host or "127.0.0.1",
        "POSTGRES_PORT": str(parts.port or 5432),
        "POSTGRES_USER": parts.username or "",
        "POSTGRES_PASSWORD": parts.password or "",
        "POSTGRES_POOL_SIZE": str(_POOL_SIZE),
        "POSTGRES_MAX_OVERFLOW": str(_POOL_OVERFLOW),
        "POSTGRES_PRE_PING": "no",
        "POSTGRES_CONNECT_TIMEOUT": str(_CONNECT_TIMEOUT_S),
        "CREATE_TABLE": "no",
    }

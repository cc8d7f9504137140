"""`tracker migrate`: make the database tables that this version needs."""

from sqlalchemy.engine import make_url

from tracker.adapters.sql.engine import open_engine
from tracker.adapters.sql.migrate import Branch
from tracker.adapters.sql.migrate import migrate as migrate_branch
from tracker.cli.terminal.console import say
from tracker.cli.terminal.context import settings


def migrate() -> None:
    """Make the missing tables in PostgreSQL.

    Run it before you start a new version. It is safe at any time, also twice at once. SQLite makes
    its own tables.
    """
    chosen = settings()
    for branch, url in (
        (Branch.EVENTS, chosen.events_url()),
        (Branch.READ_MODELS, chosen.read_models_url()),
    ):
        if url.startswith("sqlite"):
            say(f"{branch.value}: SQLite makes its own tables")
            continue
        engine = open_engine(url)
        try:
            migrate_branch(engine, branch)
        finally:
            engine.dispose()
        say(f"{branch.value}: up to date at {make_url(url).render_as_string()}")

"""Which generation of a dossier's receipt token is the good one."""

from uuid import UUID

from sqlalchemy import Engine, select

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import RECEIPT_TOKENS
from tracker.adapters.sql.upsert import insert


class SqlTokenGenerations:
    """Keeps a row only for dossiers whose token was revoked; all others are at generation 0."""

    def __init__(self, engine: Engine) -> None:
        """Keep them in this database."""
        self._engine = engine

    def of(self, dossier_id: UUID) -> int:
        """Return the generation that is good now."""
        row = select(RECEIPT_TOKENS.c.generation).where(RECEIPT_TOKENS.c.dossier_id == dossier_id)
        with self._engine.begin() as connection:
            return connection.scalar(row) or 0

    def raise_(self, dossier_id: UUID) -> None:
        """End the good one: the next is good from now on."""
        with writing(self._engine).begin() as connection:
            first = insert(connection)(RECEIPT_TOKENS).values(dossier_id=dossier_id, generation=1)
            connection.execute(
                first.on_conflict_do_update(
                    index_elements=["dossier_id"],
                    set_={"generation": RECEIPT_TOKENS.c.generation + 1},
                )
            )

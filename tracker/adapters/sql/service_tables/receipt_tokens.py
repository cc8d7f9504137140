"""The valid generation of each dossier's receipt token."""

from uuid import UUID

from sqlalchemy import Engine, select

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import RECEIPT_TOKENS
from tracker.adapters.sql.upsert import insert


class SqlTokenGenerations:
    """Stores a row only for dossiers with a revoked token. Others have generation 0."""

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def of(self, dossier_id: UUID) -> int:
        """Return the generation that is valid now."""
        row = select(RECEIPT_TOKENS.c.generation).where(RECEIPT_TOKENS.c.dossier_id == dossier_id)
        with self._engine.begin() as connection:
            return connection.scalar(row) or 0

    def raise_(self, dossier_id: UUID) -> None:
        """Revoke the valid token; from now on the next generation is valid."""
        with writing(self._engine).begin() as connection:
            first = insert(connection)(RECEIPT_TOKENS).values(dossier_id=dossier_id, generation=1)
            connection.execute(
                first.on_conflict_do_update(
                    index_elements=["dossier_id"],
                    set_={"generation": RECEIPT_TOKENS.c.generation + 1},
                )
            )

"""Facts that the event store keeps about its own installation."""

from sqlalchemy import Engine, select, update
from sqlalchemy.exc import IntegrityError

from tracker.adapters.sql.engine import writing
from tracker.adapters.sql.service_tables.service_tables import INSTALLATION_FACTS as FACTS


class SqlFacts:
    """Named values that every process of one installation agrees on."""

    def __init__(self, engine: Engine) -> None:
        """Use this database."""
        self._engine = engine

    def get(self, name: str) -> str | None:
        """Return the value of this name, or `None`."""
        with self._engine.begin() as connection:
            value = connection.scalar(select(FACTS.c.value).where(FACTS.c.name == name))
        return None if value is None else str(value)

    def agree(self, name: str, value: str) -> str:
        """Store the value unless the name has one already. Return the value that is stored."""
        known = self.get(name)
        if known is not None:
            return known
        try:
            with writing(self._engine).begin() as connection:
                connection.execute(FACTS.insert().values(name=name, value=value))
        except IntegrityError:  # another process was first
            return self.get(name) or value
        return value

    def replace(self, name: str, value: str) -> None:
        """Store the value, also if the name has another one."""
        if self.agree(name, value) != value:
            with writing(self._engine).begin() as connection:
                connection.execute(update(FACTS).where(FACTS.c.name == name).values(value=value))

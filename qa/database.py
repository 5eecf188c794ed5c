"""Database: PostgreSQL, where several machines keep what they share.

The archive of an index (see `index.shared`) and conversations lie there when `database_url` names
one. Whoever uses it names the error that its readers expect. Owns everything SQLAlchemy and
psycopg: a connection leaves this module, their exceptions do not.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Self

from pydantic import SecretStr
from tenacity import Retrying, retry_if_exception_type, stop_after_delay, wait_random_exponential

from qa.errors import MissingExtra, QAError, SettingsError

if TYPE_CHECKING:
    from sqlalchemy import Connection, Engine

log = logging.getLogger(__name__)

# How long to wait for a server that does not answer, which may only be starting again.
_PATIENCE_S = 5.0
_OPTIONS = {
    "application_name": "qa",
    "connect_timeout": 3,
    # A machine that has gone without a word is noticed after 20 seconds, on both sides.
    "keepalives_idle": 5,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 20_000,
}
# The same keepalives for the server's side, or it would keep a lock for two hours.
_SESSION = (
    "-c timezone=UTC -c client_encoding=UTF8 -c statement_timeout={} -c lock_timeout=20000 "
    "-c tcp_keepalives_idle=5 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3 "
    "-c tcp_user_timeout=20000"
)


class Database:
    """A PostgreSQL database. Safe to use from several threads."""

    def __init__(self, engine: Engine, error: Callable[[str], QAError]) -> None:
        self._engine = engine
        self._error = error
        self.address = f"{engine.url.host}:{engine.url.port or 5432}/{engine.url.database}"

    @classmethod
    def open(
        cls,
        url: SecretStr,
        error: Callable[[str], QAError],
        *,
        longest_s: float = 30.0,
    ) -> Self:
        """Name the database; it is connected to when it is first used.

        Args:
            url: `postgresql://USER:PASSWORD@HOST:PORT/DATABASE`, after a question mark whatever
                libpq takes, such as `sslmode=verify-full&sslrootcert=/etc/ca.pem`.
            error: makes what is raised when it fails.
            longest_s: seconds after which a statement is given up; 0 is never.

        Raises:
            SettingsError: the address is none.
            MissingExtra: the extra `postgres` is not installed.
        """
        try:
            import psycopg  # noqa: F401
            from sqlalchemy import create_engine, make_url
            from sqlalchemy.exc import ArgumentError
        except ImportError as exc:
            raise MissingExtra(str(exc.name), "postgres", "a shared database") from exc
        wanted = "database_url should look like postgresql://USER:PASSWORD@HOST:5432/DATABASE"
        try:
            address = make_url(url.get_secret_value())
        except (ArgumentError, ValueError):
            raise SettingsError(f"{wanted}.") from None  # the cause holds the password
        if address.drivername not in ("postgresql", "postgres") or not address.database:
            raise SettingsError(f"{wanted}; it begins with {address.drivername}://.")
        if "@" in f"{address.host}{address.database}":
            raise SettingsError(f"{wanted}; write an @ in a password as %40, and a / as %2F.")
        options = {k: v for k, v in _OPTIONS.items() if k not in address.query}
        options["options"] = _SESSION.format(round(1000 * longest_s))
        engine = create_engine(
            address.set(drivername="postgresql+psycopg"),
            connect_args=options,
            pool_pre_ping=True,  # a server that was started again has forgotten us
            pool_size=5,
            max_overflow=20,
            hide_parameters=True,  # what is asked does not belong in a message
        )
        return cls(engine, error)

    @contextmanager
    def transaction(self, *, one_moment: bool = False) -> Iterator[Connection]:
        """A transaction: all of it or nothing.

        Args:
            one_moment: whether every statement sees the database as it was at the first.

        Raises:
            QAError: of the kind that was named: no server answers, or it failed.
        """
        with self.translated(), self.connected() as connection:
            if one_moment:
                connection.execution_options(isolation_level="REPEATABLE READ")
            with connection.begin():
                yield connection

    @contextmanager
    def translated(self) -> Iterator[None]:
        """What a connection raises, in words that say what to do."""
        from psycopg.errors import InsufficientPrivilege, InvalidSchemaName, UndefinedTable
        from sqlalchemy.exc import DBAPIError, ProgrammingError
        from sqlalchemy.exc import TimeoutError as NoneLeft

        try:
            yield
        except NoneLeft as exc:  # every connection of ours is in use
            raise self._failed(exc) from exc
        except ProgrammingError as exc:
            # The server's owner can mend these; all others are bugs.
            if not isinstance(exc.orig, InsufficientPrivilege | InvalidSchemaName | UndefinedTable):
                raise
            raise self._failed(exc) from exc
        except DBAPIError as exc:
            raise self._failed(exc) from exc

    def rows(self, query: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """All rows of one statement, with question marks for its values."""
        with self.transaction() as connection:
            return rows(connection, query, values)

    def alone(self, command: str) -> None:
        """Run what cannot be part of a transaction, such as VACUUM."""
        with self.translated(), self.connected() as connection:
            connection.execution_options(isolation_level="AUTOCOMMIT").exec_driver_sql(command)

    def close(self) -> None:
        """Close the connections that nobody uses."""
        self._engine.dispose()

    def connected(self) -> Connection:
        """A connection; one that is refused is asked for again, at growing intervals.

        Whoever asks for it closes it, and uses it within `translated`.
        """
        from sqlalchemy.exc import OperationalError

        for attempt in Retrying(
            retry=retry_if_exception_type(OperationalError),
            wait=wait_random_exponential(0.1, max=1.0),
            stop=stop_after_delay(_PATIENCE_S),
            reraise=True,
        ):
            with attempt:
                return self._engine.connect()
        raise AssertionError

    def _failed(self, exc: Exception) -> QAError:
        said = " ".join(str(getattr(exc, "orig", exc)).split())
        return self._error(
            f"the database at {self.address} failed: {said}. See that the server runs, and that "
            "QA_DATABASE_URL names it with the right user and password."
        )


def rows(
    connection: Connection, query: str, values: Sequence[object] = ()
) -> list[tuple[Any, ...]]:
    """All rows of one statement in a transaction, with question marks for its values."""
    result = connection.exec_driver_sql(query.replace("?", "%s"), tuple(values) or None)
    return [tuple(row) for row in result] if result.returns_rows else []


def each(connection: Connection, query: str, values: Sequence[tuple[object, ...]]) -> None:
    """Run one statement with every one of the values."""
    if values:
        connection.exec_driver_sql(query.replace("?", "%s"), list(values))

"""PostgreSQL as the archive and conversations reach it: addresses, waiting, what is said."""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Iterator
from contextlib import closing

import pytest
from pydantic import SecretStr

from qa.database import Database
from qa.errors import IndexUnusable, SettingsError
from tests.postgres import Postgres, needs_postgres, postgres_server


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


def opened(url: str) -> Database:
    return Database.open(SecretStr(url), IndexUnusable)


@pytest.mark.parametrize(
    "url",
    [
        "news",
        "mysql://qa:hidden@host/qa",
        "postgresql://qa:hidden@host",
        "http://hidden",
        "postgresql://qa:a@hidden@host/qa",
    ],
)
def test_what_is_no_address_is_said_without_the_password(url: str):
    with pytest.raises(SettingsError, match="should look like postgresql://USER") as raised:
        opened(url)
    assert "hidden" not in "".join(traceback.format_exception(raised.value))


@needs_postgres
def test_a_wrong_password_is_not_told(server: Postgres):
    with (
        closing(opened(server.url.replace("secret", "mistaken"))) as database,
        pytest.raises(IndexUnusable, match="password authentication failed") as raised,
    ):
        database.rows("SELECT 1")
    assert "mistaken" not in "".join(traceback.format_exception(raised.value))


@needs_postgres
def test_tls_that_is_asked_for_and_not_there(server: Postgres):
    with (
        closing(opened(f"{server.url}?sslmode=require")) as database,
        pytest.raises(IndexUnusable, match="does not support SSL"),
    ):
        database.rows("SELECT 1")


@needs_postgres
def test_all_of_a_transaction_or_nothing(server: Postgres):
    with closing(opened(server.url)) as database:
        database.rows("CREATE TABLE pair (one INTEGER, two TEXT)")
        with pytest.raises(ZeroDivisionError), database.transaction() as connection:
            assert connection.exec_driver_sql("INSERT INTO pair VALUES (1, 'a')").rowcount / 0
        assert database.rows("SELECT * FROM pair WHERE one = ?", (1,)) == []


@needs_postgres
def test_a_server_that_starts_again_is_waited_for(server: Postgres):
    with closing(opened(server.url)) as database:
        assert database.rows("SELECT 1") == [(1,)]
        server.stop()
        starting = threading.Timer(1, server.start)
        starting.start()
        try:
            assert database.rows("SELECT 2") == [(2,)]
        finally:
            starting.join()


@needs_postgres
def test_no_connection_left_is_our_error(server: Postgres):
    with closing(opened(server.url)) as database:
        database._engine.pool._timeout = 0.1  # type: ignore[attr-defined]
        held = [database.connected() for _ in range(25)]
        with pytest.raises(IndexUnusable, match="limit"):
            database.rows("SELECT 1")
        for connection in held:
            connection.close()


def test_one_that_never_answers_is_said_in_time():
    began = time.monotonic()
    with (
        closing(opened("postgresql://qa:secret@127.0.0.1:9/qa")) as database,
        pytest.raises(IndexUnusable, match=r"127\.0\.0\.1:9/qa failed: .*QA_DATABASE_URL"),
    ):
        database.rows("SELECT 1")
    assert 4 < time.monotonic() - began < 15

"""The file of conversations: kept, found, deleted for good, and nobody's but their owner's."""

from __future__ import annotations

import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import SecretStr

from qa.conversations.sqlite import _bring_up_to_date
from qa.conversations.store import (
    Conversations,
    KeptTurn,
    Link,
    Rating,
    Shared,
    new_id,
)
from qa.database import Database
from qa.errors import ConversationsUnusable
from qa.settings import Settings
from tests.postgres import Postgres, needs_postgres, postgres_server
from tests.server.api.test_worker import until


def turn(question: str = "Who?", answer: str = "Nora Quill [1].") -> KeptTurn:
    """A turn whose answer cites one article."""
    citation = {"title": "Le phare", "source": "Le Courrier", "quote": "Vendu en été."}
    return KeptTurn(
        new_id(), {"question": question, "answer": answer, "citations": [citation], "more": [1]}
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the file is."""
    return tmp_path / "made" / "talks.sqlite"


@pytest.fixture
def kept_file(path: Path) -> Iterator[Conversations]:
    """The file, open."""
    with closing(Conversations.open(path)) as conversations:
        yield conversations


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    with postgres_server() as server:
        yield server


@pytest.fixture
def shared(postgres: Postgres) -> Settings:
    """Settings that name a database, which has no conversations yet."""
    url = SecretStr(postgres.url)
    with closing(Database.open(url, ConversationsUnusable)) as database:
        database.rows("DROP SCHEMA IF EXISTS qa_conversations CASCADE")
    return Settings(database_url=url, chroma_url="http://127.0.0.1:8000")


@pytest.fixture(params=["file", pytest.param("database", marks=needs_postgres)])
def kept(request: pytest.FixtureRequest) -> Iterator[Conversations]:
    """A file or a database, open."""
    if request.param == "file":
        yield request.getfixturevalue("kept_file")
        return
    with closing(Conversations.of(request.getfixturevalue("shared"))) as conversations:
        yield conversations


def titles(kept: Conversations, owner: str = "ann", search: str = "") -> list[str]:
    return [conversation.title for conversation in kept.find(owner, search)]


def turns(kept: Conversations, owner: str = "ann", id: str = "a") -> list[KeptTurn]:
    """Of a conversation that is there."""
    found = kept.read(owner, id)
    assert found is not None
    return found[1]


def bytes_of(path: Path) -> bytes:
    """All that is on disk."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_what_is_kept_is_there_after_a_restart(kept_file: Conversations, path: Path):
    first, second = turn("Who sold the lighthouse?"), turn("And when?")
    kept_file.keep("ann", "a", first)
    kept_file.keep("ann", "a", second)
    kept_file.rate("ann", second, Rating(False, "no", "in May"))
    token = kept_file.share("ann", first)
    again = Conversations.open(path)  # while the other is open, as two processes would
    found = again.read("ann", "a")
    again.close()
    assert found is not None
    assert (found[0].title, found[0].turns) == ("Who sold the lighthouse?", 2)
    assert found[1] == [
        replace(first, token=token),
        replace(second, rating=Rating(False, "no", "in May")),
    ]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600, "for its owner alone"


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ETE OEUVRE", True),
        ("été nora", True),
        ("œuvre", True),
        ("OEUVRE quill", True),
        ("lynx quill", True),
        ("ete winter", False),
        ("100%", False),
        ("_", False),
    ],
)
def test_search_knows_no_case_and_no_accents(kept: Conversations, search: str, found: bool):
    """Its words may be in several turns of a conversation."""
    kept.keep("ann", "a", turn("Quelle œuvre ?", "Lynx."))
    kept.keep("ann", "a", turn("Who?"))
    kept.keep("ann", "b", turn("Who?", "Nobody."))
    assert titles(kept, search=search) == ["Quelle œuvre ?"] * found


def test_nobody_reads_or_changes_what_is_anothers(kept: Conversations):
    mine = turn("Secret?")
    kept.keep("ann", "a", mine)
    token = kept.share("ann", mine)
    assert token is not None
    assert kept.read("bob", "a") is None
    assert titles(kept, "bob") == titles(kept, "bob", "secret") == []
    assert not kept.rename("bob", "a", "Mine now")
    assert not kept.delete("bob", "a")
    assert not kept.revoke("bob", token)
    assert kept.share("bob", mine) is None
    assert kept.share_conversation("bob", "a") is None
    assert not kept.pin("bob", "a", True)
    kept.rate("bob", mine, Rating(False))
    kept.keep("bob", "a", turn("His?"), instead_of=mine.id)
    assert (titles(kept, "ann"), titles(kept, "bob")) == (["Secret?"], ["His?"])
    with pytest.raises(ConversationsUnusable):
        kept.keep("ann", "a", mine, instead_of=mine.id)  # what is not kept replaces nothing
    kept.delete_all("bob")
    assert kept.links("bob") == []
    assert turns(kept) == [KeptTurn(mine.id, mine.document, mine.asked, None, token)]


def test_a_pinned_conversation_stays_above_the_others(kept: Conversations):
    for name in "abc":
        kept.keep("ann", name, turn(name))
    assert titles(kept) == ["c", "b", "a"]
    assert kept.pin("ann", "a", True)
    kept.keep("ann", "b", turn("again"))
    assert titles(kept) == ["a", "b", "c"]
    assert len(kept.find("ann", most=2)) == 2
    assert [conversation.pinned for conversation in kept.find("ann")] == [True, False, False]
    assert titles(kept, search="nora") == ["a", "b", "c"]
    assert kept.pin("ann", "a", False)
    assert titles(kept) == ["b", "c", "a"]
    assert not kept.pin("ann", "none", True)


def test_a_conversation_is_renamed(kept: Conversations):
    kept.keep("ann", "a", turn("Who?"))
    assert kept.rename("ann", "a", "  The\nlighthouse  ")
    assert titles(kept, search="lighthouse") == ["The lighthouse"]
    assert not kept.rename("ann", "a", "  ")
    assert kept.rename("ann", "a", "x" * 100)
    assert titles(kept) == ["x" * 79 + "…"]


def test_deleting_takes_links_and_ratings_along_and_leaves_no_bytes(
    kept_file: Conversations, path: Path
):
    mine = turn("Where is Xylophone Street?")
    kept_file.keep("ann", "a", mine)
    kept_file.keep("ann", "b", turn("Other?"))
    kept_file.rate("ann", mine, Rating(True, "Xylophone!"))
    tokens = [kept_file.share("ann", mine), kept_file.share_conversation("ann", "a")]
    assert None not in tokens
    assert b"Xylophone" in bytes_of(path)
    assert kept_file.delete("ann", "a")
    assert titles(kept_file) == ["Other?"]
    assert [kept_file.shared(token or "") for token in tokens] == [None, None]
    assert kept_file.links("ann") == []
    assert kept_file.ratings() == []
    assert b"Xylophone" not in bytes_of(path)


def test_delete_all_leaves_nothing_of_one_and_all_of_the_others(
    kept_file: Conversations, path: Path
):
    kept_file.keep("ann", "a", turn("Xylophone?"))
    kept_file.rate("ann", turn("Xylophone alone?"), Rating(True))
    kept_file.keep("bob", "b", turn("Bridge?"))
    kept_file.delete_all("ann")
    assert titles(kept_file) == []
    assert titles(kept_file, "bob") == ["Bridge?"]
    assert kept_file.ratings() == []
    assert b"Xylophone" not in bytes_of(path)


def test_a_turn_of_no_conversation_is_kept_while_it_is_rated_or_shared(kept: Conversations):
    alone = turn("Xylophone?")
    kept.rate("ann", alone, Rating(True))
    kept.rate("ann", alone, Rating(False, unanswerable=True))
    assert [t.rating for t in kept.ratings()] == [Rating(False, unanswerable=True)]
    token = kept.share("ann", alone)
    assert token is not None
    assert titles(kept) == []
    assert kept.links("ann") == [Link(token, "Xylophone?", False, alone.id)]
    kept.rate("ann", alone, None)
    assert kept.shared(token) is not None
    assert kept.revoke("ann", token)
    assert _count(kept) == 0


def test_a_turn_asked_again_leaves_its_conversation_but_its_link_works(
    kept_file: Conversations, path: Path
):
    shared, plain, last = turn("Xylophone?"), turn("Accordion?"), turn("Three?")
    kept_file.keep("ann", "a", shared)
    token = kept_file.share("ann", shared)
    assert token is not None
    kept_file.keep("ann", "a", plain, instead_of=shared.id)
    assert b"Accordion" in bytes_of(path)
    kept_file.keep("ann", "a", last, instead_of=plain.id)
    assert b"Accordion" not in bytes_of(path)
    assert [t.id for t in turns(kept_file)] == [last.id]
    assert kept_file.find("ann")[0].turns == 1
    assert kept_file.shared(token) is not None
    assert [link.id for link in kept_file.links("ann")] == [shared.id]
    assert titles(kept_file, search="accordion") == []
    assert _count(kept_file) == 2
    assert kept_file.revoke("ann", token)
    assert _count(kept_file) == 1


def test_deleting_takes_along_what_was_asked_again(kept_file: Conversations, path: Path):
    """A shared or rated answer once stayed, with its link, when it was asked again before."""
    shared, rated = turn("Xylophone?"), turn("Accordion?")
    kept_file.keep("ann", "a", shared)
    token = kept_file.share("ann", shared)
    kept_file.keep("ann", "a", rated, instead_of=shared.id)
    kept_file.rate("ann", rated, Rating(True))
    kept_file.keep("ann", "a", turn("Three?"), instead_of=rated.id)
    assert token is not None
    assert kept_file.delete("ann", "a")
    assert kept_file.shared(token) is None
    assert kept_file.ratings() == []
    assert _count(kept_file) == 0
    for word in (b"Xylophone", b"Accordion"):
        assert word not in bytes_of(path)


def test_what_is_taken_back_leaves_no_bytes(kept_file: Conversations, path: Path):
    rated, shared = turn("Xylophone?"), turn("Accordion?")
    kept_file.rate("ann", rated, Rating(True, "Trombone!"))
    token = kept_file.share("ann", shared)
    assert token is not None
    for word in (b"Xylophone", b"Trombone", b"Accordion"):
        assert word in bytes_of(path)
    kept_file.rate("ann", rated, Rating(True, "Fine."))
    assert b"Trombone" not in bytes_of(path)
    kept_file.rate("ann", rated, None)
    assert b"Xylophone" not in bytes_of(path)
    assert kept_file.revoke("ann", token)
    assert b"Accordion" not in bytes_of(path)


def test_of_two_that_open_an_old_file_the_second_finds_it_brought_up_to_date(path: Path):
    """The version was once read before the transaction that acts on it."""
    older(path, 2)
    first = sqlite3.connect(path, isolation_level=None)
    first.execute("BEGIN IMMEDIATE")
    with ThreadPoolExecutor(1) as pool:
        second = pool.submit(Conversations.open, path)
        time.sleep(0.2)  # it waits for the first
        _bring_up_to_date(first, 2)
        first.execute("COMMIT")
        kept = second.result()
    first.close()
    assert titles(kept) == ["Who?"]
    kept.close()


@pytest.mark.parametrize("version", [1, 2])
def test_a_file_of_an_earlier_version_is_taken_over_with_its_links(path: Path, version: int):
    token = older(path, version)
    for _ in range(2):
        with closing(Conversations.open(path)) as taken:
            (conversation,) = taken.find("ann")
            assert (conversation.title, conversation.token) == ("Who?", None)
            shared = taken.shared(token)
            assert shared is not None
            assert list(shared.turns) == turns(taken)
    with closing(Conversations.open(path)) as taken:
        assert taken.pin("ann", "a", True)
        assert taken.share_conversation("ann", "a") is not None


def older(path: Path, version: int) -> str:
    """A file as an earlier version wrote it, with one conversation; the token of its turn's link.

    In the first, asking again could leave a conversation without any turn.
    """
    with closing(Conversations.open(path)) as kept:
        mine = turn()
        kept.keep("ann", "a", mine)
        token = kept.share("ann", mine)
        assert token is not None
    with closing(sqlite3.connect(path)) as file:
        file.executescript(
            "DROP INDEX conversation_token; ALTER TABLE conversation DROP COLUMN pinned;"
            "ALTER TABLE conversation DROP COLUMN token; PRAGMA user_version = 2;"
        )
        if version == 1:
            file.executescript(
                "ALTER TABLE turn DROP COLUMN replaced; INSERT INTO conversation "
                "SELECT owner, 'empty', 'Nothing', '', changed FROM conversation; "
                "PRAGMA user_version = 1;"
            )
    return token


@pytest.mark.parametrize("old", [True, False], ids=["old", "new"])
def test_many_open_a_file_at_once(path: Path, old: bool):
    if old:
        older(path, 2)
    barrier = threading.Barrier(6)

    def opened(name: int) -> None:
        barrier.wait()
        kept = Conversations.open(path)
        kept.keep("bob", str(name), turn())
        kept.close()

    with ThreadPoolExecutor(6) as pool:
        list(pool.map(opened, range(6)))
    kept = Conversations.open(path)
    assert len(kept.find("bob")) == 6
    assert kept._rows("PRAGMA journal_mode") == [("wal",)]
    kept.close()


def test_links_show_a_turn_or_a_conversation_until_they_are_revoked(kept: Conversations):
    first, second = turn("Who sold the lighthouse?"), turn("And when?")
    kept.keep("ann", "a", first)
    whole = kept.share_conversation("ann", "a")
    kept.keep("ann", "a", second)
    kept.rename("ann", "a", "The lighthouse")
    answer = kept.share("ann", second)
    assert whole is not None
    assert answer is not None
    assert len(whole) == len(answer) == 32, "long enough not to be guessed"
    assert (kept.share_conversation("ann", "a"), kept.share("ann", second)) == (whole, answer)
    assert kept.shared(whole) == Shared("The lighthouse", tuple(turns(kept)), True)
    assert kept.shared(answer) == Shared("And when?", (turns(kept)[1],), False)
    assert kept.find("ann")[0].token == whole
    links = [Link(whole, "The lighthouse", True, "a"), Link(answer, "And when?", False, second.id)]
    assert (kept.links("ann"), kept.links("bob")) == (links, [])
    for token in (whole, answer):
        assert kept.revoke("ann", token)
        assert kept.shared(token) is None
        assert not kept.revoke("ann", token)
    assert kept.find("ann")[0].token is None
    assert kept.share_conversation("ann", "a") != whole
    assert kept.share("ann", second) != answer
    assert kept.share_conversation("ann", "none") is None


def test_many_threads_keep_at_once(kept_file: Conversations, path: Path):
    other = Conversations.open(path)

    def keep(file: Conversations, name: str) -> None:
        for _ in range(10):
            file.keep("ann", name, turn())

    threads = [
        threading.Thread(target=keep, args=(file, name))
        for file, name in ((kept_file, "a"), (kept_file, "b"), (other, "a"), (other, "c"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert {c.id: c.turns for c in kept_file.find("ann")} == {"a": 20, "b": 10, "c": 10}
    assert len({t.id for t in turns(kept_file)}) == 20


def test_what_cannot_be_opened_is_said_with_what_to_do(tmp_path: Path):
    (tmp_path / "junk").write_text("no database" * 1000)
    (tmp_path / "file").write_text("")
    for path in (tmp_path / "junk", tmp_path / "file" / "below"):
        with pytest.raises(ConversationsUnusable, match="QA_CONVERSATIONS"):
            Conversations.open(path)
    with pytest.raises(ConversationsUnusable, match="cannot be opened"):
        Conversations.open(tmp_path / "none", create=False)
    assert not (tmp_path / "none").exists()


def test_a_later_version_is_not_touched(path: Path):
    Conversations.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version = 9")
    connection.close()
    with pytest.raises(ConversationsUnusable, match="later version"):
        Conversations.open(path)


def test_a_file_that_fails_later_is_our_error(kept_file: Conversations, path: Path):
    kept_file.keep("ann", "a", turn())
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE link")
    connection.close()
    with pytest.raises(ConversationsUnusable, match="cannot be read or written"):
        kept_file.read("ann", "a")


def test_the_file_lies_beside_the_index_unless_it_is_named(tmp_path: Path):
    assert Settings(index=tmp_path / "news.index").conversations_file == (
        tmp_path / "news.index-conversations.sqlite"
    )
    assert Settings(conversations=tmp_path / "x").conversations_file == tmp_path / "x"


def _count(kept: Conversations) -> int:
    rows = kept._rows("SELECT count(*) FROM turn")
    return int(rows[0][0])


# While others read


def test_who_deletes_does_not_wait_for_who_reads_and_the_words_go_once_they_have(
    kept_file: Conversations, path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each deletion once waited 30 s, and left the words until the next one all the same."""
    monkeypatch.setattr("qa.conversations.sqlite._ERASE_EVERY_S", 0.05)
    kept_file.keep("ann", "talk", turn("Who plays the Xylophone?"))
    reader = sqlite3.connect(path, isolation_level=None)
    with closing(reader):
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM turn").fetchone() == (1,)
        began = time.monotonic()
        assert kept_file.delete("ann", "talk")
        kept_file.keep("ann", "other", turn("Who plays the Trombone?"))
        kept_file.delete_all("ann")
        assert time.monotonic() - began < 10
        assert b"Xylophone" in bytes_of(path)
        reader.execute("COMMIT")
        until(lambda: b"Xylophone" not in bytes_of(path))
        assert b"Trombone" not in bytes_of(path)


def test_what_a_killed_process_left_in_the_log_goes_when_the_file_is_opened(path: Path):
    kept = Conversations.open(path)
    kept.keep("ann", "talk", turn("Who plays the Xylophone?"))
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        assert other.execute("SELECT count(*) FROM turn").fetchone() == (1,)  # the log outlives us
        kept._rows("DELETE FROM conversation")
        assert b"Xylophone" in bytes_of(path)
        kept.close()
        assert other.execute("SELECT count(*) FROM turn").fetchone() == (0,)
        with closing(Conversations.open(path)):
            assert b"Xylophone" not in bytes_of(path)


def test_a_full_disk_is_told_as_such(kept_file: Conversations):
    """SQLite ends the transaction itself; ending it again once hid why."""

    def fill() -> None:
        with kept_file._transaction() as connection:
            connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(ConversationsUnusable, match="is full"):
        fill()


# In a database


@needs_postgres
def test_two_apps_share_what_is_kept(shared: Settings):
    with closing(Conversations.of(shared)) as one, closing(Conversations.of(shared)) as other:
        one.keep("ann", "a", turn("Who sold the lighthouse?"))
        other.keep("ann", "a", turn("And when?"))
        assert [t.question for t in turns(one)] == ["Who sold the lighthouse?", "And when?"]
        assert other.delete("ann", "a")
        assert titles(one) == []


@needs_postgres
def test_apps_that_start_at_once_make_the_tables_once(shared: Settings):
    with ThreadPoolExecutor(6) as pool:
        opened = list(pool.map(Conversations.of, [shared] * 6))
    opened[0].keep("ann", "a", turn())
    assert all(titles(each) == ["Who?"] for each in opened)
    for each in opened:
        each.close()


@needs_postgres
def test_what_is_deleted_leaves_no_dead_row(shared: Settings, postgres: Postgres):
    with closing(Conversations.of(shared)) as kept:
        kept.keep("ann", "a", turn("Who plays the Xylophone?"))
        assert kept.delete("ann", "a")
    found = postgres.query("CHECKPOINT; SELECT pg_relation_filepath('qa_conversations.turn')")
    assert b"Xylophone" not in (postgres.data / found).read_bytes()


@needs_postgres
def test_the_character_that_postgresql_has_no_room_for(shared: Settings):
    with closing(Conversations.of(shared)) as kept:
        kept.keep("ann", "a", turn("Who\0 is it?"))
        assert titles(kept, search="who") == ["Who is it?"]


@needs_postgres
def test_a_database_that_goes_away_is_our_error_and_comes_back(
    shared: Settings, postgres: Postgres
):
    with closing(Conversations.of(shared)) as kept:
        kept.keep("ann", "a", turn())
        postgres.stop()
        try:
            with pytest.raises(ConversationsUnusable, match="QA_DATABASE_URL"):
                kept.find("ann")
            with pytest.raises(ConversationsUnusable, match="See that the server runs"):
                Conversations.of(shared)
        finally:
            postgres.start()
        assert titles(kept) == ["Who?"]


@needs_postgres
def test_tables_of_a_later_version_are_not_touched(shared: Settings, postgres: Postgres):
    Conversations.of(shared).close()
    postgres.query("UPDATE qa_conversations.version SET number = 9")
    postgres.query("DROP FUNCTION qa_conversations.instr(text, text)")
    with pytest.raises(ConversationsUnusable, match="later version"):
        Conversations.of(shared)
    assert postgres.query("SELECT to_regproc('qa_conversations.instr') IS NULL") == "t"


@needs_postgres
def test_a_user_who_may_not_create_is_told_so_and_can_use_what_is_made(
    shared: Settings, postgres: Postgres
):
    postgres.query("DROP ROLE IF EXISTS app")
    postgres.query("CREATE ROLE app LOGIN PASSWORD 'secret'")
    app = shared.model_copy(update={"database_url": SecretStr(postgres.url.replace("qa:", "app:"))})
    with pytest.raises(ConversationsUnusable, match="permission denied"):
        Conversations.of(app)
    Conversations.of(shared).close()
    try:
        postgres.query(
            "GRANT USAGE ON SCHEMA qa_conversations TO app;"
            "GRANT ALL ON ALL TABLES IN SCHEMA qa_conversations TO app"
        )
        with closing(Conversations.of(app)) as kept:
            kept.keep("ann", "a", turn())
            assert titles(kept) == ["Who?"]
    finally:
        postgres.query("DROP OWNED BY app; DROP ROLE app")


@needs_postgres
def test_tables_that_somebody_drops_are_our_error(shared: Settings, postgres: Postgres):
    with closing(Conversations.of(shared)) as kept:
        postgres.query("DROP SCHEMA qa_conversations CASCADE")
        with pytest.raises(ConversationsUnusable, match="does not exist"):
            kept.find("ann")


@needs_postgres
def test_two_apps_rate_an_answer_at_once(shared: Settings):
    """One of them once failed: the first rating was there twice."""
    mine = turn()

    def rate(kept: Conversations) -> None:
        for number in range(50):
            kept.rate("ann", mine, Rating(True, str(number)))

    with closing(Conversations.of(shared)) as one, closing(Conversations.of(shared)) as other:
        one.keep("ann", "a", mine)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(rate, (one, other)))
        assert [t.rating for t in one.ratings()] == [Rating(True, "49")]


@needs_postgres
def test_space_is_freed_for_many_deletions_at_once(
    shared: Settings, monkeypatch: pytest.MonkeyPatch
):
    said: list[str] = []
    with closing(Conversations.of(shared)) as kept:
        monkeypatch.setattr(Database, "alone", lambda self, command: said.append(command))
        monkeypatch.setattr("qa.conversations.postgres._ERASE_EVERY_S", 60)
        for _ in range(20):
            kept.keep("ann", "a", turn())
            assert kept.delete("ann", "a")
    assert len(said) == 4, "once for each table, and closing does not wait"


@needs_postgres
def test_a_server_that_goes_while_space_is_freed_is_logged(
    shared: Settings, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
):
    def away(*_: object) -> None:
        raise ConversationsUnusable("away")

    with closing(Conversations.of(shared)) as kept:
        monkeypatch.setattr(Database, "alone", away)
        kept.keep("ann", "a", turn())
        assert kept.delete("ann", "a")
    assert "until the next deletion" in caplog.text

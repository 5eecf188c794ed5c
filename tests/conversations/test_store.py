"""The file of conversations: kept, found, deleted for good, and nobody's but their owner's."""

from __future__ import annotations

import json
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from qa.conversations.store import (
    Conversations,
    KeptTurn,
    Link,
    Rating,
    Shared,
    _bring_up_to_date,
    new_id,
)
from qa.errors import ConversationsUnusable
from qa.settings import Settings
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
def kept(path: Path) -> Iterator[Conversations]:
    """The file, open."""
    conversations = Conversations.open(path)
    yield conversations
    conversations.close()


def titles(kept: Conversations, owner: str = "ann", search: str = "") -> list[str]:
    return [conversation.title for conversation in kept.find(owner, search)]


def bytes_of(path: Path) -> bytes:
    """All that is on disk."""
    return b"".join(file.read_bytes() for file in path.parent.iterdir())


def test_what_is_kept_is_there_after_a_restart(kept: Conversations, path: Path):
    first, second = turn("Who sold the lighthouse?"), turn("And when?")
    kept.keep("ann", "a", first)
    kept.keep("ann", "a", second)
    kept.rate("ann", second, Rating(False, "no", "in May"))
    token = kept.share("ann", first)
    again = Conversations.open(path)  # while the other is open, as two processes would
    found = again.read("ann", "a")
    again.close()
    assert found is not None
    conversation, turns = found
    assert (conversation.title, conversation.turns) == ("Who sold the lighthouse?", 2)
    assert [t.id for t in turns] == [first.id, second.id]
    assert turns[0].document == first.document
    assert turns[0].asked == first.asked
    assert (turns[0].token, turns[0].rating) == (token, None)
    assert turns[1].rating == Rating(False, "no", "in May")


def test_the_newest_conversation_is_first(kept: Conversations):
    for name in "abc":
        kept.keep("ann", name, turn(name))
    kept.keep("ann", "a", turn("again"))
    assert titles(kept) == ["a", "c", "b"]
    assert len(kept.find("ann", most=2)) == 2


@pytest.mark.parametrize(
    ("search", "found"),
    [
        ("ETE", True),
        ("été nora", True),
        ("œuvre", True),
        ("OEUVRE quill", True),
        ("courrier", True),
        ("ete winter", False),
        ("100%", False),
        ("_", False),
    ],
)
def test_search_knows_no_case_and_no_accents(kept: Conversations, search: str, found: bool):
    kept.keep("ann", "a", turn("Quelle œuvre ?"))
    assert bool(titles(kept, search=search)) == found


def test_the_words_of_a_search_may_be_in_several_turns(kept: Conversations):
    kept.keep("ann", "a", turn("Lynx?"))
    kept.keep("ann", "a", turn("Bridge?"))
    kept.keep("ann", "b", turn("Bridge?"))
    assert titles(kept, search="lynx bridge") == ["Lynx?"]


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
    kept.delete_all("bob")
    assert kept.links("bob") == []
    found = kept.read("ann", "a")
    assert found is not None
    assert found[1] == [KeptTurn(mine.id, mine.document, mine.asked, None, token)]


def test_the_same_id_may_be_two_peoples(kept: Conversations):
    """A tab that goes on in another browser's conversation begins one of its own."""
    kept.keep("ann", "a", turn("Hers?"))
    kept.keep("bob", "a", turn("His?"))
    assert (titles(kept, "ann"), titles(kept, "bob")) == (["Hers?"], ["His?"])


def test_a_pinned_conversation_stays_above_the_others(kept: Conversations):
    for name in "abc":
        kept.keep("ann", name, turn(name))
    assert kept.pin("ann", "a", True)
    kept.keep("ann", "b", turn("again"))
    assert titles(kept) == ["a", "b", "c"]
    assert [conversation.pinned for conversation in kept.find("ann")] == [True, False, False]
    assert titles(kept, search="nora") == ["a", "b", "c"]
    found = kept.read("ann", "a")
    assert found is not None
    assert found[0] == kept.find("ann")[0]
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
    kept: Conversations, path: Path
):
    mine = turn("Where is Xylophone Street?")
    kept.keep("ann", "a", mine)
    kept.keep("ann", "b", turn("Other?"))
    kept.rate("ann", mine, Rating(True, "Xylophone!"))
    tokens = [kept.share("ann", mine), kept.share_conversation("ann", "a")]
    assert None not in tokens
    assert b"Xylophone" in bytes_of(path)
    assert kept.delete("ann", "a")
    assert titles(kept) == ["Other?"]
    assert [kept.shared(token or "") for token in tokens] == [None, None]
    assert kept.links("ann") == []
    assert kept.ratings() == []
    assert b"Xylophone" not in bytes_of(path)


def test_delete_all_leaves_nothing_of_one_and_all_of_the_others(kept: Conversations, path: Path):
    kept.keep("ann", "a", turn("Xylophone?"))
    kept.rate("ann", turn("Xylophone alone?"), Rating(True))
    kept.keep("bob", "b", turn("Bridge?"))
    kept.delete_all("ann")
    assert titles(kept) == []
    assert titles(kept, "bob") == ["Bridge?"]
    assert kept.ratings() == []
    assert b"Xylophone" not in bytes_of(path)


def test_a_turn_of_no_conversation_is_kept_while_it_is_rated_or_shared(kept: Conversations):
    alone = turn("Xylophone?")
    kept.rate("ann", alone, Rating(True))
    token = kept.share("ann", alone)
    assert token is not None
    assert titles(kept) == []
    assert kept.links("ann") == [Link(token, "Xylophone?", False, alone.id)]
    kept.rate("ann", alone, None)
    assert kept.shared(token) is not None
    assert kept.revoke("ann", token)
    assert _count(kept) == 0


def test_a_turn_asked_again_leaves_its_conversation_but_its_link_works(
    kept: Conversations, path: Path
):
    shared, plain, last = turn("Xylophone?"), turn("Accordion?"), turn("Three?")
    kept.keep("ann", "a", shared)
    token = kept.share("ann", shared)
    assert token is not None
    kept.keep("ann", "a", plain, instead_of=shared.id)
    assert b"Accordion" in bytes_of(path)
    kept.keep("ann", "a", last, instead_of=plain.id)
    assert b"Accordion" not in bytes_of(path)
    found = kept.read("ann", "a")
    assert found is not None
    assert [t.id for t in found[1]] == [last.id]
    assert found[0].turns == kept.find("ann")[0].turns == 1
    assert kept.shared(token) is not None
    assert [link.id for link in kept.links("ann")] == [shared.id]
    assert titles(kept, search="accordion") == []
    assert _count(kept) == 2
    assert kept.revoke("ann", token)
    assert _count(kept) == 1


def test_what_is_not_kept_replaces_nothing(kept: Conversations):
    before = turn("One?")
    kept.keep("ann", "a", before)
    with pytest.raises(ConversationsUnusable):
        kept.keep("ann", "a", before, instead_of=before.id)  # an id that is taken
    found = kept.read("ann", "a")
    assert found is not None
    assert [t.id for t in found[1]] == [before.id]


def test_deleting_takes_along_what_was_asked_again(kept: Conversations, path: Path):
    """A shared or rated answer once stayed, with its link, when it was asked again before."""
    shared, rated = turn("Xylophone?"), turn("Accordion?")
    kept.keep("ann", "a", shared)
    token = kept.share("ann", shared)
    kept.keep("ann", "a", rated, instead_of=shared.id)
    kept.rate("ann", rated, Rating(True))
    kept.keep("ann", "a", turn("Three?"), instead_of=rated.id)
    assert token is not None
    assert kept.delete("ann", "a")
    assert kept.shared(token) is None
    assert kept.ratings() == []
    assert _count(kept) == 0
    for word in (b"Xylophone", b"Accordion"):
        assert word not in bytes_of(path)


def test_what_is_taken_back_leaves_no_bytes(kept: Conversations, path: Path):
    rated, shared = turn("Xylophone?"), turn("Accordion?")
    kept.rate("ann", rated, Rating(True, "Trombone!"))
    token = kept.share("ann", shared)
    assert token is not None
    for word in (b"Xylophone", b"Trombone", b"Accordion"):
        assert word in bytes_of(path)
    kept.rate("ann", rated, Rating(True, "Fine."))
    assert b"Trombone" not in bytes_of(path)
    kept.rate("ann", rated, None)
    assert b"Xylophone" not in bytes_of(path)
    assert kept.revoke("ann", token)
    assert b"Accordion" not in bytes_of(path)


def test_a_file_of_the_first_version_is_taken_over(path: Path):
    """As that version wrote it, with a conversation that asking again had left empty."""
    path.parent.mkdir()
    kept = turn("Who?")
    with sqlite3.connect(path) as connection:
        connection.executescript(
            """
            CREATE TABLE conversation (owner TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL,
                folded TEXT NOT NULL, changed TEXT NOT NULL, PRIMARY KEY (owner, id));
            CREATE TABLE turn (id TEXT PRIMARY KEY, owner TEXT NOT NULL, conversation_id TEXT,
                place INTEGER NOT NULL, asked TEXT NOT NULL, answer TEXT NOT NULL,
                folded TEXT NOT NULL, FOREIGN KEY (owner, conversation_id)
                REFERENCES conversation (owner, id) ON DELETE CASCADE);
            PRAGMA user_version = 1;
            """
        )
        for id, title in (("a", "Who?"), ("empty", "Nothing")):
            day = kept.asked.isoformat()
            row = ("ann", id, title, title, day)
            connection.execute("INSERT INTO conversation VALUES (?, ?, ?, ?, ?)", row)
        values = (kept.id, "ann", "a", 1, day, json.dumps(kept.document), "who")
        connection.execute("INSERT INTO turn VALUES (?, ?, ?, ?, ?, ?, ?)", values)
    connection.close()
    for _ in range(2):
        taken = Conversations.open(path)
        assert titles(taken) == ["Who?"]
        found = taken.read("ann", "a")
        taken.close()
        assert found is not None
        assert found[1][0].document == kept.document


def test_a_file_of_the_second_version_is_taken_over_with_its_links(path: Path):
    as_in_the_second_version(path)
    taken = Conversations.open(path)
    (conversation,) = taken.find("ann")
    assert (conversation.title, conversation.pinned, conversation.token) == ("Who?", False, None)
    shared = taken.shared("token")
    assert shared is not None
    assert [t.id for t in shared.turns] == ["t"]
    assert taken.pin("ann", "a", True)
    assert taken.share_conversation("ann", "a") is not None
    taken.close()


def test_of_two_that_open_an_old_file_the_second_finds_it_brought_up_to_date(path: Path):
    """The version was once read before the transaction that acts on it."""
    as_in_the_second_version(path)
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


@pytest.mark.parametrize("old", [True, False], ids=["old", "new"])
def test_many_open_a_file_at_once(path: Path, old: bool):
    if old:
        as_in_the_second_version(path)
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


def as_in_the_second_version(path: Path) -> None:
    """A conversation of one turn, which is shared, as that version wrote it."""
    path.parent.mkdir()
    document = json.dumps(turn().document)
    with sqlite3.connect(path) as connection:
        connection.executescript(
            f"""
            PRAGMA journal_mode = WAL;
            CREATE TABLE conversation (owner TEXT NOT NULL, id TEXT NOT NULL, title TEXT NOT NULL,
                folded TEXT NOT NULL, changed TEXT NOT NULL, PRIMARY KEY (owner, id));
            CREATE TABLE turn (id TEXT PRIMARY KEY, owner TEXT NOT NULL, conversation_id TEXT,
                place INTEGER NOT NULL, asked TEXT NOT NULL, answer TEXT NOT NULL,
                folded TEXT NOT NULL, replaced INTEGER NOT NULL DEFAULT 0,
                FOREIGN KEY (owner, conversation_id)
                REFERENCES conversation (owner, id) ON DELETE CASCADE);
            CREATE INDEX turn_conversation ON turn (owner, conversation_id);
            CREATE TABLE rating (turn_id TEXT PRIMARY KEY REFERENCES turn (id) ON DELETE CASCADE,
                good INTEGER NOT NULL, comment TEXT NOT NULL, correction TEXT NOT NULL,
                unanswerable INTEGER NOT NULL, given TEXT NOT NULL);
            CREATE TABLE link (token TEXT PRIMARY KEY,
                turn_id TEXT NOT NULL UNIQUE REFERENCES turn (id) ON DELETE CASCADE,
                shared TEXT NOT NULL);
            INSERT INTO conversation VALUES
                ('ann', 'a', 'Who?', 'who?', '2026-01-02T03:04:05+00:00');
            INSERT INTO turn VALUES ('t', 'ann', 'a', 1, '2026-01-02T03:04:05+00:00',
                '{document}', 'who?', 0);
            INSERT INTO link VALUES ('token', 't', '2026-01-02T03:04:05+00:00');
            PRAGMA user_version = 2;
            """
        )
    connection.close()


def test_a_link_is_one_a_turn_and_long_enough_not_to_be_guessed(kept: Conversations):
    mine = turn()
    kept.keep("ann", "a", mine)
    token = kept.share("ann", mine)
    assert token is not None
    assert len(token) == 32
    assert kept.share("ann", mine) == token
    assert kept.revoke("ann", token)
    assert kept.shared(token) is None
    assert not kept.revoke("ann", token)
    assert kept.share("ann", mine) != token


def test_the_link_of_a_conversation_shows_it_as_it_is_until_it_is_revoked(kept: Conversations):
    first, second = turn("Who sold the lighthouse?"), turn("And when?")
    kept.keep("ann", "a", first)
    token = kept.share_conversation("ann", "a")
    assert token is not None
    assert len(token) == 32
    assert kept.share_conversation("ann", "a") == token
    kept.keep("ann", "a", second)
    kept.rename("ann", "a", "The lighthouse")
    assert kept.shared(token) == Shared("The lighthouse", (first, second), True)
    assert kept.find("ann")[0].token == token
    found = kept.read("ann", "a")
    assert found is not None
    assert found[0].token == token
    assert kept.revoke("ann", token)
    assert kept.shared(token) is None
    assert kept.find("ann")[0].token is None
    assert not kept.revoke("ann", token)
    assert kept.share_conversation("ann", "a") != token
    assert kept.share_conversation("ann", "none") is None


def test_both_kinds_of_links_are_listed(kept: Conversations):
    mine = turn("And when?")
    kept.keep("ann", "a", turn("Who sold it?"))
    kept.keep("ann", "a", mine)
    answer, whole = kept.share("ann", mine), kept.share_conversation("ann", "a")
    assert answer is not None
    assert whole is not None
    shared = kept.shared(answer)
    assert shared is not None
    assert (shared.title, [t.id for t in shared.turns]) == ("And when?", [mine.id])
    assert kept.links("ann") == [
        Link(whole, "Who sold it?", True, "a"),
        Link(answer, "And when?", False, mine.id),
    ]
    assert kept.links("bob") == []
    assert kept.revoke("ann", whole)
    assert [link.token for link in kept.links("ann")] == [answer]


def test_a_rating_is_replaced_by_the_next(kept: Conversations):
    mine = turn()
    kept.keep("ann", "a", mine)
    kept.rate("ann", mine, Rating(True))
    kept.rate("ann", mine, Rating(False, unanswerable=True))
    (rated,) = kept.ratings()
    assert rated.rating == Rating(False, unanswerable=True)


def test_many_threads_keep_at_once(kept: Conversations, path: Path):
    other = Conversations.open(path)

    def keep(file: Conversations, name: str) -> None:
        for _ in range(10):
            file.keep("ann", name, turn())

    threads = [
        threading.Thread(target=keep, args=(file, name))
        for file, name in ((kept, "a"), (kept, "b"), (other, "a"), (other, "c"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert {c.id: c.turns for c in kept.find("ann")} == {"a": 20, "b": 10, "c": 10}
    found = kept.read("ann", "a")
    assert found is not None
    assert len({t.id for t in found[1]}) == 20


def test_the_file_is_for_its_owner_alone(kept: Conversations, path: Path):
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


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


def test_a_file_that_fails_later_is_our_error(kept: Conversations, path: Path):
    kept.keep("ann", "a", turn())
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE link")
    connection.close()
    with pytest.raises(ConversationsUnusable, match="cannot be read or written"):
        kept.read("ann", "a")


def test_the_file_lies_beside_the_index_unless_it_is_named(tmp_path: Path):
    assert Settings(index=tmp_path / "news.index").conversations_file == (
        tmp_path / "news.index-conversations.sqlite"
    )
    assert Settings(conversations=tmp_path / "x").conversations_file == tmp_path / "x"


def _count(kept: Conversations) -> int:
    rows: list[tuple[Any, ...]] = kept._rows("SELECT count(*) FROM turn")
    return int(rows[0][0])


# While others read


def test_who_deletes_does_not_wait_for_who_reads_and_the_words_go_once_they_have(
    kept: Conversations, path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Each deletion once waited 30 s, and left the words until the next one all the same."""
    monkeypatch.setattr("qa.conversations.store._ERASE_EVERY_S", 0.05)
    kept.keep("ann", "talk", turn("Who plays the Xylophone?"))
    reader = sqlite3.connect(path, isolation_level=None)
    with closing(reader):
        reader.execute("BEGIN")
        assert reader.execute("SELECT count(*) FROM turn").fetchone() == (1,)
        began = time.monotonic()
        assert kept.delete("ann", "talk")
        kept.keep("ann", "other", turn("Who plays the Trombone?"))
        kept.delete_all("ann")
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
        kept._connection.execute("DELETE FROM conversation")
        assert b"Xylophone" in bytes_of(path)
        kept.close()
        assert other.execute("SELECT count(*) FROM turn").fetchone() == (0,)
        with closing(Conversations.open(path)):
            assert b"Xylophone" not in bytes_of(path)


def test_a_full_disk_is_told_as_such(kept: Conversations):
    """SQLite ends the transaction itself; ending it again once hid why."""

    def fill() -> None:
        with kept._transaction() as connection:
            connection.execute("ROLLBACK")
            raise sqlite3.OperationalError("database or disk is full")

    with pytest.raises(ConversationsUnusable, match="is full"):
        fill()

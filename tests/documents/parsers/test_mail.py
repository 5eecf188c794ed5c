"""Messages as people send them on, and as mail programs write them."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from qa.documents.article import Article
from qa.documents.parsers import read

FIRST = (
    "The council of Skarra voted on Monday to close the fish market, which has stood on the quay "
    "since 1821. Nobody spoke against it in a debate that lasted four minutes."
)
WRAPPED = FIRST.replace("market, ", "market,\n").replace("against it ", "against it\n")
HTML = f"<p>{FIRST}</p>"


def message(text: str, subject: str = "Fwd: Fish market to close") -> EmailMessage:
    made = EmailMessage()
    made["Subject"], made["From"] = subject, "Knut Holm <knut@firm.example>"
    made["Date"] = "Wed, 14 Jun 2023 10:00:00 +0200"
    made.set_content(text)
    return made


@pytest.fixture
def parsed(tmp_path):
    """Read a message: its one article."""

    def parsed(data: bytes, name: str = "a.eml") -> Article:
        (tmp_path / name).write_bytes(data)
        [article] = read(tmp_path / name)
        assert isinstance(article, Article), article
        return article

    return parsed


HEADS = {
    "webmail": "FYI\n\n---------- Forwarded message ---------\nFrom: Herald <n@herald.example>\n"
    "Date: Mon, Jun 12, 2023 at 9:30 AM\nSubject: Fish market to close\nTo: <k@firm.example>\n\n\n",
    "French": "-----Message d'origine-----\nDe : Herald <n@herald.example>\nEnvoyé : lundi 12 juin"
    " 2023 09:30\nÀ : Knut Holm\nObjet : Fish market to close\n\n",
    "program": "-------- Forwarded Message --------\nSubject: \tFish market to close\n"
    "Date: \tMon, 12 Jun 2023 09:30:00 +0200\nFrom: \tHerald <n@herald.example>\n\n",
}


@pytest.mark.parametrize("kind", HEADS)
@pytest.mark.parametrize("quoted", [False, True])
@pytest.mark.parametrize("html", [False, True])
def test_a_message_that_is_sent_on_counts_as_its_own(kind, quoted, html, parsed):
    text = f"{HEADS[kind]}{WRAPPED}\n"
    if quoted:
        text = "".join(f"> {line}\n" for line in text.split("\n"))
    made = message(text)
    if html:
        shown = HEADS[kind].replace("<", "&lt;").replace("\n\n", "<p>").replace("\n", "<br>")
        made.add_alternative(f"<div>{shown}</div><div>{HTML}</div>", subtype="html")
    article = parsed(made.as_bytes())
    assert (article.title, article.text) == ("Fish market to close", FIRST)
    assert (article.source, str(article.date)) == ("Herald", "2023-06-12")


def test_a_message_sent_on_whole_counts_as_its_own(parsed):
    inner = message(WRAPPED, "Fish market to close")
    inner.replace_header("From", "Herald <n@herald.example>")
    inner.replace_header("Date", "Mon, 12 Jun 2023 09:30:00 +0200")
    outer = message("FYI")
    outer.add_attachment(inner)
    article = parsed(outer.as_bytes())
    assert (article.text, article.source, str(article.date)) == (FIRST, "Herald", "2023-06-12")


def test_an_answer_is_whose_it_is(parsed):
    answer = "I do not think that this is right, since nobody has seen the council meet.\n" * 3
    article = parsed(message(f"{answer}\n{HEADS['webmail']}{WRAPPED}\n", "Re: Fish").as_bytes())
    assert article.source == "Knut Holm"
    assert FIRST in article.text


@pytest.mark.parametrize(
    ("plain", "html"),
    [
        (WRAPPED, "<img src='a.png'>"),
        (WRAPPED, "<p>View it in your browser</p>"),
        ("Open this message in a program that shows HTML.", HTML),
        ("\n", HTML),
    ],
)
def test_the_fuller_part_of_a_message_is_read(plain, html, parsed):
    made = message(plain)
    made.add_alternative(f"<html><body>{html}</body></html>", subtype="html")
    assert parsed(made.as_bytes()).text == FIRST


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize("name", ["a.eml", "a.txt"])
def test_soft_breaks_are_no_line_ends(named, name, parsed):
    text = (
        "Les éboueurs d'Orbec ont suspendu lundi leur grève, entamée il y a neuf jours, a-t-on dit."
    )
    made = message("", "Grève")
    made.set_content(text, cte="quoted-printable")
    if not named:
        del made["Content-Transfer-Encoding"]
    assert parsed(made.as_bytes(), name).text == text

"""Text files as agencies, mail programs and people send them."""

from __future__ import annotations

import textwrap
from pathlib import Path

import pytest

from qa.documents.article import Article, clean_text
from qa.documents.parsers import find, read
from qa.documents.parsers.dateline import alone, dateline
from qa.documents.parsers.divided import compounds, join
from qa.documents.parsers.unwrap import unwrap
from tests import ROOT


@pytest.fixture
def parsed(tmp_path):
    """Read a text or Markdown file of this content: its one article."""

    def parsed(content: str, name: str = "a.txt") -> Article:
        path: Path = tmp_path / name
        path.write_text(content)
        [article] = read(path)
        assert isinstance(article, Article), article
        return article

    return parsed


# Lines broken by a machine.


@pytest.fixture(scope="module")
def bodies() -> list[str]:
    articles = [article for path in find([ROOT / "corpus"]) for article in read(path)]
    return [article.text for article in articles if isinstance(article, Article)]


@pytest.mark.parametrize("width", [45, 60, 65, 72, 75, 90])
@pytest.mark.parametrize("indent", ["", "   "])
def test_wrapped_articles_of_the_corpus_are_whole_again(width, indent, bodies):
    for body in bodies:
        paragraphs = [
            textwrap.fill(part, width, initial_indent=indent, break_on_hyphens=False)
            for part in body.split("\n\n")
        ]
        assert clean_text(unwrap(("\n" if indent else "\n\n").join(paragraphs))) == body


def test_unwrapped_articles_stay_as_they_are(bodies):
    assert [unwrap(body) for body in bodies] == bodies


KEPT = {
    "verse": """The ships came in at the end of the day
With nets full of light and of herring,
And nobody spoke on the quay,
For the men had been counting again
The lamps that were out on the shore,
And one more was missing than before.""",
    "verse without capitals": """the ships came in at the end of the day
with nets full of light and of herring
and nobody spoke on the quay
for the men had been counting
the lamps that were out on the shore""",
    "verse of even lines": """and the ships came home at last,
and the nets were full of light,
and the men went up the quay,
and the lamps were out that night.""",
    "list": """The council decided:

- to close the pool in October, once the season has ended,
- to sell the ground it stands on to the harbour board, and
- to build a new one beside the school, with two halls.""",
    "table": """Party          Votes    Seats
Harbour        1,204       12
Town and Sea     988        9
Youth             61        1""",
    "address": """Harbour Office
12 Quay Street
Skarra SK1 2AB

Open from nine to five on weekdays.""",
    "a sentence a line": """The market closes.
Nobody spoke against it in a debate that lasted four minutes.
The stalls move to the rope works.
It rained.""",
    "interview": """Q: Why close it?
A: Because the bill has tripled.
Q: And the club?
A: It will move to Vik, which is eleven kilometres away.""",
}


@pytest.mark.parametrize("kind", KEPT)
def test_lines_that_somebody_broke_stay(kind):
    assert unwrap(KEPT[kind]) == KEPT[kind]


def test_items_of_a_wrapped_list_stay_items():
    text = """The council voted on Monday to close the old swimming pool after
the heating bill had tripled, said mayor Olive Tan on the radio,
and it decided two other things, which nobody had asked for:

- to sell the ground it stands on to the harbour board, whatever
  the price may be;
- to ask the county for help.

The score was 4 to 2 in favour of the plan, and it was
2. Nobody had expected it."""
    unwrapped = unwrap(text)
    assert (
        "\n- to sell the ground it stands on to the harbour board, whatever the price" in unwrapped
    )
    assert "may be;\n- to ask the county" in unwrapped


@pytest.mark.parametrize(
    ("before", "after", "whole"),
    [
        ("Il fau-", "dra une semaine", "Il faudra une semaine"),
        ("la munici\u00ad", "palité", "la municipalité"),
        ("le vice-", "président", "le vice-président"),
        ("un non-", "lieu", "un non-lieu"),
        ("a well-", "known swimmer", "a well-known swimmer"),
        ("a-", "t-il dit", "a-t-il dit"),
        ("dit-", "elle", "dit-elle"),
        ("la nou-", "velle", "la nouvelle"),
        ("celui-", "ci", "celui-ci"),
        ("Jean-", "Pierre", "Jean-Pierre"),
        ("de 1990-", "1995", "de 1990-1995"),
        ("the co-", "operative", "the co-operative"),
        ("the quay -", "and the lamps", "the quay - and the lamps"),
        ("two", "words", "two words"),
    ],
)
def test_two_lines_become_one(before, after, whole):
    assert join(before, after, compounds(["A co-operative shop."])) == whole


# What stands around the text.


WIRE = """FRA0412 4 I 0210 FRA /AFX-HB12 Social-conflit

Orbec: les éboueurs suspendent leur grève

   ORBEC, 12 juin 2023 (AFX) - Les éboueurs d'Orbec ont suspendu
lundi leur grève, entamée il y a neuf jours, après avoir obtenu
une hausse de salaire de 4 %, selon leur syndicat.
   Le ramassage reprendra mardi à 5 h 30, selon la mairie. Il fau-
dra une semaine pour vider les 1.200 conteneurs de la ville.

   jc/mlb
"""


def test_a_wire_s_codes_and_initials_are_no_part_of_it(parsed):
    article = parsed(WIRE)
    assert article.title == "Orbec: les éboueurs suspendent leur grève"
    assert str(article.date) == "2023-06-12"
    first, second = article.text.split("\n\n")
    assert first.startswith("ORBEC, 12 juin 2023 (AFX) - Les éboueurs d'Orbec ont suspendu lundi")
    assert second == (
        "Le ramassage reprendra mardi à 5 h 30, selon la mairie. Il faudra une semaine pour "
        "vider les 1.200 conteneurs de la ville."
    )


@pytest.mark.parametrize("end", ["jc/mlb", "\n   jc/mlb/", "\n-30-", "(FIN)", "###", "\nENDS"])
def test_the_last_line_of_a_wire_goes(end, parsed):
    text = (
        "Les éboueurs d'Orbec ont suspendu lundi leur grève, entamée il y a\n"
        "neuf jours, après avoir obtenu une hausse de salaire de 4 %, selon\n"
        "leur syndicat, qui parle d'une victoire."
    )
    assert parsed(f"{text}\n{end}\n").text == " ".join(text.split("\n"))


def test_a_telex_in_capitals_is_whole_again(parsed):
    text = (
        "LES ÉBOUEURS D'ORBEC ONT SUSPENDU LUNDI LEUR GRÈVE, ENTAMÉE IL Y\n"
        "A NEUF JOURS, APRÈS AVOIR OBTENU UNE HAUSSE DE SALAIRE, SELON LE\n"
        "DÉLÉGUÉ DE LEUR SYNDICAT ET LA MAIRIE DE LA VILLE."
    )
    assert parsed(text).text == " ".join(text.split("\n"))


def test_a_quoted_mail_has_no_marks(parsed):
    text = (
        "> The council of Skarra voted on Monday to close the fish market,\n"
        "> which has stood on the quay since 1821. Nobody spoke against it\n"
        "> in a debate that lasted four minutes.\n"
    )
    assert "market, which" in (article := parsed(text)).text
    assert ">" not in article.text


def test_a_mail_gives_its_subject_and_date_and_loses_its_signature(parsed):
    article = parsed(
        "From: Press office <press@skarra.example>\nDate: Mon, 12 Jun 2023 09:30:00 +0200\n"
        "Subject: Fish market to close\n\nThe council of Skarra voted on Monday to close the fish\n"
        "market, which has stood on the quay since 1821. Nobody spoke\nagainst it.\n\n"
        "-- \nAda Lund\nPress office, Skarra\n+44 1632 960 960\n"
    )
    assert (article.title, str(article.date)) == ("Fish market to close", "2023-06-12")
    assert article.text == (
        "The council of Skarra voted on Monday to close the fish market, which has stood on the "
        "quay since 1821. Nobody spoke against it."
    )


@pytest.mark.parametrize(
    ("head", "date"),
    [
        ("12 juin 2023\n\nFin de la grève\n\n", "2023-06-12"),
        ("Date: 12/06/2023\nTitre: Fin de la grève\n\n", "2023-06-12"),
        ("date 2023-06-12\nFin de la grève\n\n", "2023-06-12"),
        ("Fin de la grève\n===============\n\n", None),
        ("Fin de la grève\n\n", None),
        ("CAC40 ABC123 4 I 0210 /HB12 Social\n\nFin de la grève\n\n", None),
    ],
)
def test_the_lines_above_a_text_are_told_apart(head, date, parsed):
    article = parsed(f"{head}Les éboueurs ont repris le travail lundi matin.\n")
    assert article.title == "Fin de la grève"
    assert article.text == "Les éboueurs ont repris le travail lundi matin."
    assert (article.date and str(article.date)) == date


@pytest.mark.parametrize(
    "text",
    [
        "Note: the market closes.\n\nNobody spoke against it.",
        "To: nobody knows.\nWhy: nobody asks.\n\nThe rest is silence.",
        "G20 leaders met in Rome\nand left.\n\nNothing was signed.",
        "The vote\n-- for once --\nwas free.",
    ],
)
def test_what_only_looks_like_a_header_stays(text, parsed):
    article = parsed(text)
    assert f"{article.title}\n\n{article.text}".strip() == text


def test_a_page_saved_as_text_has_no_tags(parsed):
    sentence = "Les éboueurs d'Orbec ont repris leur travail lundi matin, a dit la mairie."
    assert parsed(f"<!DOCTYPE html><html><body><p>{sentence}</p></html>").text == sentence


# Dates above the text.


@pytest.mark.parametrize(
    ("line", "french", "date"),
    [
        ("12 juin 2023", True, "2023-06-12"),
        ("Publié le lundi 1er juin 2023 à 14h05", True, "2023-06-01"),
        ("Le Bocage, 12 févr. 2023", True, "2023-02-12"),
        ("Le 03/07/2023", True, "2023-07-03"),
        ("03/07/2023", False, None),
        ("03/25/2023", False, "2023-03-25"),
        ("25.03.2023", False, "2023-03-25"),
        ("Published: June 3rd, 2023 at 9:30 am", False, "2023-06-03"),
        ("Monday, 12 June 2023", False, "2023-06-12"),
        ("2023-06-12", False, "2023-06-12"),
        ("31 June 2023", False, None),
        ("June 2023", False, None),
        ("The market closes on 12 June 2023", False, None),
        ("12 June 2023 was a Monday", False, None),
    ],
)
def test_a_line_that_is_a_date(line, french, date):
    found = alone(line, french=french)
    assert (found and str(found)) == date


@pytest.mark.parametrize(
    ("text", "date"),
    [
        ("ORBEC, 12 juin 2023 (AFX) - Les éboueurs", "2023-06-12"),
        ("Skarra, Norway, 14 February 2009 — The lighthouse", "2009-02-14"),
        ("PARIS (AFP), le 3 mai 2021 – Le conseil", "2021-05-03"),
        ("Titre\n\nLe Bocage, 12 juin 2023\n\nLes éboueurs", "2023-06-12"),
        ("On Monday, 12 June 2023 the market closed.", None),
        ("Born in Skarra, 14 February 1909, she sold herring.", None),
    ],
)
def test_a_dateline_dates_the_text(text, date):
    found = dateline(text, french=" juin" in text or " mai" in text)
    assert (found and str(found)) == date


# Markdown.


def test_a_title_with_a_colon_needs_no_quotes(parsed):
    source = "---\ntitle: Orbec : fin de la grève\ndate: 2023-06-12\n---\nLe travail a repris.\n"
    article = parsed(source, "a.md")
    assert (article.title, str(article.date)) == ("Orbec : fin de la grève", "2023-06-12")


def test_toml_front_matter_is_read(parsed):
    source = '+++\ntitle = "Orbec"\ndate = 2023-06-12\n+++\nLe travail a repris.\n'
    article = parsed(source, "a.md")
    assert (article.title, str(article.date)) == ("Orbec", "2023-06-12")
    assert article.text == "Le travail a repris."


def test_marks_of_notes_and_shortcodes_go(parsed):
    source = 'Le travail[^1] reprend.\n{{< figure src="a.jpg" >}}\n\n[^1]: Selon la mairie.\n'
    assert parsed(source, "a.md").text == "Le travail reprend.\n\nSelon la mairie."


def test_a_line_with_the_date_dates_a_markdown_file(parsed):
    source = "# Fin de la grève\n*Le Bocage, 12 juin 2023*\n\nLe travail a repris.\n"
    assert str(parsed(source, "a.md").date) == "2023-06-12"


def test_words_divided_in_markdown_are_whole_again(parsed):
    source = "Il fau-\ndra une semaine au vice-\nprésident,\n**dit-il**.\n"
    assert parsed(source, "a.md").text == "Il faudra une semaine au vice-président, dit-il."


# What surrounds wrapped text.


PROSE = (
    "The council of Skarra voted on Monday to close the fish market, which has stood on the quay "
    "since 1821. Nobody spoke against it in a debate that lasted four minutes, and the traders "
    "learned of it from the radio."
)


def wrapped(text: str, width: int, subsequent_indent: str = "") -> str:
    return textwrap.fill(text, width, break_on_hyphens=False, subsequent_indent=subsequent_indent)


@pytest.mark.parametrize("width", [35, 60, 78, 110, 120])
@pytest.mark.parametrize(
    "head",
    [
        "Fish market to close\nBy Ada Lund\nSkarra, 12 June 2023",
        "Nobody spoke against the closing of the old fish market of Skarra\nADA LUND",
        "Ada Lund | Skarra Herald | June 12, 2023",
    ],
)
@pytest.mark.parametrize("gap", ["\n", "\n\n"])
def test_lines_above_a_wrapped_text_stay_lines(width, head, gap):
    assert unwrap(head + gap + wrapped(PROSE, width)).split("\n")[-1] == PROSE
    assert unwrap(head + gap + wrapped(PROSE, width)).startswith(head)


@pytest.mark.parametrize("width", [40, 60, 120])
def test_two_lines_are_one_sentence(width):
    sentence = PROSE[: int(1.5 * width)].rsplit(" ", 1)[0]
    assert unwrap(f"Title\n\n{wrapped(sentence, width)}") == f"Title\n\n{sentence}"


@pytest.mark.parametrize("width", [35, 72, 120])
@pytest.mark.parametrize("mark", ["> ", ">", ">> "])
def test_a_quoted_mail_is_whole_again(width, mark, parsed):
    lines = f"{wrapped(PROSE, width)}\n\n{wrapped(PROSE, width)}".split("\n")
    article = parsed("On 12 June 2023, Ada Lund wrote:\n" + "\n".join(mark + one for one in lines))
    assert article.text.endswith(f"{PROSE}\n\n{PROSE}")
    assert "wrote: The" not in article.text


@pytest.mark.parametrize("width", [35, 60, 120])
@pytest.mark.parametrize("mark", ["- ", "1. ", "— ", "– "])
@pytest.mark.parametrize("hanging", [True, False])
def test_items_and_turns_of_a_dialogue_stay_apart(width, mark, hanging):
    item = "Why should the market close, asks the mayor, who is one of those that voted for it?"
    lines = wrapped(mark + item, width, subsequent_indent="   " if hanging else "")
    text = f"{wrapped(PROSE, width)}\n\n{lines}\n{lines}\n\n{wrapped(PROSE, width)}"
    assert unwrap(text) == f"{PROSE}\n\n{mark}{item}\n{mark}{item}\n\n{PROSE}"


def test_a_verse_that_runs_on_stays_verse():
    verse = """The ships came in at the end of the day
With nets full of light and of herring, and
nobody spoke on the quay
For the men had been counting again
The lamps that were out on the shore"""
    assert unwrap(verse) == verse

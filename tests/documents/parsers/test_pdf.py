"""PDFs of the shapes that newspapers, offices and scanners make."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from qa.documents.article import Article
from qa.documents.parsers import Failure, read
from tests import DATA
from tests.documents.parsers.pdf_maker import Piece, column, pdf

MARKET = (
    "The council of Skarra voted on Monday to close the fish market, which has stood on the quay "
    "since 1821. Nobody spoke against it in a debate that lasted four minutes.\n"
    "The stalls will move to the old rope works in spring, said the mayor, Ada Brandt, who had "
    "promised the opposite before the election."
)
TRADERS = (
    "Traders learned of the vote from the radio. One of them, Knut Holm, said he would stay until "
    "the police carried him out. He has sold herring there for 41 years and pays 300 crowns.\n"
    "The harbour board wants the ground for a ferry terminal. It will cost 90 million and open in"
)
QUAY = (
    "2031. Until then the quay stays empty, and its lamps will be put out at ten. A petition has "
    "gathered 5,200 names in a town of nine thousand.\nThe last market day is 30 April."
)
TEXT = "\n\n".join([*MARKET.split("\n"), *f"{TRADERS} {QUAY}".split("\n")])
HEADLINE = (60, 80, 26, "Fish market to close")


@pytest.fixture
def parsed(tmp_path):
    """Read a file of these bytes: its article, and the reason of a failure beside it, if any."""

    def parsed(data: bytes) -> tuple[Article, str | None]:
        path: Path = tmp_path / "a.pdf"
        path.write_bytes(data)
        article, *failures = read(path)
        assert isinstance(article, Article), article
        reasons = [failure.reason for failure in failures if isinstance(failure, Failure)]
        return article, reasons[0] if reasons else None

    return parsed


def refused(data: bytes, tmp_path: Path) -> str:
    (tmp_path / "a.pdf").write_bytes(data)
    [failure] = read(tmp_path / "a.pdf")
    assert isinstance(failure, Failure), failure
    return failure.reason


def texts(*rows: str, left: float = 60, top: float = 100) -> list[Piece]:
    return [(left, top + 13 * at, 10, row) for at, row in enumerate(rows)]


# Columns.


@pytest.mark.parametrize("leadings", [(13, 13, 13), (13, 12.5, 13.2)], ids=["grid", "no grid"])
@pytest.mark.parametrize("by_row", [False, True], ids=["by column", "by row"])
def test_three_columns_under_a_headline_are_read_one_after_the_other(leadings, by_row, parsed):
    columns = [
        list(column(left, 130, 150, text, leading=leading))
        for left, text, leading in zip(
            (60, 225, 390), (MARKET, TRADERS, QUAY), leadings, strict=True
        )
    ]
    drawn = itertools.zip_longest(*columns) if by_row else columns
    article, _ = parsed(pdf([HEADLINE, *(piece for some in drawn for piece in some if piece)]))
    assert article.title == "Fish market to close"
    assert article.text.replace(".\n\nThe last", ". The last") == TEXT.replace(
        ".\n\nThe last", ". The last"
    )


def test_two_articles_one_above_the_other_stay_apart(parsed):
    page = [
        HEADLINE,
        *column(60, 120, 220, MARKET),
        *column(310, 120, 220, TRADERS + " 2031."),
        (60, 420, 18, "Ice on the harbour"),
        *column(60, 440, 220, QUAY),
        *column(310, 440, 220, MARKET),
    ]
    text = parsed(pdf(page))[0].text
    assert text.index("open in 2031.") < text.index("Ice on the harbour") < text.index("Until then")


def test_a_caption_across_two_columns_interrupts_no_sentence(parsed):
    caption = "The fish market of Skarra on its last day (photograph: Ada Lund)."
    page = [
        HEADLINE,
        *column(60, 130, 150, MARKET),
        *column(225, 280, 315, caption, size=8),
        *column(225, 300, 150, TRADERS),
        *column(390, 300, 150, QUAY),
    ]
    paragraphs = parsed(pdf(page))[0].text.split("\n\n")
    assert caption in paragraphs
    assert any("carried him out" in paragraph for paragraph in paragraphs)
    assert "open in 2031. Until then" in paragraphs[-1] + paragraphs[-2]


def test_a_table_is_read_row_by_row(parsed):
    rows = [("List", "Votes", "Seats"), ("Harbour", "1,204", "12"), ("Youth", "988", "61")]
    cells = [
        (left, 160 + 14 * at, 10, cell)
        for at, row in enumerate(rows)
        for left, cell in zip((60, 200, 300), row, strict=True)
    ]
    after = "Turnout was 62 per cent, four points more than in 2019."
    page = [*column(60, 110, 400, "Three lists share the seats, said the mayor."), *cells]
    table = "List | Votes | Seats\nHarbour | 1,204 | 12\nYouth | 988 | 61"
    article, _ = parsed(pdf([*page, *column(60, 240, 400, after)]))
    assert article.text == f"Three lists share the seats, said the mayor.\n\n{table}\n\n{after}"
    assert parsed(pdf(page))[0].text.endswith("Youth | 988 | 61")


def test_a_dropped_capital_is_the_first_letter_of_its_word(parsed):
    page = [
        (60, 126, 36, "T"),
        *texts("he harbour of Orm froze on Sunday for the first time in", left=85, top=110),
        *texts("thirty years, and skaters crossed it to the lighthouse.", left=85, top=123),
        *texts("Two dogs were rescued in the afternoon by the coast guard of Tolvik.", top=136),
    ]
    assert parsed(pdf(page))[0].text.startswith("The harbour of Orm froze on Sunday for the first")


# Headers, footers, page numbers, footnotes.


def paged(count: int, edges) -> bytes:
    """A long text over some pages, each with the edges that a function of its number gives."""
    whole = list(column(60, 100, 400, "\n".join([MARKET, TRADERS, QUAY] * 3)))
    size = -(-len(whole) // count)
    parts = [whole[at : at + size] for at in range(0, len(whole), size)]
    return pdf(
        *(
            [*edges(n), *((x, 100 + 13 * at, s, t) for at, (x, _, s, t) in enumerate(part))]
            for n, part in enumerate(parts, start=7)
        )
    )


@pytest.mark.parametrize(
    "edges",
    [
        lambda n: [(60, 40, 8, "The Skarra Herald"), (290, 810, 8, str(n))],
        lambda n: [(60, 40, 8, "The Skarra Herald"), (400, 40, 8, f"12 June 2023 - page {n}")],
        lambda n: [(60, 810, 8, f"https://herald.example/market  {n}/9")],
        lambda n: [
            (60 if n % 2 else 400, 40, 8, "Herald" if n % 2 else "News"),
            (500, 40, 8, str(n)),
        ],
        lambda n: [(290, 810, 8, f"- {n} -")],
    ],
    ids=["header and number", "one row", "address", "left and right", "dashes"],
)
@pytest.mark.parametrize("pages", [2, 5])
def test_what_returns_on_other_pages_goes(edges, pages, parsed):
    bare, _ = parsed(paged(pages, lambda n: []))
    article, _ = parsed(paged(pages, edges))
    assert article.text == bare.text or pages == 2  # with two, left and right return on no other
    if pages == 5 or "News" not in article.text:
        assert "Herald" not in article.text
        assert "herald.example" not in article.text


@pytest.mark.parametrize("last", ["2031.", "184 000 €.", "3,400", "61", "12", "1999", "40 %"])
def test_a_line_of_figures_belongs_to_its_sentence(last, parsed):
    lines = ["The yard in Port Ellery, which has built four of them, will deliver it for", last]
    assert parsed(pdf(texts(*lines)))[0].text == " ".join(lines)
    lines += ["crowns a month, which the county pays.", "Nobody objected."]
    assert last in parsed(pdf(texts(*lines)))[0].text
    first = pdf(texts(*lines[:2], top=700), texts("It was late.", "12", top=700))
    assert f"for {last}" in parsed(first)[0].text


@pytest.mark.parametrize("number", ["12", "- 12 -", "Page 12", "3 / 9", "p. 4"])
def test_a_page_number_alone_goes(number, parsed):
    rest = "which the county had refused twice. The deputy mayor takes over until May."
    article, _ = parsed(pdf([*column(60, 80, 400, rest), (290, 800, 10, number)]))
    assert article.text == rest


def test_years_and_figures_that_end_a_page_s_last_sentence_stay(parsed):
    """Though they count on, or stand at one height, from page to page."""
    towns = ("Vik", "Orm", "Bressac")
    for ends in (("2019.", "2020.", "2021."), [f"Turnout was {n} per cent." for n in (41, 52, 63)]):
        pages = [
            [
                *texts(
                    f"The harbour board of {town} met on Monday.",
                    f"It sold the quay of {town} in",
                    end,
                )
            ]
            for town, end in zip(towns, ends, strict=True)
        ]
        article, _ = parsed(pdf(*pages))
        assert all(end in article.text for end in ends), article.text


def test_footnotes_stand_after_the_text(parsed):
    first = [
        *column(60, 100, 400, MARKET),
        (60, 780, 7, "1 The register of the harbour board lists every stall and its rent,"),
        (60, 789, 7, "but for the years of the war."),
        (290, 820, 8, "4"),
    ]
    article, _ = parsed(
        pdf(first, [*column(60, 100, 400, TRADERS + " " + QUAY), (290, 820, 8, "5")])
    )
    note = "1 The register of the harbour board lists every stall and its rent, but for the years"
    assert article.text == f"{TEXT}\n\n{note} of the war."
    second = article.text.index(TRADERS.split(".")[0])
    places = (0, second - 3, second, article.text.index(QUAY[-20:]), article.text.index(note))
    assert [article.page_of(place) for place in places] == [1, 1, 2, 2, None]


def test_raised_figures_stay_raised(parsed):
    page = [*texts("The hall of 300 m"), (139, 96, 6, "2"), *texts("was sold on Monday.", left=146)]
    assert parsed(pdf(page))[0].text == "The hall of 300 m² was sold on Monday."


def test_words_set_along_the_edge_are_not_read(parsed):
    article, _ = parsed(
        pdf([*column(60, 100, 400, MARKET)], turned=[(30, 700, 7, "Herald picture")])
    )
    assert article.text == "\n\n".join(MARKET.split("\n"))


# Lines and paragraphs.


def test_words_divided_at_a_line_s_end_are_whole_again(parsed):
    rows = (
        "The vice-|president of the Bri-|tish club, a well-|known swimmer, said the muni-|cipality "
        "will build it, a-|t-il dit, peut-|être en 1990-|1995 avec Jean-|Pierre, dit-|il."
    )
    assert parsed(pdf(texts(*rows.split("|"))))[0].text == (
        "The vice-president of the British club, a well-known swimmer, said the municipality will "
        "build it, a-t-il dit, peut-être en 1990-1995 avec Jean-Pierre, dit-il."
    )


def test_a_page_may_begin_in_the_middle_of_a_sentence(parsed):
    article, _ = parsed(pdf(texts("refused twice, and the mayor resigned. The vote is in May.")))
    assert article.text == "refused twice, and the mayor resigned. The vote is in May."


# Title and date.


@pytest.mark.parametrize(
    ("written", "title"),
    [
        ("Herring no more", "Herring no more"),
        ("Fish market to close", "Fish market to close"),
        *((made_up, "Fish market to close") for made_up in ("(anonymous)", "Untitled-3", "12", "")),
    ],
)
def test_a_title_that_a_program_made_up_gives_way_to_the_headline(written, title, parsed):
    article, _ = parsed(pdf([HEADLINE, *column(60, 120, 400, MARKET)], title=written))
    assert article.title == title
    assert article.text.startswith("Fish market") == (title == "Herring no more")


@pytest.mark.parametrize(
    ("line", "date"),
    [
        ("Skarra, 14 February 2009 - The market closes.", "2009-02-14"),
        ("ORBEC, 12 juin 2023 (AFX) - Le marché ferme.", "2023-06-12"),
        ("Publié le lundi 1er juin 2023 à 14h05", "2023-06-01"),
        ("Le marché a fermé le 12 juin 2023 dans le calme.", None),
        ("The market closes.", None),
    ],
)
def test_the_day_of_printing_is_not_the_day_of_publication(line, date, parsed):
    article, _ = parsed(pdf([*texts(line), *column(60, 140, 400, "La suite est connue. " * 5)]))
    assert (article.date and str(article.date)) == date


# Scans and damage.


@pytest.mark.parametrize("stamp", ["", "Municipal archive of Skarra, do not copy - 14.02.2009"])
@pytest.mark.parametrize("count", [1, 3])
def test_a_scan_is_said_to_be_one_whatever_is_stamped_on_it(stamp, count, tmp_path):
    page: list[Piece] = [(60, 800, 9, stamp)] if stamp else []
    data = pdf(*[page] * count, pictures=dict.fromkeys(range(count), 1.0))
    assert "no text on" in (reason := refused(data, tmp_path))
    assert "ocrmypdf" in reason


def test_a_scan_among_other_pages_is_named(parsed):
    text = [*column(60, 100, 400, MARKET)]
    article, reason = parsed(pdf(text, [], text, pictures={1: 1.0}))
    assert article.text.count("Nobody spoke") == 2
    assert reason
    assert "pages without text: 2; a scan?" in reason


def test_a_picture_above_a_brief_is_no_scan(parsed):
    assert parsed(pdf(texts("The market closes.", top=700), pictures={0: 0.6}))[1] is None


def test_the_name_of_the_paper_is_no_headline(parsed):
    page = [(60, 50, 34, "The Skarra Herald"), HEADLINE, *column(60, 120, 400, MARKET)]
    assert parsed(pdf(page))[0].title == "Fish market to close"


def test_an_owner_s_password_does_not_matter():
    [article] = read(DATA / "sources" / "owner_password.pdf")
    assert isinstance(article, Article), article
    assert article.text == "Le pont de Kervalec rouvre jeudi aux piétons."


def test_a_scan_may_be_made_of_strips(tmp_path):
    data = pdf([(60, 800, 9, "Archive")], pictures={0: 0.4}).replace(
        b"/I1 Do Q", b"/I1 Do /I1 Do Q"
    )
    assert "no text on" in refused(data, tmp_path)


def test_fonts_that_do_not_name_their_letters_are_said(tmp_path):
    data = pdf([*column(60, 100, 400, MARKET.translate(dict.fromkeys(map(ord, "aeiou"), "\x01")))])
    assert "do not say which letters" in refused(data, tmp_path)


def test_what_a_browser_prints_around_a_page_goes(parsed):
    above, below = "12/06/2023, 14:02 Fish market - Herald", "https://herald.example/market 1/1"
    page = [(30, 20, 7, above), *column(60, 100, 400, MARKET), (30, 830, 7, below)]
    article, _ = parsed(pdf(page))
    assert article.text == "\n\n".join(MARKET.split("\n"))
    assert article.date is None


def test_a_page_that_lies_on_its_side_is_read(parsed):
    turned = [
        (60.0 + 13 * at, 800.0, 10.0, line)
        for at, line in enumerate(["The market closes", "in May."])
    ]
    assert parsed(pdf([], turned=turned))[0].text == "The market closes in May."


def test_rows_of_two_columns_in_one_string_are_columns(parsed):
    left = [piece[3] for piece in column(0, 0, 200, MARKET)]
    right = [piece[3] for piece in column(0, 0, 200, TRADERS)]
    rows = []
    for at, (one, two) in enumerate(zip(left, right, strict=False)):
        rows += [(60.0, 100.0 + 13 * at, 10.0, one), (310.0, 100.0 + 13 * at, 10.0, two)]
    text = parsed(pdf(rows))[0].text
    assert "close the fish market, which has stood" in text
    assert "One of them, Knut Holm, said" in text


def test_a_file_without_its_end_is_cut_off(tmp_path):
    data = pdf([*column(60, 100, 400, MARKET)])
    assert "cut off" in refused(data[:-8], tmp_path)


# What stands beside an article.


@pytest.mark.parametrize("size", [10, 8])
@pytest.mark.parametrize("left", [400, 60], ids=["right", "left"])
@pytest.mark.parametrize("from_top", [0, 52], ids=["level", "lower"])
def test_a_box_of_figures_beside_an_article_is_not_read_across(size, left, from_top, parsed):
    box = ["In figures", "9,000", "people", "41 years", "90 million", "crowns"]
    page = [HEADLINE, *column(60 if left > 60 else 180, 130, 290, f"{TRADERS} {QUAY}")]
    page += [(left, 130.0 + from_top + 13 * at, size, text) for at, text in enumerate(box)]
    article, _ = parsed(pdf(page))
    assert f"{TRADERS} {QUAY}".replace("\n", "\n\n") in article.text
    assert all(line in article.text for line in box)


@pytest.mark.parametrize("by_row", [False, True])
def test_three_very_narrow_columns_are_no_table(by_row, parsed):
    columns = [
        list(column(left, 130, 75, text))
        for left, text in zip((60, 150, 240), (MARKET, TRADERS, QUAY), strict=True)
    ]
    drawn = itertools.zip_longest(*columns) if by_row else columns
    article, _ = parsed(pdf([HEADLINE, *(piece for some in drawn for piece in some if piece)]))
    text = " ".join(article.text.split())
    assert all(" ".join(one.split()) in text for one in (MARKET, TRADERS, QUAY))


def test_a_quotation_between_two_columns_stays_out_of_them(parsed):
    def around(left: float, text: str, *, at_left: bool) -> list[Piece]:
        """A column of which a quotation takes 60 points over six lines."""
        words, found, top = text.replace("\n", " ").split(), [], 130.0
        while words:
            narrow = 160 < top < 240
            line = [words.pop(0)]
            while words and len(" ".join([*line, words[0]])) <= (30 if narrow else 44):
                line.append(words.pop(0))
            found.append((left + (70 if narrow and at_left else 0), top, 10.0, " ".join(line)))
            top += 13
        return found

    page = [
        HEADLINE,
        *around(60, f"{MARKET} {TRADERS} 2031.", at_left=False),
        *around(310, f"{QUAY} {MARKET}", at_left=True),
    ]
    page += [(232.0, 175.0 + 19 * at, 14, text) for at, text in enumerate(["Nobody spoke", "up"])]
    text = " ".join(parsed(pdf(page))[0].text.split())
    for whole in (f"{MARKET} {TRADERS} 2031.", f"{QUAY} {MARKET}"):
        assert " ".join(whole.split()) in text


def test_articles_with_other_numbers_of_columns_stay_apart(parsed):
    page = [
        HEADLINE,
        *(
            piece
            for x, t in ((60, MARKET), (310, TRADERS + " 2031."))
            for piece in column(x, 120, 220, t)
        ),
        (60, 330, 18, "Ice on the harbour"),
        *(
            piece
            for x, t in ((60, QUAY), (225, MARKET), (390, QUAY))
            for piece in column(x, 350, 150, t)
        ),
    ]
    text = " ".join(parsed(pdf(page))[0].text.split())
    order = [
        "open in 2031.",
        "Ice on the harbour",
        "The last market day",
        "before the election",
        "30 April",
    ]
    places, at = [], 0
    for one in order:
        at = text.index(one, at)
        places.append(at)
    assert places == sorted(places)


def test_a_caption_beside_a_picture_is_in_no_line_of_the_text(parsed):
    caption = "The fish market of Skarra on its last day (photograph: Ada Lund)."
    page = [HEADLINE, *column(60, 130, 250, MARKET), *column(330, 156, 120, caption, size=7)]
    text = parsed(pdf(page))[0].text
    assert text.split("\n\n")[:2] == MARKET.split("\n")
    assert caption in text


def test_where_two_columns_may_go_on_a_sentence_is_left_open(parsed):
    """Two columns, a quotation over both, two columns: nobody knows which way they are read."""
    page = [
        *texts(
            "The council of Skarra has closed",
            "the fish market that had stood on",
            "a quay by the church, and nobody",
        ),
        *texts(
            "spoke against it in a debate that",
            "lasted four minutes, though it is",
            "the oldest in the county, and one",
            left=310,
        ),
        (60, 180, 16, "“Nobody spoke against it, not one of them”"),
        *texts(
            "of the traders learned of it from",
            "the radio. He will stay until the",
            "police carry him out.",
            top=220,
        ),
        *texts(
            "who paid 300 crowns for a stall",
            "there will move to the rope works",
            "in spring.",
            left=310,
            top=220,
        ),
    ]
    text = parsed(pdf(page))[0].text
    assert "nobody spoke" not in text
    assert "nobody of the" not in text


@pytest.mark.parametrize("box", [["In figures", "9,000 people"], ["5,200 names"]])
def test_a_line_or_two_beside_an_article_are_not_read_across(box, parsed):
    page = [HEADLINE, *column(60, 130, 290, f"{TRADERS} {QUAY}")]
    page += [(400.0, 156.0 + 13 * at, 10.0, text) for at, text in enumerate(box)]
    text = parsed(pdf(page))[0].text
    assert f"{TRADERS} {QUAY}".replace("\n", "\n\n") in text
    assert all(line in text for line in box)


def test_a_sentence_does_not_go_on_with_a_capital_where_a_small_letter_waits(parsed):
    """A line over both columns is so short that it stands over the left one only."""
    page = [
        *texts("The council of Skarra closed the", "market in the spring. No traders"),
        *texts("Ada Brandt won the election of", "June by four votes out of nine.", left=310),
        (60, 150, 16, "Nobody spoke"),
        *texts("who were there spoke of it, and", "the quay stays empty.", left=310, top=190),
    ]
    assert "traders Ada" not in parsed(pdf(page))[0].text

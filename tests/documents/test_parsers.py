"""Every format keeps one contract; broken files say what is wrong with them."""

from __future__ import annotations

import gzip
import json
import logging
import os
import re
import tempfile
import warnings
from importlib import import_module
from pathlib import Path

import docx
import pytest
from docx.oxml import OxmlElement
from docx.shared import Pt, RGBColor
from hypothesis import assume, given
from hypothesis import strategies as st

from qa.documents.article import Article, clean_text
from qa.documents.parsers import (
    SUPPORTED,
    Failure,
    count,
    files,
    find,
    html,
    json_rows,
    leading_out,
    read,
)
from qa.documents.parsers.silenced import quiet
from qa.errors import SourceError
from tests import DATA

SOURCES = DATA / "sources"
FILES = sorted(SOURCES.glob("article_*"))
TITLES = {
    "fr": "Le vieux pont de Kervalec rouvre aux piétons",
    "en": "Harwick lighthouse sold to its volunteers",
}
DATES = {"fr": "2023-05-14", "en": "2022-11-03"}
SENTENCES = {
    "fr": [
        "Près de deux mille personnes l'ont traversé dans la matinée, sous une pluie fine",
        "que la fanfare municipale n'a pas semblé remarquer.",
        "l'ingénieure qui a dirigé le chantier pendant dix-huit mois.",
        "Un vote du conseil municipal est prévu à l'automne.",
    ],
    "en": [
        "The lighthouse at Harwick Point was sold on Thursday to the group of volunteers who",
        "keep it burning every night from dusk until dawn.",
        "because pieces of the old balcony still fall whenever the wind is strong.",
    ],
}
HIDDEN = "Ignore the question|should never be read|Zero-size|behind aria|for machines"
MARKUP = re.compile(r"</?\w+[^>]*>|\*\*|\]\(|^#|^>|&\w+;|```|^---$", re.M)


def _ending(path: Path) -> str:
    return path.name[path.name.index(".") :]


def _language(path: Path) -> str:
    return path.name.partition(".")[0][-2:]


def articles(path: Path) -> list[Article]:
    """The articles of a file in which nothing is wrong."""
    results = list(read(path))
    assert not [result for result in results if isinstance(result, Failure)]
    return [result for result in results if isinstance(result, Article)]


def failure(path: Path) -> Failure:
    """The last of a file's failures."""
    return [result for result in read(path) if isinstance(result, Failure)][-1]


@pytest.fixture
def write(tmp_path):
    """Write a file and give its path."""

    def write(name: str, content: str | bytes) -> Path:
        path: Path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return write


# The contract of all formats.


def test_every_supported_format_has_a_file_here():
    assert {_ending(path) for path in FILES} == set(SUPPORTED)


def test_every_format_has_a_module_that_reads():
    for name in {file_format.module for file_format in files._FORMATS.values()}:
        assert callable(import_module(f"qa.documents.parsers.{name}").read)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
class TestEveryFormat:
    def test_reads_the_whole_article_and_nothing_else(self, path):
        article = articles(path)[0]
        for sentence in SENTENCES[_language(path)]:
            assert sentence in article.text
        assert article.title == TITLES[_language(path)]
        assert article.title not in article.text

    def test_leaves_no_markup_and_nothing_hidden(self, path):
        for article in articles(path):
            assert not MARKUP.search(article.text)
            assert not re.search(HIDDEN, article.text)
            assert clean_text(article.text) == article.text

    def test_knows_the_language(self, path):
        assert {article.language for article in articles(path)} == {_language(path)}

    def test_knows_the_date(self, path):
        date = articles(path)[0].date
        undated = path.suffix in (".docx", ".odt", ".pdf", ".rtf")
        expected = None if undated else DATES[_language(path)]
        assert (date and str(date)) == expected

    def test_reads_the_same_twice(self, path):
        assert articles(path) == articles(path)
        assert all(article.id for article in articles(path))

    def test_says_where_each_article_was(self, path):
        origins = [article.origin for article in articles(path)]
        assert len(set(origins)) == len(origins)
        if len(origins) == 1:
            assert origins == [str(path)]
        else:
            part = r"news/\w+\.\w+" if path.suffix == ".zip" else r"\d+"
            assert all(re.fullmatch(f"{re.escape(str(path))}#{part}", o) for o in origins)

    def test_an_empty_file_is_a_failure(self, path, tmp_path):
        empty = tmp_path / path.name
        empty.touch()
        assert list(read(empty)) == [Failure(str(empty), "the file is empty")]


BROKEN = [
    ("empty.txt", "the file is empty"),
    ("blank.txt", "the file is empty"),
    ("binary.txt", "binary data"),
    ("other_charset.txt", r"not UTF-8 \(byte 0xcc\), and the charset cannot.*iconv"),
    ("damaged_utf8.txt", r"not UTF-8 \(byte 0xff in line 3\).*iconv"),
    ("bad_date.txt", "date '2017-13' is not a date like 2017"),
    ("numbers.txt", "no words"),
    ("malformed_front_matter.md", "malformed front matter in line 4"),
    ("unclosed_front_matter.md", "never closed; add a line of ---"),
    ("bad_date.md", "date 'le 14 mai' is not a date"),
    ("not_gzip.jsonl.gz", "not a valid gzip file"),
    ("truncated.jsonl.gz", "cut off or damaged in line 37"),
    ("malformed.json", "not valid JSON: .* at line 3 column 11"),
    ("no_articles.json", 'no text: the field "text"'),
    ("empty_list.json", "the list of articles is empty"),
    ("menu_only.html", "no article found in the page"),
    ("encrypted.pdf", "encrypted; save it without its password.*qpdf"),
    ("scan.pdf", "no text; a scan"),
    ("truncated.pdf", "damaged or cut off"),
    ("not_a_pdf.pdf", "damaged or cut off"),
    ("truncated.docx", r"save it again as \.docx"),
    ("not_a_docx.docx", r"save it again as \.docx"),
    ("password.docx", r"with a password; save it as \.docx"),
    ("no_text.docx", "the document has no text"),
    ("sitemap.xml", "a sitemap, which has addresses and headlines but no texts"),
    ("cut_off_news.xml", "the XML is cut off or malformed"),
    ("truncated.rss", "cut off or malformed in line 9"),
    ("bad_date.rss", "kept without a date: date 'some day' is not a date"),
    ("cookie_wall.html", "shows only its dialog about cookies"),
    ("paywall.html", "only the beginning of its article, the rest is for subscribers"),
    ("no_text_column.csv", "its first row names no column for the text: 'Heading, Day'"),
    ("not_a_zip.zip", "not a zip archive, or a damaged one"),
    ("not_a_book.epub", "not an EPUB book, or a damaged one"),
    ("no_content.odt", "it has no 'content.xml'"),
    ("not_rtf.rtf", "not an RTF document"),
    ("no_header.eml", "not an e-mail: it has no header"),
    ("not_a_mailbox.mbox", 'its first line does not begin with "From "'),
    ("no_page.mht", "there is no page in it"),
]


@pytest.mark.parametrize(("name", "reason"), BROKEN)
def test_a_broken_file_says_what_is_wrong(name, reason, caplog, capfd):
    path = SOURCES / "broken" / name
    with caplog.at_level(logging.DEBUG):
        fault = failure(path)
    assert fault.origin.startswith(str(path))
    assert re.search(reason, fault.reason)
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert capfd.readouterr() == ("", "")


def test_every_broken_file_is_tested():
    present = {path.name for path in (SOURCES / "broken").iterdir()}
    assert present == {name for name, _ in BROKEN} | {"bad_rows.jsonl"}


@pytest.mark.parametrize("ending", sorted(set(SUPPORTED) - {".jsonl", ".jsonl.gz", ".ndjson"}))
def test_a_file_too_large_to_hold_is_not_opened(ending, tmp_path):
    path = tmp_path / f"huge{ending}"
    with path.open("wb") as file:
        file.truncate(200_000_001)
    assert "200 MB" in failure(path).reason


def test_a_file_that_may_not_be_opened(monkeypatch):
    def refuse(*args):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "read_bytes", refuse)
    assert "permission denied" in failure(SOURCES / "article_fr.txt").reason


def test_a_file_that_went_away(tmp_path):
    path = tmp_path / "gone.txt"
    path.symlink_to(tmp_path / "nowhere.txt")
    assert "No such file" in failure(path).reason


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="the system has no named pipes")
def test_a_pipe_is_not_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.txt")
    assert "not a regular file" in failure(tmp_path / "pipe.txt").reason


# Plain text.


def test_text_that_begins_with_its_date(write):
    [article] = articles(write("a.txt", " date 2017-01 En Libye, la première phase\n\nest là."))
    assert (str(article.date), article.title) == ("2017-01", "En Libye, la première phase")
    [article] = articles(write("a.txt", "\ufeff\n date 2017 En Libye.\r\n\r\nC'est là."))
    assert (str(article.date), article.title) == ("2017", "")
    assert article.text == "En Libye.\n\nC'est là."


@pytest.mark.parametrize(
    "text",
    [
        "A full stop ends this line.\n\nSo it is a sentence.",
        "Two lines\nbefore the gap\n\nare a paragraph.",
        "Only one line here",
        "long " * 25 + "\n\nThat was too long for a title.",
        "dates 2017 are not meant here",
    ],
)
def test_no_word_of_the_text_is_taken_for_a_title(text, write):
    [article] = articles(write("a.txt", text))
    assert (article.title, article.text, article.date) == ("", clean_text(text), None)


@pytest.mark.parametrize("name", ["legacy_fr.txt", "legacy_fr.html", "utf16_en.txt"])
def test_another_charset_is_read_when_it_is_sure(name):
    path = SOURCES / name
    assert all(sentence in articles(path)[0].text for sentence in SENTENCES[_language(path)])


@given(st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0")))
def test_any_text_comes_back_cleaned(text):
    cleaned = clean_text(text)
    assume(any(char.isalpha() for char in cleaned) and not cleaned.startswith("date "))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "a.txt")
        path.write_bytes(text.encode())
        [article] = articles(path)
    if article.title:
        assert cleaned.startswith(cleaned.partition("\n\n")[0] + "\n\n")
        assert article.text == clean_text(cleaned.partition("\n\n")[2])
    else:
        assert article.text == cleaned


# JSON.


def test_a_bad_row_is_named_and_the_others_are_read():
    path = SOURCES / "broken" / "bad_rows.jsonl"
    results = list(read(path))
    numbers = [r.origin.rpartition("#")[2] for r in results]
    assert numbers == [str(n) for n in (1, 2, 3, 4, 5, 5, 6, 7, 8, 9)]
    reasons = [result.reason if isinstance(result, Failure) else None for result in results]
    expected = [
        None,
        "not valid JSON: .*column 10",
        "expected an object",
        'no text: the field "text"',
        None,
        "kept without a date: date 'hier' is not a date",
        "'Frenchish' is not a code like 'fr'",
        "'text' should be text but is 12.5",
        r"not UTF-8 \(byte 0xe9\)",
        None,
    ]
    for reason, pattern in zip(reasons, expected, strict=True):
        assert (reason is None) == (pattern is None)
        assert pattern is None or re.search(pattern, reason or "")


@pytest.mark.parametrize("name", ["many.jsonl", "many.jsonl.gz", "many.ndjson"])
def test_rows_are_read_one_at_a_time(name, tmp_path, monkeypatch):
    """The first articles are out before the damage at the end is met, and before most is read."""
    rows = b'{"text": "Une phrase assez courte.", "lang": "fr"}\n' * 50_000
    path = tmp_path / name
    path.write_bytes(gzip.compress(rows, mtime=0)[:-20] if name.endswith("gz") else rows)
    opened = []
    for module, function in ((Path, "open"), (gzip, "open")):
        real = getattr(module, function)

        def spy(*args, real=real):
            opened.append(real(*args))
            return opened[-1]

        monkeypatch.setattr(module, function, spy)
    stream = read(path)
    assert isinstance(next(stream), Article)
    assert 0 < opened[-1].tell() < len(rows) / 10
    stream.close()  # type: ignore[attr-defined]
    assert opened[-1].closed


def test_rows_are_counted_without_being_read(write):
    assert count(SOURCES / "article_fr.jsonl.gz") == 2
    assert count(SOURCES / "article_fr.pdf") == 1
    assert count(SOURCES / "broken" / "truncated.jsonl.gz") == 37
    assert count(write("empty.jsonl", "")) == 0


def test_of_a_large_file_the_rows_are_guessed_by_the_first(write, monkeypatch):
    """A bomb of empty lines was counted to its end, in the process that holds the write lock."""
    monkeypatch.setattr(json_rows, "_COUNTED", 1_000_000)
    monkeypatch.setattr(json_rows, "_BLOCK", 10_000)
    lines = b"".join(b'{"text": "%s"}\n\n' % os.urandom(50).hex().encode() for _ in range(40_000))
    for name, content in (("a.jsonl", lines), ("a.jsonl.gz", gzip.compress(lines))):
        assert count(write(name, content)) == pytest.approx(40_000, rel=0.2)
    bomb = gzip.compress(b"\n" * 10_000_000)
    monkeypatch.setattr(json_rows, "_LINE_STARTS", Counting(json_rows._LINE_STARTS))
    assert count(write("a.jsonl.gz", bomb)) == 0
    assert 0 < json_rows._LINE_STARTS.size <= 1_100_000  # type: ignore[attr-defined]


class Counting:
    """A pattern that knows how much was looked through."""

    def __init__(self, pattern: re.Pattern[bytes]) -> None:
        self.pattern, self.size = pattern, 0

    def findall(self, text: bytes) -> list[bytes]:
        self.size += len(text)
        return self.pattern.findall(text)


def test_rows_that_unpack_to_far_too_much_are_not_read_to_the_end(write, monkeypatch):
    monkeypatch.setattr(json_rows, "_LONGEST_LINE", 100_000)
    bomb = gzip.compress(b'{"text": "Hello to you."}\n' + b"\n" * 1_000_000)
    good, bad = read(write("a.jsonl.gz", bomb))
    assert isinstance(good, Article)
    assert isinstance(bad, Failure)
    assert "unpacks to more than 100 times its size" in bad.reason


def test_of_very_many_bad_rows_the_first_are_named_and_the_others_counted(write):
    *named, last = read(write("a.jsonl", "x\n" * 1200 + '{"text": "Hello to you."}\n'))
    assert len(named) == 1001
    assert isinstance(named[-1], Article)
    assert isinstance(last, Failure)
    assert last.reason == "200 more of its articles cannot be read"


@pytest.mark.parametrize(
    ("field", "most"),
    [("text", 5_000_000), ("title", 1000), ("source", 1000), ("url", 4000), ("id", 500)],
)
def test_a_field_has_a_longest(write, field, most):
    """An id of 400,000 letters stood in the name of each of 94 chunks, and took 350 MB of disk."""
    row = {"text": "Hello to you.", field: "He llo" * (most // 6)}
    assert articles(write("a.json", json.dumps(row)))
    row[field] += "Hello " * 2
    assert re.search(
        rf"{field}.* characters, more than {most:,}",
        failure(write("a.json", json.dumps(row))).reason,
    )


def test_a_row_has_few_duties_and_many_liberties(write):
    row = {"id": 7, "text": "Le pont.", "lang": "fr_CA", "date": 2017, "title": None, "extra": [1]}
    [article] = articles(write("a.json", json.dumps(row)))
    assert (article.id, article.language, str(article.date), article.title) == (
        "7",
        "fr",
        "2017",
        "",
    )
    [article] = articles(write("a.json", '{"text": "Hello there.", "language": "eng", "id": ""}'))
    assert article.language == "en"
    assert len(article.id) == 16


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[" * 100_000, "nested too deeply"),
        ('{"text": ' + "1" * 5000 + "}", "not usable JSON"),
        ('"only words"', "expected an object"),
        ('{"text": "a", "id": true}', "'id' should be text but is True"),
        ('{"text": "a", "title": 2.5}', "'title' should be text"),
        ('{"text": "a", "date": "2017 or so"}', "date '2017 or so' is not a date"),
    ],
)
def test_json_that_is_of_no_use(text, reason, write):
    for name in ("a.json", "a.jsonl"):
        assert reason in failure(write(name, text)).reason


# Markdown.


def test_markdown_becomes_plain_text(write):
    source = (
        "Intro with *stress*, `code`, [a link](https://x.example) and <https://y.example>.\n"
        "Same paragraph,  \nnext line.\n\n## Part\n\n- one\n- two\n  1. deep\n  2. deeper\n\n"
        "| a | b |\n|---|---|\n| c | d |\n\n<div>raw</div>\n\n```py\nx = 1\n```\n\nA &amp; B\n"
    )
    [article] = articles(write("a.md", source))
    assert article.title == ""
    assert article.text == (
        "Intro with stress, code, a link and . Same paragraph,\nnext line.\n\nPart\n\n• one\n"
        "• two\n1. deep\n2. deeper\n\na | b\nc | d\n\nx = 1\n\nA & B"
    )


def test_front_matter_is_read_as_text(write):
    """YAML alone would make these a false, a seven and an error."""
    head = "---\nlanguage: no\nid: 007\ntitle: 2019\ndate: 2019-02-03\nsource: ~\n---\nEn setning."
    [article] = articles(write("a.md", head))
    assert (article.language, article.id, article.title) == ("no", "007", "2019")
    assert (str(article.date), article.source) == ("2019-02-03", None)


def test_a_title_in_the_front_matter_leaves_the_heading_in_the_text(write):
    [article] = articles(write("a.md", "---\ntitle: Pont\n---\n# Chapitre\n\nLe pont rouvre.\n"))
    assert (article.title, article.text) == ("Pont", "Chapitre\n\nLe pont rouvre.")


# Web pages.


def test_a_page_gives_its_source_and_address():
    [article] = articles(SOURCES / "article_fr.html")
    assert article.source == "Le Courrier de Kervalec"
    assert article.url == "https://courrier.example/pont-kervalec"
    for foreign in ("Sports", "nobody asked for", "rights reserved", "tracking"):
        assert foreign not in article.text


@pytest.mark.parametrize(
    "attribute",
    [
        "hidden",
        'aria-hidden="true"',
        'style="display:none"',
        'style="color:red; DISPLAY : none !important"',
        'style="visibility: hidden"',
        'style="font-size:0"',
        'style="font-size: 0.0em;"',
        'style="opacity:0"',
        'style="opacity:.01"',
        'style="display:/**/none"',
        r'style="disp\6c ay:none"',
        'style="font-size:1px"',
        'style="font:0/0 a"',
        'style="color:transparent"',
        'style="color:rgba(0,0,0,0)"',
        'style="color:white"',
        'style="color:#FEFEFE;background:#fff"',
        'style="color:#123;background-color:rgb(17, 34, 51)"',
        'style="position:absolute;left:-9999px"',
        'style="text-indent:-99em"',
        'style="height:1px;overflow:hidden"',
        'style="clip:rect(0 0 0 0)"',
        'style="clip-path: inset(50%)"',
        'style="transform:scale(0)"',
    ],
)
def test_hidden_words_are_cut_out(attribute):
    text = html.plain(f"<p>seen</p><div {attribute}><p>unseen</p></div>after")
    assert clean_text(text) == "seen\n\nafter"


@pytest.mark.parametrize("odd", ["\x01", "&#1;", "\uffff", "&#xFFFE;", "&#xD800;", "\x0c"])
def test_odd_characters_beside_hidden_words_stop_nothing(odd):
    """lxml refused to join what stands before and after a hidden element."""
    text = html.plain(f"<p>seen {odd}<b hidden>unseen</b> {odd}too</p>")
    assert "seen" in text
    assert "unseen" not in text


@pytest.mark.parametrize(
    "style",
    [
        "font-size:0.9em",
        "opacity:0.5",
        "display:block",
        "opacity:1",
        "opacity:50%",
        "font:bold 12px/1.4 Arial",
        "color:#000",
        "color:white;background:#000",
        "color:white;background:url(night.jpg)",
        "width:100%;overflow:hidden",
        "margin-left:-10px",
    ],
)
def test_small_and_pale_words_stay(style):
    assert "seen" in html.plain(f'<p style="{style}">seen</p>')


def test_letters_are_compared_with_the_background_around_them():
    on_black = '<div style="background:black"><p style="color:white">seen</p></div>'
    on_white = (
        '<table bgcolor="#ffffff"><tr><td><font color="white">unseen</font></td></tr></table>'
    )
    other = '<div style="color:white">unseen <b style="color:black">but seen</b></div>'
    assert clean_text(html.plain(on_black)) == "seen"
    assert clean_text(html.plain(on_white)) == ""
    assert "but seen" in html.plain(other)


@pytest.mark.parametrize(
    "element",
    [
        "<!-- {} -->",
        "<template>{}</template>",
        "<noscript>{}</noscript>",
        "<script>{}</script>",
        "<textarea>{}</textarea>",
        "<dialog>{}</dialog>",
        "<datalist><option>{}</option></datalist>",
        "<iframe>{}</iframe>",
        "<video>{}</video>",
        '<img src="a.png" alt="{}">',
        '<p title="{}">seen</p>',
    ],
)
def test_what_a_browser_does_not_show_is_not_read(element, write):
    """In a page, in a feed's entry and, raw, in Markdown."""
    seen = "<p>Le vieux pont de Kervalec a rouvert jeudi aux piétons, dit la mairie du lieu.</p>"
    hidden = element.format("unseen words")
    page = f"<html lang=fr><head><title>Pont</title></head><body>{seen}{hidden}{seen}</body></html>"
    [article] = articles(write("a.html", page))
    assert "unseen" not in article.text
    assert "unseen" not in html.plain(seen + hidden)
    [article] = articles(write("a.md", f"Le pont {hidden} rouvre.\n\n{hidden}\n\nIl est neuf.\n"))
    assert "unseen" not in article.text
    assert article.text.startswith("Le pont")
    assert article.text.endswith("Il est neuf.")


def test_words_hidden_in_markdown_are_not_read(write):
    source = (
        "Le pont <span style='display:none'>unseen **words**</span>rouvre.\n\n"
        "<div hidden>\n\nunseen\n\n```\nunseen\n```\n\n- unseen\n\n</div>\n\nIl est <b>neuf</b>.\n"
    )
    [article] = articles(write("a.md", source))
    assert "unseen" not in article.text
    assert article.text.split("\n")[0] == "Le pont rouvre."
    assert article.text.endswith("Il est neuf.")


# PDF and Word.


def test_white_and_tiny_words_of_a_document_are_not_read(tmp_path):
    document = docx.Document()
    paragraph = document.add_paragraph("Le pont rouvre jeudi. ")
    for text, size, colour in (
        ("white", 11, "FFFFFF"),
        ("tiny", 1, "000000"),
        ("small", 6, "000000"),
    ):
        run = paragraph.add_run(f"{text} ")
        run.font.size, run.font.color.rgb = Pt(size), RGBColor.from_string(colour)
    cell = document.add_table(1, 1).cell(0, 0)
    run = cell.paragraphs[0].add_run("heading")
    run.font.color.rgb = RGBColor(255, 255, 255)
    cell._tc.get_or_add_tcPr().append(OxmlElement("w:shd"))
    document.save(str(tmp_path / "a.docx"))
    [article] = articles(tmp_path / "a.docx")
    assert article.text == "Le pont rouvre jeudi. small\n\nheading"


def test_a_pdf_loses_headers_footers_and_hyphens():
    [article] = articles(SOURCES / "article_fr.pdf")
    assert "Page" not in article.text
    assert "Le Courrier de Kervalec" not in article.text
    assert "fanfare municipale" in article.text
    assert "dix-huit" in article.text
    assert "\n" not in article.text.replace("\n\n", "")


def test_word_tables_are_lines_of_cells():
    assert articles(SOURCES / "article_en.docx")[0].text.endswith("Height | 31 m\nSteps | 142")


# Feeds.


def test_a_feed_gives_one_article_an_entry():
    first, second = articles(SOURCES / "article_fr.rss")
    assert first.id == "tag:courrier.example,2023:1"
    assert first.url == "https://courrier.example/pont-kervalec"
    assert {first.source, second.source} == {"Le Courrier de Kervalec"}
    assert first.text.endswith("• Un\n• Deux")
    assert second.id == "courrier.example:17", "a bare number is an id of its site alone"
    assert str(second.date) == "2023-05-15"


def test_a_feed_s_day_is_the_publisher_s():
    """Half past midnight in Paris is the day before in Greenwich, half past eleven at night in
    New York the day after."""
    assert [str(articles(SOURCES / f"article_{e}")[0].date) for e in ("fr.rss", "en.atom")] == [
        "2023-05-14",
        "2022-11-03",
    ]


def test_an_empty_date_of_publication_gives_way_to_the_last_change(write):
    """feedparser warns at the mere question for a missing date, which is an error here."""
    entry = "<item><title>Pont</title><pubDate/><description>Le pont rouvre.</description></item>"
    feed = f"<rss version='2.0'><channel><title>T</title>{entry}</channel></rss>"
    [article] = articles(write("a.rss", feed))
    assert article.date is None


@pytest.mark.parametrize("data", [b" \n", b"\xef\xbb\xbf", b"<?xml\x00?>", b"{}", b"\xff\xfe<"])
def test_what_is_no_feed_says_so(data, write):
    assert "not a feed" in failure(write("a.xml", data)).reason


# Finding files.


@pytest.fixture
def folder(tmp_path):
    for name in ("b.txt", "a/z.md", "a/.hidden.txt", ".git/c.txt", "a/logo.png", "questions.jsonl"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    return tmp_path


def test_a_folder_is_searched_in_order(folder):
    found = find([folder])
    assert [path.relative_to(folder).as_posix() for path in found] == ["a/z.md", "b.txt"]


def test_each_file_is_found_once_in_the_order_given(folder):
    assert find([folder / "b.txt", folder, folder / "a"]) == [folder / "b.txt", folder / "a/z.md"]


def test_a_link_is_followed_within_the_paths_and_not_out_of_them(folder, tmp_path_factory):
    """Any file of the machine was read by a link in somebody's folder."""
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "secret.txt").write_text("x")
    (folder / "out.txt").symlink_to(elsewhere / "secret.txt")
    (folder / "up").symlink_to(elsewhere)
    (folder / "gone.txt").symlink_to("/nowhere/at/all.txt")
    (folder / "in.txt").symlink_to(folder / ".git" / "c.txt")
    (folder / "around").symlink_to(folder)
    found = find([folder])
    assert found == [folder / "a/z.md", folder / "b.txt", folder / "in.txt"]
    named = [Path(failure.origin).name for failure in leading_out([folder])]
    assert named == ["gone.txt", "out.txt", "up"]
    assert [Path(failure.origin).name for failure in leading_out([folder, elsewhere])] == [
        "gone.txt"
    ]
    assert elsewhere / "secret.txt" in map(Path.resolve, find([folder, elsewhere]))
    for link in (folder / "out.txt", folder / "up"):
        assert find([link])
        assert leading_out([link]) == []


def test_a_folder_of_links_that_lead_out_says_so(tmp_path_factory):
    folder, elsewhere = tmp_path_factory.mktemp("folder"), tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "a.txt").write_text("x")
    (folder / "a.txt").symlink_to(elsewhere / "a.txt")
    with pytest.raises(SourceError, match="1 links lead out of there, name what they lead to"):
        find([folder])


def test_a_named_file_is_read_whatever_a_folder_would_do(folder):
    named = [folder / "questions.jsonl", folder / "a" / ".hidden.txt"]
    assert find(named) == named


def test_endings_are_told_in_any_case(tmp_path):
    (tmp_path / "A.v2.JSONL.GZ").write_bytes(gzip.compress(b'{"text": "Hello to you."}'))
    [path] = find([tmp_path])
    assert len(articles(path)) == 1


def test_an_unsupported_file_lists_what_is_supported(folder):
    with pytest.raises(SourceError, match=r"no reader for .*logo\.png'; supported: \.txt, .*\.xml"):
        find([folder / "a/logo.png"])


def test_a_missing_path_stops_the_run(folder):
    with pytest.raises(SourceError, match=r"nowhere' does not exist"):
        find([folder, folder / "nowhere"])
    with pytest.raises(SourceError, match=r"gone\.txt' does not exist"):
        find([folder / "gone.txt"])


def test_nothing_at_all_stops_the_run(tmp_path):
    with pytest.raises(SourceError, match=r"no articles found under .*; supported: \.txt"):
        find([tmp_path])


def test_a_name_that_is_not_utf8_can_still_be_stored(tmp_path):
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/\xe9t\xe9.txt"))
    try:
        path.write_text("Le pont rouvre.")
    except OSError:
        pytest.skip("the file system takes only UTF-8 names")
    [article] = articles(path)
    assert article.origin.encode().endswith(b"\\udce9t\\udce9.txt")


def test_a_library_s_warning_is_no_error():
    with quiet("some.library"):
        warnings.warn("about a broken file", stacklevel=1)
        logging.getLogger("some.library.part").critical("the same")


def test_reading_leaves_the_caller_s_warnings_alone():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always")
        level = logging.getLogger("trafilatura").level
        list(read(SOURCES / "broken" / "truncated.pdf"))
        warnings.warn("still heard", stacklevel=1)
    assert [str(warning.message) for warning in seen] == ["still heard"]
    assert logging.getLogger("trafilatura").level == level

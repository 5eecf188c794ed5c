"""Rows, tables, feeds, news XML, e-mail, books, documents and archives, as others make them."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import json
import random
import zipfile
from collections.abc import Mapping
from email.message import EmailMessage
from pathlib import Path
from unittest.mock import Mock

import docx
import pytest
from docx.oxml import parse_xml
from docx.oxml.ns import nsdecls

from qa.documents.article import Article
from qa.documents.parsers import SUPPORTED, Failure, json_rows, read, zipped
from qa.documents.parsers.dates import published
from qa.documents.parsers.fields import Notice
from qa.documents.parsers.isolated import Child, Limits
from tests import DATA

TEXT = "The bakery on Quay Street in Skarra closes on Saturday, its owner Ines Moor said."
SECOND = "The mill of Tolvik was sold on Friday to a baker from Vik for two million crowns."
FRENCH = (
    "La boulangerie du quai ferme samedi, a dit sa propriétaire. Elle avait été ouverte en 1931."
)


@pytest.fixture
def results(tmp_path):
    def results(name: str, content: str | bytes) -> list[Article | Failure]:
        path: Path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return list(read(path))

    return results


@pytest.fixture
def articles(results):
    def articles(name: str, content: str | bytes) -> list[Article]:
        found = results(name, content)
        read = [item for item in found if isinstance(item, Article)]
        assert read == found
        return read

    return articles


# Dates.


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("2023-06-30T22:45:00.000Z", "2023-06-30"),
        ("2023-06-30 22:45", "2023-06-30"),
        ("2023-06-30Z", "2023-06-30"),
        ("2023-06-30+02:00", "2023-06-30"),
        ("2023-06-30T22", "2023-06-30"),
        ("2023/06/30 22:45", "2023-06-30"),
        ("2023.06.30", "2023-06-30"),
        ("20230630", "2023-06-30"),
        (20230630, "2023-06-30"),
        ("20230630T100000Z", "2023-06-30"),
        ("20230630100000", "2023-06-30"),
        ("30.06.2023", "2023-06-30"),
        ("30-06-2023", "2023-06-30"),
        ("30/06/2023 à 22h45", "2023-06-30"),
        ("06/30/2023", "2023-06-30"),
        ("05/05/2023", "2023-05-05"),
        ("03/07/2023", "2023"),  # of March or July, in English
        ("Fri, 30 Jun 2023 22:45:00 GMT", "2023-06-30"),
        ("Fri, 30 Jun 2023 24:00:00 GMT", "2023-06-30"),
        ("30 Jun 23 22:45:00 +0200", "2023-06-30"),
        ("30 Jun 99 22:45:00 +0200", "1999-06-30"),
        ("ven., 30 juin 2023 22:45:00 +0200", "2023-06-30"),
        ("vendredi 30 juin 2023 à 22h45", "2023-06-30"),
        ("1er août 2023", "2023-08-01"),
        ("5 févr. 2023", "2023-02-05"),
        ("5 fevrier 2023", "2023-02-05"),
        ("June 30, 2023", "2023-06-30"),
        ("Sept. 5th, 2023 10:00 AM", "2023-09-05"),
        ("30 of June 2023", "2023-06-30"),
        ("Fri Jun 30 22:45:00 UTC 2023", "2023-06-30"),
        ("30-Jun-2023", "2023-06-30"),
        ("juin 2023", "2023-06"),
        ("2023-06", "2023-06"),
        (2023, "2023"),
        (2023.0, "2023"),
        ("1688157900", "2023-06-30"),
        (1688157900, "2023-06-30"),
        (1688157900.0, "2023-06-30"),
        ("1688157900.25", "2023-06-30"),
        (1688157900000, "2023-06-30"),
        (1688157900000000, "2023-06-30"),
    ],
)
def test_a_date_is_read_in_many_forms(written, date):
    assert str(published(written, "en")) == date


def test_a_french_article_writes_the_day_first():
    assert str(published("03/07/2023", "fr")) == "2023-07-03"


@pytest.mark.parametrize(
    "written",
    [
        *"2023-06-31 31/06/2023 0000-00-00 0001-01-01 hier n/a 99999999 168815 30/06/23".split(),
        True,
        "31 juin 2023",
        "some day",
        "from 1 June 2023 to 30 June 2023",
        "30 June 2023 " * 20,
    ],
)
def test_what_is_no_date_is_not_guessed_at(written):
    with pytest.raises((ValueError, OverflowError)):
        published(written, "en")


# Rows.

ROWS = [
    ({"title": "T", "content": TEXT, "date": "2023-06-30"}, {}),
    ({"headline": "T", "body": TEXT, "published": "2023-06-30", "outlet": "Herald"}, {}),
    ({"titre": "T", "texte": TEXT, "date_publication": "30/06/2023", "éditeur": "Herald"}, {}),
    ({"Title": "T", "Full Text": TEXT, "Publication Date": "30 June 2023"}, {}),
    ({"title": "T", "maintext": TEXT, "date_publish": "2023-06-30 10:00:00"}, {}),
    ({"headline": "T", "articleBody": TEXT, "datePublished": "2023-06-30T10:00Z"}, {}),
    ({"title": "T", "text": f"<p>{TEXT}</p>", "date": 1688157900}, {}),
    (
        {
            "title": {"rendered": "T"},
            "content": {"rendered": f"<p>{TEXT}</p>"},
            "date": "2023-06-30",
        },
        {},
    ),
    (
        {"_id": {"$oid": "7f"}, "title": "T", "text": TEXT, "date": {"$date": "2023-06-30"}},
        {"id": "7f"},
    ),
    ({"title": ["T"], "text": TEXT, "date": "2023-06-30", "language": "anglais"}, {}),
    ({"title": "T", "text": TEXT, "date": "2023-06-30", "language": "English"}, {}),
    ({"id": 8.0, "title": "T", "text": TEXT, "date": "2023-06-30"}, {"id": "8"}),
    ({"title": "T", "description": "Short.", "content": TEXT, "date": "2023-06-30"}, {}),
    ({"title": "T", "summary": TEXT, "content": "", "date": "2023-06-30"}, {}),
    (
        {"title": "T", "text": TEXT, "date": "2023-06-30", "source": {"name": "Herald"}},
        {"source": "Herald"},
    ),
    (
        {"title": "T", "text": TEXT, "date": "2023-06-30", "source": ["Herald", "AP"]},
        {"source": "Herald"},
    ),
    (
        {"title": "T", "text": TEXT, "date": "2023-06-30", "link": "https://h.example/1"},
        {"url": "https://h.example/1"},
    ),
]


@pytest.mark.parametrize(("row", "more"), ROWS)
def test_a_row_may_have_the_names_of_others(row, more, articles):
    [article] = articles("a.json", json.dumps([row]))
    assert (article.title, article.text, str(article.date)) == ("T", TEXT, "2023-06-30")
    assert article.language == "en"
    assert {name: getattr(article, name) for name in more} == more


def test_entities_and_tags_of_a_row_are_no_words(articles):
    text = "<div>One &amp; two.</div><p hidden>unseen</p><p>Three&nbsp;four, said the mayor.</p>"
    [article] = articles("a.json", json.dumps({"title": "B &amp; C", "text": text}))
    assert (article.title, article.text) == (
        "B & C",
        "One & two.\n\nThree\N{NO-BREAK SPACE}four, said the mayor.",
    )
    [article] = articles("a.json", json.dumps({"text": "It cost < 5 and > 3 crowns, he said."}))
    assert article.text == "It cost < 5 and > 3 crowns, he said."


def test_paragraphs_in_a_list_are_one_text(articles):
    [article] = articles("a.json", json.dumps({"text": [TEXT, SECOND]}))
    assert article.text == f"{TEXT}\n\n{SECOND}"


ROW, OTHER = {"text": TEXT}, {"text": SECOND}
HOLDERS = [
    [ROW, OTHER],
    {"articles": [ROW, OTHER]},
    {"data": [ROW, OTHER]},
    {"status": "ok", "totalResults": 2, "articles": [{"content": TEXT}, {"content": SECOND}]},
    {"a1": ROW, "a2": OTHER},
    {"response": {"docs": [ROW, OTHER]}},
    {"response": {"results": [{"fields": {"bodyText": TEXT}}, {"fields": {"bodyText": SECOND}}]}},
    {"hits": {"total": 2, "hits": [{"_id": "1", "_source": ROW}, {"_id": "2", "_source": OTHER}]}},
    {"title": "A collection", "description": "Of news.", "items": [ROW, OTHER]},
]


@pytest.mark.parametrize("holder", HOLDERS)
def test_a_list_of_articles_may_be_anywhere(holder, articles):
    assert [a.text for a in articles("a.json", json.dumps(holder))] == [TEXT, SECOND]


HIT = {"_index": "news", "_id": "h1", "_score": 1.0, "_source": {"source": "Herald"}}


@pytest.mark.parametrize(
    "holder",
    [
        lambda row: {"hits": {"total": 1, "hits": [{**HIT, "_source": row}]}},
        lambda row: {**HIT, "_source": row},
        lambda row: {**HIT, "summary": "Bread.", "_source": row},
        lambda row: {**HIT, "_source": {"article": row}},
    ],
)
def test_what_a_search_engine_holds_is_read_and_is_no_outlet(holder, articles):
    row = {"title": "T", "content": TEXT, "source": "Herald", "pub_date": "2023-06-30"}
    for source in ("Herald", None):
        [article] = articles("a.json", json.dumps(holder({**row, "source": source})))
        assert (article.id, article.title, article.text) == ("h1", "T", TEXT)
        assert (article.source, str(article.date)) == (source, "2023-06-30")


def test_lines_between_those_of_a_bulk_request_are_no_articles(articles):
    action = json.dumps({"index": {"_index": "news", "_id": "1"}})
    lines = f"{action}\n{json.dumps({'title': 'T', 'text': TEXT})}\n" * 2
    assert [article.text for article in articles("a.ndjson", lines)] == [TEXT, TEXT]


def test_a_text_in_pieces_is_one_article(articles):
    pieces = [{"type": "text", "content": f"<p>{TEXT}</p>"}, {"type": "image", "url": "a.jpg"}]
    pieces.append({"type": "text", "content": "The end."})
    story = {"headlines": {"basic": "T"}, "content_elements": pieces, "display_date": "2023-06-30"}
    [article] = articles("a.json", json.dumps(story))
    assert (article.title, article.text) == ("T", f"{TEXT}\n\nThe end.")
    assert str(article.date) == "2023-06-30"


@pytest.mark.parametrize(
    ("text", "where", "advice"),
    [
        ('[\n{"text": "a"},\n]', "line 3", "take out the comma"),
        ('{\n"text": "a",\n}', "line 3", "take out the comma"),
        ('{\n// so\n"text": "a"}', "line 2", "take out the comment"),
        ('{\n"text": "a" /* so */}', "line 2", "take out the comment"),
        ("{\n'text': 'a'}", "line 2", "double quotation marks"),
        ('[\n{"text": "a"},\n{"text": "b', "line 3", "cut off"),
    ],
)
def test_a_fault_of_json_is_named_with_its_line_and_its_cure(text, where, advice, results):
    [failure] = results("a.json", text)
    assert where in failure.reason
    assert advice in failure.reason


def test_a_row_s_country_tells_its_dates(articles):
    rows = [{"text": TEXT, "date": "06/07/2023", "language": tag} for tag in ("en-US", "en-GB")]
    first, second = articles("a.json", json.dumps(rows))
    assert (str(first.date), str(second.date)) == ("2023-06-07", "2023")


def test_an_article_s_own_lists_are_none_of_articles(articles):
    row = {"text": TEXT, "comments": [{"text": "Nonsense, all of it."}], "media": {"text": "x"}}
    assert [a.text for a in articles("a.json", json.dumps(row))] == [TEXT]


def test_a_json_feed(articles):
    feed = {
        "version": "https://jsonfeed.org/version/1.1",
        "title": "Le Littoral",
        "language": "fr",
        "description": "Des nouvelles du littoral.",
        "items": [
            {"id": "1", "url": "https://l.example/1", "content_html": f"<p>{FRENCH}</p>",
             "date_published": "2023-06-30T23:45:00+02:00"},
            {"id": "https://l.example/2", "content_text": TEXT, "summary": "Short."},
        ],
    }  # fmt: skip
    first, second = articles("feed.json", json.dumps(feed))
    assert (first.source, first.language, str(first.date)) == ("Le Littoral", "fr", "2023-06-30")
    assert (first.text, len(first.id), first.url) == (FRENCH, 16, "https://l.example/1")
    assert (second.text, second.language, second.id) == (TEXT, "en", "https://l.example/2")


def test_a_text_that_a_service_cuts_off_is_kept_and_said(results):
    row = {"content": f"{TEXT} The flour… [+1234 chars]"}
    notice, article = results("a.json", json.dumps({"articles": [row]}))
    assert isinstance(notice, Notice)
    assert "only the beginning of its text" in notice.reason
    assert article.text == f"{TEXT} The flour…"


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_a_date_that_nobody_can_read_loses_no_article(name, results):
    row = json.dumps({"text": TEXT, "date": "31 June 2023"})
    table = f'text,date\r\n"{TEXT}",31 June 2023\r\n'
    article, notice = results(name, table if name == "a.csv" else row)
    assert (article.text, article.date) == (TEXT, None)
    assert isinstance(notice, Notice)
    assert notice.reason.startswith("kept without a date: date '31 June 2023'")


BRIDGE = (DATA / "sources" / "article_fr.txt").read_text().strip()
ACCENTS = "".join(
    json.dumps({"text": text}, ensure_ascii=False) + "\n" for text in (BRIDGE, f"{BRIDGE} {FRENCH}")
)


@pytest.mark.parametrize(
    "data",
    [
        codecs.BOM_UTF16_LE + ACCENTS.encode("utf-16-le"),
        codecs.BOM_UTF16_BE + ACCENTS.encode("utf-16-be"),
        codecs.BOM_UTF8 + ACCENTS.encode(),
    ],
    ids=["utf-16-le", "utf-16-be", "utf-8"],
)
@pytest.mark.parametrize("packed", [False, True])
def test_lines_may_be_in_another_charset(data, packed, articles):
    name, data = ("a.jsonl.gz", gzip.compress(data)) if packed else ("a.jsonl", data)
    found = articles(name, data)
    assert [a.text for a in found] == [BRIDGE, f"{BRIDGE} {FRENCH}"]
    assert [a.origin.rpartition("#")[2] for a in found] == ["1", "2"]


def test_the_charset_of_lines_is_told_by_the_whole_file(articles, monkeypatch):
    """A line alone is too short to tell."""
    seen = []

    def decode(data: bytes) -> str:
        seen.append(data)
        return data.decode("cp1252")

    monkeypatch.setattr(json_rows, "decode", decode)
    data = b'{"text": "A plain first line."}\n' + ACCENTS.encode("cp1252")
    found = articles("a.jsonl", data)
    assert [a.text for a in found] == ["A plain first line.", BRIDGE, f"{BRIDGE} {FRENCH}"]
    assert seen == [data]


@pytest.mark.parametrize(
    "text",
    [
        json.dumps(ROW, indent=2) + "\n" + json.dumps(OTHER, indent=2),
        json.dumps([ROW, OTHER], indent=1),
        json.dumps([ROW, OTHER]),
        json.dumps({"articles": [ROW, OTHER]}, indent=4),
        json.dumps(ROW, indent=2) + ",\n" + json.dumps(OTHER, indent=2),
    ],
)
@pytest.mark.parametrize("name", ["a.jsonl", "a.ndjson", "a.json"])
def test_objects_may_be_written_over_several_lines(text, name, articles):
    assert [a.text for a in articles(name, text)] == [TEXT, SECOND]


def test_a_damaged_first_line_loses_only_itself(results):
    bad, good = results("a.jsonl", '{"text": "cut\n' + json.dumps(ROW))
    assert "not valid JSON" in bad.reason
    assert good.text == TEXT


# Tables.


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("charset", ["utf-8", "utf-8-sig", "utf-16"])
def test_a_table_is_read(separator, charset, articles):
    file = io.StringIO()
    table = csv.writer(file, delimiter=separator)
    table.writerow(["Titre", "Date de parution", "Contenu", "Média"])
    table.writerow(
        ["La boulangerie", "03/07/2023", f'{FRENCH}\n\n« Tout a une fin ; "voilà" »', "Le Littoral"]
    )
    table.writerow(["", "", "", ""])
    table.writerow(["Le moulin", "", FRENCH])
    first, second = articles("a.csv", file.getvalue().encode(charset))
    assert (first.title, first.source, str(first.date)) == (
        "La boulangerie",
        "Le Littoral",
        "2023-07-03",
    )
    assert first.text.endswith('« Tout a une fin ; "voilà" »')
    assert (second.title, second.date, second.origin[-2:]) == ("Le moulin", None, "#3")


def test_between_tabs_a_quotation_mark_may_be_a_word(articles):
    said = '"No," the mayor said, and left.'
    first, second = articles("a.tsv", f"title\ttext\nA\t{said}\nB\t{TEXT}\n")
    assert (first.text, second.text) == (said, TEXT)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("a,b\n1,2\n", "names no column for the text"),
        ("text\n", "no rows"),
        (f"title,text\nA,{TEXT}\n", "it has 3 cells where the first row names 2"),
        ('title,text\nA,"open\n', "not a proper table"),
    ],
)
def test_a_table_that_is_none_says_so(table, reason, results):
    assert reason in results("a.csv", table)[-1].reason


# Feeds and other XML.


def rss(item: str, channel: str = "") -> str:
    title = "<title>Search: Skarra</title>"
    return f"<rss version='2.0'><channel>{title}{channel}{item}</channel></rss>"


ATOM = (
    '<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en"><title>Planet</title>{}<entry>'
    "<title>A</title>{}<content>{}</content></entry></feed>"
)


@pytest.mark.parametrize(
    "feed",
    [
        rss(f"<item><title>A</title><description>{TEXT}</description>"
            "<source url='https://c.example/feed'>Tolvik Courier</source></item>"),
        rss(f"<item><source url='https://c.example/feed'><![CDATA[Tolvik Courier]]></source>"
            f"<description>{TEXT}</description></item>"),
        ATOM.format("", "<source><id>x</id><title>Tolvik Courier</title></source>", TEXT),
        ATOM.format("", "<source><title type='html'>Tolvik &lt;b&gt;Courier&lt;/b&gt;</title>"
                    "</source>", TEXT),
    ],
)  # fmt: skip
def test_an_entry_s_own_outlet_counts(feed, articles):
    [article] = articles("a.xml", feed)
    assert (article.source, article.text) == ("Tolvik Courier", TEXT)


@pytest.mark.parametrize(
    ("written", "date"),
    [
        ("1688157900", "2023-06-30"),
        ("1688157900000", "2023-06-30"),
        ("ven., 30 juin 2023 22:45:00 +0200", "2023-06-30"),
        ("30/06/2023 22:45", "2023-06-30"),
        ("30 juin 2023", "2023-06-30"),
        ("Fri, 30 Jun 2023 23:45:00 -0700", "2023-06-30"),
        ("Fri, 30 Jun 2023 24:00:00 GMT", "2023-06-30"),
        ("2023-06-30T23:45:00-07:00", "2023-06-30"),
    ],
)
def test_a_feed_s_dates_are_read(written, date, articles):
    item = f"<item><description>{TEXT}</description><pubDate>{written}</pubDate></item>"
    assert str(articles("a.rss", rss(item))[0].date) == date


@pytest.mark.parametrize("written", ["Sat, 31 Jun 2023 10:00:00 GMT", "soon", "12/2023/40"])
def test_a_feed_s_item_is_kept_without_a_date_that_makes_no_sense(written, results):
    item = f"<item><description>{TEXT}</description><pubDate>{written}</pubDate></item>"
    article, notice = results("a.rss", rss(item))
    assert (article.text, article.date) == (TEXT, None)
    assert isinstance(notice, Notice)


def test_a_story_in_another_language_than_its_feed(articles):
    item = f"<item><description>{TEXT}</description></item>"
    assert articles("a.rss", rss(item, "<language>fr-FR</language>"))[0].language == "en"


def test_an_entry_keeps_its_id_whatever_becomes_of_its_title_and_link(articles):
    both = [
        articles(
            f"{n}.rss",
            rss(
                f"<item><title>{title}</title><link>https://h.example/{n}?id=1&amp;utm_a=b#xtor=1"
                "</link><guid isPermaLink='false'>17</guid>"
                f"<description>{TEXT}</description></item>"
            ),
        )
        for n, title in ((1, "Bakery closes"), (2, "Bakery to close"))
    ]
    assert [article.id for [article] in both] == ["h.example:17"] * 2
    assert [article.url for [article] in both] == [f"https://h.example/{n}?id=1" for n in (1, 2)]


def test_one_id_for_all_entries_is_none(articles):
    items = "".join(
        f"<item><guid>https://l.example/</guid><description>{text}</description></item>"
        for text in (TEXT, SECOND)
    )
    first, second = articles("a.rss", rss(items))
    assert first.id != second.id


NEWS_XML = {
    "NewsML-G2": (
        '<newsItem xmlns="http://iptc.org/std/nar/2006-10-01/" guid="urn:newsml:a:1" xml:lang="en">'
        '<itemMeta><provider literal="Herald"/><versionCreated>2024-01-01T00:00:00Z'
        "</versionCreated><firstCreated>2023-06-30T10:00:00Z</firstCreated></itemMeta><contentMeta>"
        '<headline>T</headline></contentMeta><contentSet><inlineXML><html xmlns="http://www.w3.org/'
        f'1999/xhtml"><head><title>x</title></head><body><p>{TEXT}</p></body></html></inlineXML>'
        "</contentSet></newsItem>"
    ),
    "NewsML 1": (
        '<NewsML><NewsItem xml:lang="en"><NewsManagement><FirstCreated>20230630T100000Z'
        "</FirstCreated></NewsManagement><NewsComponent><NewsLines><HeadLine>T</HeadLine>"
        "<CreditLine>Herald</CreditLine></NewsLines><ContentItem><DataContent>"
        f"<p>{TEXT}</p></DataContent></ContentItem></NewsComponent></NewsItem></NewsML>"
    ),
    "NITF": (
        '<nitf><head><title>x</title><docdata><date.issue norm="20230630T100000Z"/></docdata>'
        '<pubdata name="Herald"/></head><body><body.head><hedline><hl1>T</hl1></hedline>'
        "</body.head>"
        f"<body.content><p>{TEXT}</p></body.content></body></nitf>"
    ),
    "MediaWiki": (
        '<mediawiki xmlns="http://www.mediawiki.org/xml/export-0.11/" xml:lang="fr"><siteinfo>'
        "<sitename>Herald</sitename></siteinfo><page><title>T</title><ns>0</ns><revision>"
        "<timestamp>"
        "2024-01-01T00:00:00Z</timestamp><text>{{date|30 juin 2023}} {{a|{{b}}}}[[File:a.jpg|thumb|"
        "An [[otter]]]]The '''bakery''' on [[Quay Street|Quay Street]] in [[Skarra]] closes on "
        "Saturday&lt;ref&gt;x&lt;/ref&gt;, its [https://h.example owner] Ines Moor said.\n"
        "[[Category:Skarra]]</text></revision></page><page><title>Talk:T</title><ns>1</ns>"
        "<revision><text>No.</text></revision></page><page><title>R</title><ns>0</ns><revision>"
        "<text>#REDIRECT "
        "[[T]]</text></revision></page></mediawiki>"
    ),
}


@pytest.mark.parametrize("xml", NEWS_XML.values(), ids=NEWS_XML)
def test_news_xml_is_read(xml, articles):
    [article] = articles("a.xml", f'<?xml version="1.0"?>\n{xml}')
    assert (article.title, article.text, article.source) == ("T", TEXT, "Herald")
    assert (str(article.date), article.language) == ("2023-06-30", "en")


def test_tables_and_abstracts_of_news_xml_are_read(articles):
    table = "<table><tr><th>Flour</th><td>3.20</td></tr></table>"
    head = (
        "<body.head><hedline><hl1>T</hl1></hedline><abstract><p>Bread.</p></abstract></body.head>"
    )
    body = f"<body>{head}<body.content><p>{TEXT}</p>{table}</body.content></body>"
    [article] = articles("a.xml", f"<nitf>{body}</nitf>")
    assert article.text == f"Bread.\n\n{TEXT}\n\nFlour | 3.20"


@pytest.mark.parametrize("root", ["urlset", "sitemapindex"])
def test_a_sitemap_is_refused_with_its_reason(root, results):
    [failure] = results("a.xml", f"<?xml version='1.0'?><{root}><url><loc>x</loc></url></{root}>")
    assert "a sitemap" in failure.reason


def test_entities_of_xml_are_not_resolved(results, tmp_path):
    (tmp_path / "secret").write_text("a secret of this machine, which no article may hold")
    for entity in (f'SYSTEM "{tmp_path}/secret"', "'" + "ha " * 10 + "'"):
        content = f"<body.content><p>{TEXT} &e;</p></body.content>"
        xml = f"<!DOCTYPE nitf [<!ENTITY e {entity}>]><nitf>{content}</nitf>"
        assert all(
            "secret" not in str(item) and "ha ha" not in str(item) for item in results("a.xml", xml)
        )


# E-mail.


def message(html: str | None = None, plain: str | None = None, **headers: str) -> EmailMessage:
    mail = EmailMessage()
    for name, value in {
        "Subject": "T",
        "From": "Herald <n@h.example>",
        "Date": "Fri, 30 Jun 2023 23:45:00 -0700",
    }.items():
        mail[name] = headers.get(name.lower(), value)
    if plain is not None:
        mail.set_content(plain)
    if html is not None and plain is not None:
        mail.add_alternative(html, subtype="html", charset="iso-8859-15", cte="base64")
    elif html is not None:
        mail.set_content(html, subtype="html", charset="windows-1252", cte="quoted-printable")
    return mail


@pytest.mark.parametrize(
    "mail",
    [
        message(plain=TEXT),
        message(html=f"<p>{TEXT}</p>"),
        message(html=f"<p>{TEXT}</p>", plain="See the web version."),
        message(html=f"<div style='display:none'>preheader</div><p>{TEXT}</p>"
                "<p><a href='x'>View this email in your browser</a></p><p>Unsubscribe here</p>"),
        message(plain=TEXT, subject="Fwd: Re: T"),
        message(plain=TEXT, subject="=?utf-8?q?T?="),
    ],
)  # fmt: skip
def test_a_message_is_an_article(mail, articles):
    [article] = articles("a.eml", mail.as_bytes())
    assert (article.title, article.text, article.source) == ("T", TEXT, "Herald")
    assert str(article.date) == "2023-06-30"


def test_the_charset_of_a_message(articles):
    [article] = articles("a.eml", message(html=f"<p>{FRENCH}</p>").as_bytes())
    assert article.text == FRENCH
    raw = b"Subject: T\nContent-Type: text/html\n\n<meta charset=windows-1252><p>" + FRENCH.encode(
        "cp1252"
    )
    assert articles("a.eml", raw)[0].text == FRENCH


def test_a_message_without_a_date_or_with_attachments(results):
    mail = message(plain=TEXT, date="some time")
    mail.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename="plan.pdf")
    article, *notices = results("a.eml", mail.as_bytes())
    assert (article.text, article.date) == (TEXT, None)
    assert all(isinstance(notice, Notice) for notice in notices)
    assert "plan.pdf" in notices[-1].reason


# Documents.


def word(tmp_path, body: str, **parts: str) -> list[str]:
    """The paragraphs that are read of a Word document with this inside."""
    document = docx.Document()
    for element in parse_xml(f"<w:body {nsdecls('w')}>{body}</w:body>"):
        document.element.body.insert(-1, element)
    document.save(str(tmp_path / "a.docx"))
    [article] = read(tmp_path / "a.docx")
    assert isinstance(article, Article), article
    return (
        [article.title, *article.text.split("\n\n")]
        if article.title
        else article.text.split("\n\n")
    )


def para(words: str, more: str = "") -> str:
    return f"<w:p>{more}<w:r><w:t xml:space='preserve'>{words}</w:t></w:r></w:p>"


def control(inner: str) -> str:
    return f"<w:sdt><w:sdtPr/><w:sdtContent>{inner}</w:sdtContent></w:sdt>"


def cell(inner: str) -> str:
    return f"<w:tc><w:tcPr/>{inner}</w:tc>"


def table(cells: str) -> str:
    return f"<w:tbl><w:tr>{cells}</w:tr></w:tbl>"


MOVE = "w:id='1' w:author='a' w:name='m'"
WORD = {
    "a block control": (para("One here.") + control(para("Two here.")), ["One here.", "Two here."]),
    "nested controls": (control(control(para("One here.") + para("Two."))), ["One here.", "Two."]),
    "a control in a line": (
        para("One ").replace("</w:p>", control("<w:r><w:t>here.</w:t></w:r>") + "</w:p>"),
        ["One here."],
    ),
    "a control around a cell": (
        f"<w:tbl><w:tr>{cell(para('Cost'))}{control(cell(para('eleven')))}</w:tr></w:tbl>",
        ["Cost | eleven"],
    ),
    "a control around a row": (
        f"<w:tbl>{control('<w:tr>' + cell(para('Cost')) + cell(para('ten')) + '</w:tr>')}</w:tbl>",
        ["Cost | ten"],
    ),
    "a control in a cell": (
        f"<w:tbl><w:tr>{cell(control(para('Cost')))}{cell(para('nine'))}</w:tr></w:tbl>",
        ["Cost | nine"],
    ),
    "a table in a cell": (
        table(
            cell(para("Dredging") + table(cell(para("Phase")) + cell(para("four"))) + para(""))
            + cell(para("five"))
        ),
        ["Dredging | five\nPhase | four"],
    ),
    "a tracked move": (
        f"<w:p><w:moveFrom {MOVE}><w:r><w:t>The board votes.</w:t></w:r></w:moveFrom></w:p>"
        + para("Ruud presided.")
        + f"<w:p><w:moveTo {MOVE}><w:r><w:t>The board votes.</w:t></w:r></w:moveTo></w:p>",
        ["Ruud presided.", "The board votes."],
    ),
    "tracked changes": (
        para("It costs ").replace(
            "</w:p>",
            f"<w:del {MOVE}><w:r><w:delText>ten</w:delText></w:r></w:del>"
            f"<w:ins {MOVE}><w:r><w:t>nine</w:t></w:r></w:ins></w:p>",
        ),
        ["It costs nine"],
    ),
    "a drop cap": (
        "<w:p><w:pPr><w:framePr w:dropCap='drop' w:lines='3'/></w:pPr><w:r><w:t>T</w:t></w:r></w:p>"
        + para("he harbour board met."),
        ["The harbour board met."],
    ),
    "a text box": (
        para("Before the box.")
        + "<w:p><w:r><w:pict><v:textbox xmlns:v='urn:schemas-microsoft-com:vml'><w:txbxContent>"
        + para("In the box.")
        + para("Opening in 2031.")
        + "</w:txbxContent></v:textbox></w:pict></w:r><w:r><w:t>Around it.</w:t></w:r></w:p>",
        ["Before the box.", "Around it.", "In the box.", "Opening in 2031."],
    ),
    "a heading that opens": (
        para("Breakwater", "<w:pPr><w:pStyle w:val='Heading1'/></w:pPr>") + para("It costs nine."),
        ["Breakwater", "It costs nine."],
    ),
    "a page laid out in a table": (
        table(cell(para("A word. " * 60) + para("Next.")) + cell(para("Beside."))),
        [("A word. " * 60).strip(), "Next.", "Beside."],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("body", "expected"), WORD.values(), ids=WORD)
def test_what_a_reader_of_a_word_document_sees(body, expected, tmp_path):
    assert word(tmp_path, body) == expected


def test_a_word_document_with_a_nameless_style_is_a_failure_and_no_crash(tmp_path):
    document = docx.Document()
    document.add_paragraph("Chairman Aksel Ruud defended the sum.")
    name = document.styles["Title"].element.xpath("w:name")[0]
    name.attrib.clear()
    document.save(str(tmp_path / "a.docx"))
    [failure] = read(tmp_path / "a.docx")
    assert isinstance(failure, Failure)
    assert "a damaged one" in failure.reason


RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/footnotes"
KIND = "application/vnd.openxmlformats-officedocument.wordprocessingml.footnotes+xml"


def test_footnotes_of_a_word_document(tmp_path):
    document = docx.Document()
    document.add_paragraph("Chairman Aksel Ruud defended the sum.")
    document.save(str(tmp_path / "plain.docx"))
    added = {
        "word/_rels/document.xml.rels": f'<Relationship Id="r9" Type="{RELATION}" Target="f.xml"/>',
        "[Content_Types].xml": f'<Override PartName="/word/f.xml" ContentType="{KIND}"/>',
    }
    separator = f"<w:footnote w:type='separator' w:id='0'>{para('-')}</w:footnote>"
    note = f"<w:footnote w:id='1'>{para('It includes state aid.')}</w:footnote>"
    with (
        zipfile.ZipFile(tmp_path / "plain.docx") as old,
        zipfile.ZipFile(tmp_path / "a.docx", "w") as new,
    ):
        for name in old.namelist():
            head, end, tail = old.read(name).decode("latin-1").rpartition("</")
            new.writestr(name, (head + added.get(name, "") + end + tail).encode("latin-1"))
        notes = f"<w:footnotes {nsdecls('w')}>{separator}{note}</w:footnotes>"
        new.writestr("word/f.xml", notes)
    [article] = read(tmp_path / "a.docx")
    assert isinstance(article, Article)
    assert article.text == "Chairman Aksel Ruud defended the sum.\n\nIt includes state aid."


def test_rich_text_hides_nothing_and_shows_no_address(articles):
    source = (
        r"{\rtf1\ansi\ansicpg1252{\info{\title La cl\'f4ture}}{\v unseen}\pard Le quai ferme, "
        r"a dit "
        r"{\field{\*\fldinst HYPERLINK \"https://m.example\"}{\fldrslt la mairie}} lundi.\par "
        r"\pard Il rouvre en \u233?t\'e9.\par}"
    )
    [article] = articles("a.rtf", source)
    assert article.title == "La clôture"
    assert article.text == "Le quai ferme, a dit la mairie lundi.\n\nIl rouvre en été."


# Archives.


def packed(members: Mapping[str, str | bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_an_archive_s_members_are_read_as_files(results):
    inner = packed({"b.txt": SECOND})
    data = packed({
        "news/a.jsonl": json.dumps(ROW) + "\n" + json.dumps(OTHER),
        "inner.zip": inner,
        "bad.json": "{",
        "logo.png": "x",
        "__MACOSX/a.txt": "x",
        ".hidden.txt": "x",
    })  # fmt: skip
    found = results("a.zip", data)
    places = [(item.origin.partition("a.zip")[2], type(item)) for item in found]
    assert places == [
        ("#news/a.jsonl#1", Article),
        ("#news/a.jsonl#2", Article),
        ("#inner.zip#b.txt", Article),
        ("#bad.json", Failure),
        ("", Notice),
    ]
    assert "kinds that are not read: .png (1)" in found[-1].reason


def test_an_archive_has_limits(results, monkeypatch):
    bomb = packed({"bomb.txt": b"news " * 5_000_000, "a.txt": TEXT})
    bad, good = results("a.zip", bomb)
    assert "unpacks to more than 200 times its size" in bad.reason
    assert good.text == TEXT
    data = packed({"a.txt": TEXT})
    for _ in range(4):
        data = packed({"a.zip": data})
    assert "an archive within an archive" in results("a.zip", data)[0].reason
    monkeypatch.setattr(zipped, "MOST_MEMBERS", 1)
    assert "more than 1 members" in results("a.zip", bomb)[0].reason
    monkeypatch.setattr(zipped, "MOST_MEMBERS", 10)
    monkeypatch.setattr(zipped, "_LARGEST", 100)
    assert (
        "more than is read at once"
        in results("a.zip", packed({"a.txt": TEXT, "b.txt": TEXT}))[-1].reason
    )


def test_names_in_an_archive_lead_nowhere_else(results, tmp_path):
    found = results("a.zip", packed({"../../led.txt": TEXT, "/etc/led.txt": SECOND}))
    assert [type(item) for item in found] == [Article, Article]
    assert not list(tmp_path.parent.rglob("led.txt"))


def test_an_archive_of_nothing_that_is_read_says_so(results):
    assert "has only its files of kinds" in results("a.zip", packed({"a.png": "x"}))[0].reason
    assert "empty" in results("a.zip", packed({}))[0].reason


def test_notices_come_out_of_the_process_that_reads(tmp_path):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"text": TEXT, "date": "never"}))
    with Child(Limits()) as child:
        article, notice = child.read(path)
    assert isinstance(article, Article)
    assert type(notice) is Notice


def test_raised_figures_stay_raised(results):
    words = (
        "will pay 10<sup>6</sup> crowns for CO<sub>2</sub> filters<sup><a>1</a></sup> on Monday."
    )
    article = f"<article><h1>Skarra</h1><p>The town {words}</p><p>{TEXT}</p></article>"
    page = f"<html><body>{article}</body></html>"
    row = json.dumps({"text": f"<p>The town {words}</p>"})
    for name, content in (("a.html", page), ("a.jsonl", row)):
        [article] = results(name, content)
        assert "will pay 10⁶ crowns for CO2 filters¹ on Monday." in article.text, name
    document = docx.Document()
    paragraph = document.add_paragraph("The town will pay 10")
    paragraph.add_run("6").font.superscript = True
    paragraph.add_run(" crowns on Monday.")
    file = io.BytesIO()
    document.save(file)
    [article] = results("a.docx", file.getvalue())
    assert article.text == "The town will pay 10⁶ crowns on Monday."


def test_what_wiki_templates_stand_for_is_read(results):
    wiki = (
        "<mediawiki><page><title>Orm</title><ns>0</ns><revision><text>{{box|a=b}}\n"
        "On Friday {{w|Nils Aas}} of {{w|Holmsund|the harbour town}} paid {{nowrap|4 million}} "
        "crowns for the bridge over the Orm, and the council of the town thanked him.</text>"
        "</revision></page></mediawiki>"
    )
    [article] = results("a.xml", wiki)
    assert "On Friday Nils Aas of the harbour town paid 4 million crowns for" in article.text
    assert "box" not in article.text


@pytest.mark.parametrize("name", ["a.jsonl", "a.json", "a.csv"])
def test_names_that_somebody_gives_count_before_all_others(tmp_path, name):
    path, names = tmp_path / name, {"text": "inhalt", "source": "meta.blatt", "date": "tag"}
    row = {"inhalt": TEXT, "content": SECOND, "tag": "2023-06-30", "meta": {"blatt": "Der Bote"}}
    if name.endswith(".csv"):
        names["source"] = "blatt"
        path.write_text(f'inhalt,content,tag,blatt\n"{TEXT}","{SECOND}",2023-06-30,Der Bote\n')
    else:
        path.write_text(json.dumps(row))
    with Child(Limits(), names) as child:
        [article] = child.read(path)
    assert isinstance(article, Article)
    assert (article.text, article.source, str(article.date)) == (TEXT, "Der Bote", "2023-06-30")


# Hostile files.

PART = b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n'
DEEP = {
    "parts.eml": b"Subject: x\n" + b"".join(PART % (n, n) for n in range(3000)),
    "messages.eml": b"Subject: x\n" + b"Content-Type: message/rfc822\n\n" * 3000,
    "a.mbox": b"From x\nSubject: x\n" + b"".join(PART % (n, n) for n in range(3000)),
    "a.mht": b"Subject: x\n" + b"".join(PART % (n, n) for n in range(3000)),
    "a.json": b'{"a": ' * 100_000,
    "a.jsonl": b'{"a": [' * 100_000,
    "a.xml": b"<nitf>" + b"<p>" * 5000,
    "a.html": b"<div>" * 50_000,
    "number.rtf": rb"{\rtf1 a \u99999999999 b}",
    "number.json": b'{"text": "a", "id": %s}' % (b"9" * 5000),
}


@pytest.mark.parametrize("name", DEEP)
def test_what_is_nested_too_deeply_is_a_failure(name, results):
    [failure] = results(name, DEEP[name])
    assert type(failure) is Failure


def test_a_row_that_fails_has_no_notice(results):
    row = {"text": TEXT, "date": "never", "source": {"name": {"name": "x"}}}
    [failure] = results("a.json", json.dumps(row))
    assert "'source' should be text" in failure.reason


MUTATED = sorted((DATA / "sources").glob("article_*"))
OURS = sorted(set(SUPPORTED) - {".txt", ".md", ".markdown", ".pdf"})


@pytest.mark.parametrize("ending", OURS)
def test_a_damaged_file_ends_in_failures_only(ending, tmp_path):
    """Valid files cut, with bytes changed, doubled or taken out."""
    rng = random.Random(ending)
    for source in (path for path in MUTATED if path.name.endswith(ending)):
        whole = source.read_bytes()
        for _ in range(8):
            data = bytearray(whole)
            for _ in range(rng.choice((1, 3, 30))):
                place = rng.randrange(len(data))
                match rng.randrange(4):
                    case 0:
                        data[place] = rng.randrange(256)
                    case 1:
                        del data[place : place + rng.randrange(1, 40)]
                    case 2:
                        data[place:place] = data[place : place + 40] * rng.randrange(1, 4)
                    case _:
                        data[place:place] = rng.choice((b"\0", b"<", b"{", b"\xff", b"]]>", b'"'))
            if rng.random() < 0.3:
                data = data[: rng.randrange(1, len(data))]
            path = tmp_path / f"a{ending}"
            path.write_bytes(bytes(data))
            assert all(isinstance(item, Article | Failure) for item in read(path))


def test_the_charset_of_a_file_of_damaged_rows_is_looked_for_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    recoded = Mock(wraps=json_rows._recoded)
    monkeypatch.setattr(json_rows, "_recoded", recoded)
    file = tmp_path / "rows.jsonl"
    good, bad = (
        '{"text": "Le pont a rouvert, déjà."}\n'.encode(),
        b'{"text": "Le pont \xe2 \xff."}\n',
    )
    file.write_bytes((good + bad) * 3)
    found = list(json_rows.read(file))
    assert [isinstance(item, Article) for item in found] == [True, False] * 3
    assert recoded.call_count == 1

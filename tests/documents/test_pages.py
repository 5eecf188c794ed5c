"""Saved pages as sites and press databases make them: what is read of each, and what is refused."""

from __future__ import annotations

import pytest

from qa.documents.article import Article
from qa.documents.parsers import Failure, read

PARAGRAPHS = (
    "The council of Tolvik voted on Monday to rebuild the breakwater that the storm tore open.",
    "The chairman of the harbour board, Aksel Ruud, said the work would begin in May.",
    "Fishermen had asked for a longer wall, but the county refused to pay for it.",
    "The ferry will use the northern quay until then, and the fish hall stays open.",
)
TEXT = "\n\n".join(PARAGRAPHS)
ONE, TWO, THREE, FOUR = (f"<p>{paragraph}</p>" for paragraph in PARAGRAPHS)
BODY = ONE + TWO + THREE + FOUR
H1 = "<h1>Breakwater to be rebuilt</h1>"
CONSENT = (
    "<h2>Your privacy</h2><p>We and our 94 partners use cookies to store information on your "
    "device and show you personalised ads. You may withdraw your consent.</p>"
    "<button>Accept all</button>"
)
NEWSLETTER = "<h2>Newsletter</h2><p>Get the news of the harbour every morning, free of charge.</p>"


def page(body: str, head: str = "", lang: str = "en") -> str:
    title = "<title>Breakwater to be rebuilt</title>"
    head = f'<head><meta charset="utf-8">{title}{head}</head>'
    return f'<!DOCTYPE html><html lang="{lang}">{head}<body>{body}</body></html>'


def results(tmp_path, content: str, name: str = "a.html") -> list[Article | Failure]:
    (tmp_path / name).write_text(content)
    return list(read(tmp_path / name))


def only(tmp_path, content: str) -> Article:
    [article] = results(tmp_path, content)
    assert isinstance(article, Article), article
    return article


WHOLE = {
    "a dialog hides the root": (
        f'<div id="app" aria-hidden="true"><div><article>{H1}{BODY}</article></div></div>'
        f'<div role="dialog" aria-modal="true">{CONSENT}</div>'
    ),
    "a consent tool without roles": (
        f'<div id="app" aria-hidden="true">{H1}<div class="c">{BODY}</div></div>'
        f'<div id="onetrust-consent-sdk"><div class="x">{CONSENT}</div></div>'
    ),
    "a newsletter dialog hides main": (
        f'<div class="overlay"><div role="dialog">{NEWSLETTER}</div></div>'
        f'<main aria-hidden="true">{H1}{BODY}</main>'
    ),
    "an article that fades in": f'<article style="opacity:0; color:#222">{H1}{BODY}</article>',
    "an article not yet visible": f'<main style="visibility: hidden">{H1}{BODY}</main>',
    "a root not yet visible": f'<div id="root" style="visibility:hidden">{H1}{BODY}</div>',
    "a standfirst in the header": (
        f"<header>{H1}<div class='dek'>{ONE}</div></header><section class='content'>"
        f"{TWO}{THREE}{FOUR}</section>"
    ),
    "a standfirst as a heading": (
        f"<div class='head'>{H1}<h2 class='dek'>{PARAGRAPHS[0]}</h2></div>"
        f"<div class='content'>{TWO}{THREE}{FOUR}</div>"
    ),
    "two boxes of text": (
        f"{H1}<div class='text'>{ONE}{TWO}</div><div class='pub'>Advertisement</div>"
        f"<div class='text'>{THREE}{FOUR}</div>"
    ),
    "sections with a newsletter between": (
        f"<main>{H1}<section class='b'>{ONE}{TWO}</section><section class='newsletter'>"
        f"{NEWSLETTER}</section><section class='b'>{THREE}{FOUR}</section></main>"
    ),
    "a box for each paragraph": H1
    + "".join(
        f"<div class='para'>{p}</div><div class='ad'>Ad</div>" for p in (ONE, TWO, THREE, FOUR)
    ),
    "an aside that is the article": f"<div><aside class='story'>{H1}{BODY}</aside></div>",
    "panels of tabs": (
        f"<main>{H1}<div role='tablist'><button role='tab'>Story</button><b>More</b></div>"
        f"<div role='tabpanel'>{ONE}{TWO}</div>"
        f"<div role='tabpanel' aria-hidden='true'>{THREE}{FOUR}</div></main>"
    ),
    "a passage that unfolds": (
        f"<article>{H1}{ONE}<button aria-expanded='false' aria-controls='p'>Why</button>"
        f"<div id='p' aria-hidden='true'>{TWO}</div>{THREE}{FOUR}</article>"
    ),
    "lines that lead elsewhere": (
        f"<article>{H1}{ONE}{TWO}<p>Read more: <a href='/x'>Flood of February cost us.</a></p>"
        f"<time datetime='2023-03-14'>2 years ago</time>{THREE}{FOUR}</article>"
    ),
    "comments that are articles": (
        f"<article>{H1}{BODY}</article><ol>"
        + "<li><article class='comment'><h4>Ole</h4><p>30 June 2023</p><p>I have said so for "
        "years, and nobody at the board ever listened to any of us.</p></article></li>"
        * 3
        + "</ol>"
    ),
    "an invitation above the article": (
        f"<header><a href='/s'>Subscribe to read our newspaper</a></header>"
        f"<article>{H1}{BODY}</article>"
    ),
    "an invitation below the article": (
        f"<article>{H1}{BODY}</article><footer>Subscribe to continue reading our stories</footer>"
    ),
}


@pytest.mark.parametrize("body", WHOLE.values(), ids=WHOLE)
def test_the_whole_article_is_read_and_nothing_else(body, tmp_path):
    article = only(tmp_path, page(body))
    assert article.text == TEXT
    assert article.title == "Breakwater to be rebuilt"


def test_the_foot_of_an_article_is_read_and_that_of_the_page_is_not(tmp_path):
    note = "Correction: an earlier version of this article gave the wrong cost."
    foot = f"<footer><p>Ada Lind in Tolvik</p><p>{note}</p><p>© 2023 Tolvik Courier</p></footer>"
    body = (
        f"<article>{H1}{BODY}{foot}</article><footer><p>Read us every day of the week.</p></footer>"
    )
    assert only(tmp_path, page(body)).text == f"{TEXT}\n\nAda Lind in Tolvik\n\n{note}"


def test_words_behind_aria_stay_hidden_where_they_are_no_article(tmp_path):
    unseen = '<p aria-hidden="true">Words of an icon font, unseen by all.</p>'
    body = f"<article>{H1}{BODY}{unseen}</article>"
    assert only(tmp_path, page(body)).text == TEXT


def teasers(shape: str) -> str:
    return "".join(
        shape.format(title)
        for title in ("Ferry prices rise", "Otter seen in the harbour", "Mill sold to a baker")
    )


STORY = "<p>3 July 2023</p><p>The company said on Friday that prices rise again in August.</p>"


@pytest.mark.parametrize(
    "body",
    [
        f"<main><article>{H1}{BODY}</article><section class='more'>"
        + teasers(f"<article><h3><a href='/x'>{{}}</a></h3>{STORY}</article>")
        + "</section></main>",
        f"<main><article>{H1}{BODY}</article>"
        + teasers(f"<a href='/x'><article><h3>{{}}</h3>{STORY}</article></a>")
        + "</main>",
    ],
)
def test_a_page_with_teasers_is_one_article(body, tmp_path):
    article = only(tmp_path, page(body))
    assert (article.text, article.date) == (TEXT, None)


def test_an_article_whose_headline_links_to_itself_is_no_teaser(tmp_path):
    comments = "<article class='comment'><h4>Ole</h4><p>I said so for years.</p></article>" * 2
    article = f"<article><h2><a href='/here'>Breakwater to be rebuilt</a></h2>{BODY}</article>"
    assert TEXT in only(tmp_path, page(article + comments)).text


def test_a_word_of_the_menu_in_the_article_makes_no_article_of_the_menu(tmp_path):
    menu = (
        "<nav><ul><li>Tolvik</li><li>Our reporters are at work in all the harbours.</li></ul></nav>"
    )
    assert only(tmp_path, page(f"{menu}<div>{H1}{BODY}</div>")).text == TEXT


def test_a_live_blog_is_one_article(tmp_path):
    posts = "".join(
        f"<article class='post'><h2>Update</h2><time>30 June 2023, 1{n}:00</time><p>{text} More "
        "follows soon, the county says.</p></article>"
        for n, text in enumerate(PARAGRAPHS)
    )
    article = only(tmp_path, page(f"<main><h1>Storm live</h1>{posts}</main>"))
    assert all(paragraph in article.text for paragraph in PARAGRAPHS)


# Of two outlets, on 30 June and 1 July.
SHAPES = {
    "articles": (
        "<article><header><div>news·20230630</div><h1>{title}</h1><p>{outlet}, {day}</p></header>"
        "{one}{two}</article>"
    ),
    "Europresse": (
        '<article><header><div class="rdp__DocPublicationName"><span class="DocPublicationName">'
        '{outlet}</span>, no. 2433</div><span class="DocHeader">World, {day}, 834 words, p. 2'
        '</span><div class="titreArticle"><p class="titreArticleVisu">{title}</p></div></header>'
        '<section><div class="docOcurrContainer">{one}{two}</div></section><footer><p>© 2023 '
        "{outlet}. All rights reserved.</p></footer></article>"
    ),
    "Factiva": (
        '<div class="article enArticle"><div>News</div><div id="hd"><span class="enHeadline">'
        '{title}</span></div><div class="author">By Ada Lind</div><div>812 words</div><div>{day}'
        "</div><div>05:12</div><div>{outlet}</div><div>TOLVC</div><div>English</div><div>Copyright "
        "2023 {outlet}.</div>{one}{two}<div>Document TOLVC00020230630ej6u0001p</div></div>"
    ),
    "headings side by side": "<h2>{title}</h2><p><b>{outlet}</b> – {day}</p>{one}{two}<hr>",
    "boxes": (
        '<div class="document"><h2>{title}</h2><div class="source">{outlet}</div><div>{day}</div>'
        "<div>{one}{two}</div></div>"
    ),
    "rows of a table": "<tr><td><h3>{title}</h3><p>{outlet} | {day}</p>{one}{two}</td></tr>",
    "rules between": "<p><b>{title}</b></p><p>{outlet}, {day}</p>{one}{two}<hr>",
    "a date for machines": (
        '<article><h2>{title}</h2><span class="source">{outlet}</span> <time datetime="{iso}">'
        "this week</time>{one}{two}</article>"
    ),
    "Nexis": (
        '<div class="c0"><p><span>1 of 2 DOCUMENTS</span></p></div><div class="c3"><p>{outlet}</p>'
        '</div><div class="c3"><p>{day}</p></div><div class="c4"><p>{title}</p></div><div '
        'class="c4"><p><span>LENGTH: </span><span>812 words</span></p></div><div class="c4">{one}'
        "{two}</div><br>"
    ),
    "date above the headline": (
        "<section><p>{outlet}</p><p>{day}</p><h2>{title}</h2>{one}{two}</section>"
    ),
    "breaks": "<b>{title}</b><br>{outlet}, {day}<br><br>{one}{two}<br><br><br>",
    "breaks around rules": "<b>{title}</b><br>{outlet}<br>{day}<br><br>{one}{two}<hr>",
    "rows for each line": (
        "<tr><td><b>{title}</b></td></tr><tr><td>{outlet}, {day}</td></tr><tr><td>"
        "{one}{two}</td></tr>"
    ),
    "tables of fields": (
        "<table><tr><td><b>HD</b></td><td>{title}</td></tr><tr><td>WC</td><td>812 words</td></tr>"
        "<tr><td>PD</td><td>{day}</td></tr><tr><td>SN</td><td>{outlet}</td></tr><tr><td>LP</td><td>{one}"
        "</td></tr><tr><td>TD</td><td>{two}</td></tr><tr><td>AN</td><td>Document TOLVC00020230630"
        "</td></tr></table><br>"
    ),
}


@pytest.mark.parametrize("above", ["", "<h1>Your search: 2 documents</h1>"])
@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES)
def test_an_export_is_read_part_by_part(shape, above, tmp_path):
    expected = [
        ("Breakwater to be rebuilt", "Tolvik Courier", "2023-06-30", "Friday 30 June 2023"),
        ("Reconstruction", "AFP", "2023-07-01", "samedi 1er juillet 2023"),
    ]
    parts = "".join(
        shape.format(title=title, outlet=outlet, iso=iso, day=day, one=ONE, two=TWO)
        for title, outlet, iso, day in expected
    )
    parts = f"<table>{parts}</table>" if parts.startswith("<tr>") else parts
    found = results(tmp_path, page(above + parts))
    assert [isinstance(part, Article) for part in found] == [True, True]
    assert [(a.title, a.source, str(a.date)) for a in found if isinstance(a, Article)] == [
        part[:3] for part in expected
    ]
    assert {a.text for a in found if isinstance(a, Article)} == {"\n\n".join(PARAGRAPHS[:2])}
    assert [part.origin.rpartition("#")[2] for part in found] == ["1", "2"]


TEXTS = {
    "numbers and names of lines": (
        "Document {n} of 2\n\n{title}\n\nAuthor: Lind, Ada\n\nPublication info: {outlet} ; Tolvik "
        "[Tolvik]. {day}.\n\nFull text: {text}\n\nSubject: Harbours\n\nCopyright 2023 {outlet}\n\n"
    ),
    "Factiva": (
        "News\n{title}\n\nAda Lind\n812 words\n{day}\n{outlet}\nTOLVC\nEnglish\nCopyright 2023 "
        "{outlet}. All rights reserved.\n\n{text}\n\nDocument TOLVC0002023063{n}ej6u0001p\n\n"
    ),
    "Nexis": (
        "{n} of 2 DOCUMENTS\n\n\n{outlet}\n\n{day}\n\n{title}\n\nBYLINE: Ada Lind\n\nLENGTH: "
        "812 words\n\n{text}\n\nLOAD-DATE: July 3, 2023\n\nLANGUAGE: ENGLISH\n\nCopyright "
        "2023 {outlet}\nAll Rights Reserved\n\n\n"
    ),
    "Nexis today": (
        "{title}\n\n{outlet}\n\n{day}\n\nCopyright 2023 {outlet} All Rights Reserved\n\nLength: "
        "812 words\n\nBody\n\n{text}\n\nLoad-Date: July 3, 2023\n\nEnd of Document\n\n"
    ),
    "Europresse": (
        "{outlet} • {day} • 812 words\n\n{title}\n\n{text}\n\n© 2023 {outlet}. All rights "
        "reserved.\nDocument news·20230630·TC·abc{n}\n\n"
    ),
    "codes": (
        "HD   {title}\nBY   Ada Lind\nWC   812 words\nPD   {day}\nSN   {outlet}\nLA   English\n"
        "LP   {text}\nAN   Document TOLVC0002023063{n}ej6u0001p\n\n"
    ),
    "names of lines alone": "Title: {title}\nSource: {outlet}\nDate: {day}\nText: {text}\n\n",
    "rules": "{title}\n{outlet}, {day}\n\n{text}\n______________________________\n",
    "rules and names of lines": "Title: {title}\nSource: {outlet}\nDate: {day}\n\n{text}\n=====\n",
}


@pytest.mark.parametrize("shape", TEXTS.values(), ids=TEXTS)
def test_an_export_in_plain_text_is_read_part_by_part(shape, tmp_path):
    expected = [
        ("Breakwater to be rebuilt", "Tolvik Courier", "2023-06-30", "30 June 2023"),
        ("Reconstruction of the quay", "AFP", "2023-07-01", "July 1, 2023"),
    ]
    text = "\n\n".join(PARAGRAPHS[:2])
    content = "".join(
        shape.format(n=n, title=title, outlet=outlet, day=day, text=text)
        for n, (title, outlet, _, day) in enumerate(expected, start=1)
    )
    found = results(tmp_path, content, "a.txt")
    assert [(a.title, a.source, str(a.date), a.text) for a in found if isinstance(a, Article)] == [
        (*part[:3], text) for part in expected
    ]


def test_words_in_capitals_are_no_codes(tmp_path):
    opening = (
        "IN Tolvik the sea stood in the market hall by noon, the harbour board said on Monday."
    )
    shape = f"{{}}\nCourier, 30 June 2023\n\n{opening}\n\n{TEXT}"
    for article in results(tmp_path, "\n_____\n".join(map(shape.format, ("One", "Two"))), "a.txt"):
        assert isinstance(article, Article)
        assert article.text == f"{opening}\n\n{TEXT}"


def test_a_text_with_rules_and_dates_is_one_article(tmp_path):
    passages = "".join(f"-----\n\n{n} March 2023\n\n{p}\n\n" for n, p in enumerate(PARAGRAPHS, 1))
    [article] = results(
        tmp_path, f"The flood, day by day\n\n{PARAGRAPHS[0]}\n\n{passages}", "a.txt"
    )
    assert isinstance(article, Article)
    assert article.date is None


def test_a_part_that_lacks_its_date_is_named(tmp_path):
    rule = "\n____________________\n"
    one = f"One\nCourier, 30 June 2023\n\n{TEXT}"
    *articles, failure = results(tmp_path, rule.join((one, one, f"Three\n\n{TEXT}")), "a.txt")
    assert [type(article) for article in articles] == [Article, Article]
    assert isinstance(failure, Failure)
    assert "no full date" in failure.reason


def test_a_table_with_an_article_a_row_is_read_by_its_columns(tmp_path):
    names = "<tr><th>Date</th><th>Source</th><th>Title</th><th>Text</th></tr>"
    row = f"<tr><td>30 June 2023</td><td>Courier</td><td>One</td><td>{PARAGRAPHS[0]}</td></tr>"
    first, _ = results(tmp_path, page(f"<table>{names}{row}{row}</table>"))
    assert isinstance(first, Article)
    assert (first.title, first.source, str(first.date)) == ("One", "Courier", "2023-06-30")
    assert first.text == PARAGRAPHS[0]


def test_the_first_words_of_a_paragraph_make_no_label_of_it(tmp_path):
    words = "By noon the wall was gone, and the sea stood in the market hall of Tolvik."
    shape = f"<h2>{{}}</h2><p>Courier, 30 June 2023</p><p>{words}</p>{ONE}<p>{words}</p>"
    for article in results(tmp_path, page("".join(map(shape.format, "AB")))):
        assert isinstance(article, Article)
        assert article.text == f"{words}\n\n{PARAGRAPHS[0]}\n\n{words}"


def test_articles_with_headlines_of_the_first_rank_need_no_date(tmp_path):
    parts = f"<article><h1>One</h1>{ONE}{TWO}</article><article><h1>Two</h1>{THREE}{FOUR}</article>"
    first, second = results(tmp_path, page(parts))
    assert isinstance(first, Article)
    assert (first.title, first.date, first.source) == ("One", None, None)
    assert isinstance(second, Article)
    assert second.text == "\n\n".join(PARAGRAPHS[2:])


def test_a_short_first_paragraph_of_a_part_is_not_lost(tmp_path):
    short = "<p>The works begin soon.</p>"
    parts = (
        f"<article><h2>{t}</h2><p>Courier, 30 June 2023</p>{short}{ONE}</article>" for t in "AB"
    )
    for article in results(tmp_path, page("".join(parts))):
        assert isinstance(article, Article)
        assert article.text == f"The works begin soon.\n\n{PARAGRAPHS[0]}"


@pytest.mark.parametrize(
    ("head", "above", "date"),
    [
        ('<meta property="article:modified_time" content="2024-01-09T10:00:00Z">', "", None),
        ('<meta name="last-modified" content="2024-01-09">', "", None),
        (
            '<meta property="og:updated_time" content="2024-01-09">',
            '<time datetime="2023-06-30">30 June</time>',
            "2023-06-30",
        ),
        (
            (
                '<script type="application/ld+json">{"@type": "NewsArticle", "dateModified": '
                '"2024-01-09T08:00:00Z", "datePublished": "2023-06-30T08:00:00Z"}</script>'
            ),
            "",
            "2023-06-30",
        ),
        (
            (
                '<script type="application/ld+json">{"@type": "NewsArticle", "dateModified": '
                '"2024-01-09T08:00:00Z"}</script>'
            ),
            "",
            None,
        ),
        (
            "",
            (
                '<p>Published <time datetime="2023-06-30">30 June</time>, updated '
                '<time datetime="2024-01-09">9 January</time></p>'
            ),
            "2023-06-30",
        ),
    ],
)
def test_a_change_is_no_publication(head, above, date, tmp_path):
    found = only(tmp_path, page(f"<article>{H1}{above}{BODY}</article>", head)).date
    assert (found and str(found)) == date


def test_one_date_may_be_of_publication_and_change(tmp_path):
    time = (
        '<time class="entry-date published updated" datetime="2023-06-30T10:00:00Z">June 30</time>'
    )
    assert str(only(tmp_path, page(f"<article>{H1}{time}{BODY}</article>")).date) == "2023-06-30"


BAR = '<div class="bar"><span class="date">Monday 30 November 2026</span></div>'
TEASER = '<li><a href="/x">Mill sold</a> <time datetime="2024-05-02">2 May 2024</time></li>'
SHOWN = {
    "a head bar alone": (f"{BAR}<article>{H1}{BODY}</article>", "", None),
    "a head bar and a line": (
        f"{BAR}<article>{H1}<p>By Ada Lind | March 14, 2023 8:12 AM</p>{BODY}</article>",
        "",
        "2023-03-14",
    ),
    "a sidebar": (f"<main>{H1}{BODY}<aside><ul>{TEASER}</ul></aside></main>", "", None),
    "a list of others": (f"<div>{H1}<div>{BODY}</div><ul>{TEASER * 3}</ul></div>", "", None),
    "comments": (
        (
            f"<article>{H1}{BODY}</article><div class='comments'><p><time datetime='2024-01-02'>2 "
            "January</time></p><p>Well done.</p></div>"
        ),
        "",
        None,
    ),
    "a standfirst between": (
        f"{H1}{ONE}<p class='meta'>Posted on <b>14 March 2023</b> by Ada Lind</p>{TWO}{THREE}",
        "",
        "2023-03-14",
    ),
    "above the headline": (
        f"{BAR}<article><span>14.03.2023</span>{H1}{BODY}</article>",
        "",
        "2023-03-14",
    ),
    "spans without spaces": (
        (
            f"<article>{H1}<p><span>By Ada Lind</span><time><span>March 14, 2023</span><span>8:12 "
            f"AM GMT</span><span>Updated May 2, 2024</span></time></p>{BODY}</article>"
        ),
        "",
        "2023-03-14",
    ),
    "how long ago": (
        f"<article>{H1}<time datetime='2023-03-14T08:12'>2 years ago</time>{BODY}</article>",
        "",
        "2023-03-14",
    ),
    "a writer after it": (
        f"<div>{H1}<p>Tuesday 14 March 2023, by Ada Lind</p>{BODY}</div>",
        "",
        "2023-03-14",
    ),
    "dates that head passages": (
        (
            f"<article>{H1}{ONE}<p class='date'>11 February 2023</p>{TWO}<p class='date'>14 March "
            f"2023</p>{THREE}</article>"
        ),
        "",
        None,
    ),
    "the site's name above": (
        f"<h1>Tolvik Courier</h1><p>Monday 30 November 2026</p><h2>A wall for Tolvik</h2>{BODY}",
        "",
        None,
    ),
    "a sentence": (
        f"{H1}<p>On June 3, 2019 the wall broke for the first time.</p>{BODY}",
        "",
        None,
    ),
    "a list of others for machines": (
        f"<article>{H1}{BODY}</article>",
        (
            '<script type="application/ld+json">{"@type": "ItemList", "itemListElement": [{'
            '"@type": "NewsArticle", "datePublished": "2024-05-02"}]}</script>'
        ),
        None,
    ),
    "the address": (
        f"<article>{H1}{BODY}</article>",
        '<link rel="canonical" href="https://tolvik.example/2023/03/14/breakwater">',
        "2023-03-14",
    ),
    "a dateline": (
        f"<article>{H1}<p>TOLVIK, March 14, 2023 (AFP) - Go.</p>{BODY}</article>",
        "",
        "2023-03-14",
    ),
}


@pytest.mark.parametrize(("body", "head", "date"), SHOWN.values(), ids=SHOWN)
def test_only_a_date_of_the_article_itself_is_its_date(body, head, date, tmp_path):
    found = only(tmp_path, page(body, head)).date
    assert (found and str(found)) == date


@pytest.mark.parametrize(
    ("written", "lang", "date"),
    [
        ("06/30/2023", "en-US", "2023-06-30"),
        ("06/30/2023", "en", "2023-06-30"),
        ("06/07/2023", "en-US", "2023-06-07"),
        ("06/07/2023 10:12 AM", "en_US", "2023-06-07"),
        ("06/07/2023", "en", "2023"),
        ("06/07/2023", "en-GB", "2023"),
        ("14.03.2023", "en", "2023-03-14"),
    ],
)
def test_figures_of_a_date_are_read_as_the_page_s_country_writes_them(
    written, lang, date, tmp_path
):
    head = f'<meta name="date" content="{written}">'
    assert str(only(tmp_path, page(f"<article>{H1}{BODY}</article>", head, lang)).date) == date


def test_the_address_that_a_browser_notes_is_that_of_the_page(tmp_path):
    note = "<!-- saved from url=(0044)https://tolvik.example/2023/03/14/breakwater -->"
    article = only(
        tmp_path, page(f"<article>{H1}{BODY}</article>").replace("<html", f"{note}<html")
    )
    assert article.url == "https://tolvik.example/2023/03/14/breakwater"
    assert str(article.date) == "2023-03-14"


def test_the_name_of_a_site_is_no_headline(tmp_path):
    head = "<header><h1><a href='/'>Tolvik Courier</a></h1><p>Monday 30 November 2026</p></header>"
    article = only(tmp_path, page(f"{head}<div><h2>Breakwater to be rebuilt</h2>{BODY}</div>"))
    assert (article.title, article.date) == ("Breakwater to be rebuilt", None)
    assert article.text == TEXT


@pytest.mark.parametrize(
    ("path", "date"),
    [
        ("news/2023/03/14/wall", "2023-03-14"),
        ("news/2023/3/4/wall", "2023-03-04"),
        ("en/20230314-wall", "2023-03-14"),
        ("wall_2023-03-14.html", "2023-03-14"),
        ("news/1990123-wall", None),
        ("news/20231345-wall", None),
        ("season/2019-20/wall", None),
    ],
)
def test_a_date_in_the_address_is_that_of_publication(path, date, tmp_path):
    head = f'<link rel="canonical" href="https://tolvik.example/{path}">'
    found = only(tmp_path, page(f"<article>{H1}{BODY}</article>", head)).date
    assert (found and str(found)) == date


def test_a_page_may_name_its_country_for_other_sites_alone(tmp_path):
    head = '<meta property="og:locale" content="en_US"><meta name="date" content="06/07/2023">'
    body = page(f"<article>{H1}{BODY}</article>", head).replace('<html lang="en">', "<html>")
    assert str(only(tmp_path, body).date) == "2023-06-07"


def test_half_a_title_of_damaged_json_is_none(tmp_path):
    declared = '{"@type": "NewsArticle", "headline": "Breakwater, "finally" rebuilt"}'
    head = f'<script type="application/ld+json">{declared}</script>'
    article = only(tmp_path, page(f"<article>{H1}{BODY}</article>", head))
    assert (article.title, article.text) == ("Breakwater to be rebuilt", TEXT)


def test_a_time_within_a_sentence_stays_in_it(tmp_path):
    sentence = "<p>The wall broke on <time datetime='2023-02-11'>11 February</time> at noon.</p>"
    article = only(tmp_path, page(f"<article>{H1}{sentence}{BODY}</article>"))
    assert article.text == f"The wall broke on 11 February at noon.\n\n{TEXT}"
    assert article.date is None


LINKS = '<td width="120"><a href="/">Home</a><br><a href="/s">Sport</a></td>'
AD = "<td><b>Advertisement</b><br>Buy your sofas at Lund, quality at a low price since 1950.</td>"
BREAKS = "<br><br>".join(PARAGRAPHS)
TITLED = "<font size='5'><b>Breakwater to be rebuilt</b></font>"
ROWS = "<tr><td>Stone</td><td>4 million</td></tr><tr><td>Steel</td><td>2 million</td></tr>"
FIGURES = f"<table>{ROWS}</table>"
LAID_OUT = {
    "a menu and an advertisement beside": f"<tr>{LINKS}<td>{TITLED}<br>{BREAKS}</td>{AD}</tr>",
    "paragraphs in the cell": f"<tr>{LINKS}<td>{H1}{BODY}</td>{AD}</tr>",
    "tables in the table": (
        f"<tr><td colspan=3>Tolvik Courier</td></tr><tr>{LINKS}<td><table><tr><td>"
        f"{TITLED}</td></tr><tr><td>{BREAKS}</td></tr></table></td>{AD}</tr>"
    ),
    "one column": f"<tr>{LINKS}</tr><tr><td>{H1}</td></tr><tr><td>{ONE}{TWO}</td></tr>"
    f"<tr><td>{THREE}{FOUR}</td></tr>",
}


@pytest.mark.parametrize("rows", LAID_OUT.values(), ids=LAID_OUT)
def test_a_table_that_lays_out_a_page_is_no_table(rows, tmp_path):
    assert only(tmp_path, page(f"<table width='780'>{rows}</table>")).text == TEXT


def test_a_table_of_figures_stays_one_within_a_table_that_lays_out(tmp_path):
    cell = f"<td>{H1}{ONE}{TWO}{FIGURES}{THREE}{FOUR}</td>"
    text = only(tmp_path, page(f"<table><tr>{LINKS}{cell}</tr></table>")).text
    assert "| Stone | 4 million |" in text
    assert "Home" not in text


FRENCH = (
    "<p>Le conseil de Tolvik a voté lundi la reconstruction de la digue que la tempête de janvier "
    "avait ouverte, pour onze millions.</p><p>Les travaux commencent en mai.</p>"
)


@pytest.mark.parametrize(
    ("declared", "body", "language"),
    [
        ("de", FRENCH, "fr"),
        ("de", ONE, "en"),
        ("en", FRENCH, "fr"),
        ("fr", BODY, "en"),
        ("fr-FR", FRENCH, "fr"),
        ("", FRENCH, "fr"),
    ],
)
def test_the_text_is_believed_and_not_its_template(declared, body, language, tmp_path):
    assert (
        only(tmp_path, page(f"<article>{H1}{body}</article>", lang=declared)).language == language
    )


COOKIES = "shows only its dialog about cookies"
SUBSCRIBERS = "the rest is for subscribers"
ERROR = "an error message of its site"
ROBOTS = "the site's check for robots"
REFUSED = [
    (f"<div class='consent'>{CONSENT}</div>", COOKIES),
    (f"<div role='dialog'>{CONSENT}</div>", COOKIES),
    (f"<div class='x'>{CONSENT}</div>", COOKIES),
    (
        (
            "<main><h1>Le respect de votre vie privée est notre priorité</h1><p>Avec nos 842 "
            "partenaires, nous utilisons des cookies ou technologies similaires pour mesurer "
            "l’audience. Vous pouvez retirer votre consentement à tout moment.</p></main>"
        ),
        COOKIES,
    ),
    (
        f"<article>{H1}{ONE}<p>Il vous reste 82,5 % de cet article à lire.</p></article>",
        SUBSCRIBERS,
    ),
    (f"<article>{H1}{ONE}<p>La suite est réservée aux abonnés.</p></article>", SUBSCRIBERS),
    (f"<article>{H1}{ONE}<p>Pour lire la suite, abonnez-vous.</p></article>", SUBSCRIBERS),
    (f"<article>{H1}{ONE}</article><div><h2>Subscribe to continue reading</h2></div>", SUBSCRIBERS),
    (f"<article>{H1}{ONE}<p>Sign in to read the full story.</p></article>", SUBSCRIBERS),
    (f"<article>{H1}<b>Article réservé aux abonnés</b>{ONE}</article>", SUBSCRIBERS),
    (
        (
            '<script type="application/ld+json">{"@type":"NewsArticle","isAccessibleForFree":false}'
            f"</script><article>{H1}{ONE}</article>"
        ),
        SUBSCRIBERS,
    ),
    *(
        (f"<article>{H1}{ONE}</article><div><p>{asks}</p><p>Log in</p></div>", SUBSCRIBERS)
        for asks in (
            "This article is for subscribers only.",
            "Already a subscriber?",
            "To continue reading, create a free account.",
            "You have 2 free articles left this month.",
            "You’ve reached your limit of free articles.",
            "This content is exclusive to members.",
            "Vous avez lu vos 3 articles gratuits ce mois-ci.",
            "Offrez-vous la suite de cet article à partir de 1 € par mois.",
            "Sign in or create an account to continue",
            "Envie de lire la suite ? Abonnez-vous à partir de 1 €",
        )
    ),
    *(
        (f"<h1>{title}</h1><p>{words}</p>", reason)
        for title, words, reason in (
            ("404", "Sorry, the page you are looking for may have been moved or deleted.", ERROR),
            ("Page introuvable", "La page que vous recherchez n’existe pas ou plus.", ERROR),
            ("Erreur 404 – Page non trouvée", "Retour à la page d’accueil du journal.", ERROR),
            ("403 Forbidden", "nginx", ERROR),
            ("Sorry, this page doesn’t exist", "Try the search field above instead.", ERROR),
            ("Access Denied", "Reference #18.2f3e1402.1700000000.1a2b3c and nothing else", ERROR),
            ("503 Service Temporarily Unavailable", "Please try again later today.", ERROR),
            ("Just a moment...", "Checking your browser before you go to our site.", ROBOTS),
            ("tolvik.example", "Verify you are human by completing the action below.", ROBOTS),
            ("Are you a robot?", "Please click the box below to let us know.", ROBOTS),
            ("Un instant…", "Nous devons vérifier que vous êtes un humain.", ROBOTS),
        )
    ),
]


@pytest.mark.parametrize(("body", "reason"), REFUSED)
def test_what_stands_instead_of_an_article_is_refused(body, reason, tmp_path):
    [failure] = results(tmp_path, page(body))
    assert isinstance(failure, Failure)
    assert reason in failure.reason


def test_articles_about_cookies_and_subscriptions_are_read(tmp_path):
    body = (
        "<article><h1>Regulator fines shop</h1><p>The regulator fined a web shop on Monday because "
        "its banner said “We use cookies” and offered no way to reject all of them.</p><p>Consent "
        "has to be as easy to refuse as to give, the court had ruled in March.</p><p>The Courier "
        "has 4,000 subscribers, and the rest of its income is from advertisements.</p></article>"
    )
    assert "reject all of them" in only(tmp_path, page(body)).text


ABOUT = {
    "Newspapers raise their paywalls": (
        'The Courier puts up a paywall in May: "This article is for subscribers only" will stand '
        "below half of its stories. Readers get a counter, “You have 2 free articles left”, too."
    ),
    "“Verify you are human”: the end of the captcha": (
        "The box that asks visitors to prove that they are no robots is to vanish, the ministry "
        "said. “Access denied” is what blind users often got to see, a study of 2022 found."
    ),
    "Page introuvable : le site de la mairie en panne": (
        "Le site de la mairie affichait mardi « page introuvable » à tous ses visiteurs, après une "
        "mise à jour. L’adjoint au numérique a rétabli l’accès dans la soirée, a-t-il dit."
    ),
}


@pytest.mark.parametrize(("title", "text"), ABOUT.items())
def test_articles_about_walls_and_errors_are_read(title, text, tmp_path):
    article = only(tmp_path, page(f"<article><h1>{title}</h1><p>{text}</p></article>"))
    assert article.text == text


def test_a_whole_brief_below_a_button_to_log_in_is_read(tmp_path):
    button = "<div class='top'><a href='/l'>Already a subscriber? Log in</a></div>"
    assert only(tmp_path, page(f"{button}<article>{H1}{BODY}</article>")).text == TEXT


def test_a_note_about_scripts_below_an_article_is_no_check_for_robots(tmp_path):
    note = "<p>Please enable JavaScript and reload the page to see the film.</p>"
    assert TEXT in only(tmp_path, page(f"<article>{H1}{BODY}</article>{note}")).text


def test_a_subscriber_s_copy_is_read_without_its_label(tmp_path):
    points = "".join(
        f"<p>Point {n} of the plan costs {n} million crowns, the board said at its meeting.</p>"
        for n in range(9)
    )
    label = "<span>Article réservé aux abonnés</span>"
    article = only(tmp_path, page(f"<article>{label}{H1}{BODY}{points}</article>"))
    assert article.text.startswith(PARAGRAPHS[0])


@pytest.mark.parametrize(
    "line",
    [
        "The full report is open to members of the committee.",
        "Le reste des places est réservé aux abonnés du théâtre.",
        "Residents can log in to the town’s site to read the full plan.",
        "Subscribe to our podcast on your favourite app",
    ],
)
def test_lines_about_members_and_other_things_are_no_paywall(line, tmp_path):
    article = only(tmp_path, page(f"<article>{H1}{BODY}<p>{line}</p></article>"))
    assert article.text.startswith(TEXT)

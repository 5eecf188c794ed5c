"""The page's HTML, texts and filter boxes."""

from __future__ import annotations

import re
import string
from dataclasses import replace
from datetime import date
from html import unescape
from html.parser import HTMLParser
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa import extractive
from qa.answer import Answer, Citation, Language, Question
from qa.article import Article, PartialDate
from qa.assistant import LLMState, LLMStatus
from qa.chunks import Span
from qa.constraints import Constraints, Outlet
from qa.errors import QuestionError
from qa.filters import Filters
from qa.temporal import TimeExpression
from qa.ui import render
from qa.ui.filtering import Typed, in_force
from qa.ui.talks import Turn
from qa.ui.texts import ENGLISH, FRENCH, TEXTS, Texts, language_of
from qa.ui.understood import understood
from tests.fakes import hit

EVIL = "<img src=x onerror=alert(1)>\"'`${1}{{2}}"

ARTICLE = Article.create(
    title=f"Title {EVIL}",
    text=f"Before. The quoted sentence {EVIL} ends. After & more.",
    date=PartialDate(2017, 1, 14),
    source=f"Source {EVIL}",
    language="en",
    url="https://example.org/a?b=1&c=2",
    origin="a.md",
)
QUOTE = Span(8, ARTICLE.text.index(" After"))


def answer(text: str = "Said so [1], not [7].", **changes: Any) -> Answer:
    """An answer with one citation."""
    whole = Answer(
        question=Question("Who?", standalone="Who?", language="en"),
        text=text,
        language="en",
        citations=(Citation(1, ARTICLE, QUOTE),),
        abstained=False,
        reason=None,
        answerer="generative",
        confidence=0.9,
        hits=(),
    )
    return replace(whole, **changes)


class Markup(HTMLParser):
    """The names of the elements and attributes in some HTML, as a browser reads it."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.add(tag)
        self.attributes |= {name for name, _ in attrs}


def text_of(html: str) -> str:
    """What is left without tags."""
    return unescape(re.sub(r"<[^>]*>", "", html))


# Texts


def _blanks(text: str) -> set[str | None]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize(
    ("date", "french", "english"),
    [
        (PartialDate(2017, 1, 14), "14 janvier 2017", "14 January 2017"),
        (PartialDate(2015, 5, 1), "1er mai 2015", "1 May 2015"),
        (PartialDate(2012, 7), "juillet 2012", "July 2012"),
        (PartialDate(2011), "2011", "2011"),
        (None, "date inconnue", "date unknown"),
    ],
)
def test_dates_are_said_in_words(date: PartialDate | None, french: str, english: str) -> None:
    assert FRENCH.day(date) == french
    assert ENGLISH.day(date) == english


def test_any_french_browser_gets_french() -> None:
    assert [language_of(v) for v in ("fr", "fr-CA", "FR", "en-US", "de", "", None)] == (
        ["fr", "fr", "fr", "en", "en", "en", "en"]
    )


# HTML


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_nothing_but_our_own_markup_is_active(texts: Texts) -> None:
    filters = Filters(sources=(EVIL,))
    question = Question(EVIL, filters=filters, standalone=f"{EVIL} again", language="en")
    turns = [
        Turn(EVIL, error=EVIL, running=False),
        Turn(EVIL, answer(f"{EVIL} [1]", question=question, reason=EVIL), running=False),
        Turn(EVIL, answer("", stage="evidence")),
    ]
    html = render.conversation(turns, texts) + render.article_html(ARTICLE, QUOTE, texts)
    html += render.notice(EVIL) + render.no_article(EVIL, texts)
    html += render.model_line(LLMStatus("failed", EVIL, note=EVIL), texts)
    found = Markup(html)
    assert found.elements <= set(
        "section div span p h2 h3 button ul li q i article header a mark".split()
    )
    assert {name for name in found.attributes if not name.startswith(("data-", "aria-"))} <= set(
        "class id lang role title type tabindex href target rel".split()
    )
    assert EVIL in text_of(html)


def test_cited_numbers_become_buttons_and_others_stay_as_written() -> None:
    html = render.answer_text(answer(), ENGLISH)
    assert html.count("<button") == 1
    assert f'data-article="{ARTICLE.id}"' in html
    assert f'data-start="{QUOTE.start}" data-end="{QUOTE.end}"' in html
    assert text_of(html) == "Said so [1], not [7]."


def test_what_the_reader_points_to_is_strong_in_answer_card_and_article() -> None:
    words = Span(ARTICLE.text.index("sentence"), ARTICLE.text.index(" ends"))
    cited = (Citation(1, ARTICLE, QUOTE, answer=words),)
    shown = answer(extractive.write(cited, "en"), citations=cited)
    place = f'data-answer-start="{words.start}" data-answer-end="{words.end}"'
    pointed = words.of(ARTICLE.text)
    for html, said in (
        (render.answer_text(shown, ENGLISH), extractive.shown(pointed)),
        (render.evidence(answer(citations=cited), ENGLISH), pointed),
    ):
        assert strong(html) == [said]
        assert place in html
    html = render.article_html(ARTICLE, QUOTE, ENGLISH, words)
    assert strong(html) == [words.of(ARTICLE.text)]
    (marked,) = re.findall(r"<mark[^>]*>(.*)</mark>", html, re.DOTALL)
    assert text_of(marked) == QUOTE.of(ARTICLE.text)
    assert strong(marked) == strong(html)


@pytest.mark.parametrize(
    "words", [Span(0, 6), Span(QUOTE.start - 1, 20), Span(20, QUOTE.end + 1), Span(20, 20), None]
)
def test_nothing_is_strong_outside_the_quote(words: Span | None) -> None:
    html = render.highlighted(ARTICLE.text, QUOTE, words)
    assert "<strong" not in html
    assert text_of(html) == ARTICLE.text
    assert "<strong" not in render.highlighted(ARTICLE.text, None, Span(8, 12))
    assert "data-answer" not in render.evidence(answer(), ENGLISH)


def strong(html: str) -> list[str]:
    """What is strong."""
    return [text_of(words) for words in re.findall(r"<strong[^>]*>(.*?)</strong>", html)]


def test_a_card_has_quote_title_date_and_source() -> None:
    said = text_of(render.evidence(answer(), ENGLISH))
    assert QUOTE.of(ARTICLE.text) in said
    assert f"Title {EVIL}" in said
    assert "14 January 2017" in said
    assert f"Source {EVIL}" in said


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_the_text_quotes_its_card_does_not_quote_again(language: Language) -> None:
    other = Citation(2, ARTICLE, Span(0, 7))
    cited = (Citation(1, ARTICLE, QUOTE), other)
    extracts = answer(extractive.write(cited, language), answerer="extractive", citations=cited)
    prose = answer(extractive.more("Before, said he [2].", cited[:1], language), citations=cited)
    for shown, quoted in ((extracts, 2), (prose, 1)):
        text = render.answer_text(shown, ENGLISH)
        assert text.count('<p class="qa-quoted" lang="en">') == quoted
        assert render.evidence(shown, ENGLISH).count("qa-card-quote") == 2 - quoted
        html = render.turn_html(Turn("Who?", shown, running=False), ENGLISH)
        assert text_of(html).count("The quoted sentence") == 1
        assert html.count('class="qa-card"') == 2


def test_words_that_only_look_like_a_quote_do_not_take_it_from_its_card() -> None:
    quote = extractive.shown(QUOTE.of(ARTICLE.text))
    for text in (f"{quote} [1]", f"“{quote}” [7]", f"“{quote} And more.” [1]", "“” [1]"):
        shown = answer(text)
        assert "qa-quoted" not in render.answer_text(shown, ENGLISH)
        assert render.evidence(shown, ENGLISH).count("qa-card-quote") == 1


def test_lines_are_paragraphs_and_dashes_lists() -> None:
    text = "Two of them [1].\n- The  first [1].\n- The second - so to say.\n\nIn the articles:\n"
    html = render.answer_text(answer(text), ENGLISH)
    assert [text_of(line) for line in re.findall(r"<p>.*?</p>", html)] == [
        "Two of them [1].",
        "In the articles:",
    ]
    (listed,) = re.findall(r'<ul class="qa-items">(.*)</ul>', html)
    assert [text_of(line) for line in re.findall(r"<li>.*?</li>", listed)] == [
        "The  first [1].",
        "The second - so to say.",
    ]
    assert html.count("<button") == 2


def test_an_answer_about_the_collection_is_a_list() -> None:
    said = "2 articles.\nThe latest:\n- A title (2019)\n- [1] <b> (undated)"
    told = answer(said, answerer="assistant", citations=())
    html = render.turn_html(Turn("How many articles?", told, running=False), ENGLISH)
    assert html.count("<li>") == 2
    assert "[1] &lt;b&gt; (undated)</li></ul>" in html
    assert "qa-card" not in html


@given(st.text(alphabet="ab -\n[1]“”<&.", max_size=60))
def test_no_word_of_a_text_is_lost(text: str) -> None:
    shown = text_of(render.answer_text(answer(text), ENGLISH))
    lines = [re.sub("^- ", "", line) for line in text.split("\n") if line.strip()]
    assert shown == "".join(lines)


@pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
def test_a_draft_looks_like_one_and_cites_nothing(texts: Texts) -> None:
    turn = Turn("Who?", answer("He did [1].\n- And", stage="writing"))
    html = render.turn_html(turn, texts)
    assert 'class="qa-text qa-draft"' in html
    assert html.index(texts.draft) < html.index("qa-draft")
    assert "qa-number" not in html
    assert "He did [1]." in text_of(html)
    final = render.turn_html(Turn("Who?", answer("He did [1].")), texts)
    assert "qa-draft" not in final
    assert texts.draft not in text_of(final)
    assert "qa-number" in final


def test_an_abstention_shows_the_nearest_quotes() -> None:
    found = answer("Not found. The nearest: [1]", abstained=True, hits=(hit(ARTICLE),))
    html = render.evidence(found, ENGLISH)
    assert ENGLISH.nearest in text_of(html)
    assert ENGLISH.sources not in text_of(html)
    assert QUOTE.of(ARTICLE.text) in text_of(html)
    assert html.count("<li>") == 1
    assert f'data-start="{QUOTE.start}"' in render.answer_text(found, ENGLISH)


def test_an_abstention_without_quotes_shows_the_nearest_articles() -> None:
    found = answer("No.", abstained=True, hits=(hit(ARTICLE), hit(ARTICLE)), citations=())
    html = render.evidence(found, ENGLISH)
    assert ENGLISH.nearest in text_of(html)
    assert html.count("<li>") == 1
    assert "qa-card-quote" not in html


def test_what_a_question_carries_is_shown_before_it() -> None:
    asked = Question(
        "And where — there?",
        standalone="Who led it? And where — there?",
        carried="Who led it?",
        language="en",
    )
    html = understood(answer(question=asked), FRENCH, editable=True)
    assert "Compris comme\u00a0: Who led it? And where — there?" in text_of(html)
    assert '<span class="qa-carried">Who led it?</span> And where — there?' in html
    assert 'value="Who led it? And where — there?"' in html


def test_a_question_understood_otherwise_is_shown() -> None:
    asked = Question("And where?", standalone="Where is Haftar?", language="en")
    html = render.turn_html(Turn("And where?", answer(question=asked)), FRENCH)
    assert "Compris comme\u00a0: Where is Haftar?" in text_of(html)
    for typed in ("Who?", " Who — now? "):
        same = Question(typed, standalone=typed.strip(), language="en")
        assert understood(answer(question=same), ENGLISH, editable=False) == ""


@pytest.mark.parametrize(
    ("since", "until", "french", "english"),
    [
        (date(2017, 1, 1), date(2017, 12, 31), "2017", "2017"),
        (date(2017, 1, 1), date(2017, 1, 31), "janvier 2017", "January 2017"),
        (date(2017, 1, 11), date(2017, 1, 11), "11 janvier 2017", "11 January 2017"),
        (
            date(2017, 1, 9),
            date(2017, 1, 15),
            "9 janvier 2017 – 15 janvier 2017",
            "9 January 2017 – ",
        ),
        (date(2011, 1, 1), None, "depuis le 1er janvier 2011", "since 1 January 2011"),
        (None, date(2011, 3, 2), "jusqu’au 2 mars 2011", "until 2 March 2011"),
    ],
)
def test_what_the_question_asks_of_articles_is_shown(
    since: date | None, until: date | None, french: str, english: str
) -> None:
    constraints = Constraints(
        events=(TimeExpression(Span(0, 1), since, until),),
        outlets=(Outlet(Span(2, 3), (f"Post {EVIL}",), cued=True, written="p"),),
    )
    for texts, words in ((FRENCH, french), (ENGLISH, english)):
        html = understood(answer(constraints=constraints), texts, editable=False)
        assert words in text_of(html)
        assert f"Post {EVIL} " in text_of(html)  # apart from the day, for those who hear it
        assert "qa-note" not in html
    assert understood(answer(), ENGLISH, editable=False) == ""


@pytest.mark.parametrize(
    ("cued", "dated", "says"),
    [
        (True, False, ENGLISH.unmet_source),
        (False, True, ENGLISH.unmet_date),
        (True, True, ENGLISH.unmet_both),
    ],
)
def test_what_no_article_is_is_told(cued: bool, dated: bool, says: str) -> None:
    day = TimeExpression(Span(0, 1), date(2017, 1, 1), date(2017, 1, 31))
    constraints = Constraints(
        articles=(day,) if dated else (),
        outlets=(Outlet(Span(2, 3), ("Post",), cued=cued, written="p"),),
    )
    html = understood(answer(constraints=constraints, met=False), ENGLISH, editable=False)
    assert text_of(html).endswith(says)


def test_copies_are_counted_with_their_sources() -> None:
    others = tuple(
        Article.create(id=id, text="The same.", source=source, language="en", origin=id)
        for id, source in (("b", "Post"), ("c", "Post"), ("d", None))
    )
    copied = (Citation(1, ARTICLE, QUOTE, also=others),)
    html = render.evidence(answer(citations=copied), ENGLISH)
    assert "Same text: 4 articles, 2 sources" in text_of(html)
    unsigned = (Citation(1, ARTICLE, QUOTE, also=others[2:]),)
    assert text_of(render.evidence(answer(citations=unsigned), ENGLISH)).endswith("2 articles")
    assert "Same text" not in text_of(render.evidence(answer(), ENGLISH))


def test_a_final_answer_is_not_being_written() -> None:
    html = render.turn_html(Turn("Who?", answer(), running=True), ENGLISH)
    assert ENGLISH.writing not in text_of(html)


@pytest.mark.parametrize(
    ("turn", "stage", "says"),
    [
        (Turn("Who?"), "searching", ENGLISH.searching),
        (Turn("Who?", answer("", stage="evidence")), "evidence", ENGLISH.writing),
        (Turn("Who?", answer("", stage="waiting", place=3)), "waiting", "your place in line: 3"),
        (Turn("Who?", answer("S", stage="writing")), "writing", ENGLISH.draft),
        (Turn("Who?", answer("S", stage="writing"), stopped=True), "stopped", ENGLISH.stopped),
        (Turn("Who?", error="No index.", running=False), "failed", "No index."),
        (Turn("Who?", answer(reason="1 dropped"), running=False), "final", ENGLISH.left_out),
        (
            Turn("Who?", answer(reason="it failed", answerer="extractive"), running=False),
            "final",
            ENGLISH.quotes_instead,
        ),
    ],
)
def test_a_turn_says_how_far_it_is(turn: Turn, stage: str, says: str) -> None:
    html = render.turn_html(turn, ENGLISH)
    assert f'data-stage="{stage}"' in html
    assert says in text_of(html)


@given(text=st.text(min_size=1), start=st.integers(-2, 40), end=st.integers(-2, 40))
def test_the_highlight_is_the_quote_and_the_article_is_whole(
    text: str, start: int, end: int
) -> None:
    html = render.highlighted(text, Span(start, end))
    assert text_of(html) == text
    marked = re.findall(r"<mark[^>]*>(.*)</mark>", html, re.DOTALL)
    sound = 0 <= start < end <= len(text)
    assert [unescape(quote) for quote in marked] == ([text[start:end]] if sound else [])


@pytest.mark.parametrize(
    ("url", "link"),
    [
        ("https://example.org/a?b=1", "https://example.org/a?b=1"),
        ("http://example.org", "http://example.org"),
        ("javascript:alert(1)", None),
        ("java\nscript:alert(1)", None),
        ("data:text/html,hi", None),
        ("//example.org", None),
        ("https://[broken", None),
        ("https://exa mple.org", None),
        (None, None),
    ],
)
def test_only_plain_web_addresses_become_links(url: str | None, link: str | None) -> None:
    assert render.safe_link(url) == link
    html = render.article_html(replace(ARTICLE, url=url), None, ENGLISH)
    assert ("<a " in html) == (link is not None)
    if url:
        assert url in text_of(html)


@pytest.mark.parametrize(
    ("state", "says"),
    [
        ("none", "Without a language model"),
        ("fetching", "42 % (from the hub)"),
        ("loading", "Loading the language model small…"),
        ("failed", "small could not be loaded; the server’s log says why."),
        ("ready", ""),
    ],
)
def test_the_model_line(state: LLMState, says: str) -> None:
    status = LLMStatus(state, "/srv/small", 0.42, "from the hub.")
    said = text_of(render.model_line(status, ENGLISH))
    assert "/srv" not in said
    assert says in said
    assert bool(said) == bool(says)


# Filters


def test_typed_filters_are_read() -> None:
    filters = Typed("2017", "2017-02", ["RFI"], "fr").filters(ENGLISH)
    assert filters == Filters.parse("2017", "2017-02", ["RFI"], "fr")
    assert in_force(filters) == 4
    assert not Typed("", " ", [], "").filters(ENGLISH)


@pytest.mark.parametrize(
    ("typed", "texts", "says"),
    [
        (Typed("soon"), ENGLISH, "“soon” is not a date like 2017, 2017-01 or 2017-01-11."),
        (Typed("2017-02-30"), FRENCH, "« 2017-02-30 » n’est pas une date"),
        (Typed("2018", "2017-03"), ENGLISH, "from 2018 to March 2017 is empty; swap the two"),
        (Typed("2018", "2017-03"), FRENCH, "de 2018 à mars 2017 est vide ; échangez"),
    ],
)
def test_a_wrong_filter_is_said_in_the_language_of_the_page(
    typed: Typed, texts: Texts, says: str
) -> None:
    with pytest.raises(QuestionError, match=re.escape(says)):
        typed.filters(texts)

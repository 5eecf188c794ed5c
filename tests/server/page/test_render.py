"""The conversation, the articles and what stands beside them, as HTML."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answering import extractive
from qa.documents.article import Article, PartialDate
from qa.documents.filters import Filters
from qa.documents.listing import Contents
from qa.language.dates import TimeExpression
from qa.language.sentences import Span
from qa.models.loading import LLMState, LLMStatus
from qa.server.page import render
from qa.server.page.chats import Talk, Turn
from qa.server.page.exports import safe_link
from qa.server.page.marks import highlighted
from qa.server.page.texts import ENGLISH, FRENCH, TEXTS, Texts
from qa.types import (
    Citation,
    Constraints,
    Correction,
    Language,
    Outlet,
    Question,
    ReaderResult,
)
from tests.fakes import hit
from tests.hostile import Markup
from tests.page import ARTICLE, EVIL, QUOTE, answer, cite, text_of

BOTH = pytest.mark.parametrize("texts", TEXTS.values(), ids=TEXTS)
OTHER = Article.create(
    id="pont",
    title="Le pont rouvre",
    text="Le pont a rouvert\njeudi. Il pleuvait.",
    date=PartialDate(2019, 3),
    source="Le Courrier",
    language="fr",
    origin="b.md",
)
CONTENTS = Contents(
    articles=2,
    chunks=2,
    first=PartialDate(2017, 1, 14),
    last=PartialDate(2019, 3),
    facets={"source": {"Le Courrier": 1, "Post": 1}, "language": {"fr": 1, "en": 1}, "year": {}},
    updated=datetime.now(UTC),
)


def turn(text: str = "Said so [1], not [7].", *, asked: str = "Who?", **changes: object) -> Turn:
    """A finished turn with an answer."""
    found: tuple[Citation, ...] = changes.pop("found", ())  # type: ignore[assignment]
    return Turn(asked, answer=answer(text, **changes), found=found, running=False)


def shown(*turns: Turn, texts: Texts = ENGLISH, contents: Contents = CONTENTS) -> str:
    """As the conversation shows them."""
    halves = (False, True)
    talk = Talk(list(turns))
    return "".join(render.conversation(talk, texts, lambda: contents, latest=h) for h in halves)


def said(*turns: Turn, texts: Texts = ENGLISH) -> str:
    """Their text, on one line."""
    return " ".join(text_of(shown(*turns, texts=texts)).split())


def cards(html: str) -> list[str]:
    """The cards, each with its class."""
    return re.findall(r'<li class="card.*?</li>', html, re.DOTALL)


def strong(html: str) -> list[str]:
    """What is strong."""
    return [text_of(words) for words in re.findall(r"<strong[^>]*>(.*?)</strong>", html)]


# The text of an answer


def test_cited_numbers_are_buttons_that_carry_their_quote_and_others_stay_as_written() -> None:
    first, second = cite(1, OTHER, "Le pont a rouvert\njeudi."), cite(2, OTHER, "Il pleuvait.")
    html = shown(turn("It opened [1]; it rained [2], not [7].", citations=(first, second)))
    assert "It opened [1]; it rained [2], not [7]." in text_of(html)
    one, two = re.findall(r'<button [^>]*class="number"[^>]*>', html)
    spans = 'data-article="pont" data-spans="0-24,25-37"'
    assert f'{spans} data-at="0"' in one
    assert f'{spans} data-at="1"' in two
    assert 'data-quote="«\u00a0Le pont a rouvert jeudi.\u00a0»"' in one
    assert 'data-title="Le pont rouvre · March 2019"' in one
    assert 'aria-label="Source 2: Le pont rouvre"' in two


def test_what_the_reader_points_to_is_strong_in_answer_card_and_article() -> None:
    words = Span(ARTICLE.text.index("sentence"), ARTICLE.text.index(" ends"))
    cited = (Citation(1, ARTICLE, QUOTE, answer=words),)
    pointed = words.of(ARTICLE.text)
    in_text = shown(turn(extractive.write(cited, "en"), citations=cited))
    assert strong(in_text) == [extractive.shown(pointed)]
    on_card = shown(turn(citations=cited))
    assert strong(on_card) == [pointed]
    for html in (in_text, on_card):
        assert f'data-pointed="{words.start}-{words.end}"' in html
    html = render.article_html(ARTICLE, ENGLISH, [QUOTE], answer=words)
    assert strong(html) == [pointed]
    (marked,) = re.findall(r"<mark[^>]*>(.*?)</mark>", html, re.DOTALL)
    assert text_of(marked) == QUOTE.of(ARTICLE.text)
    assert strong(marked) == [pointed]
    assert "<strong" not in shown(turn())


@pytest.mark.parametrize("language", ["fr", "en"])
def test_what_the_text_quotes_its_card_does_not_quote_again(language: Language) -> None:
    other = Citation(2, ARTICLE, Span(0, 7))
    cited = (Citation(1, ARTICLE, QUOTE), other)
    extracts = turn(extractive.write(cited, language), answerer="extractive", citations=cited)
    prose = turn(extractive.more("Before, said he [2].", cited[:1], language), citations=cited)
    for each, quoted in ((extracts, 2), (prose, 1)):
        html = shown(each)
        assert html.count('<div class="quote quoted"><p lang="en">') == quoted
        assert html.count('class="copy"') == 2
        assert html.count("<blockquote") == 2 - quoted
        assert text_of(html).count("The quoted sentence") == 1
        assert len(cards(html)) == 1


def test_words_that_only_look_like_a_quote_do_not_take_it_from_its_card() -> None:
    quote = extractive.shown(QUOTE.of(ARTICLE.text))
    for text in (f"{quote} [1]", f"“{quote}” [7]", f"“{quote} And more.” [1]", "“” [1]"):
        html = shown(turn(text))
        assert 'class="quote quoted"' not in html
        assert html.count("<blockquote") == 1


def test_lines_are_paragraphs_and_dashes_lists() -> None:
    text = "Two of them [1].\n- The  first [1].\n- The second - so to say.\n\nIn the articles:\n"
    html = shown(turn(text)).partition('<div class="text"')[2]
    paragraphs = [text_of(line) for line in re.findall(r"<p>.*?</p>", html)]
    assert paragraphs[:2] == ["Two of them [1].", "In the articles:"]
    (listed,) = re.findall(r"<ul>(.*?)</ul>", html)
    assert [text_of(line) for line in re.findall(r"<li>.*?</li>", listed)] == [
        "The  first [1].",
        "The second - so to say.",
    ]


def test_an_answer_about_the_collection_is_a_list_without_sources() -> None:
    text = "2 articles.\nThe latest:\n- A title (2019)\n- [1] <b> (undated)"
    html = shown(turn(text, answerer="assistant", citations=()))
    assert "<li>A title (2019)</li><li>[1] &lt;b&gt; (undated)</li></ul>" in html
    assert cards(html) == []
    assert ENGLISH.copy_references not in html


@given(st.text(alphabet="ab -\n[1]“”<&.", max_size=60))
def test_no_word_of_a_text_is_lost(text: str) -> None:
    blocks = render._blocks(answer(text), ENGLISH)
    lines = [re.sub("^- ", "", line) for line in text.split("\n") if line.strip()]
    assert [text_of(line) for block in blocks for line in block.lines] == lines


@BOTH
def test_a_draft_looks_like_one_and_cites_nothing_until_it_is_compared(texts: Texts) -> None:
    draft = Turn("Who?", answer=answer("He did [1].\n- And", stage="writing"), started=True)
    html = shown(draft, texts=texts)
    assert 'class="text draft"' in html
    assert html.index(texts.draft) < html.index("draft")
    assert 'class="number"' not in html
    assert "He did [1]." in text_of(html)
    assert texts.copy_answer not in text_of(html)
    final = shown(turn("He did [1]."), texts=texts)
    assert "draft" not in final
    assert texts.draft not in text_of(final)
    assert texts.compared in text_of(final)
    assert 'class="number"' in final
    assert texts.compared not in said(turn(answerer="extractive"), texts=texts)
    assert texts.compared not in said(turn(abstained=True), texts=texts)


# Its sources


def test_an_article_is_one_card_with_its_quotes_numbered_as_in_the_text() -> None:
    citations = (
        cite(1, OTHER, "Le pont a rouvert"),
        Citation(2, ARTICLE, QUOTE),
        cite(3, OTHER, "Il pleuvait."),
    )
    html = shown(turn("It [1] was [2] wet [3].", citations=citations))
    pont, other = cards(html)
    assert re.findall(r'card-n">(\d)', pont) == ["1", "3"]
    assert re.findall(r'card-n">(\d)', other) == ["2"]
    assert re.findall(r'data-spans="0-17,25-37" data-at="(\d)"', pont) == ["0", "0", "1"]
    assert "“The quoted" in text_of(other)
    assert "14 January 2017 · Source <img" in text_of(other)
    assert "not used" not in text_of(html)


@BOTH
def test_a_quote_has_the_marks_of_its_language_and_says_when_it_is_another(texts: Texts) -> None:
    html = shown(turn(citations=(cite(1, OTHER, "Il pleuvait."), Citation(2, ARTICLE, QUOTE))))
    foreign, own = cards(html)
    assert "«\u00a0Il pleuvait.\u00a0»" in text_of(foreign)
    assert ENGLISH.in_language.format(language="French") in text_of(foreign)
    assert 'class="tag"' not in own
    french = shown(turn(citations=(Citation(1, ARTICLE, QUOTE),), language="fr"), texts=texts)
    assert f"“{QUOTE.of(ARTICLE.text)}”" in text_of(french)
    tag = texts.in_language.format(language=texts.language_name("en"))
    assert f'<span class="tag" lang="{texts.language}">{tag}</span>' in french


@BOTH
def test_what_was_found_and_is_not_used_comes_last_and_says_so(texts: Texts) -> None:
    used = cite(1, OTHER, "Le pont a rouvert\njeudi.")
    found = (Citation(1, ARTICLE, QUOTE), replace(cite(2, OTHER, "rouvert"), n=2))
    html = shown(turn("It did [1].", citations=(used,), found=found), texts=texts)
    first, last = cards(html)
    assert 'class="card"' in first
    assert first.count("<blockquote") == 1  # what it found lies within
    assert 'class="card unused"' in last
    assert texts.not_used in text_of(last)
    assert "card-n" not in last
    writing = Turn("Who?", answer=answer("It", stage="writing", citations=(used,)), found=found)
    html = shown(writing, texts=texts)
    assert "Title" in text_of(cards(html)[0])
    assert "card-n" not in html
    assert texts.not_used not in text_of(html)


def test_a_quote_and_an_answer_are_copied_with_where_they_are_from() -> None:
    cited = (cite(1, OTHER, "Il pleuvait."),)
    html = unescape(shown(turn("It rained [1]. Not [7].", citations=cited)))
    reference = "Le pont rouvre, Le Courrier, March 2019"
    assert 'data-copy="It rained. Not [7]."' in html
    assert (
        f'data-copy="It rained [1]. Not [7].\n\n[1] «\u00a0Il pleuvait.\u00a0» — {reference}"'
        in html
    )
    assert f'data-copy="«\u00a0Il pleuvait.\u00a0» — {reference}"' in html


def test_copies_are_counted_with_their_sources() -> None:
    others = tuple(
        Article.create(id=id, text="The same.", source=source, language="en", origin=id)
        for id, source in (("b", "Post"), ("c", "Post"), ("d", None))
    )
    copied = turn(citations=(Citation(1, ARTICLE, QUOTE, also=others),))
    assert "Same text: 4 articles, 2 sources" in said(copied)
    unsigned = turn(citations=(Citation(1, ARTICLE, QUOTE, also=others[2:]),))
    assert "Same text: 2 articles, " not in said(unsigned)
    assert "Same text: 2 articles" in said(unsigned)
    assert "Same text" not in said(turn())


def test_an_abstention_shows_the_nearest_quotes_or_articles() -> None:
    quoting = turn("Not found. The nearest: [1]", abstained=True, hits=(hit(ARTICLE),))
    assert ENGLISH.nearest in said(quoting)
    assert ENGLISH.sources not in said(quoting)
    assert f"“{QUOTE.of(ARTICLE.text)}”" in said(quoting)
    assert 'class="number"' in shown(quoting)
    naming = turn("No.", abstained=True, hits=(hit(ARTICLE), hit(ARTICLE)), citations=())
    (card,) = cards(shown(naming))
    assert "<blockquote" not in card
    assert ENGLISH.nearest in said(naming)


@BOTH
def test_an_abstention_under_filters_says_which_dates_there_are_and_offers_to_remove_them(
    texts: Texts,
) -> None:
    filtered = turn("No.", abstained=True, citations=())
    filtered.filters = Filters(language="fr")
    first, last = texts.day(CONTENTS.first), texts.day(CONTENTS.last)
    assert texts.filters_hold.format(first=first, last=last) in said(filtered, texts=texts)
    assert 'data-do="unfilter" data-place="0"' in shown(filtered, texts=texts)
    empty = replace(CONTENTS, first=None, last=None)
    assert "unfilter" not in shown(filtered, texts=texts, contents=empty)
    found = turn()
    found.filters = Filters(language="fr")
    for each in (found, turn("No.", abstained=True, citations=())):
        assert "unfilter" not in shown(each, texts=texts)


# What was understood, and how far an answer is


def test_a_question_understood_otherwise_is_shown_and_edited_as_it_was_understood() -> None:
    asked = Question("And where?", standalone="Where is Haftar?", language="en")
    html = shown(turn(asked="And where?", question=asked), texts=FRENCH)
    assert "Compris comme : «\u00a0Where is Haftar?\u00a0»" in text_of(html)
    assert '<textarea name="text" rows="3">Where is Haftar?</textarea>' in html
    carried = replace(asked, standalone="Who led it? And where?", carried="Who led it?")
    html = shown(turn(asked="And where?", question=carried))
    assert "Following on from: “Who led it?”" in text_of(html)
    assert '<textarea name="text" rows="3">And where?</textarea>' in html
    for typed in ("Who?", " Who — now? "):
        same = Question(typed, standalone=typed.strip(), language="en")
        assert ENGLISH.understood not in said(turn(asked=typed, question=same))


READ = Constraints(
    events=(TimeExpression(Span(0, 1), date(2017, 1, 1), date(2017, 1, 31)),),
    outlets=(Outlet(Span(2, 3), (f"Post {EVIL}",), cued=True, written="p"),),
)


@BOTH
def test_chips_can_be_changed_under_the_latest_answer_only(texts: Texts) -> None:
    question = Question("Who?", filters=Filters.parse("2016", "2018", ["RFI"], "fr", ["a"]))
    asked = turn(question=question, constraints=READ)
    html = shown(asked, texts=texts)
    # Articles that were chosen can only be chosen no more.
    assert (html.count('<form data-do="change"'), html.count('data-remove="true"')) == (6, 7)
    assert texts.articles.one_chosen in text_of(html)
    assert f"Post {EVIL}" in text_of(html)
    asked.running = True
    for fixed in (shown(asked, texts=texts), shown(asked, turn(), texts=texts)):
        assert 'data-do="change"' not in fixed
        assert texts.day(PartialDate(2017, 1)) in text_of(fixed)
    assert 'class="chips"' not in shown(turn(), texts=texts)


@pytest.mark.parametrize(
    ("cued", "dated", "says"),
    [
        (True, False, ENGLISH.unmet_source),
        (False, True, ENGLISH.unmet_date),
        (True, True, ENGLISH.unmet_both),
    ],
)
def test_what_no_article_is_is_told(cued: bool, dated: bool, says: str) -> None:
    read = Constraints(
        articles=READ.events if dated else (),
        outlets=(Outlet(Span(2, 3), ("Post",), cued=cued, written="p"),),
    )
    assert says in said(turn(constraints=read, met=False))
    assert says not in said(turn(constraints=read))


@pytest.mark.parametrize(
    ("turn", "stage", "says"),
    [
        (Turn("Who?"), "queued", ENGLISH.queued),
        (Turn("Who?", started=True), "searching", ENGLISH.searching),
        (Turn("Who?", answer=answer("", stage="evidence"), started=True), "quotes", "reading the"),
        (
            Turn("Who?", answer=answer("", stage="waiting", place=3), started=True),
            "waiting",
            "your place in line: 3",
        ),
        (
            Turn("Who?", answer=answer("", stage="reading", progress=0.4), started=True),
            "reading",
            "has read 40 % of the passages",
        ),
        (Turn("Who?", answer=answer("S", stage="writing"), started=True), "writing", ENGLISH.draft),
        (
            Turn("Who?", answer=answer("", stage="writing"), running=False),
            "stopped",
            ENGLISH.stopped,
        ),
        (Turn("Who?", running=False, lost=True), "stopped", ENGLISH.lost_answer),
        (Turn("Who?", failure=ValueError("secret"), running=False), "failed", ENGLISH.failed),
        (turn(reason="1 dropped"), "final", ENGLISH.left_out),
        (turn(reason="it failed", answerer="extractive"), "final", ENGLISH.quotes_instead),
        (Turn("Who?", answer=answer(), started=True), "final", "Said so [1]"),
    ],
)
def test_a_turn_says_how_far_it_is_and_what_can_be_done(turn: Turn, stage: str, says: str) -> None:
    html = shown(turn)
    assert f'data-stage="{stage}"' in html
    assert says in " ".join(text_of(html).split())
    assert "secret" not in html
    assert ("data-running" in html) == turn.running == ('aria-busy="true"' in html)
    assert ('data-do="again"' in html) != turn.running
    assert ("<time " in html) != turn.running
    if stage == "final":
        assert ENGLISH.writing not in text_of(html)


def test_only_what_a_model_wrote_can_be_asked_for_as_quotes() -> None:
    assert 'data-quotes="true"' in shown(turn())
    for each in (turn(answerer="extractive"), Turn("Who?", running=False)):
        assert "data-quotes" not in shown(each)


# Why a passage was found


@BOTH
def test_why_says_in_a_sentence_and_in_numbers_why_a_passage_was_found(texts: Texts) -> None:
    reading = ReaderResult(QUOTE, score=2.0, answerable=0.87, relevance=0.34)
    one = replace(hit(ARTICLE, 0.834), ranks={"lexical": 2}, signals={"dense": 0.5})
    hits = (replace(one, reading=reading), one)
    found = turn(citations=(Citation(3, ARTICLE, QUOTE),), hits=hits, confidence=0.456)
    html, words = shown(found, texts=texts), texts.evidence
    assert words.confidence.format(value=texts.number(0.456)) in text_of(html)
    rank = words.why_rank.format(rank=2, by=words.by.lexical)  # type: ignore[attr-defined]
    sentence = f"{words.why_quoted.format(numbers='[3]')}, {rank}, {words.why_answers}."
    assert sentence.lower() in text_of(html).lower()
    pairs = re.findall(r"<dt>(.*?)</dt><dd>(.*?)</dd>", html)
    assert dict(pairs) == {
        words.score: texts.number(0.834),
        words.signals.dense: texts.number(0.5),  # type: ignore[attr-defined]
        words.answerable: texts.number(0.87),
        words.relevance: texts.number(0.34),
    }
    for about, says in ((0.6, f", {words.why_about}"), (0.3, "")):
        read = replace(one, reading=replace(reading, answerable=0.2, relevance=about))
        line = said(turn(citations=(), hits=(read,)), texts=texts)
        assert f"{words.why_unquoted}, {rank}{says}.".lower() in line.lower()
    assert 'class="why"' not in shown(turn(), texts=texts)


# An article


@given(
    text=st.text(min_size=1),
    ends=st.lists(st.tuples(st.integers(-2, 40), st.integers(-2, 40)), max_size=4),
    at=st.integers(-1, 4),
)
def test_marks_are_the_quotes_and_the_article_is_whole(
    text: str, ends: list[tuple[int, int]], at: int
) -> None:
    article = replace(ARTICLE, text=text)
    spans = [Span(*pair) for pair in ends]
    html = render.article_html(article, ENGLISH, spans, at=at)
    (body,) = re.findall(r'<div class="article-text" lang="en">(.*?)</div>', html, re.DOTALL)
    assert text_of(body) == text
    marked = {n for start, end in ends if 0 <= start < end <= len(text) for n in range(start, end)}
    marks = re.findall(r"<mark[^>]*>(.*?)</mark>", body, re.DOTALL)
    assert "".join(map(unescape, marks)) == "".join(text[n] for n in sorted(marked))
    assert body.count('class="current"') <= 1


def test_of_several_quotes_the_one_that_is_meant_is_current_and_overlapping_ones_are_one() -> None:
    spans = [Span(25, 37), Span(0, 10), Span(8, 24)]
    for at, current in enumerate(["Il pleuvait.", *["Le pont a rouvert\njeudi."] * 2]):
        html = render.article_html(OTHER, ENGLISH, spans, at=at)
        assert html.count("<mark") == 2
        assert 'data-step="1"' in html
        assert f'class="current">{current}</mark>' in html
    single = render.article_html(OTHER, ENGLISH, spans[:1])
    assert "data-step" not in single
    assert 'class="current"' in single
    assert "<mark" not in render.article_html(OTHER, ENGLISH)


def test_nothing_is_strong_outside_the_quotes() -> None:
    for words in (Span(0, 6), Span(QUOTE.start - 1, 20), Span(20, QUOTE.end + 1), Span(20, 20)):
        html = highlighted(ARTICLE.text, [QUOTE], answer=words)
        assert "<strong" not in html
        assert text_of(html) == ARTICLE.text
    assert "<strong" not in highlighted(ARTICLE.text, [], answer=Span(8, 12))


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
    assert safe_link(url) == link
    html = render.article_html(replace(ARTICLE, url=url), ENGLISH)
    assert ("<a " in html) == (link is not None)
    if url:
        assert url in text_of(html)


# Beside them


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
    line = text_of(render.model_line(status, ENGLISH))
    assert "/srv" not in line
    assert says in line
    assert bool(line) == bool(says)
    assert Markup(render.model_line(LLMStatus(state, EVIL, note=EVIL), ENGLISH)).wrong == []


WORDS = "The quoted sentence"


@BOTH
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (Correction(EVIL, WORDS, "2026-11-30"), ("corrected", "said_before")),
        (Correction("", WORDS, "2026-11-30"), ("corrected", "not_there_before")),
        (Correction(WORDS, EVIL), ("says_now",)),
        (Correction(WORDS, ""), ("says_no_more",)),
    ],
)
def test_a_corrected_quote_says_how_it_was_worded(
    texts: Texts, change: Correction, says: tuple[str, ...]
):
    quote = replace(cite(1, ARTICLE, WORDS), correction=change)
    page = shown(turn(citations=(quote,)), texts=texts)
    for key in says:
        assert getattr(texts, key).format(day=texts.day(change.date)) in text_of(page)
    assert EVIL not in page
    assert ("<del>" in page) is (change.before == EVIL)
    assert "<ins>" in page or not (change.before and change.after)


def test_a_source_says_on_which_pages_its_quotes_stand():
    paged = replace(ARTICLE, pages=(0, 4, len(ARTICLE.text)))
    assert " · p. 2" in text_of(shown(turn(citations=(cite(1, paged, WORDS),))))
    assert " · p. " not in text_of(shown(turn(citations=(cite(1, ARTICLE, WORDS),))))

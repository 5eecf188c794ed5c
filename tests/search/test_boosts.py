"""Asked for: which articles a question's outlets and dates favour."""

from __future__ import annotations

from datetime import date

import pytest

from qa.documents.article import Article, PartialDate
from qa.documents.filters import Filters
from qa.language.dates import TimeExpression
from qa.language.sentences import Span
from qa.search.boosts import HAPPENED, MENTIONED, OUTLET, PUBLISHED, bonus, meets, most, narrowed
from qa.types import Constraints, Outlet

MAY = TimeExpression(Span(0, 1), date(2020, 5, 1), date(2020, 5, 31))
SINCE = TimeExpression(Span(0, 1), date(2020, 5, 1), None)
POST = Outlet(Span(2, 3), ("The Post", "The Post Sports"), cued=True, written="p")

TOPIC = Constraints(outlets=(Outlet(Span(2, 3), ("The Post",), cued=False, written="p"),))
OUTLET_ONLY = Constraints(outlets=(POST,))
PUBLISHED_ONLY = Constraints(articles=(MAY,))
HAPPENED_ONLY = Constraints(events=(MAY,))
ALL = Constraints(articles=(MAY,), events=(MAY,), outlets=(POST,))


def article(day: str | None = None, source: str | None = None) -> Article:
    """An article of that day and outlet."""
    when = PartialDate.parse(day) if day else None
    return Article.create(text="A text.", date=when, source=source, language="en", origin="t")


@pytest.mark.parametrize(
    ("constraints", "day", "source", "expected"),
    [
        (Constraints(), "2020-05-02", "The Post", 0),
        (OUTLET_ONLY, None, "The Post", OUTLET),
        (OUTLET_ONLY, None, "The Post Sports", OUTLET),
        (OUTLET_ONLY, None, "Le Courrier", 0),
        (TOPIC, None, "The Post", MENTIONED),
        (OUTLET_ONLY, None, None, 0),
        (PUBLISHED_ONLY, "2020-05-31", None, PUBLISHED),
        (PUBLISHED_ONLY, "2020", None, PUBLISHED),
        (PUBLISHED_ONLY, "2020-06-30", None, HAPPENED / 2),
        (PUBLISHED_ONLY, None, None, 0),
        (HAPPENED_ONLY, "2020-05-10", None, HAPPENED),
        (HAPPENED_ONLY, "2020-06-30", None, HAPPENED / 2),
        (HAPPENED_ONLY, "2020-04-24", None, HAPPENED / 2),
        (HAPPENED_ONLY, None, None, 0),
        (ALL, "2020-05-10", "The Post", OUTLET + PUBLISHED),
    ],
)
def test_bonus(constraints: Constraints, day: str | None, source: str | None, expected: float):
    assert bonus(article(day, source), constraints) == pytest.approx(expected)
    assert bonus(article(day, source), constraints) <= most(constraints)


def test_only_what_is_firm_can_be_missed():
    assert meets(article("1999", "Le Courrier"), HAPPENED_ONLY)
    assert meets(article("1999", "Le Courrier"), TOPIC)
    assert meets(article("2020-05-03", "The Post"), ALL)
    assert not meets(article("2020-05-03", "Le Courrier"), ALL)
    assert not meets(article("1999", "The Post"), ALL)
    assert not meets(article(None, "The Post"), ALL)


def test_narrowed_to_nothing_asked():
    assert narrowed(Filters(), Constraints()) is None


def test_narrowed_to_outlet_and_days():
    assert narrowed(Filters(), OUTLET_ONLY) == Filters(sources=POST.sources)
    assert narrowed(Filters(), PUBLISHED_ONLY) == Filters(
        since=date(2020, 5, 1), until=date(2020, 5, 31)
    )
    assert narrowed(Filters(), Constraints(articles=(SINCE,))) == Filters(since=date(2020, 5, 1))


def test_events_echo():
    found = narrowed(Filters(), HAPPENED_ONLY)
    assert found == Filters(since=date(2020, 5, 1), until=date(2020, 7, 30))


def test_an_outlet_is_not_narrowed_to_the_time_of_an_event():
    asked = Constraints(events=(MAY,), outlets=(POST,))
    assert narrowed(Filters(), asked) == Filters(sources=POST.sources)


def test_narrowed_within_what_the_reader_filters():
    reader = Filters(since=date(2020, 5, 10), sources=("the post",), language="en")
    assert narrowed(reader, ALL) == Filters(
        since=date(2020, 5, 10), until=date(2020, 5, 31), sources=("The Post",), language="en"
    )
    assert narrowed(Filters(until=date(2019, 1, 1)), PUBLISHED_ONLY) is None
    assert narrowed(Filters(sources=("Le Courrier",)), OUTLET_ONLY) is None


def test_what_the_reader_chose_stays_chosen():
    found = narrowed(Filters(articles=("a", "b")), PUBLISHED_ONLY)
    assert found
    assert found.articles == ("a", "b")

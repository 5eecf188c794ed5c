"""Answers: one question's scores for what the assistant said. All lie in [0, 1].

Measures of the answer apply to answerable questions, and an abstention there is an empty answer.
WrongOnly applies to unanswerable ones too, and there to the words of an abstention as well.
Measures of citations and wording apply to what was answered: an abstention has nothing to cite,
and AnswerRate says how many there are.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Sequence

from qa.documents.article import Article
from qa.evaluation.normalise import contains, tokens
from qa.evaluation.nuggets import ERROR_MEASURES, NUGGET_MEASURES, recalls, wrong_only
from qa.evaluation.questions import GoldQuestion
from qa.language.detect import question_language
from qa.language.terms import terms
from qa.types import Answer

ANSWER_MEASURES = ("EM", "F1", "GoldInAnswer", "GoldInQuotes")
CITATION_MEASURES = ("CitationValidity", "CitationPrecision", "CitationRecall")
SPAN_MEASURES = ("CitationSpanPrecision", "CitationSpanRecall")
WORDING_MEASURES = ("Support", "AnswerLanguage")

_MARK = re.compile(r"\s*\[(\d+)\]")
_SENTENCE = re.compile(r"(?<=[.!?…])\s+|\n+")

ArticleOf = Callable[[str], Article | None]


def scores(question: GoldQuestion, answer: Answer, article: ArticleOf) -> dict[str, float]:
    """The measures that apply to a question and what was answered.

    Args:
        question: with its gold answers and articles.
        answer: the final state.
        article: an article of the index by its id, to look citations up.
    """
    found: dict[str, float] = {}
    said = "" if answer.abstained else answer.text
    quotes = [citation.quote for citation in answer.citations]
    if question.answers and not question.unanswerable:
        language = question.lang or question_language(question.text)
        gold = [tokens(text, language) for text in question.answers]
        spoken = tokens(_MARK.sub("", said), language)
        whole = [sum(gold, ())] if question.needs_all else gold
        enough = all if question.needs_all else any
        quoted = [tokens(quote, language) for quote in quotes]
        found["EM"] = float(any(spoken == text for text in whole))
        found["F1"] = max(token_f1(spoken, text) for text in whole)
        found["GoldInAnswer"] = float(enough(contains(spoken, text) for text in gold))
        found["GoldInQuotes"] = float(
            enough(any(contains(quote, text) for quote in quoted) for text in gold)
        )
    if question.nuggets and not question.unanswerable:
        found |= recalls(question.nuggets, said, quotes)
    if question.judged:
        words = answer.text if question.unanswerable else said
        right = found.get("AllVital") == 1
        found["WrongOnly"] = wrong_only(question.wrong, words, right=right)
    if answer.abstained:
        return found
    found["CitationValidity"] = citation_validity(answer, article)
    if question.gold and not question.unanswerable:
        cited = [citation.article.id for citation in answer.citations]
        found["CitationPrecision"] = citation_precision(cited, question.gold)
        found["CitationRecall"] = citation_recall(cited, question.gold)
    if (question.facts or question.answers) and not question.unanswerable:
        found["CitationSpanPrecision"], found["CitationSpanRecall"] = span_scores(question, quotes)
    supported = support(answer, question.text)
    if supported is not None:
        found["Support"] = supported
    found["AnswerLanguage"] = answer_language(answer, question.lang)
    return found


def worst(question: GoldQuestion) -> dict[str, float]:
    """What a question scores when the assistant failed: the worst wherever a measure can apply."""
    names: tuple[str, ...] = ("CitationValidity", *WORDING_MEASURES)
    if not question.unanswerable:
        names += ANSWER_MEASURES if question.answers else ()
        names += NUGGET_MEASURES if question.nuggets else ()
        names += CITATION_MEASURES if question.gold else ()
        names += SPAN_MEASURES if question.facts or question.answers else ()
    names += ERROR_MEASURES if question.judged else ()
    return {name: float(name in ERROR_MEASURES) for name in names}


def token_f1(said: Sequence[str], gold: Sequence[str]) -> float:
    """F1 = 2PR / (P + R) over the multisets of tokens; 1 when both are empty, 0 when one is.

    EM is whether they are the same sequence. Of several gold answers the best counts; where all
    are needed they count as one answer. Rajpurkar et al., EMNLP 2016, arXiv:1606.05250, and for
    the empty answer Rajpurkar, Jia & Liang, ACL 2018, arXiv:1806.03822. The tokens are those of
    `normalise`.
    """
    if not said or not gold:
        return float(not said and not gold)
    shared = sum((Counter(said) & Counter(gold)).values())
    if not shared:
        return 0.0
    precision, recalled = shared / len(said), shared / len(gold)
    return 2 * precision * recalled / (precision + recalled)


def citation_validity(answer: Answer, article: ArticleOf) -> float:
    """Share of an answer's citations that are what they seem; 0 for an answer without any.

    A citation number is valid when the text uses it, the list explains it, and its quote is, word
    for word, what the index's article has at its offsets. Counted over all numbers that the text
    or the list holds. (Stricter than "the number exists", as in Gao et al., EMNLP 2023,
    arXiv:2305.14627.)
    """
    used = {int(n) for n in _MARK.findall(answer.text)}
    listed = {citation.n: citation for citation in answer.citations}
    numbers = used | set(listed)
    if not numbers:
        return 0.0
    valid = 0
    for n in used & set(listed):
        citation = listed[n]
        there = article(citation.article.id)
        text = citation.span.of(there.text) if there else ""
        valid += bool(text.strip()) and text == citation.quote
    return valid / len(numbers)


def citation_precision(cited: Sequence[str], gold: dict[str, int]) -> float:
    """Share of the citations that are of a gold article; 0 without citations."""
    return sum(id in gold for id in cited) / len(cited) if cited else 0.0


def citation_recall(cited: Sequence[str], gold: dict[str, int]) -> float:
    """Share of the gold articles that are cited. The name follows Gao et al., EMNLP 2023."""
    return len(set(cited) & set(gold)) / len(gold)


def span_scores(question: GoldQuestion, quotes: Sequence[str]) -> tuple[float, float]:
    """(precision, recall) of the quotes against the gold passages, not only the gold articles.

    Precision is the share of quotes that hold a gold passage or are part of one; recall the share
    of gold passages that are so met. The gold passages are the facts; without facts they are the
    answers, of which any one is enough unless all are needed. Compared as runs of whole tokens of
    `normalise`, so an answer that stands somewhere else in the article by chance counts as well.
    """
    language = question.lang or question_language(question.text)
    gold = [tokens(text, language) for text in question.facts or question.answers]
    quoted = [tokens(quote, language) for quote in quotes]

    def meets(quote: tuple[str, ...], passage: tuple[str, ...]) -> bool:
        return contains(quote, passage) or (bool(question.facts) and contains(passage, quote))

    met = [any(meets(quote, passage) for quote in quoted) for passage in gold]
    right = [any(meets(quote, passage) for passage in gold) for quote in quoted]
    one_is_enough = not question.facts and not question.needs_all
    recalled = float(any(met)) if one_is_enough else sum(met) / len(met)
    return (sum(right) / len(right) if right else 0.0), recalled


def support(answer: Answer, question: str) -> float | None:
    """Share of the answer's content words that stand in its quotes; None when it has none.

    Content words are stems without stop words and without those of the question, which assert
    nothing new; a line that ends in a colon only leads in. K-Precision of Adlakha et al., TACL
    2024, arXiv:2307.16877, over content words. An answer in another language than its quotes
    scores low without being wrong.
    """
    language = answer.language
    asked = set(terms(question, language))
    parts = [_MARK.sub("", part).strip() for part in _SENTENCE.split(answer.text)]
    said = [t for part in parts if not part.endswith(":") for t in terms(part, language)]
    said = [term for term in said if term not in asked]
    if not said:
        return None
    quoted = {term for c in answer.citations for term in terms(c.quote, language)}
    return sum(term in quoted for term in said) / len(said)


def answer_language(answer: Answer, lang: str | None) -> float:
    """1 when the answer is in the question's language, told from its own words.

    Quotes keep the language of their article and do not count, unless there is nothing else.
    """
    own = " ".join(answer.text.split())
    for citation in answer.citations:
        own = own.replace(" ".join(citation.quote.split()), " ")
    own = _MARK.sub("", own)
    if not any(character.isalpha() for character in own):
        own = answer.text
    wanted = lang if lang in ("fr", "en") else question_language(answer.question.text)
    return float(question_language(own, default="fr" if wanted == "fr" else "en") == wanted)

"""Chunks and sentences are exact slices that lose nothing, whatever the text."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import Any

import pytest
import sentencex
from hypothesis import given
from hypothesis import strategies as st

from qa.documents.article import Article, PartialDate, clean_text, date_in_words
from qa.documents.chunks import header, split
from qa.language.sentences import Span, sentences

LANGUAGES = st.sampled_from(["fr", "en", "de", "xx"])

# Texts with what sentence splitters trip over, and anything at all.
_BITS = st.sampled_from(
    [
        "M. Haftar",
        "O.N.U.",
        "Mr. Smith",
        "« Oui ! »",
        "1.",
        "Fin.",
        "\n\n",
        "\n",
        " ",
        "\u00a0",
        "…",
    ]
)
_TEXTS = st.one_of(
    st.lists(st.one_of(_BITS, st.text(max_size=30)), max_size=30).map("".join),
    st.text(st.sampled_from("aé .!?\n\u00a0[]«»"), max_size=400),
)


def article(text: str, **fields: object) -> Article:
    return Article.create(text=text, origin="a", **{"language": "fr", **fields})  # type: ignore[arg-type]


def bare(text: str) -> str:
    return re.sub(r"\s", "", text)


@given(_TEXTS, LANGUAGES, st.integers(20, 300))
def test_sentences_are_slices_in_order_that_cover_the_text(text: str, language: str, limit: int):
    text = clean_text(text)
    spans = sentences(text, language, limit)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)
    assert all(before.end <= after.start for before, after in pairwise(spans))
    assert bare("".join(span.of(text) for span in spans)) == bare(text)
    assert all(span.of(text) == span.of(text).strip() for span in spans)
    assert all(len(span) <= limit for span in spans)


@given(_TEXTS.filter(lambda text: bool(clean_text(text))), LANGUAGES, st.integers(200, 500))
def test_chunks_are_slices_of_whole_sentences_and_bounded(text: str, language: str, limit: int):
    whole = article(text, language=language)
    chunks = split(whole, limit)
    for chunk in chunks:
        assert whole.text[chunk.span.start : chunk.span.end] == chunk.text
        assert len(chunk.text) <= limit
        assert chunk.sentence_texts() == [span.of(whole.text) for span in chunk.sentences]
        assert chunk.sentences[0].start == chunk.span.start
        assert chunk.sentences[-1].end == chunk.span.end
    every = [span for chunk in chunks for span in chunk.sentences]
    assert every == sentences(whole.text, language, limit)
    assert len({chunk.id for chunk in chunks}) == len(chunks)


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("fr", ["M. Haftar est venu à bord.", "Il est reparti le soir."]),
        ("fr", ["MM. Haftar et Sarraj se sont vus.", "Rien n'a été signé."]),
        ("fr", ["L'envoyé de l'O.N.U. a parlé.", "On l'a écouté."]),
        ("fr", ["Mgr. Dupont a béni le pont.", "Il pleuvait."]),
        ("fr", ["Le député J.-L. Mélenchon a voté contre.", "Selon J.-P. Raffarin, non."]),
        ("fr", ["Né en 48 av. J.-C. à Rome, il part.", "Il meurt en 4 apr. J.-C."]),
        ("fr", ["Il meurt en 44 av. J.-C.", "Rome le pleure."]),
        ("fr", ["Le 3 sept. 2023, il part.", "En janv. 2024 et en déc. 2025 aussi."]),
        ("fr", ["Le Dr. Raoult et le Pr. Delfraissy parlent.", "On écoute."]),
        ("fr", ["Le gén. Haftar et le Gal. Burkhard arrivent.", "On attend."]),
        ("fr", ["L'art. 5 dit non.", "C'est de l'art.", "Le public aime."]),
        ("fr", ["Il vote en mai.", "12 députés partent."]),
        ("en", ["J.-P. Smith met J.-C. Doe.", "They spoke of Art. 5 in Sept. 2023."]),
        ("en", ["Gen. Haftar met Dr. Who.", "It was art.", "See art. 5."]),
        ("fr", ["« Nous partons demain. »", "Le bateau attend."]),
        ("fr", ["Le bilan est de 4,2 millions d'euros.", "C'est trop."]),
        ("fr", ["Vraiment ?", "Oui !", "Passons."]),
        ("en", ["Mr. Smith met Dr. Brown.", "They spoke of J. Doe."]),
        ("en", ["The U.S. sent a ship.", "It arrived on Jan. 11 at dawn."]),
        ("en", ["It cost 4.2 million.", "Nobody paid."]),
        ("en", ["“We leave.”", "The ship waits."]),
        ("en", ["The U.S.A. won by 3.5 points.", "It was J.-C. Doe's last match."]),
    ],
)
def test_a_sentence_ends_where_a_reader_ends_it(language: str, parts: list[str]):
    text = " ".join(parts)
    assert [span.of(text) for span in sentences(text, language)] == parts


@pytest.mark.parametrize(
    ("language", "parts"),
    [
        ("fr", ["Il est parti le 18 août.", "Le tribunal siège lundi."]),
        ("fr", ["Il a dit oui.", "« C'est fini »."]),
        ("fr", ["Est-ce fini ?", "L'avocat se tait."]),
        ("en", ["It cost 40.", "The mayor paid."]),
        ("en", ["“We leave.", "Nobody stays…", "Never!", "They left."]),
    ],
)
def test_web_pages_lose_the_space_between_two_sentences(language: str, parts: list[str]):
    text = "".join(parts)
    assert [span.of(text) for span in sentences(text, language)] == parts


@pytest.mark.parametrize(
    "whole",
    ["Il vit à l'U.S.A.", "La version 3.5 sort.", "Né en 48 av. J.-C. à Rome.", "Voir qa.example."],
)
def test_a_full_stop_inside_a_word_ends_no_sentence(whole: str):
    assert [span.of(whole) for span in sentences(whole, "fr")] == [whole]


@pytest.mark.parametrize("between", [" ", "\n\n"])
def test_a_long_text_is_cut_part_by_part_into_the_same_sentences(
    monkeypatch: pytest.MonkeyPatch, between: str
):
    """100,000 quotation marks took minutes, for they cost their square."""
    text = between.join(f"M. Haftar a dit « non » {n} fois. Le pont rouvre." for n in range(200))
    whole, given = sentences(text, "fr"), list[int]()
    cut = sentencex.get_sentence_boundaries

    def watched(language: str, part: str) -> Any:
        given.append(len(part))
        return cut(language, part)

    monkeypatch.setattr(sentencex, "get_sentence_boundaries", watched)
    monkeypatch.setattr("qa.language.sentences._AT_ONCE", 100)
    assert sentences(text, "fr") == whole
    assert len(whole) == 400
    assert max(given) <= 100


def test_a_heading_is_a_sentence_of_its_own():
    text = "Les faits\nLe pont rouvre. Il est neuf."
    assert [span.of(text) for span in sentences(text, "fr")] == [
        "Les faits",
        "Le pont rouvre.",
        "Il est neuf.",
    ]


def test_a_sentence_too_long_is_cut_between_words():
    text = "mot " * 100 + "fin."
    pieces = [span.of(text) for span in sentences(text, "fr", 100)]
    assert len(pieces) == 5
    assert all(set(piece.split()) <= {"mot", "fin."} for piece in pieces)


def test_a_chunk_closes_at_a_paragraph_once_two_thirds_full():
    long, short = "Un mot de plus. " * 10, "Une fin. " * 10
    chunks = split(article(f"{long.strip()}\n\n{short.strip()}"), 230)
    assert [chunk.text for chunk in chunks] == [long.strip(), short.strip()]


def test_a_chunk_runs_over_a_paragraph_while_it_is_small():
    assert len(split(article("Un mot.\n\nUn autre."), 230)) == 1


def test_chunk_ids_change_with_the_content_and_only_then():
    first = split(article("Le pont rouvre.", id="p"))[0].id
    assert split(article("Le pont rouvre.", id="p"))[0].id == first
    assert split(article("Le pont ferme.", id="p"))[0].id != first


@pytest.mark.parametrize(
    ("date", "language", "words"),
    [
        (PartialDate(2017, 1, 11), "fr", "11 janvier 2017"),
        (PartialDate(2017, 8, 1), "fr", "1er août 2017"),
        (PartialDate(2017, 8, 1), "en", "1 August 2017"),
        (PartialDate(2017, 2), "fr", "février 2017"),
        (PartialDate(2017), "de", "2017"),
    ],
)
def test_dates_in_words(date: PartialDate, language: str, words: str):
    assert date_in_words(date, language) == words


def test_the_header_names_what_is_known():
    known = article("x", title="Le pont", source="Le Courrier", date=PartialDate(2019, 3))
    assert header(known) == "Le pont · Le Courrier · mars 2019"
    assert header(article("x")) == ""


def test_a_span_is_half_open():
    assert (Span(1, 3).of("abcd"), len(Span(1, 3))) == ("bc", 2)

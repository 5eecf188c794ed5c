"""Bytes become the letters that were written, or a refusal: never other letters."""

from __future__ import annotations

import pytest

from qa.documents.article import Article
from qa.documents.parsers import find, read
from qa.documents.parsers.charset import decode, wide_charset
from qa.errors import SourceError
from tests import ROOT

FRENCH = (
    "Le procès du notaire s’est achevé jeudi : « Nous voilà rassurés », a dit la mère de Zoë.",
    "L’ÉLECTION À ORBEC",
    "Le maire n’a pas été réélu à Nîmes, où il vit… L’œuvre coûte 3 € – c’est peu.",
    "Il va à Paris.",
    "— Ça ira, répond l’aïeul, façade noircie, forêt brûlée, 20 m² de toit.",
)
ENGLISH = (
    "The company’s “new” engine cost £1.2m — twice the first estimate.",
    "The café’s owner said “no” … twice. Orbán agreed; so did Señor Núñez.",
    "Orbán met Macron in Paris on Monday, an official said.",
)
ELSEWHERE = (
    "Die Bürgermeisterin von Köln tritt zurück. Größe zählt.",
    "El señor alcalde de Cádiz dimitió ayer. ¿Quién será el próximo?",
    "O presidente da câmara demitiu-se após a discussão sobre o orçamento.",
    "Borgmästaren i Malmö avgick i måndags efter en strid om budgeten.",
)


@pytest.mark.parametrize("text", [*FRENCH, *ENGLISH, *ELSEWHERE])
@pytest.mark.parametrize("charset", ["utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
def test_the_usual_charsets_are_read(text, charset):
    assert decode(text.encode(charset)) == text


@pytest.mark.parametrize("text", FRENCH)
def test_mac_roman_is_read(text):
    text = text.replace("²", "")
    assert decode(text.encode("mac_roman")) == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Le billet coûte 5 €, dit sa sœur, élue à Orbec.", "iso-8859-15"),
        ("prix : 10 €", "iso-8859-15"),
        ("Le billet coûte 5 francs, a noté l'élue.", "cp850"),
        ("Le blé a levé à Orbec, où il gèle.", "cp850"),
    ],
)
def test_older_charsets_are_read(text, charset):
    assert decode(text.encode(charset)) == text


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("Rząd ogłosił nowy program.", "cp1250"),
        ("Starosta Brna v pondělí odstoupil po sporu o rozpočet.", "cp1250"),
        ("A kormány hétfőn új törvényt fogadott el a költségvetésről.", "cp1250"),
        ("Rīgas mērs pirmdien atkāpās no amata pēc strīda par budžetu.", "cp1257"),
        ("Vilniaus meras pirmadienį atsistatydino dėl ginčo dėl biudžeto.", "cp1257"),
        ("İzmir belediye başkanı bütçe tartışmasının ardından pazartesi istifa etti.", "cp1254"),
        ("Мэр ушёл в отставку.", "cp1251"),
        ("Ο δήμαρχος παραιτήθηκε τη Δευτέρα μετά από διαφωνία.", "cp1253"),
        ("市长周一因预算争议辞职。选举将在秋天举行。", "gb18030"),
        ("市長は月曜日に予算をめぐる争いの後に辞任した。", "shift_jis"),
        ("市長は月曜日に予算をめぐる争いの後に辞任した。", "euc_jp"),
        ("Мер пішов у відставку після суперечки щодо бюджету. Її підтримали.", "koi8-u"),
        ("Мэр ушёл в отставку, сообщила пресс-служба.", "iso8859-5"),
    ],
)
def test_what_cannot_be_told_is_refused_and_not_guessed(text, charset):
    """The advice names a charset for each language, and never to drop what is no UTF-8."""
    with pytest.raises(SourceError, match=r"charset cannot be told for sure") as refusal:
        decode(text.encode(charset))
    advice = str(refusal.value)
    assert "iconv -c" not in advice
    assert advice.index("WINDOWS-1250 was usual for Polish") < advice.index("WINDOWS-1252")
    assert "read the result" in advice


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        ("The mayor of Győr, Zoltán Szőke, resigned.", "cp1250"),
        ("The minister Mihai Şora spoke.", "cp1250"),
        ("Le président Wałęsa a été élu, dit-on.", "cp1250"),
        ("Erdoğan met the mayor of İzmir, Ankara’s café owner said.", "cp1254"),
        ("Erdoğan a été reçu à Paris, où il a dîné avec l'élu.", "cp1254"),
    ],
)
def test_names_of_another_charset_are_not_read_with_wrong_letters(text, charset):
    with pytest.raises(SourceError, match="charset cannot be told"):
        decode(text.encode(charset))


@pytest.mark.parametrize("charset", ["cp1252", "iso-8859-15", "mac_roman", "cp850"])
def test_no_letter_of_the_corpus_comes_out_wrong(charset):
    """From 60 to 1,500 characters of each article: read as written, or in few cases refused."""
    refused = 0
    articles = [article for path in find([ROOT / "corpus"]) for article in read(path)]
    for article in articles:
        assert isinstance(article, Article)
        for size in (60, 100, 200, 500, 1500):
            text = article.text[:size].replace("’", "'").replace("œ", "oe")
            data = text.encode(charset, "ignore")
            try:
                assert decode(data) == data.decode(charset)
            except SourceError:
                refused += 1
    assert refused <= (0 if charset == "cp1252" else 4)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        ("Été à la mer. L'été".encode() + b" fini\xff.", "though the rest is: a damaged place"),
        ("L’été".encode() + b"\n\xe9tonne", r"byte 0xe9 in line 2\) though the rest is"),
        ("Мэр ушёл в отставку".encode() + b"\x81", "though the rest is"),
        ("Coupé au milieu d'une lettre : é".encode()[:-1] + b"", "though the rest is"),
        (b"Deux mots\nDe\0ux mots", r"zero bytes, the first in line 2.*tr -d '\\000'"),
        (b"\x89PNG\0\0\x01\x02 abc", "binary data"),
        (b"\xff\xfea\0b", "begins as UTF-16 but is damaged"),
        (b"\xff\xfe\0\0a\0", "begins as UTF-32 but is damaged"),
        (b" \n", "empty"),
    ],
)
def test_a_refusal_says_what_to_do(data, reason):
    with pytest.raises(SourceError, match=reason):
        decode(data)


def test_capitals_before_a_quote_are_not_taken_for_utf8():
    """Windows-1252 "É»" is also a letter of UTF-8, though of no French word."""
    for text in ("« LIBERTÉ » crie-t-il.", "«\u00a0LIBERTÉ\u00a0» crie-t-il."):
        assert decode(text.encode("cp1252")) == text


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        ("\ufeff{}".encode("utf-16-le"), "utf-16"),
        ('{"text": "L’été"}'.encode("utf-16-be"), "utf-16-be"),
        ("\ufeff{}".encode("utf-32-be"), "utf-32"),
        (b'{"text": "a"}', None),
        (b"", None),
    ],
)
def test_wide_charsets_are_told_from_the_start_of_a_file(data, charset):
    assert wide_charset(data) == charset

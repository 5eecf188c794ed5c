"""The language of articles and of short questions."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from qa.documents.article import Article
from qa.documents.parsers import find, read
from qa.language.detect import detect, question_language
from tests import ROOT


@pytest.mark.parametrize(
    ("question", "language"),
    [
        ("Et où ?", "fr"),
        ("Quand ?", "fr"),
        ("Qui ?", "fr"),
        ("merci", "fr"),
        ("Et en 2019 ?", "fr"),
        ("Et Marine Le Pen ?", "fr"),
        ("Qui dirige The Guardian ?", "fr"),
        ("Qu’a dit Joe Biden ?", "fr"),
        ("L'OTAN a-t-elle répondu ?", "fr"),
        ("combien de soldats", "fr"),
        ("who trained them?", "en"),
        ("When?", "en"),
        ("Why", "en"),
        ("thanks", "en"),
        ("And in 2019?", "en"),
        ("Who owns Le Monde?", "en"),
        ("What's Macron's plan for the Élysée?", "en"),
        ("didn't Charles de Gaulle resign", "en"),
        ("WHAT HAPPENED IN LIBYA?", "en"),
    ],
)
@pytest.mark.parametrize("default", ["fr", "en"])
def test_a_question_shows_its_language_whatever_the_default(question, language, default):
    assert question_language(question, default) == language


@pytest.mark.parametrize(
    "question",
    [
        "UN resolution on Gaza",
        "UN Security Council vote result",
        "LA fires death toll",
        "Des Moines shooting",
        "Tesla car recall",
        "Disney Plus price",
        "Le Pen verdict",
        "AU summit Addis Ababa",
        "LA mayor",
        "La Palma eruption",
        "Canal Plus takeover",
        "Du Pont lawsuit",
    ],
)
def test_french_words_of_an_english_name_have_no_vote(question):
    assert question_language(question, "en") == "en"


@pytest.mark.parametrize("default", ["fr", "en"])
@pytest.mark.parametrize(
    "question",
    [
        "Un attentat à Nice",
        "un résumé",
        "Un nom ?",
        "Plus tard ?",
        "Car scolaire accidenté",
        "Le Pen condamnée",
        "Procès Le Pen",
        "La Rochelle bat Toulouse",
        "La France en finale",
        "Les Bleus en finale",
        "Le Caire sous tension",
        "Des manifestants arrêtés",
        "LES GILETS JAUNES",
        "ONU Libye résolution",
        "Canal Plus en grève",
        "Le résultat ?",
    ],
)
def test_a_short_french_question_stays_french(question, default):
    assert question_language(question, default) == "fr"


@pytest.mark.parametrize("default", ["fr", "en"])
@pytest.mark.parametrize("question", ["Haftar Tobrouk ?", "Emmanuel Macron", "2019 ?", "???", ""])
def test_names_and_numbers_leave_the_default(question, default):
    assert question_language(question, default) == default


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("Les experts militaires russes seront présents d'ici quelques jours.", "fr"),
        ("The harbour authority will keep the lamp burning every night.", "en"),
        ("Die Regierung hat am Montag ein neues Gesetz beschlossen.", "de"),
        ("El presidente anunció ayer nuevas medidas contra la sequía.", "es"),
        ("Россия и Украина подписали соглашение о поставках газа.", "ru"),
    ],
)
def test_an_article_may_be_in_any_language(text, language):
    assert detect(text) == language


@pytest.mark.parametrize(
    ("language", "briefs"),
    [
        (
            "fr",
            [
                "Grève levée à Orbec.",
                "Incendie à la papeterie de Vernelle.",
                "Accident sur l'A75.",
                "La piscine ferme.",
                "Deux blessés à Lyon.",
                "Le maire démissionne.",
                "Orage : dix mille foyers privés d'électricité.",
                "Budget adopté.",
                "Verglas sur les routes du Cantal.",
                "Match nul entre Lens et Brest.",
                "Vol de cuivre à Nevers.",
                "Le boulanger de Saint-Malo prend sa retraite.",
                "Panne de courant à Bastia.",
                "Élections municipales : 42 % de participation.",
                "Chute d'un arbre, un mort.",
                "Pollution de la Vire.",
                "Fermeture du bureau de poste d'Arzon.",
                "Hausse du prix du gaz.",
                "FOOTBALL : NANTES BAT RENNES 2-1.",
                "Le Lëtzebuerger Wort annonce la fermeture de Cactus à Esch-sur-Alzette.",
            ],
        ),
        (
            "en",
            [
                "Harbour closed.",
                "Two hurt in Skarra fire.",
                "Ferry back in service.",
                "Mayor resigns.",
                "Bus strike off.",
                "Pool to shut in May.",
                "Storm cuts power to 900 homes.",
                "Otter seen at Orm.",
                "Budget passed 7-2.",
                "Bank rate held at 5%.",
                "Port Ellery yard wins ferry contract.",
                "Man, 34, arrested.",
                "Snow shuts A9.",
                "Lifeboat launched twice.",
                "School roof collapses.",
                "Rail fares up 4%.",
                "Gas leak in Leith.",
                "NEW BRIDGE FOR TOLVIK",
                "Teacher cleared.",
                "Libyan forum in Tunis sets elections for 24 December 2021",
            ],
        ),
    ],
)
def test_a_brief_of_a_few_words_is_french_or_english(language, briefs):
    """The nearest languages were Luxembourgish, Italian, Hungarian, Breton, Creole …"""
    assert {brief: detect(brief) for brief in briefs} == dict.fromkeys(briefs, language)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("De haven krijgt een nieuwe kade. Het werk kost tachtig miljoen, zegt de gemeente.", "nl"),
        ("Il ponte di Genova riapre lunedì al traffico. I lavori sono durati due anni.", "it"),
        ("O presidente da câmara demitiu-se depois da discussão sobre o orçamento.", "pt"),
        ("L'alcalde ha dimitit. Les eleccions seran a la tardor, segons l'ajuntament.", "ca"),
        ("Borgmästaren i Lund avgick i måndags efter en strid om budgeten.", "sv"),
        ("Burmistrz Torunia podał się w poniedziałek do dymisji po sporze o budżet.", "pl"),
        ("De Buergermeeschter huet e Méindeg seng Demissioun agereecht, sot d'Gemeng.", "lb"),
        ("Majistra vil Okay la bay demisyon li lendi apre yon diskisyon sou bidjè a.", "ht"),
        ("市长周一因预算争议辞职。", "zh"),
    ],
)
def test_a_sentence_of_another_language_is_told(text, language):
    assert detect(text) == language


def test_every_title_and_first_sentence_of_the_corpus_is_told():
    for path in find([ROOT / "corpus"]):
        for article in read(path):
            assert isinstance(article, Article)
            for text in (article.title, *re.split(r"(?<=\.)\s", article.text)[:2]):
                assert detect(text) == article.language, text


def test_a_text_that_does_not_tell_gets_the_default():
    assert detect("12 345 – 6", default="fr") == "fr"
    with pytest.raises(ValueError, match="does not tell its language"):
        detect("12 345 – 6")


def test_importing_loads_no_numerical_library():
    loaded = "import sys, qa.language.detect; print(*{'numpy', 'py3langid'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert (result.returncode, result.stdout.strip()) == (0, ""), result.stderr

"""The language of articles and of short questions."""

from __future__ import annotations

import subprocess
import sys

import pytest

from qa.language.detect import detect, question_language


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


def test_a_text_that_does_not_tell_gets_the_default():
    assert detect("12 345 – 6", default="fr") == "fr"
    with pytest.raises(ValueError, match="does not tell its language"):
        detect("12 345 – 6")


def test_importing_loads_no_numerical_library():
    loaded = "import sys, qa.language.detect; print(*{'numpy', 'py3langid'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert (result.returncode, result.stdout.strip()) == (0, ""), result.stderr

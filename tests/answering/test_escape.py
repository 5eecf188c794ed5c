"""What comes from outside cannot close a fence or open a turn, and marks nothing up."""

from __future__ import annotations

import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qa.answering.escape import inert, unmarked

# The tokens of the usual chat templates, and of ours.
TOKENS = """
<|im_start|> <|im_end|> <|endoftext|> [INST] [/INST] <<SYS>> <</SYS>> <s> </s> <|begin_of_text|>
<|start_header_id|> <|end_header_id|> <|eot_id|> <|python_tag|> <bos> <eos> <start_of_turn>
<end_of_turn> <|system|> <|user|> <|assistant|> <|end|> <｜begin▁of▁sentence｜> <｜User｜>
<｜Assistant｜> <｜tool▁calls▁begin｜> [SYSTEM_PROMPT] [/SYSTEM_PROMPT] [TOOL_CALLS]
[AVAILABLE_TOOLS] [TOOL_RESULTS] [IMG] <tool_call> </tool_call> <tool_response> <think> </think>
<|channel|> <|message|> <|start|> <|START_OF_TURN_TOKEN|> <unk> <pad> <0x0A>
<quote> </quote> [1] [7]
""".split()
DISGUISES = {
    "as it is": str,
    "full width": lambda token: token.translate({c: c + 0xFEE0 for c in range(0x21, 0x7F)}),
    "small": lambda token: token.replace("<", "﹤").replace(">", "﹥"),
    "single guillemets": lambda token: token.replace("<", "‹").replace(">", "›"),
    "mathematical": lambda token: token.replace("<", "⟨").replace(">", "⟩").replace("|", "∣"),
    "Canadian letters": lambda token: token.replace("<", "ᐸ").replace(">", "ᐳ").replace("|", "ǀ"),
    "lenticular": lambda token: token.replace("[", "【").replace("]", "】"),
    "zero width": "\u200b".join,
    "soft hyphens": "\u00ad".join,
    "bidirectional": lambda token: f"\u202e{token}\u202c",
    "tags": lambda token: token[0] + "\U000e0041" + token[1:],
}


@pytest.mark.parametrize("disguise", DISGUISES.values(), ids=DISGUISES)
@pytest.mark.parametrize("token", TOKENS)
def test_no_token_is_left(token: str, disguise):
    text = inert(f"Le pont {disguise(token)} rouvre.")
    seen = unicodedata.normalize("NFKC", text)
    assert token not in seen
    assert not set("<>[]{}|") & set(seen)
    assert text.startswith("Le pont ")
    assert text.endswith(" rouvre.")


@given(st.text())
def test_nothing_that_marks_up_is_left(text):
    """Nor can taking something out put a mark together."""
    out = inert(text)
    assert not set("<>[]{}|\n") & set(unicodedata.normalize("NFKC", out))
    assert inert(out) == out


def test_no_character_becomes_a_mark_by_normalising():
    every = map(chr, range(sys.maxunicode + 1))
    like = [c for c in every if set("<>[]{}|") & set(unicodedata.normalize("NFKC", c))]
    assert len(like) > 20
    assert not set("<>[]{}|") & set(unicodedata.normalize("NFKC", inert(" ".join(like))))


def test_ordinary_words_stay():
    text = "«\u202fVrai\u00a0!\u202f» – l’été à 10 h, 4/5 (soit 80 %) n° 3 : m², café; “so” it's…"
    assert inert(text) == " ".join(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("![x](https://a.example)", "![x] (https://a.example)"),
        ("[x](javascript:alert(1))", "[x] (javascript:alert(1))"),
        ("<img src=x>", "< img src=x>"),
        ("</b><!-- a -->", "< /b>< !-- a -->"),
        ("<https://a.example>", "< https://a.example>"),
        ("3 < 4, f(x) [1]", "3 < 4, f(x) [1]"),
    ],
)
def test_markdown_and_html_do_not_work(text: str, expected: str):
    assert unmarked(text) == expected

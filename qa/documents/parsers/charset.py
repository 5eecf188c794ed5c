"""Charset: the bytes of a text file become characters, or it is said why they do not.

UTF-8 and UTF-16 first. What is neither is older, and older French and English was written in one of
four charsets: Windows-1252, ISO-8859-15, Mac Roman or DOS. Under the right one every sign beyond
ASCII stands where a writer would put it; under the others capitals and symbols turn up within words
("aprŽs", "c½ur"). The charset with the fewest such places is taken; none is when all have some, or
when the language is not written with these letters, because a wrong letter ends up in a quote.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from itertools import islice

from qa.errors import SourceError
from qa.language.detect import detect

# Each with a handicap, since the first is by far the most common.
_OLD_CHARSETS = {"cp1252": 0.0, "iso-8859-15": 0.1, "mac_roman": 0.4, "cp850": 0.6}
# Languages that are written with the letters of these charsets.
_WESTERN = frozenset("ca da de en es eu fi fr gl is it lb nb nl nn no oc pt sv".split())
_FRENCH = frozenset("àâæçéèêëîïôùûüÿœÀÂÆÇÉÈÊËÎÏÔÙÛÜŸŒ")
_OTHER_LETTERS = frozenset("áäåãíìñóòöõøðþßúýšžÁÄÅÃÍÌÑÓÒÖÕØÐÞÚÝŠŽ")
_AFTER_CEDILLA = frozenset("aouAOUâàôûãáõú")
_OPENING, _CLOSING = frozenset("«“„‘‹¿¡"), frozenset("»”›")
_BESIDE_WORDS, _SELDOM = frozenset("€£°§²³©•"), frozenset("¥¢¶†‡‰±×÷µ¹ªº´")

# How odd one sign is: 0 for what every writer uses; the most on average, the largest share of _ODD,
# and by how much another charset has to be odder.
_RARE, _UNLIKELY, _ODD = 0.5, 1.0, 3.0
_MOST_ON_AVERAGE = 1.0
_MOST_ODD = 0.02
_CLEARLY = 0.25
_LOOKED_AT = 20_000  # signs beyond ASCII
# UTF-16 without a mark: how many characters it takes to tell, how many of them have a half that is
# zero, as Latin letters do, and of how many the other half may be a control character.
_FEW = 4
_LEAST_ZEROS = 0.8
_MOST_CONTROLS = 0.02
_CONTROLS = bytes(range(9))

# The bytes of UTF-8 for letters up to U+017F and for quotes, dashes and "€": in an older charset
# they would be "Ã©" or "â€™", which nobody writes.
_UTF8 = re.compile(rb"[\xc2-\xc5][\x80-\xbf]|\xe2[\x80-\x84][\x80-\xbf]")
_TAG = re.compile(r"<[^<>]*>")
_BEYOND_ASCII = re.compile(r"[^\x00-\x7f]")
_LINE_BEYOND_ASCII = re.compile(r".*[^\x00-\x7f].*")


def decode(data: bytes) -> str:
    """The characters of a text file, its byte order mark dropped.

    Raises:
        SourceError: it is empty, binary, damaged, or in a charset that cannot be told for sure.
    """
    if not data.strip():
        raise SourceError("the file is empty")
    wide = wide_charset(data)
    try:
        if wide is not None:
            return data.decode(wide).removeprefix("\ufeff")
        if b"\0" in data:
            raise SourceError(_with_zeros(data))
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as exc:
        text = None if wide or _is_damaged_utf8(data) else _in_old_charset(data)
        if text is None:
            raise SourceError(_reason(exc, wide)) from exc
        return text


def wide_charset(data: bytes) -> str | None:
    """UTF-16 or UTF-32, in Python's name for it, if the file (or its start) is written so.

    Without a byte order mark UTF-16 is told by its zeros: half of Latin text's bytes.
    """
    if data.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):
        return "utf-32"
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    for charset, letters, zeros in (
        ("utf-16-le", data[::2], data[1::2]),
        ("utf-16-be", data[1::2], data[::2]),
    ):
        controls = len(letters) - len(letters.translate(None, _CONTROLS))
        if (
            len(zeros) >= _FEW
            and zeros.count(0) >= _LEAST_ZEROS * len(zeros)
            and controls <= _MOST_CONTROLS * len(letters)
        ):
            return charset
    return None


def not_utf8(exc: UnicodeDecodeError) -> str:
    """What is wrong with bytes that should have been UTF-8, and what to do."""
    return _reason(exc, None)


def _reason(exc: UnicodeDecodeError, wide: str | None) -> str:
    if wide is not None:
        return f"it begins as {wide[:6].upper()} but is damaged; save it again as UTF-8"
    newline = b"\n"
    number = exc.object.count(newline, 0, exc.start) + 1
    line = f" in line {number}" if newline in exc.object.rstrip() else ""
    place = f"not UTF-8 (byte 0x{exc.object[exc.start]:02x}{line})"
    if _is_damaged_utf8(exc.object) and _share_of_utf8(exc.object) >= 0.5:
        return (
            f"{place} though the rest is: a damaged place, or text of another charset pasted in; "
            "mend it there, or drop such bytes with `iconv -c -f UTF-8 -t UTF-8`"
        )
    return (
        f"{place}, and the charset cannot be told for sure; save it as UTF-8 where it was written, "
        "or name its charset to `iconv -f CHARSET -t UTF-8` and read the result before it goes in: "
        "WINDOWS-1250 was usual for Polish, Czech or Hungarian, WINDOWS-1251 for Russian, "
        "WINDOWS-1252 or MACINTOSH for French or English"
    )


def _with_zeros(data: bytes) -> str:
    place = data.index(0)
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return "it holds binary data, not text"
    if any(char < " " and char not in "\0\t\n\r\f\v" for char in text):
        return "it holds binary data, not text"
    number = data.count(b"\n", 0, place) + 1
    return (
        f"it holds zero bytes, the first in line {number}, as damaged files do; "
        "see what is missing there, then drop them with `tr -d '\\000'`"
    )


def _is_damaged_utf8(data: bytes) -> bool:
    """Whether bytes that are not UTF-8 are so all the same, but for some places."""
    return _UTF8.search(data) is not None or _share_of_utf8(data) > 0.5


def _share_of_utf8(data: bytes) -> float:
    """The share of signs beyond ASCII that are written in UTF-8 (in any script)."""
    found = _BEYOND_ASCII.findall(data.decode("utf-8", "replace"))
    return 1 - found.count("\ufffd") / max(1, len(found))


def _in_old_charset(data: bytes) -> str | None:
    """Text in one of the four charsets, or None when that is not sure."""
    sure: list[tuple[float, str]] = []
    for charset, handicap in _OLD_CHARSETS.items():
        try:
            text = data.decode(charset)
        except UnicodeDecodeError:
            continue
        sample = "\n".join(islice(map(re.Match.group, _LINE_BEYOND_ASCII.finditer(text)), 100))
        language = detect(_TAG.sub(" ", sample), default="")
        if language not in _WESTERN:
            continue
        oddities = list(islice(_oddities(text, language), _LOOKED_AT))
        average = sum(oddities) / len(oddities)
        if average <= _MOST_ON_AVERAGE and oddities.count(_ODD) <= _MOST_ODD * len(oddities):
            sure.append((average + handicap, text))
    sure.sort(key=lambda one: one[0])
    least = sure[0][0] + _CLEARLY if sure else 0.0
    rivals = {text for average, text in sure[1:] if average < least}
    return sure[0][1] if sure and rivals <= {sure[0][1]} else None


def _oddities(text: str, language: str) -> Iterator[float]:
    """How odd each sign beyond ASCII is where it stands."""
    ours = language in ("fr", "en")
    for match in _BEYOND_ASCII.finditer(text):
        before, after = text[match.start() - 1 : match.start()], text[match.end() : match.end() + 1]
        if match[0] in _FRENCH or match[0] in _OTHER_LETTERS:
            yield (
                _ODD
                if ours and _misspelt(match[0], before, after)
                else _as_letter(match[0], before, after, language)
            )
        else:
            yield _as_sign(match[0], before, after)


def _misspelt(char: str, before: str, after: str) -> bool:
    """Whether French has a letter nowhere in such a place; English takes its accents from there."""
    match char.lower():
        case "à" | "ù":
            return after.isalpha() and after.islower()
        case "œ":
            return after.isalpha() and after.lower() not in "udnstcil"[: 8 if char == "œ" else 4]
    # In the charsets of Turkey and Central Europe these are letters of other names, as in Erdoğan.
    if char in "ðÐþÞõÕÝ":
        return True
    alone = not before.strip() and after.isspace()
    return alone and char not in "ôÔ"


def _as_letter(char: str, before: str, after: str, language: str) -> float:
    if (before.islower() and char.isupper()) or (char in "çÇ" and after not in _AFTER_CEDILLA):
        return _ODD
    if char in _OTHER_LETTERS:
        return 2 * _UNLIKELY if language == "fr" else _UNLIKELY
    if before.isdigit() and char not in "èéÈÉ":
        return _UNLIKELY
    return _RARE if language == "en" else 0.0


def _as_sign(char: str, before: str, after: str) -> float:
    inside = before.isalpha() and after.isalpha()
    if char in "’\u00a0\u00ad":
        return 0.0
    if char in "–—":
        balanced = before.isspace() == after.isspace() and not (inside and char == "–")
        return 0.0 if balanced else _UNLIKELY
    if char == "…":
        return _UNLIKELY if inside else _RARE * before.isspace()
    if char == "·":  # between the forms of "étudiant·e"
        return 2 * _UNLIKELY
    if char in _OPENING:
        return _ODD if before.isalpha() else 0.0
    if char in _CLOSING:
        return _ODD if after.isalpha() else 0.0
    if char == "‚":  # a quotation mark of German
        return _ODD if before.isalpha() else _UNLIKELY
    if char in "½¼¾":
        return _ODD if before.isalpha() or after.isalpha() else 0.0
    if char in "®™":
        return _ODD if after.isalpha() else _UNLIKELY * (not before.isalnum())
    if char in "ªº¹²³" and after.isalpha():
        return _ODD
    if char in _BESIDE_WORDS or char in _SELDOM:
        return _ODD if inside else _UNLIKELY * (char in _SELDOM)
    return _ODD

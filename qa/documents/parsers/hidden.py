"""Hiding: whether an HTML element is kept from a reader's eyes by what it says of itself.

Its tag, its attributes and its inline style decide: nothing displayed, nothing to see through,
letters of no size, letters in the colour of what they stand on, boxes without room or off the
page. What nobody can see may be meant for machines, and is no evidence. Where no background is
told the page is taken to be white. Style sheets and scripts are not read, so what only they hide
is not recognised.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

# Elements whose words a browser does not show as text of the page.
NEVER_SHOWN = frozenset(
    """
    annotation annotation-xml applet audio canvas datalist embed head iframe meter noembed noframes
    noscript object progress rp script select style svg template textarea title video
    """.split()
)

Colour = tuple[int, int, int]
_WHITE: Colour = (255, 255, 255)
_NAMED: dict[str, Colour] = {
    "white": _WHITE,
    "snow": (255, 250, 250),
    "ivory": (255, 255, 240),
    "whitesmoke": (245, 245, 245),
    "ghostwhite": (248, 248, 255),
    "black": (0, 0, 0),
}
# Of 255, in each of red, green and blue: what nobody tells apart.
_ALIKE = 12
_CSS_COMMENT = re.compile(r"/\*.*?(?:\*/|$)", re.S)
_CSS_ESCAPE = re.compile(r"\\([0-9a-f]{1,6})\s?|\\(.)", re.I | re.S)
_LENGTH = re.compile(r"(-?\d*\.?\d+)(px|pt|pc|r?em|ex|ch|%|v[wh]|mm|cm|in)?(?![\w.])")
_PIXELS = {"": 1, "px": 1, "pt": 4 / 3, "%": 0.16, "mm": 3.8, "cm": 38, "in": 96}
_FEW_PIXELS = 2.0
_FAR = -500.0
_PALE = 0.1


def hides(tag: str, attributes: Mapping[str, str | None], *, on: Colour | None = None) -> bool:
    """Whether nobody sees the words of an element.

    Args:
        tag: its name, in lower case.
        attributes: as written, names in lower case.
        on: the background told by the elements around it; None where none is.
    """
    if tag in NEVER_SHOWN or "hidden" in attributes:
        return True
    if tag == "dialog" and "open" not in attributes:
        return True
    if (attributes.get("aria-hidden") or "").strip().lower() == "true":
        return True
    style = _declarations(attributes.get("style"))
    return _undisplayed(style) or _boxed_away(style) or _same_colour(attributes, style, on)


def background(attributes: Mapping[str, str | None]) -> Colour | None:
    """The colour that an element tells to stand on; None where it tells none."""
    return _background(attributes, _declarations(attributes.get("style")))


def tells_colour(attributes: Mapping[str, str | None]) -> bool:
    """Whether an element tells the colour of its own letters."""
    return "color" in attributes or "color" in _declarations(attributes.get("style"))


def _declarations(style: str | None) -> dict[str, str]:
    """The properties of an inline style, the last of a name, comments and escapes read."""
    if not style:
        return {}
    text = _CSS_ESCAPE.sub(_escaped, _CSS_COMMENT.sub("", style)).lower()
    pairs = (part.partition(":") for part in text.split(";"))
    return {
        name.strip(): value.replace("!important", "").strip() for name, mark, value in pairs if mark
    }


def _escaped(match: re.Match[str]) -> str:
    code = int(match[1], 16) if match[1] else 0
    return chr(code) if 0 < code < 0x110000 else match[2] or ""


def _undisplayed(style: Mapping[str, str]) -> bool:
    """Nothing there, or nothing that an eye can make out."""
    opacity = _length(style.get("opacity"), percent=0.01)
    font = style.get("font-size") or style.get("font")
    size = _length(font)
    return (
        style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or style.get("content-visibility") == "hidden"
        or (opacity is not None and opacity < _PALE)
        or (size is not None and size <= _FEW_PIXELS)
    )


def _boxed_away(style: Mapping[str, str]) -> bool:
    """A box without room for its words, or one off the page."""
    sides = ("left", "top", "right", "bottom", "text-indent", "margin-left", "margin-top")
    far = any((_length(style.get(side)) or 0) <= _FAR for side in sides)
    cut = "hidden" in style.get("overflow", "") or "clip" in style.get("overflow", "")
    room = (_length(style.get(side)) for side in ("height", "width", "max-height", "max-width"))
    narrow = any(length is not None and length <= _FEW_PIXELS for length in room)
    clipped = re.match(r"rect\((?:[01](?:px)?[\s,]*){4}\)", style.get("clip", ""))
    inset = re.match(r"inset\((?:50|100)%|circle\(0", style.get("clip-path", ""))
    scaled = re.search(r"scale[xy]?\(0(?:\.0+)?[,)]", style.get("transform", ""))
    return far or (cut and narrow) or bool(clipped or inset or scaled)


def _same_colour(
    attributes: Mapping[str, str | None], style: Mapping[str, str], on: Colour | None
) -> bool:
    told = style.get("color") or attributes.get("color") or ""
    if told == "transparent" or re.fullmatch(r"(?:rgb|hsl)a?\(.*[,/]\s*0(?:\.0+)?%?\s*\)", told):
        return told == "transparent" or "a(" in told or "/" in told
    letters = _colour(told)
    if letters is None:
        return False
    under = _background(attributes, style) or on or _WHITE
    return all(abs(one - other) <= _ALIKE for one, other in zip(letters, under, strict=True))


def _background(attributes: Mapping[str, str | None], style: Mapping[str, str]) -> Colour | None:
    told = style.get("background-color") or style.get("background") or attributes.get("bgcolor")
    words = re.findall(r"#?\w+(?:\([^)]*\))?", told or "")
    found = next((colour for colour in map(_colour, words) if colour is not None), None)
    # A picture, a gradient or a colour without its number here: something, and not white.
    return found or ((128, 128, 128) if told and told not in ("none", "transparent") else None)


def _colour(text: str) -> Colour | None:
    """A colour as numbers; None for one that has none here."""
    text = text.strip().lower()
    if text in _NAMED:
        return _NAMED[text]
    if short := re.fullmatch(r"#?([0-9a-f])([0-9a-f])([0-9a-f])[0-9a-f]?", text):
        return (int(short[1] * 2, 16), int(short[2] * 2, 16), int(short[3] * 2, 16))
    if full := re.fullmatch(r"#?([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})(?:[0-9a-f]{2})?", text):
        return (int(full[1], 16), int(full[2], 16), int(full[3], 16))
    if parts := re.match(r"rgba?\(\s*(\d{1,3})[\s,]+(\d{1,3})[\s,]+(\d{1,3})", text):
        return (int(parts[1]), int(parts[2]), int(parts[3]))
    return None


def _length(value: str | None, *, percent: float | None = None) -> float | None:
    """The first length of a value in pixels, letters being 16 of them; None without one."""
    match = _LENGTH.search(value or "")
    if match is None:
        return None
    unit = match[2] or ""
    factor = percent if percent is not None and unit == "%" else _PIXELS.get(unit, 16)
    return float(match[1]) * factor

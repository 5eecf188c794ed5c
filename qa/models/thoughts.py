"""Thoughts that a model says before its answer, in `<think>…</think>`: left out as they come.

llama.cpp keeps apart those that a chat template tells of, and is asked for none; this is for models
whose template does not say that they think.
"""

from __future__ import annotations

_BEGIN, _END = "<think>", "</think>"


class Thoughts:
    """One answer's text, piece by piece."""

    def __init__(self) -> None:
        self._held = ""
        self._answering = False
        self._thought = False  # and nothing of the answer was said yet

    def without(self, text: str, *, last: bool = False) -> str:
        """What of the answer is known with this piece, thoughts left out.

        Args:
            text: the next piece.
            last: whether nothing comes after it. Thoughts that do not end are no answer.
        """
        if self._answering:
            text = text.lstrip() if self._thought else text
            self._thought = self._thought and not text
            return text
        self._held += text
        begun = self._held.lstrip()
        if begun.startswith(_BEGIN):
            _, end, answer = begun.partition(_END)
            self._answering, self._thought = bool(end), not answer.strip()
            return answer.lstrip()
        if not last and _BEGIN.startswith(begun):  # too early to tell
            return ""
        self._answering = True
        return self._held

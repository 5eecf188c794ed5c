"""The tree of errors is the one its docstring draws."""

from __future__ import annotations

import inspect
import re

from qa import errors
from qa.errors import ChecksumError, MissingExtra, QAError


def drawn() -> dict[str, str]:
    """Each class → its parent, as the module's docstring draws them."""
    parents, path = {}, ["QAError"]
    for branch, name in re.findall(r"^ {4}([│ ]*)[├└]── (\w+)", errors.__doc__ or "", re.M):
        depth = len(branch) // 4 + 1
        path[depth:] = [name]
        parents[name] = path[depth - 1]
    return parents


def test_the_drawing_is_true():
    classes = {
        name: found.__bases__[0].__name__
        for name, found in inspect.getmembers(errors, inspect.isclass)
        if issubclass(found, QAError) and found is not QAError
    }
    assert len(classes) > 8
    assert drawn() == classes


def test_a_wrong_sum_names_both():
    error = ChecksumError("tiny", "aa", "bb", "Fetch it again.")
    assert str(error) == "tiny: the sha256 sum should be aa but is bb. Fetch it again."
    assert (error.expected, error.actual) == ("aa", "bb")


def test_a_missing_extra_says_how_to_install_it():
    error = MissingExtra("langchain-openai", "openai", "llm = openai:x")
    assert "pip install 'qa-news[openai]'" in str(error)
    assert (error.package, error.extra) == ("langchain-openai", "openai")

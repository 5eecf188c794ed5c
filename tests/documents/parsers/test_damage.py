"""Files cut, repeated and with bytes changed are read or refused: no other error, no waiting."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from qa.documents.article import Article
from qa.documents.parsers import Failure, read
from tests import DATA
from tests.documents.parsers.pdf_maker import column, pdf
from tests.documents.parsers.test_plain import WIRE

SENTENCE = "Le procès du notaire s’est achevé jeudi ; la cour rendra son arrêt le 9 mars. "
SEEDS = {
    "wire.txt": WIRE.encode(),
    "cp1252.txt": WIRE.encode("cp1252"),
    "utf16.txt": WIRE.encode("utf-16"),
    "yaml.md": (DATA / "sources" / "article_fr.md").read_bytes(),
    "toml.md": b'+++\ntitle = "Orbec"\ndate = 2023-06-12\n+++\n' + SENTENCE.encode(),
    "columns.pdf": pdf(
        [*column(60, 60, 200, SENTENCE * 9), *column(300, 60, 200, SENTENCE * 9)],
        [*column(60, 60, 400, SENTENCE), (290, 800, 8, "2")],
        pictures={1: 1.0},
    ),
    "packed.pdf": (DATA / "sources" / "article_fr.pdf").read_bytes(),
}


@st.composite
def damages(draw: st.DrawFn) -> list[tuple[float, int, bytes]]:
    """Places from 0 to 1, how many bytes go there, and the bytes that come instead."""
    return draw(
        st.lists(
            st.tuples(
                st.floats(0, 1),
                st.sampled_from([0, 1, 1, 4, 200]),
                st.one_of(
                    st.binary(max_size=4), st.sampled_from([b"[" * 99, b"\n---\n", b"9" * 30])
                ),
            ),
            min_size=1,
            max_size=8,
        )
    )


@pytest.mark.parametrize("name", SEEDS)
@settings(max_examples=60, deadline=None)
@given(changes=damages(), times=st.sampled_from([1, 1, 2]), end=st.booleans())
def test_a_damaged_file_is_read_or_refused(name, changes, times, end):
    data = SEEDS[name]
    for place, gone, come in changes:
        at = int(place * len(data))
        data = data[:at] + come + data[at + gone :]
    data = data * times + (b"%%EOF" if end else b"")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, name)
        path.write_bytes(data)
        for result in read(path):
            assert isinstance(result, Article | Failure)
            assert getattr(result, "reason", "") or getattr(result, "text", "")

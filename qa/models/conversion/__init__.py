"""The embedder's weights as they are downloaded → the files that run, once, by `qa models pull`.

e5           the four-bit file of multilingual-e5-small → a sentence-transformers folder
int8_writer  such a folder → the ONNX graph in whole numbers that `int8_embedder` runs
int8_gemma   the same for EmbeddingGemma
int8_graph   the parts of such a graph
"""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

# Another way of making the file gets another name, so that an old file is never taken for a new.
INT8 = "int8-v3.onnx"


def convert(source: Path, folder: Path) -> None:
    """Make a sentence-transformers folder with its int8 file of what was fetched and checked.

    Args:
        source: a zip of such a folder, or E5's four-bit weights.
        folder: where to; it exists and is empty.
    """
    from qa.models.conversion import e5, int8_writer

    if source.suffix == ".zip":
        _unpack(source, folder)
    else:
        e5.convert(source, folder)
    int8_writer.write(folder, folder / INT8)


def _unpack(source: Path, folder: Path) -> None:
    with zipfile.ZipFile(source) as archive:
        for member in archive.infolist():
            # As it lies in the folder that is zipped; the sum says that no name leads elsewhere.
            _, _, name = member.filename.partition("/")
            if name and not member.is_dir():
                target = folder / name
                target.parent.mkdir(exist_ok=True)
                with archive.open(member) as packed, target.open("wb") as file:
                    shutil.copyfileobj(packed, file, 1 << 20)

"""Sources: files and folders of articles, whatever their format, become `Article`s.

    for result in (result for path in find(paths) for result in read(path)):
        match result:
            case Article(): ...
            case Failure(origin, reason): ...

One module a format; the table that picks it is in `files`. What cannot be read is
handed over as a `Failure` in its place among the articles, so one bad file stops nothing.
Knows nothing about indexes or the network: a feed is a file that somebody saved.
"""

from __future__ import annotations

from qa.documents.parsers.fields import Failure
from qa.documents.parsers.files import SUPPORTED, count, find, leading_out, read

__all__ = ["SUPPORTED", "Failure", "count", "find", "leading_out", "read"]

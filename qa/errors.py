"""The errors that a person may meet, each a sentence that says what to do next.

    QAError                 the root: the command line prints it as one line and exits with 1
    ├── SettingsError       a setting is unknown, malformed or out of range
    ├── SourceError         a file or folder of articles cannot be read
    ├── ModelError          a model is missing, damaged or cannot be fetched
    │   ├── ChecksumError   a fetched or stored file is not the one the catalogue names
    │   └── MissingExtra    an optional dependency is not installed
    ├── IndexUnusable       the index is missing, damaged or held by somebody else
    │   ├── IndexMissing    there is no index where one was expected
    │   ├── IndexMismatch   the index was built with another embedder or another chunking
    │   └── IndexLocked     another process is writing to the index
    ├── ConversationsUnusable  the file of conversations cannot be opened, read or written
    ├── ClusterError        a cluster of machines cannot be reached, or has given up
    ├── ArticleError        an article is not indexed, or what is said of it makes no sense
    ├── AnswerError         a language model failed or did not answer in time
    └── QuestionError       a question, or a file of questions, makes no sense

Anything else that escapes is a bug and keeps its traceback.
"""

from __future__ import annotations


class QAError(Exception):
    """Root of every error that a person can mend."""


class SettingsError(QAError):
    """A setting is unknown, malformed or out of range."""


class SourceError(QAError):
    """A file or folder of articles cannot be read."""


class ModelError(QAError):
    """A model is missing, damaged or cannot be fetched."""


class ChecksumError(ModelError):
    """A file is not the one that the catalogue names."""

    def __init__(self, name: str, expected: str, actual: str, advice: str) -> None:
        super().__init__(f"{name}: the sha256 sum should be {expected} but is {actual}. {advice}")
        self.expected = expected
        self.actual = actual


class MissingExtra(ModelError):
    """An optional dependency is not installed."""

    def __init__(self, package: str, extra: str, wanted_for: str) -> None:
        super().__init__(
            f"{wanted_for} needs the package {package!r}, which is not installed. "
            f"Install it with `pip install 'qa-news[{extra}]'`."
        )
        self.package = package
        self.extra = extra


class IndexUnusable(QAError):
    """The index is missing, damaged or held by somebody else."""


class IndexMissing(IndexUnusable):
    """There is no index where one was expected."""


class IndexMismatch(IndexUnusable):
    """The index was built with another embedder or another chunking."""


class IndexLocked(IndexUnusable):
    """Another process is writing to the index."""


def is_panic(exc: BaseException) -> bool:
    """Whether a library written in Rust gave up; its exception cannot be imported to be caught."""
    return type(exc).__name__ == "PanicException"


class ClusterError(QAError):
    """A cluster of machines cannot be reached, or has given up."""


class ConversationsUnusable(QAError):
    """The file of conversations cannot be opened, read or written."""


class ArticleError(QAError):
    """An article is not indexed, or what is said of it makes no sense."""


class AnswerError(QAError):
    """A language model failed or did not answer in time."""


class QuestionError(QAError):
    """A question, or a file of questions, makes no sense."""


def as_exception(raised: BaseException) -> Exception:
    """What was raised in a thread of ours, as something that whoever waits for it can catch.

    A library written in Rust panics with what is no `Exception`: as it is, it would pass by all who
    answer for exceptions, and their places, locks and waiting readers with it.
    """
    if isinstance(raised, Exception):
        return raised
    bug = RuntimeError(f"a library ended a thread with {type(raised).__name__}: {raised}")
    bug.__cause__ = raised
    return bug

"""Loading: the language model made ready behind whoever asks meanwhile, and how far it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qa.errors import QAError
from qa.models.catalogue import downloadable
from qa.models.download import pull, status
from qa.settings import Settings

if TYPE_CHECKING:
    from langchain_core.language_models import BaseChatModel
    from langchain_core.messages import BaseMessage

logger = logging.getLogger(__name__)

LLMState = Literal["none", "fetching", "loading", "ready", "failed"]


@dataclass(frozen=True, slots=True)
class LLMStatus:
    """How far the language model is.

    Attributes:
        state: `none` when the settings want none.
        name: the setting.
        fraction: of the download, 0 to 1.
        note: what is going on, or what went wrong, in words.
    """

    state: LLMState
    name: str
    fraction: float = 0.0
    note: str = ""


class LanguageModel:
    """The place of the language model: empty until it is there, then it stays.

    Args:
        settings: which model.
        fetch: whether to download one of the catalogue or the hub that is not here.
        beginning: what every prompt begins with; a model that runs here reads it at once.
    """

    def __init__(
        self, settings: Settings, *, fetch: bool, beginning: Sequence[BaseMessage] = ()
    ) -> None:
        self._settings = settings
        self._beginning = beginning
        self._model: BaseChatModel | None = None
        wanted = settings.llm != "none" and settings.answerer != "extractive"
        self._status = LLMStatus("loading" if wanted else "none", settings.llm)
        self._ended = threading.Event()
        if wanted:
            # A daemon: the process may end at any time, and the next download goes on from there.
            threading.Thread(target=self._prepare, args=(fetch,), daemon=True).start()
        else:
            self._ended.set()

    def get(self) -> BaseChatModel | None:
        """The model once it is ready, else None."""
        return self._model

    def wait(self) -> None:
        """Until it is ready, or cannot be."""
        self._ended.wait()

    def status(self) -> LLMStatus:
        """How far it is."""
        return self._status

    def _prepare(self, fetch: bool) -> None:
        name = self._settings.llm
        try:
            wanted = downloadable(name)
            if fetch and wanted is not None and status(wanted, self._settings) != "ready":
                self._fetching(0, 1, f"{name}: starting")
                pull(wanted, self._settings, self._fetching)
            self._status = LLMStatus("loading", name, 1.0)
            self._model = self._load()
            self._status = LLMStatus("ready", name, 1.0)
        except QAError as exc:
            logger.warning("%s", exc)
            self._status = LLMStatus("failed", name, note=str(exc))
        finally:
            if self._model is None and self._status.state != "failed":  # a bug; the log has it
                note = "loading stopped unexpectedly; the log has the reason"
                self._status = LLMStatus("failed", name, note=note)
            self._ended.set()

    def _fetching(self, done: int, total: int, note: str) -> None:
        self._status = LLMStatus("fetching", self._settings.llm, done / total, note)

    def _load(self) -> BaseChatModel | None:
        from qa.models import LocalModel, open_llm

        model = open_llm(self._settings)
        if self._beginning and isinstance(model, LocalModel):
            for _ in model.read(self._beginning):
                pass
        return model

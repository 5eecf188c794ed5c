"""Loading: the language model made ready behind whoever asks meanwhile, and how far it is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from qa.errors import QAError
from qa.models.background import PullJob, background_pull
from qa.models.catalogue import downloadable
from qa.models.download import status
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
        self._job: PullJob | None = None
        wanted = settings.llm != "none" and settings.answerer != "extractive"
        self._status = LLMStatus("loading" if wanted else "none", settings.llm)
        self._ended = threading.Event()
        if wanted:
            # A daemon: it holds nothing that a killed process would leave broken.
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
        if self._status.state == "fetching" and self._job is not None:
            pull = self._job.state
            return LLMStatus("fetching", self._settings.llm, pull.fraction, pull.note)
        return self._status

    def _prepare(self, fetch: bool) -> None:
        name = self._settings.llm
        try:
            wanted = downloadable(name)
            if fetch and wanted is not None and status(wanted, self._settings) != "ready":
                self._job = background_pull(wanted, self._settings)
                self._status = LLMStatus("fetching", name)
                error = self._job.wait().error
                if error:
                    logger.warning("%s", error)
                    self._status = LLMStatus("failed", name, note=error)
                    return
            self._status = LLMStatus("loading", name, 1.0)
            self._model = self._load()
            self._status = LLMStatus("ready", name, 1.0)
        except QAError as exc:
            logger.warning("%s", exc)
            self._status = LLMStatus("failed", name, note=str(exc))
        finally:
            if self._status.state in ("fetching", "loading"):  # a bug; its traceback is logged
                note = "loading stopped unexpectedly; the log has the reason"
                self._status = LLMStatus("failed", name, note=note)
            self._ended.set()

    def _load(self) -> BaseChatModel | None:
        from qa.models import LocalModel, open_llm

        model = open_llm(self._settings)
        if self._beginning and isinstance(model, LocalModel):
            for _ in model.read(self._beginning):
                pass
        return model

"""Which language model the settings mean, and opening it.

none                       no language model: answers are quotes
NAME                       a model of the catalogue, run here
hf:OWNER/REPO[:…]          a GGUF of the model hub, run here (`hub_model`)
FILE.gguf                  any model file that llama.cpp reads, run here
openai:NAME and others     a service (`api_llm`)
"""

from __future__ import annotations

import logging
from pathlib import Path

from langchain_core.language_models import BaseChatModel

from qa.errors import ModelError
from qa.models.api_llm import SCHEMES, open_service
from qa.models.catalogue import CatalogueEntry, catalogue, downloadable, find
from qa.models.download import status
from qa.models.engine import Engine
from qa.models.hub_model import FORM
from qa.models.llamacpp import LlamaCpp
from qa.models.local_llm import LocalModel
from qa.models.openvino import OpenVINO, suits
from qa.settings import Settings

logger = logging.getLogger(__name__)


def open_llm(settings: Settings) -> BaseChatModel | None:
    """The language model that the settings name, loaded; None for `none`.

    Raises:
        ModelError: it is unknown, or not on this machine, or its key is not set.
        MissingExtra: the package for its service is not installed.
    """
    name = settings.llm
    if name == "none":
        return None
    if downloadable(name) is not None:
        return _open_known(name, settings)
    if name.endswith(".gguf"):
        return _open_file(Path(name).expanduser(), settings)
    scheme, _, model = name.partition(":")
    if scheme in SCHEMES and model:
        return open_service(scheme, model, settings)
    known = [entry.name for entry in catalogue().values() if entry.kind == "llm"]
    services = [f"{scheme}:NAME" for scheme in SCHEMES]
    forms = ", ".join(["none", *known, FORM, "a path to a .gguf file", *services])
    raise ModelError(f"the language model {name!r} is unknown. `llm` is one of: {forms}.")


def _open_known(name: str, settings: Settings) -> LocalModel:
    entry = find(name, "llm")
    state = status(entry, settings)
    if state != "ready":
        raise ModelError(
            f"the language model {name} is {state} in {str(settings.models_dir)!r}. Fetch it with "
            f"`qa models pull {name}`, or set `llm` to none."
        )
    known_to_run = isinstance(entry, CatalogueEntry) and entry.openvino
    engine = _engine(entry.path(settings), settings, known_to_run)
    return LocalModel.on(engine, name, settings.llm_timeout_s)


def _open_file(path: Path, settings: Settings) -> LocalModel:
    if not path.is_file():
        raise ModelError(
            f"the language model {str(path)!r} is no file. Set `llm` to a .gguf file or to a "
            "model of `qa models list`."
        )
    engine = LlamaCpp(path, settings.threads)
    return LocalModel.on(engine, path.stem, settings.llm_timeout_s)


def _engine(path: Path, settings: Settings, known_to_run: bool) -> Engine:
    if settings.llm_engine == "openvino":
        return OpenVINO(path, settings.threads)
    if settings.llm_engine == "auto" and known_to_run and suits():
        try:
            return OpenVINO(path, settings.threads)
        except ModelError as exc:
            logger.warning("llama.cpp runs the language model, more slowly: %s", exc)
    return LlamaCpp(path, settings.threads)

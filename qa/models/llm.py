"""Which language model the settings mean, and opening it.

    none                       no language model: answers are quotes
    NAME                       a model of the catalogue, run here
    hf:OWNER/REPO[:…]          a GGUF of the model hub, run here (`hub_model`)
    FILE.gguf                  any model file that llama.cpp reads, run here
    openai:NAME                OpenAI, or any server that speaks its protocol (`llm_base_url`)
    ollama:NAME                a local Ollama
    anthropic:NAME             Anthropic

The others' packages are optional and imported when they are asked for.
"""

from __future__ import annotations

import importlib
import importlib.util
import logging
import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.language_models import BaseChatModel

from qa.errors import MissingExtra, ModelError
from qa.models.api_llm import Service
from qa.models.catalogue import CatalogueEntry, catalogue, downloadable, find
from qa.models.download import status
from qa.models.engine import Engine
from qa.models.hub_model import FORM
from qa.models.llamacpp import LlamaCpp
from qa.models.local_llm import LocalModel
from qa.models.openvino import OpenVINO, suits
from qa.settings import Settings

logger = logging.getLogger(__name__)

OLLAMA_URL = "http://127.0.0.1:11434/v1"
# Sent where a server wants the field filled and does not look at it.
_NO_KEY = "none"


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
        path = Path(name).expanduser()
        return _open_file(path, path.stem, settings)
    scheme, _, model = name.partition(":")
    if scheme in _SCHEMES and model:
        return _SCHEMES[scheme](model, settings)
    raise ModelError(f"the language model {name!r} is unknown. `llm` is one of: {_forms()}.")


def _forms() -> str:
    known = [entry.name for entry in catalogue().values() if entry.kind == "llm"]
    schemes = [f"{scheme}:NAME" for scheme in _SCHEMES]
    return ", ".join(["none", *known, FORM, "a path to a .gguf file", *schemes])


def _open_known(name: str, settings: Settings) -> LocalModel:
    entry = find(name, "llm")
    state = status(entry, settings)
    if state != "ready":
        raise ModelError(
            f"the language model {name} is {state} in {str(settings.models_dir)!r}. Fetch it with "
            f"`qa models pull {name}`, or set `llm` to none."
        )
    path = entry.path(settings)
    known_to_run = isinstance(entry, CatalogueEntry) and entry.openvino
    return _open_file(path, name, settings, lambda: _engine(path, settings, known_to_run))


def _open_file(
    path: Path, name: str, settings: Settings, engine: Callable[[], Engine] | None = None
) -> LocalModel:
    engine = engine or partial(LlamaCpp, path, settings.threads)
    return LocalModel.open(path, name=name, timeout_s=settings.llm_timeout_s, engine=engine)


def _engine(path: Path, settings: Settings, known_to_run: bool) -> Engine:
    if settings.llm_engine == "openvino":
        return OpenVINO(path, settings.threads)
    if settings.llm_engine == "auto" and known_to_run and suits():
        try:
            return OpenVINO(path, settings.threads)
        except ModelError as exc:
            logger.warning("llama.cpp runs the language model, more slowly: %s", exc)
    return LlamaCpp(path, settings.threads)


def _openai(model: str, settings: Settings) -> Service:
    variable = "OPENAI_API_KEY"
    # A server of one's own seldom wants a key; OpenAI's always does.
    key = os.environ.get(variable) if settings.llm_base_url else _key(variable, "openai")
    return _compatible("openai", model, settings, settings.llm_base_url, key or _NO_KEY)


def _ollama(model: str, settings: Settings) -> Service:
    return _compatible("ollama", model, settings, settings.llm_base_url or OLLAMA_URL, "ollama")


def _compatible(
    scheme: str, model: str, settings: Settings, base_url: str | None, key: str
) -> Service:
    _require("langchain_openai", "openai", f"llm = {scheme}:{model}")
    import openai
    from langchain_openai import ChatOpenAI
    from pydantic import SecretStr

    inner = ChatOpenAI(
        model=model,
        base_url=base_url,
        api_key=SecretStr(key),
        timeout=settings.llm_timeout_s,
        max_retries=0,  # a second try would take the time limit a second time
        stream_usage=True,
        # OpenAI's newer models accept no temperature but their own.
        temperature=None if base_url is None else 0.0,
    )
    return Service(
        spec=f"{scheme}:{model}",
        inner=inner,
        timeout_s=settings.llm_timeout_s,
        key_variable="OPENAI_API_KEY",
        failures=(openai.OpenAIError,),
    )


def _anthropic(model: str, settings: Settings) -> Service:
    _require("langchain_anthropic", "anthropic", f"llm = anthropic:{model}")
    _key("ANTHROPIC_API_KEY", "anthropic")
    from langchain.chat_models import init_chat_model

    anthropic = importlib.import_module("anthropic")
    options: dict[str, Any] = {"timeout": settings.llm_timeout_s, "max_retries": 0}
    if settings.llm_base_url:
        options["base_url"] = settings.llm_base_url
    inner = init_chat_model(model, model_provider="anthropic", **options)
    return Service(
        spec=f"anthropic:{model}",
        inner=inner,
        timeout_s=settings.llm_timeout_s,
        key_variable="ANTHROPIC_API_KEY",
        failures=(anthropic.AnthropicError,),
    )


_SCHEMES = {"openai": _openai, "ollama": _ollama, "anthropic": _anthropic}


def _require(module: str, extra: str, wanted_for: str) -> None:
    """Only a package that is not there is missing; a broken one says so when imported."""
    if importlib.util.find_spec(module) is None:
        raise MissingExtra(module.replace("_", "-"), extra, wanted_for)


def _key(variable: str, service: str) -> str:
    key = os.environ.get(variable)
    if not key:
        raise ModelError(
            f"{service} needs a key: set the environment variable {variable}, or set `llm` to a "
            "model that runs on this machine."
        )
    return key

"""Dockerfile and compose file, as far as they can be judged where no engine runs.

`make check` runs their linters too.
"""

from __future__ import annotations

import asyncio
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import uvicorn
import yaml

from qa.settings import Settings
from tests import ROOT

TOOLS = Path(sys.executable).parent


def instructions(text: str) -> list[tuple[str, str]]:
    """(name, arguments) of each instruction, its lines joined."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    found = [line.partition(" ") for line in joined.splitlines() if line.strip()]
    return [(name, arguments.strip()) for name, _, arguments in found]


DOCKERFILE = instructions((ROOT / "Dockerfile").read_text(encoding="utf-8"))
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text(encoding="utf-8"))


def arguments_of(name: str) -> list[str]:
    return [arguments for each, arguments in DOCKERFILE if each == name]


def test_what_is_copied_is_there_and_not_ignored():
    rules = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert "*" in rules
    copied = [
        source
        for arguments in arguments_of("COPY")
        if "--from" not in arguments
        for source in shlex.split(arguments)[:-1]
    ]
    assert set(copied) == {"constraints.txt", "pyproject.toml", "README.md", "LICENSE", "qa"}
    for source in copied:
        assert (ROOT / source).exists(), source
        assert f"!{source}" in rules, source
    kept = {rule[1:] for rule in rules if rule.startswith("!")}
    assert kept == set(copied), "nothing else is sent to the engine"


def test_what_the_package_is_built_from_is_copied():
    """Hatchling reads these when `pip install .` runs in the image."""
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    copied = " ".join(arguments_of("COPY"))
    for file in (project["readme"], *project["license-files"]):
        assert file in copied
    extras = re.search(r"'\.\[(.*?)\]'", " ".join(arguments_of("RUN")))
    assert extras is not None
    assert set(extras[1].split(",")) <= set(project["optional-dependencies"])


def test_it_does_not_run_as_root_and_says_how_it_is():
    assert arguments_of("USER")[-1] not in ("root", "0")
    assert "/healthz" in arguments_of("HEALTHCHECK")[0]
    assert f":{Settings().port}/" in arguments_of("HEALTHCHECK")[0]
    assert arguments_of("EXPOSE") == [str(Settings().port)]
    names = [name for name, _ in DOCKERFILE]
    assert names.index("USER") < names.index("ENTRYPOINT")


def test_its_settings_are_settings_and_its_volumes_hold_what_is_written():
    environment = dict(
        part.split("=", 1) for arguments in arguments_of("ENV") for part in shlex.split(arguments)
    )
    ours = {name: value for name, value in environment.items() if name.startswith("QA_")}
    settings = Settings.load(environ=ours, directory=ROOT / "docs")
    volumes = arguments_of("VOLUME")[0]
    for place in (settings.index, settings.models_dir, settings.conversations_file.parent):
        assert f'"{place}"' in volumes
        assert f" {place}" in " ".join(arguments_of("RUN"))
    assert settings.host == "0.0.0.0"


@pytest.mark.parametrize("service", ["app", "index", "second"])
def test_the_compose_file_sets_settings_and_opens_nothing(service: str):
    told = COMPOSE["services"][service]
    names = [name.removeprefix("QA_").lower() for name in told["environment"] if name[:3] == "QA_"]
    assert names
    assert set(names) <= set(Settings.model_fields)
    for port in told.get("ports", []):
        assert port.startswith("127.0.0.1:")
    assert told["read_only"]
    assert told["cap_drop"] == ["ALL"]
    places = {volume.rsplit(":/", 1)[0].split(":/")[0] for volume in told["volumes"]}
    assert {"second" if service == "second" else "index", "models", "conversations"} <= places


def test_what_is_unset_in_the_compose_file_is_as_it_comes():
    """An empty variable of the environment is no setting."""
    environment = COMPOSE["services"]["app"]["environment"]
    empty = {
        name: re.sub(r"^\$\{\w+:-(.*)\}$", r"\1", value) for name, value in environment.items()
    }
    settings = Settings.load(environ=empty, directory=ROOT / "docs")
    as_it_comes = Settings()
    assert settings.allowed_hosts == ("localhost", "127.0.0.1")
    for name in set(Settings.model_fields) - {"allowed_hosts"}:
        assert getattr(settings, name) == getattr(as_it_comes, name), name


@pytest.mark.parametrize(
    ("set_to", "proxy", "client"),
    [
        ("", "127.0.0.1", "192.0.2.7"),
        ("", "172.18.0.1", "172.18.0.1"),
        ("172.18.0.0/16", "172.18.0.1", "192.0.2.7"),
    ],
)
def test_the_compose_file_says_which_proxy_is_believed(
    monkeypatch: pytest.MonkeyPatch, set_to: str, proxy: str, client: str
):
    """As it comes, only one on the same machine: in a container, that is none."""
    passed = COMPOSE["services"]["app"]["environment"]["FORWARDED_ALLOW_IPS"]
    match = re.fullmatch(r"\$\{FORWARDED_ALLOW_IPS:-(.*)\}", passed)
    assert match is not None
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", set_to or match[1])
    seen = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        seen.append(scope["client"][0])

    config = uvicorn.Config(app, interface="asgi3", log_config=None)
    config.load()
    scope = {"type": "http", "client": (proxy, 1), "scheme": "http"}
    asyncio.run(config.loaded_app({**scope, "headers": [(b"x-forwarded-for", b"192.0.2.7")]}, 0, 0))
    assert seen == [client]


def test_the_chroma_server_is_of_the_tested_version_and_only_by_profile():
    constraints = (ROOT / "constraints.txt").read_text(encoding="utf-8")
    version = re.search(r"^chromadb==(\S+)$", constraints, re.MULTILINE)
    assert version is not None
    chroma = COMPOSE["services"]["chroma"]
    assert chroma["image"] == f"chromadb/chroma:{version[1]}"
    assert chroma["profiles"] == ["chroma", "servers"]
    for service in (chroma, COMPOSE["services"]["postgres"]):
        assert "ports" not in service
        assert service["networks"] == ["inside"]
    assert COMPOSE["networks"]["inside"] == {"internal": True}


def test_two_apps_keep_a_copy_each_behind_a_proxy_that_knows_both():
    services = COMPOSE["services"]
    assert {name for name, each in services.items() if "profiles" not in each} == {"index", "app"}
    mounted = [
        next(volume for volume in services[name]["volumes"] if volume.endswith(":/data/index"))
        for name in ("app", "second")
    ]
    assert len(set(mounted)) == 2
    assert {volume.split(":")[0] for volume in mounted} <= set(COMPOSE["volumes"])
    configuration = COMPOSE["configs"]["proxy"]["content"]
    for name in ("app", "second"):
        assert f"server {name}:{Settings().port} " in configuration
    assert services["proxy"]["configs"][0]["source"] == "proxy"


def test_a_stopping_container_has_the_time_that_its_server_gives():
    grace = COMPOSE["services"]["app"]["stop_grace_period"]
    assert int(grace.removesuffix("s")) > Settings().stop_timeout_s + 5


@pytest.mark.parametrize(
    "command",
    [
        ["hadolint", "Dockerfile"],
        ["check-jsonschema", "--builtin-schema", "vendor.compose-spec", "compose.yaml"],
    ],
    ids=lambda command: command[0],
)
def test_the_linters_find_nothing(command: list[str]):
    done = subprocess.run(
        [TOOLS / command[0], *command[1:]], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr

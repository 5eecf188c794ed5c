"""Nothing leaves the machine, and nothing is left on it but where the settings say.

A whole run is watched from outside, with strace, so that whatever a library does of itself is seen:
telemetry, look-ups of names, files in somebody's home. Linux only.
"""

from __future__ import annotations

import ipaddress
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from qa.settings import Settings
from tests import ROOT
from tests.alone import MODELS

# What makes, changes or removes files.
FILES = "creat mkdir mkdirat rename renameat renameat2 unlink unlinkat link linkat symlink".split()
FILES += "symlinkat truncate mknod mknodat".split()
OPENING = ["open", "openat", "openat2"]
CALLS = ",".join(["%network", *OPENING, *FILES])
# Devices and what the kernel tells of itself.
NO_FILES = ("/dev/", "/proc/")

_ADDRESS = re.compile(r'inet_addr\("([^"]+)"\)|inet_pton\(AF_INET6, "([^"]+)"')
_SENDING = re.compile(r"^\d+ +(?:connect|sendto|sendmsg|sendmmsg)\(")
_DNS = re.compile(r"sin6?_port=htons\(53\)")
_CALL = re.compile(r"^\d+ +(\w+)\((.*)")
_PATH = re.compile(r'(?:(?:AT_FDCWD|\d+)<([^>]*)>, )?"((?:[^"\\]|\\.)*)"')


def contacted(log: str) -> set[str]:
    """Every address of the network to which something went, and each look-up of a name."""
    found = set()
    for line in filter(_SENDING.match, log.splitlines()):
        for fourth, sixth in _ADDRESS.findall(line):
            ip = ipaddress.ip_address(fourth or sixth)
            ip = getattr(ip, "ipv4_mapped", None) or ip
            if not ip.is_loopback or _DNS.search(line):
                found.add(str(ip))
    return found


def written(log: str, here: Path) -> Iterator[Path]:
    """Every file and folder that was made, written, renamed or removed, or was to be."""
    for line in log.splitlines():
        call = _CALL.match(line)
        writes = call and (
            call[1] in FILES or (call[1] in OPENING and re.search("O_WRONLY|O_RDWR|O_CREAT", line))
        )
        if not call or not writes or "ENOENT" in line or "EEXIST" in line:
            continue
        for folder, path in _PATH.findall(call[2]):
            yield Path(os.path.normpath(Path(folder or here, path)))


LOG = r"""
7 connect(3<TCP:[1]>, {sin_port=htons(80), sin_addr=inet_addr("127.0.0.1")}, 16) = 0
7 connect(3<UDP:[1]>, {sin_port=htons(53), sin_addr=inet_addr("127.0.0.53")}, 16) = 0
8 connect(3<TCP:[1]>, {sin_port=htons(443), sin_addr=inet_addr("192.0.2.1")} <unfinished ...>
7 sendto(3<UDPv6:[1]>, "x", 1, 0, {inet_pton(AF_INET6, "2001:db8::1", &sin6_addr)}, 28) = 1
7 bind(3, {sin_port=htons(0), sin_addr=inet_addr("0.0.0.0")}, 16) = 0
7 openat(AT_FDCWD</a/b>, "c", O_WRONLY|O_CREAT, 0666) = 3</a/b/c>
7 openat(AT_FDCWD</a/b>, "../d", O_RDWR|O_CLOEXEC <unfinished ...>
7 openat(AT_FDCWD</a/b>, "read", O_RDONLY|O_CLOEXEC) = 3</a/b/read>
7 mkdir("/home/x/.cache", 0777) = 0
7 mkdir("/there", 0777) = -1 EEXIST (File exists)
"""


def test_what_is_watched_is_seen(tmp_path: Path):
    """On a log in which somebody telephones home."""
    assert contacted(LOG) == {"127.0.0.53", "192.0.2.1", "2001:db8::1"}
    assert [str(path) for path in written(LOG, tmp_path)] == ["/a/b/c", "/a/d", "/home/x/.cache"]


@pytest.mark.model
@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here: `make strace`")
def test_a_whole_run_contacts_nobody_and_writes_only_where_the_settings_say(tmp_path: Path):
    home, work, temporary = (tmp_path / name for name in ("home", "work", "temporary"))
    for folder in (home, work, temporary):
        folder.mkdir()
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "TMPDIR": str(temporary),
        "PYTHONPATH": str(ROOT),
        "PYTHONDONTWRITEBYTECODE": "1",
        "QA_INDEX": str(work / "index"),
        "QA_MODELS_DIR": str(Settings.load(directory=ROOT / "tests").models_dir),
        "QA_LLM": MODELS["llama.cpp"],
    }
    log = tmp_path / "log"
    watched = ["strace", "-f", "-y", "--seccomp-bpf", "-qq", "-s", "4096", "-e", f"trace={CALLS}"]
    run = [sys.executable, "-m", "tests.alone", str(work)]
    done = subprocess.run(
        [*watched, "-o", str(log), "--", *run],
        cwd=work,
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-5000:]
    seen = log.read_text(encoding="utf-8", errors="replace")
    assert all(model in seen for model in MODELS.values()), "a language model was not loaded"
    assert contacted(seen) == set()
    named = (str(work), str(temporary), environ["QA_MODELS_DIR"], *NO_FILES)
    assert {str(path) for path in written(seen, work) if not str(path).startswith(named)} == set()
    assert list(home.iterdir()) == []

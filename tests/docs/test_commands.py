"""Every command of the documents runs, from a fresh demo.

The test runs all `sh` blocks of a page in one shell, in their order, in a directory that looks like
the repository, while a service runs that `make run` started. It does not run `console` blocks: they
need root, Docker, a real PostgreSQL or a person. There are few.
"""

import os
import re
import shlex
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
import pytest
import typer

from tests.docs.fork_server import client
from tests.docs.pages import PAGES, ROOT, blocks_of, name_of, prose_of
from tracker.cli.main import program

KINDS = {"sh", "console", "", "json", "toml", "python", "text"}
UNTRIED = 4
"""The greatest number of `console` blocks in all pages."""

TRIED = [page for page in PAGES if any(block.kind == "sh" for block in blocks_of(page))]
SERVED_BY_THE_FIXTURE = "make run"
PATIENCE_S = 120
LEFT_OUT = {".git", ".venv", "var"}


@dataclass(frozen=True)
class Demo:
    directory: Path
    environment: dict[str, str]
    port: int

    def run(self, script: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace("8080", str(self.port))],
            cwd=self.directory,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
            check=False,
        )


@contextmanager
def forking(address: Path) -> Iterator[None]:
    command = [sys.executable, "-m", "tests.docs.fork_server", str(address)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
        yield
        process.terminate()


def looks_like_the_repository(directory: Path, address: Path) -> None:
    """Link everything except what the commands may write to, and add the installed programs."""
    for entry in ROOT.iterdir():
        if entry.name not in LEFT_OUT:
            (directory / entry.name).symlink_to(entry)
    programs = directory / ".venv" / "bin"
    programs.mkdir(parents=True)
    (programs / "tracker").write_text(client(str(address)))
    (programs / "python").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    for path in programs.iterdir():
        path.chmod(0o755)
    (directory / ".venv" / ".installed").touch()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """Run the first command of the README as written, and return the demo that it serves."""
    directory = tmp_path_factory.mktemp("tracker")
    address = tmp_path_factory.mktemp("socket") / "commands"
    looks_like_the_repository(directory, address)
    (directory / ".curlrc").write_text("fail-with-body\n")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(directory),
        "LANG": "C.UTF-8",
        "PYTHON": sys.executable,
        "TRACKER_PORT": str(port),
    }
    with (
        forking(address),
        (directory / "served.txt").open("w") as output,
        subprocess.Popen(
            shlex.split(SERVED_BY_THE_FIXTURE),
            cwd=directory,
            env=environment,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as service,
    ):
        try:
            wait_for(f"http://127.0.0.1:{port}/readyz", service, directory / "served.txt")
            yield Demo(directory, environment, port)
        finally:
            service.terminate()


def wait_for(address: str, service: subprocess.Popen[bytes], output: Path) -> None:
    end = time.monotonic() + PATIENCE_S
    while True:
        assert service.poll() is None, output.read_text()
        assert time.monotonic() < end, output.read_text()
        try:
            if httpx2.get(address).status_code == 200:
                return
        except httpx2.TransportError:
            time.sleep(0.1)


@pytest.mark.system
@pytest.mark.parametrize("page", TRIED, ids=name_of)
def test_every_command_of_the_page_runs(demo: Demo, page: Path) -> None:
    script = "\n".join(block.text for block in blocks_of(page) if block.kind == "sh")
    done = demo.run(re.sub(rf"(?m)^{SERVED_BY_THE_FIXTURE}\b.*$", "", script))
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


def test_the_readme_begins_with_the_command_that_serves() -> None:
    first = next(block for block in blocks_of(ROOT / "README.md") if block.kind == "sh")
    assert SERVED_BY_THE_FIXTURE in first.text


def test_few_blocks_of_commands_are_untried() -> None:
    kinds = [block.kind for page in PAGES for block in blocks_of(page)]
    assert set(kinds) <= KINDS
    assert kinds.count("console") <= UNTRIED


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_command_named_in_a_sentence_exists(page: Path) -> None:
    named = re.findall(r"`(?:\.venv/bin/)?tracker ([a-z][^`|]*)`", prose_of(page))
    for block in blocks_of(page):
        if block.kind == "console":
            named += re.findall(r"\btracker ([a-z][^|&#\n]*)", block.text)
    faults = [fault for line in named for fault in unknown_in(line)]
    assert faults == []


def unknown_in(line: str) -> Iterator[str]:
    """Yield the commands and options in this line that the program does not have."""
    command: Any = typer.main.get_command(program())
    for word in line.replace("…", " ").split():
        if word.startswith("--"):
            if word not in {name for option in command.params for name in option.opts}:
                yield f"tracker {line}: {word}"
        elif hasattr(command, "commands"):
            if word not in command.commands:
                yield f"tracker {line}: {word}"
                return
            command = command.commands[word]

"""Locust changes Python's sockets for all that live with it: it must live alone."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITH_LOCUST = {"__init__", "locustfile", "own_address", "simulated_user"}
MODULES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts)
    for folder in ("", "crowd", "results", "users")
    for path in sorted((ROOT / "loadtests" / folder).glob("*.py"))
    if path.stem not in WITH_LOCUST
]


def test_neither_the_command_nor_the_crowds_nor_the_judges_bring_locust_along() -> None:
    code = f"""
import importlib, sys
for name in {MODULES}:
    importlib.import_module(name)
print(sorted(sys.modules.keys() & {{"locust", "gevent"}}))
"""
    said = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert len(MODULES) > 15
    assert said.stdout == "[]\n"

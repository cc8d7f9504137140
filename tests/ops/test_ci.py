"""CI and pre-commit run the checks that they promise."""

import re
from pathlib import Path

import yaml

ROOT = Path(__file__).parents[2]
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
HOOKS = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))


def commands(target: str) -> str:
    """Return the commands of one target of the Makefile."""
    (found,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
    return str(found)


def test_ci_checks_form_types_and_dependencies_and_runs_every_test_once() -> None:
    assert "\nmake lint test\n" in (ROOT / ".ci" / "run").read_text("utf-8")
    lint = commands("lint")
    for tool in ("ruff format --check .", "ruff check .", "mypy ", "deptry "):
        assert tool in lint
    assert "pytest" not in lint
    test = commands("test")
    assert test.count("pytest") == 1
    assert not re.search(r"pytest.* -m |pytest.* -k |--ignore|--deselect", test)


def test_check_runs_lint_and_then_the_fast_tests() -> None:
    assert re.search(r"^check: lint ", MAKEFILE, re.MULTILINE)
    assert '-m "not slow and not system"' in commands("check")


def test_pre_commit_runs_the_tools_of_lint_without_the_network() -> None:
    assert [repository["repo"] for repository in HOOKS["repos"]] == ["local"]
    hooks = HOOKS["repos"][0]["hooks"]
    assert {hook["language"] for hook in hooks} == {"system"}
    tools = [hook["entry"].split()[0] for hook in hooks]
    assert {tool.removeprefix(".venv/bin/") for tool in tools} == set(
        re.findall(r"\$\(BIN\)/(\w+)", commands("lint"))
    )
    (paths,) = re.findall(r"^MYPY_PATHS := (.*)$", MAKEFILE, re.MULTILINE)
    assert f".venv/bin/mypy {paths}" in {hook["entry"] for hook in hooks}


def test_the_editor_and_the_formatter_agree_on_the_length_of_a_line() -> None:
    (length,) = re.findall(r"^max_line_length = (\d+)$", editorconfig(), re.MULTILINE)
    assert f"\nline-length = {length}\n" in (ROOT / "pyproject.toml").read_text("utf-8")


def editorconfig() -> str:
    return (ROOT / ".editorconfig").read_text("utf-8")

"""The source tree keeps its rules."""

import pytest

from tests.architecture.rules import (
    EVERYWHERE,
    FLOORS,
    IN_THE_DOMAIN,
    ROOT,
    SOURCES,
    Rule,
    a_file_is_short,
    a_folder_is_small,
    is_within,
    no_circle,
)


@pytest.mark.parametrize("rule", EVERYWHERE)
def test_every_module_keeps_the_rule(rule: Rule) -> None:
    assert SOURCES
    assert [fault for module in SOURCES for fault in rule(module, SOURCES[module])] == []


def test_no_folder_is_crowded() -> None:
    assert list(a_folder_is_small(SOURCES)) == []


def test_no_module_imports_itself_by_way_of_others() -> None:
    assert list(no_circle(SOURCES)) == []


def test_every_room_that_is_named_exists() -> None:
    named = {
        f"{package}.{room}" for package in FLOORS for rooms in FLOORS[package] for room in rooms
    }
    there = [room for room in named if not any(is_within(module, room) for module in SOURCES)]
    assert there == []


def test_a_test_file_is_short_enough_to_read() -> None:
    paths = sorted((ROOT / "tests").rglob("*.py"))
    assert paths
    long = [a_file_is_short(f"tests.{path.stem}", path.read_text("utf-8")) for path in paths]
    assert [fault for faults in long for fault in faults] == []


@pytest.mark.parametrize("rule", IN_THE_DOMAIN)
def test_the_domain_keeps_the_rule(rule: Rule) -> None:
    domain = [module for module in SOURCES if is_within(module, "tracker.domain")]
    assert domain
    assert [fault for module in domain for fault in rule(module, SOURCES[module])] == []


@pytest.mark.parametrize("root", ["tests", "loadtests"])
def test_no_folder_of_tests_is_crowded(root: str) -> None:
    paths = [path for path in (ROOT / root).rglob("*.py") if path.name != "conftest.py"]
    modules = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in paths]
    assert modules
    assert list(a_folder_is_small(modules)) == []

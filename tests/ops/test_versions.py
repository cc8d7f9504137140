"""Every file that names a version of Python, Kafka or PostgreSQL names the one we test with."""

import re
import tomllib
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.ops.dockerfile import stages

ROOT = Path(__file__).parents[2]
VERSIONS = dict(
    line.split("=", 1)
    for line in (ROOT / "ops" / "versions.env").read_text("utf-8").splitlines()
    if line and not line.startswith("#")
)
PYTHON = VERSIONS["PYTHON_VERSION"]
KAFKA = VERSIONS["KAFKA_VERSION"]
POSTGRESQL = VERSIONS["POSTGRESQL_VERSION"]
PYTHON_MINOR = ".".join(PYTHON.split(".")[:2])
COMPOSE = yaml.safe_load((ROOT / "ops" / "compose.yaml").read_text("utf-8"))
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))

MENTION = re.compile(
    r"(?<![-\w])(?P<product>python|kafka|postgres(?:ql)?)(?:\s+|\s*\()(?P<version>\d+(?:\.\d+)*)\b(?!,\d)",
    re.IGNORECASE,
)
"""A product and its version in prose, as in "Kafka 4.4" or "PostgreSQL (15 or newer)"."""

PROSE = (
    "*.md",
    "Makefile",
    ".ci/*",
    "docs/**/*.md",
    "loadtests/**/*.md",
    "ops/**/*.md",
    "ops/*.conf",
    "ops/*.yaml",
    "ops/Dockerfile",
    "ops/systemd/*",
    "tests/**/*.md",
    "tracker/**/*.py",
)
HISTORY = {"CHANGELOG.md"}
"""Files that speak about earlier versions too."""


def mentions(text: str) -> Iterator[tuple[str, str]]:
    for match in MENTION.finditer(text):
        product = match["product"].lower().replace("postgresql", "postgres")
        yield product, match["version"]


def contradicts(product: str, version: str) -> bool:
    """Return whether the version differs from the tested one; "Kafka 4" agrees with 4.4.0."""
    tested = {"python": PYTHON, "kafka": KAFKA, "postgres": POSTGRESQL}[product].split(".")
    named = version.split(".")
    return tested[: len(named)] != named


def test_the_image_is_built_on_this_python() -> None:
    arguments, found = stages((ROOT / "ops" / "Dockerfile").read_text("utf-8"))
    assert arguments["PYTHON_VERSION"] == PYTHON
    assert {stage.image.split("-")[0] for stage in found} == {"python:${PYTHON_VERSION}"}
    assert COMPOSE["x-tracker"]["build"]["args"]["PYTHON_VERSION"] == PYTHON


def test_compose_starts_these_servers() -> None:
    images = {name: service["image"] for name, service in COMPOSE["services"].items()}
    assert images["kafka"] == f"apache/kafka:{KAFKA}"
    assert images["postgres"].split("-")[0] == f"postgres:{POSTGRESQL}"


def test_the_tests_start_this_kafka() -> None:
    pom = ET.parse(ROOT / "ops" / "kafka" / "pom.xml")  # noqa: S314 - our own file
    assert pom.findtext(".//{*}kafka.version") == KAFKA


def test_the_package_and_its_tools_are_set_to_this_python() -> None:
    assert PYPROJECT["project"]["requires-python"] == f">={PYTHON_MINOR}"
    assert PYPROJECT["tool"]["ruff"]["target-version"] == f"py{PYTHON_MINOR.replace('.', '')}"
    assert PYPROJECT["tool"]["mypy"]["python_version"] == PYTHON_MINOR
    makefile = (ROOT / "Makefile").read_text("utf-8")
    assert re.findall(r"version_info < \((.*?)\)", makefile) == [PYTHON_MINOR.replace(".", ", ")]


def test_every_text_names_these_versions() -> None:
    paths = sorted({path for pattern in PROSE for path in ROOT.glob(pattern) if path.is_file()})
    assert len(paths) > 50
    wrong = [
        f"{path.relative_to(ROOT)}: {product} {version}"
        for path in paths
        if path.name not in HISTORY
        for product, version in mentions(path.read_text("utf-8"))
        if contradicts(product, version)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (f"Kafka {KAFKA} and PostgreSQL ({POSTGRESQL} or newer)", []),
        ("Kafka 4, PostgreSQL 15, Python 3.11", []),
        ("on Kafka 4.3, which", [("kafka", "4.3")]),
        ("PostgreSQL (17.6)", [("postgres", "17.6")]),
        ("needs Python 3.12.", [("python", "3.12")]),
        ("in Postgres 16", [("postgres", "16")]),
        ("kafka-python 3.0", []),
        ("the Kafka of 2026", []),
    ],
)
def test_a_planted_version_is_found(text: str, wrong: list[tuple[str, str]]) -> None:
    found = [(product, version) for product, version in mentions(text)]
    assert [one for one in found if contradicts(*one)] == wrong

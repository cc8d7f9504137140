"""The image has what the documents promise. No Docker engine is needed to check this."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import yaml

from tests.ops.dockerfile import copied, stages

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "ops" / "Dockerfile"
_, (BUILD, RUN) = stages(DOCKERFILE.read_text("utf-8"))
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


def test_every_copied_path_exists() -> None:
    assert [path for path in copied(BUILD) if not (ROOT / path).exists()] == []


def test_the_running_stage_copies_only_from_the_build_stage() -> None:
    assert copied(RUN) == []
    assert BUILD.name is not None
    assert [rest.split()[0] for rest in RUN.arguments("COPY")] == [f"--from={BUILD.name}"]


def test_dependencies_are_installed_before_the_code_is_copied() -> None:
    order = [f"{keyword} {rest}" for keyword, rest in BUILD.instructions]
    install = next(i for i, line in enumerate(order) if "--constraint ops/constraints.txt" in line)
    code = order.index("COPY tracker tracker")
    assert install < code
    assert "--no-deps" in order[code + 1]


def test_the_image_has_the_extras_for_pdf_and_parquet() -> None:
    installed = {
        extra
        for line in BUILD.arguments("RUN")
        for extras in re.findall(r"'\.\[([\w,]+)\]'", line)
        for extra in extras.split(",")
    }
    optional = PROJECT["optional-dependencies"].keys()
    assert installed == optional - {"test", "check"}
    assert installed == {"pdf", "parquet"}


def test_the_image_does_not_run_as_root() -> None:
    (user,) = RUN.arguments("USER")
    assert user not in {"root", "0"}
    assert any(f"--uid {user}" in line for line in RUN.arguments("RUN"))
    assert RUN.instructions.index(("USER", user)) > max(
        i for i, (keyword, _) in enumerate(RUN.instructions) if keyword in {"RUN", "COPY"}
    )


def test_the_labels_say_which_version_runs() -> None:
    labels = RUN.pairs("LABEL")
    arguments = RUN.pairs("ARG")
    for name in ("version", "revision", "created"):
        assert labels[f"org.opencontainers.image.{name}"] == f"${{{name.upper()}}}"
        assert name.upper() in arguments
    assert labels["org.opencontainers.image.licenses"] == PROJECT["license"]


def test_compose_passes_every_argument_of_the_image_and_no_other() -> None:
    compose = yaml.safe_load((ROOT / "ops" / "compose.yaml").read_text("utf-8"))
    build = compose["x-tracker"]["build"]
    declared, _ = stages(DOCKERFILE.read_text("utf-8"))
    assert build["args"].keys() == declared.keys() | RUN.pairs("ARG").keys()
    assert build["args"]["VERSION"] == PROJECT["version"]
    assert compose["x-tracker"]["image"] == f"tracker:{PROJECT['version']}"


def test_the_build_context_has_the_copied_paths_and_no_local_data() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert {rule[1:] for rule in rules if rule.startswith("!")} == set(copied(BUILD))
    left_out = [rule.removeprefix("**/") for rule in rules[1:] if rule.startswith("**/")]
    for secret in (".env", "tracker.sqlite", "tracker.sqlite-wal", "__pycache__"):
        assert any(fnmatch(secret, rule) for rule in left_out)

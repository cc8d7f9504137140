"""The files of `ops/` fit the program that they run."""

import re
from pathlib import Path

import pytest
import yaml

from tracker.adapters.notifications.routes import open_routes
from tracker.bootstrap import wall_clock
from tracker.cli.main import program
from tracker.cli.run.work import ROLES
from tracker.settings import Settings

OPS = Path(__file__).parents[2] / "ops"
COMPOSE = yaml.safe_load((OPS / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
SETTINGS = {f"TRACKER_{name.upper()}" for name in Settings.model_fields}
COMMANDS = {
    *(
        command.name or getattr(command.callback, "__name__", "")
        for command in program().registered_commands
    ),
    *(group.name for group in program().registered_groups),
}
UNITS = sorted((OPS / "systemd").glob("*.service"))
LASTING = [unit for unit in UNITS if "Type=oneshot" not in unit.read_text()]


def test_every_image_is_pinned_to_a_version() -> None:
    images = [service["image"] for service in SERVICES.values()]
    assert all(re.search(r":\d+\.\d+", image) for image in images), images


def test_every_service_waits_for_services_that_exist() -> None:
    waits = {name for service in SERVICES.values() for name in service.get("depends_on", ())}
    assert waits <= SERVICES.keys()


def test_every_volume_is_declared() -> None:
    used = {
        volume.split(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", ())
    }
    files = {volume for volume in used if volume.startswith(".")}
    assert used - files == COMPOSE["volumes"].keys()
    assert all((OPS / file).is_file() for file in files)


def test_every_setting_that_is_passed_on_exists() -> None:
    example = (OPS / "systemd" / "tracker.env.example").read_text()
    given = {
        *COMPOSE["x-tracker"]["environment"],
        *re.findall(r"^([A-Z_]+)=", example, re.MULTILINE),
        *re.findall(r"\bTRACKER_[A-Z_]+\b", (OPS / "Dockerfile").read_text()),
    }
    assert given - SETTINGS == set()


def test_the_configuration_page_has_a_row_with_every_setting_and_no_other() -> None:
    page = (OPS.parent / "docs" / "configuration.md").read_text()
    first_cells = re.findall(r"^\| (`TRACKER_[^|]*) \|", page, re.MULTILINE)
    named = [name for cell in first_cells for name in re.findall(r"`(TRACKER_[A-Z_]+)`", cell)]
    assert sorted(named) == sorted(SETTINGS)


def test_every_command_that_is_run_exists() -> None:
    ours = [service for service in SERVICES.values() if service["image"].startswith("tracker:")]
    lines = [" ".join(service.get("command", ())) for service in ours]
    lines.append(SERVICES["prepare"]["entrypoint"][-1].replace("tracker ", ""))
    lines += [re.findall(r"ExecStart=\S+/tracker (\S+)", unit.read_text())[0] for unit in UNITS]
    run = {part.split()[0] for line in lines for part in line.split("&&") if part.strip()}
    assert run <= COMMANDS | {"serve"}
    assert {"serve", "work", "migrate", "topics"} <= run


def test_every_role_is_run_by_a_service() -> None:
    run = {
        role
        for service in SERVICES.values()
        if "--only" in service.get("command", ())
        for role in service["command"][-1].split(",")
    }
    assert run == set(ROLES)


@pytest.mark.parametrize("unit", LASTING, ids=lambda unit: unit.name)
def test_every_unit_stops_in_order_and_starts_again_after_a_failure(unit: Path) -> None:
    text = unit.read_text()
    assert "KillSignal=SIGTERM" in text
    assert "Restart=on-failure" in text


def test_a_timer_starts_the_check_and_a_failed_check_is_not_repeated() -> None:
    (check,) = set(UNITS) - set(LASTING)
    assert "Restart=" not in check.read_text()
    assert "OnCalendar=" in check.with_suffix(".timer").read_text()


def test_the_example_of_notifications_can_be_used_unchanged() -> None:
    with open_routes(OPS / "notices.example.toml", wall_clock) as opened:
        assert {route.target for route in opened.routes} == {"sms", "email", "webhook:portal"}

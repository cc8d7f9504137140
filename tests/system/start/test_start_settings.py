"""Settings that cannot be right are refused, each in a line of its own."""

from pathlib import Path

import pytest

from tests.system.start.starting import refused_setting, run

pytestmark = [pytest.mark.system]


@pytest.mark.parametrize("command", ["serve", "migrate", "topics", "verify", "check-data"])
def test_an_unknown_variable_is_refused_by_every_command(tmp_path: Path, command: str) -> None:
    error_text = refused_setting(tmp_path, command, TRACKER_STOREURL="sqlite:///x.db")
    assert error_text == "Error: TRACKER_STOREURL is not a setting. Did you mean TRACKER_STORE_URL?"


@pytest.mark.parametrize(
    ("name", "near"),
    [
        ("TRACKER_FOO", "TRACKER_PORT"),
        ("TRACKER_KAFKA_SERVER", "TRACKER_KAFKA_SERVERS"),
        ("TRACKER_STOREURL", "TRACKER_STORE_URL"),
        ("tracker_data_dirs", "TRACKER_DATA_DIR"),
        ("TRACKER_MASTERKEY", "TRACKER_MASTER_KEY"),
    ],
)
def test_an_unknown_variable_is_named_with_the_nearest_known_one(
    tmp_path: Path, name: str, near: str
) -> None:
    error_text = refused_setting(tmp_path, "migrate", **{name: "c2VjcmV0"})
    assert f"{name} is not a setting. Did you mean " in error_text
    assert near in error_text or name == "TRACKER_FOO"
    assert "c2VjcmV0" not in error_text


def test_variables_of_the_tests_and_of_others_are_left_alone(tmp_path: Path) -> None:
    others = {"TRACKER_TEST_KAFKA": "127.0.0.1:1", "TRACKERS": "x", "tracker_log_level": "info"}
    assert run(tmp_path, "keys", "list", **others).returncode == 0


def test_each_wrong_value_has_a_line_and_none_is_repeated(tmp_path: Path) -> None:
    wrong = {
        "TRACKER_PORT": "99999999",
        "TRACKER_LOG_LEVEL": "LOUD-TOKEN",
        "TRACKER_MASTER_KEY": "c2VjcmV0",
        "TRACKER_STORE_URL": "mysql://tracker:hush-hush@db/tracker",
        "TRACKER_EMBEDDED": "perhaps-so",
        "TRACKER_COLOUR": "blue",
    }
    done = run(tmp_path, "work", **wrong)
    lines = done.stderr.splitlines()
    assert (done.returncode, len(lines)) == (2, len(wrong))
    assert sorted(line.split()[1].rstrip(":") for line in lines) == sorted(wrong)
    assert not any(value in done.stderr for value in wrong.values())


@pytest.mark.parametrize("command", [("serve",), ("work",), ("figures",), ("keys", "list")])
def test_postgresql_without_kafka_must_be_asked_for(
    tmp_path: Path, command: tuple[str, ...]
) -> None:
    url = "postgresql://tracker:hush-hush@127.0.0.1:1/tracker"
    error_text = refused_setting(tmp_path, *command, TRACKER_STORE_URL=url)
    assert "TRACKER_KAFKA_SERVERS" in error_text
    assert "hush-hush" not in error_text
    error_text = refused_setting(
        tmp_path,
        "serve",
        TRACKER_STORE_URL=url,
        TRACKER_EMBEDDED="true",
        TRACKER_KAFKA_SERVERS="127.0.0.1:1",
    )
    assert "contradict" in error_text

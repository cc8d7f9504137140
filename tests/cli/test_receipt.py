from pathlib import Path

from tests.cli.conftest import Run
from tracker.bootstrap import open_container
from tracker.settings import Settings


def test_the_link_is_shown_and_a_revoked_one_opens_nothing(run: Run, demo: Path) -> None:
    with open_container(Settings(data_dir=demo)) as container:
        code = container.sample_codes(1)[0]
        first = run("receipt", code.lower())
        assert (first.code, first.out) == (0, f"{container.receipts.link(code)}\n")
        token = first.out.strip().rsplit("/", 1)[1]
        assert container.receipts.admit(code, token)
        second = run("receipt", code, "--revoke")
        assert second.out != first.out
        assert not container.receipts.admit(code, token)
        assert container.receipts.admit(code, second.out.strip().rsplit("/", 1)[1])


def test_a_code_without_a_dossier_has_no_receipt(run: Run, demo: Path) -> None:
    result = run("receipt", "H26.01-261120-9999")
    assert (result.code, result.out) == (1, "")
    assert "no dossier" in result.err

"""The keys of the demo are found in what it said."""

from pathlib import Path

import pytest

from loadtests.users.credentials import NoCredentialsError, read_credentials

SAID = """320 dossiers were taken through 2295 steps.
Codes to try: H26.04-261119-0001, H26.11-261112-0001
API keys for the demo:
role           actor                     at             key
staff          demo-staff-cn01           CN01           trk_1_a
staff          demo-staff-ubnd-hoankiem  UBND-HOANKIEM  trk_2_b
collaborator   CTV-HOANKIEM-03           CTV-HOANKIEM   trk_3_c
auditor        demo-auditor                             trk_4_d
"""


def test_everybody_is_found_with_their_key(tmp_path: Path) -> None:
    said = tmp_path / "credentials.txt"
    said.write_text(SAID)
    credentials = read_credentials(said)
    assert {role: (one.source, one.at, one.key) for role, one in credentials.actors.items()} == {
        "staff": ("demo-staff-cn01", "CN01", "trk_1_a"),
        "officer": ("demo-staff-ubnd-hoankiem", "UBND-HOANKIEM", "trk_2_b"),
        "collaborator": ("CTV-HOANKIEM-03", "CTV-HOANKIEM", "trk_3_c"),
        "auditor": ("demo-auditor", "", "trk_4_d"),
    }
    assert credentials.deciding_office == "UBND-HOANKIEM"
    assert credentials.codes == ("H26.04-261119-0001", "H26.11-261112-0001")


def test_a_demo_that_made_no_keys_is_no_cast(tmp_path: Path) -> None:
    said = tmp_path / "credentials.txt"
    said.write_text("There are 2354 events already, so nothing was added.\n")
    with pytest.raises(NoCredentialsError):
        read_credentials(said)

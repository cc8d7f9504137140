from pathlib import Path

import pytest

from tests.application.service_desk import service_desk
from tracker.adapters.vault.receipt_tokens import ReceiptTokens
from tracker.application.queries.receipt_links import ReceiptLinks
from tracker.domain.dossier.codes import dossier_id

CODE, OTHER = "H26.05-261120-0001", "H26.05-261120-0002"


class Generations(dict[object, int]):
    def of(self, uuid: object) -> int:
        return self.get(uuid, 0)

    def raise_(self, uuid: object) -> None:
        self[uuid] = self.of(uuid) + 1


@pytest.fixture
def receipts() -> ReceiptLinks:
    return ReceiptLinks(ReceiptTokens(bytes(32)), Generations(), public_url="https://city.example")


def token_of(receipts: ReceiptLinks, code: str) -> str:
    return receipts.path(code).rsplit("/", 1)[1]


def test_the_link_leads_to_the_dossiers_own_page(receipts: ReceiptLinks) -> None:
    token = ReceiptTokens(bytes(32)).token(dossier_id(CODE), 0)
    assert receipts.link(CODE) == f"https://city.example/h/{CODE}/{token}"


def test_only_its_own_token_admits_to_a_dossier(receipts: ReceiptLinks) -> None:
    token = token_of(receipts, CODE)
    assert receipts.admit(CODE, token)
    assert receipts.admit(CODE.lower(), token.upper())
    for wrong in (token[:-1], token + "a", "", "\u00e9", token_of(receipts, OTHER)):
        assert not receipts.admit(CODE, wrong)


def test_a_revoked_link_admits_no_more_and_the_next_does(receipts: ReceiptLinks) -> None:
    before, other = token_of(receipts, CODE), token_of(receipts, OTHER)
    receipts.revoke(CODE)
    after = token_of(receipts, CODE)
    assert not receipts.admit(CODE, before)
    assert receipts.admit(CODE, after)
    assert receipts.admit(OTHER, other)
    receipts.revoke(CODE)
    assert not receipts.admit(CODE, after)


def test_an_installation_gives_links_to_where_it_is_served(tmp_path: Path) -> None:
    with service_desk(tmp_path) as desk:
        link = desk.at.receipts.link(CODE)
        assert link.startswith(f"http://127.0.0.1:8080/h/{CODE}/")
        desk.at.receipts.revoke(CODE)
        assert desk.at.receipts.link(CODE) != link

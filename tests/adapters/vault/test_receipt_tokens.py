import base64

from tracker.adapters.vault.aes import AesVault
from tracker.adapters.vault.receipt_tokens import LENGTH, ReceiptTokens
from tracker.domain.dossier.codes import dossier_id

ONE, OTHER = dossier_id("H26.01-261120-0001"), dossier_id("H26.01-261120-0002")


def test_a_token_is_the_same_at_every_call_and_has_130_bits() -> None:
    token = ReceiptTokens(bytes(32)).token(ONE, 0)
    assert token == ReceiptTokens(bytes(32)).token(ONE, 0)
    assert token == token.lower()
    assert len(base64.b32decode(token.upper() + "=" * 6)) * 8 >= 128
    assert LENGTH * 5 == 130


def test_another_dossier_generation_or_master_key_is_another_token() -> None:
    tokens, others = ReceiptTokens(bytes(32)), ReceiptTokens(bytes(31) + b"1")
    given = [
        made.token(its_id, generation)
        for made in (tokens, others)
        for its_id in (ONE, OTHER)
        for generation in (0, 1, 256)
    ]
    assert len(set(given)) == len(given)


def test_the_token_is_not_the_master_keys_own_digest_of_the_dossier() -> None:
    """Request digests, made with the same master key, do not reveal a token."""
    digest = AesVault(bytes(32)).digest(str(ONE).encode())
    assert ReceiptTokens(bytes(32)).token(ONE, 0) not in base64.b32encode(digest).decode().lower()

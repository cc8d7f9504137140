"""The Merkle tree, compared with Certificate Transparency's vectors and a brute-force tree."""

import hashlib
from collections.abc import Callable, Collection, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tracker.domain.transparency_log.merkle import (
    EMPTY_ROOT,
    Frontier,
    InvalidProofError,
    Node,
    OutsideTreeError,
    check_consistency,
    check_inclusion,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    node_hash,
    peaks,
    root_of,
)

INPUTS = [
    bytes.fromhex(text)
    for text in (
        "",
        "00",
        "10",
        "2021",
        "3031",
        "40414243",
        "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]
ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = range(65)
LEAVES = [leaf_hash(b"%d" % number) for number in range(1000)]


def root_by_force(leaves: Sequence[bytes]) -> bytes:
    """Return MTH of RFC 6962, 2.1, exactly as written there."""
    if not leaves:
        return hashlib.sha256(b"").digest()
    if len(leaves) == 1:
        return leaves[0]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    return node_hash(root_by_force(leaves[:middle]), root_by_force(leaves[middle:]))


def inclusion_by_force(leaf: int, leaves: Sequence[bytes]) -> list[bytes]:
    """Return PATH of RFC 6962, 2.1.1."""
    if len(leaves) == 1:
        return []
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    if leaf < middle:
        return [*inclusion_by_force(leaf, leaves[:middle]), root_by_force(leaves[middle:])]
    return [*inclusion_by_force(leaf - middle, leaves[middle:]), root_by_force(leaves[:middle])]


def consistency_by_force(first: int, leaves: Sequence[bytes], *, known: bool = True) -> list[bytes]:
    """Return PROOF and SUBPROOF of RFC 6962, 2.1.2."""
    if first == len(leaves):
        return [] if known else [root_by_force(leaves)]
    middle = 1
    while middle * 2 < len(leaves):
        middle *= 2
    if first <= middle:
        left = consistency_by_force(first, leaves[:middle], known=known)
        return [*left, root_by_force(leaves[middle:])]
    right = consistency_by_force(first - middle, leaves[middle:], known=False)
    return [*right, root_by_force(leaves[:middle])]


def fetch(nodes: Collection[Node]) -> dict[Node, bytes]:
    """Return the hashes of complete nodes of the tree over `LEAVES`, by brute force."""
    return {
        node: root_by_force(LEAVES[node.number << node.level : node.last_leaf + 1])
        for node in nodes
    }


def grown(leaves: Sequence[bytes]) -> Frontier:
    tree = Frontier()
    for leaf in leaves:
        tree.append(leaf)
    return tree


def mutations(proof: Sequence[bytes]) -> Iterator[list[bytes]]:
    """Yield every way to damage a proof in one place."""
    other = leaf_hash(b"planted")
    yield [*proof, other]
    yield [other, *proof]
    for at, hashed in enumerate(proof):
        flipped = bytes([hashed[0] ^ 1]) + hashed[1:]
        yield [*proof[:at], flipped, *proof[at + 1 :]]
        yield [*proof[:at], *proof[at + 1 :]]
        yield [*proof[:at], hashed, hashed, *proof[at + 1 :]]
        if at and proof[at - 1] != hashed:
            yield [*proof[: at - 1], hashed, proof[at - 1], *proof[at + 1 :]]


def is_refused(check: Callable[[], None]) -> bool:
    try:
        check()
    except InvalidProofError:
        return True
    return False


@pytest.mark.parametrize(("size", "root"), list(enumerate(ROOTS)))
def test_the_vectors_of_certificate_transparency_give_their_roots(size: int, root: str) -> None:
    assert grown([leaf_hash(data) for data in INPUTS[:size]]).root().hex() == root


def test_the_proofs_of_certificate_transparency_are_given() -> None:
    leaves = [leaf_hash(data) for data in INPUTS]

    def of_these(nodes: Collection[Node]) -> dict[Node, bytes]:
        return {
            node: root_by_force(leaves[node.number << node.level : node.last_leaf + 1])
            for node in nodes
        }

    assert [hashed.hex() for hashed in inclusion_proof(5, 8, of_these)] == [
        "bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]
    assert [hashed.hex() for hashed in consistency_proof(6, 8, of_these)] == [
        "0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a",
        "ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0",
        "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    ]


def test_a_grown_tree_of_every_small_size_is_the_one_built_by_force() -> None:
    for size in SIZES:
        root = root_by_force(LEAVES[:size])
        assert grown(LEAVES[:size]).root() == root
        assert root_of(size, fetch) == root
    assert root_of(0, fetch) == EMPTY_ROOT


def test_every_leaf_returns_all_the_complete_nodes_that_end_with_it() -> None:
    tree = Frontier()
    for number, leaf in enumerate(LEAVES[:64]):
        completed = tree.append(leaf)
        for level, hashed in enumerate(completed):
            node = Node(level, number >> level)
            assert node.last_leaf == number
            assert hashed == fetch([node])[node]
        assert (number + 1) % (1 << len(completed)) != 0


def test_a_tree_goes_on_from_its_peaks_alone() -> None:
    for size in SIZES:
        hashes = fetch(peaks(size))
        tree = Frontier(size, [hashes[node] for node in peaks(size)])
        for leaf in LEAVES[size : size + 9]:
            tree.append(leaf)
        assert tree.root() == root_by_force(LEAVES[: size + 9])


def test_every_inclusion_proof_of_every_small_size_is_the_rfcs_and_holds() -> None:
    for size in SIZES:
        root = root_by_force(LEAVES[:size])
        for leaf in range(size):
            proof = inclusion_proof(leaf, size, fetch)
            assert proof == inclusion_by_force(leaf, LEAVES[:size])
            check_inclusion(leaf, size, LEAVES[leaf], proof, root)


def test_every_consistency_proof_of_every_small_size_is_the_rfcs_and_holds() -> None:
    for second in SIZES:
        root = root_by_force(LEAVES[:second])
        for first in range(1, second + 1):
            proof = consistency_proof(first, second, fetch)
            assert proof == consistency_by_force(first, LEAVES[:second])
            check_consistency(first, second, root_by_force(LEAVES[:first]), root, proof)


@pytest.mark.parametrize("size", [1, 2, 3, 7, 8, 11, 16, 33])
def test_every_spoilt_inclusion_proof_is_refused(size: int) -> None:
    root, other = root_by_force(LEAVES[:size]), leaf_hash(b"planted")
    for leaf in range(size):
        proof, hashed = inclusion_proof(leaf, size, fetch), LEAVES[leaf]
        for spoilt in mutations(proof):
            with pytest.raises(InvalidProofError):
                check_inclusion(leaf, size, hashed, spoilt, root)
        for wrong in (*range(-1, leaf), *range(leaf + 1, size + 1)):
            with pytest.raises(InvalidProofError):
                check_inclusion(wrong, size, hashed, proof, root)
        with pytest.raises(InvalidProofError):
            check_inclusion(leaf, size, other, proof, root)
        with pytest.raises(InvalidProofError):
            check_inclusion(leaf, size, hashed, proof, other)


@pytest.mark.parametrize("second", [1, 2, 3, 7, 8, 11, 16])
def test_every_spoilt_consistency_proof_is_refused(second: int) -> None:
    root, other = root_by_force(LEAVES[:second]), leaf_hash(b"planted")
    for first in range(1, second + 1):
        proof, old = consistency_proof(first, second, fetch), root_by_force(LEAVES[:first])
        for spoilt in mutations(proof):
            with pytest.raises(InvalidProofError):
                check_consistency(first, second, old, root, spoilt)
        for roots in ((other, root), (old, other)):
            with pytest.raises(InvalidProofError):
                check_consistency(first, second, *roots, proof)
        for wrong in (0, -1, second + 1):
            with pytest.raises(InvalidProofError):
                check_consistency(wrong, second, old, root, proof)


def test_a_proof_of_another_size_does_not_pass_for_this_one() -> None:
    """A wrong size must fail if the tree of that size has another root."""
    for second in range(1, 33):
        root = root_by_force(LEAVES[:second])
        for first in range(1, second + 1):
            proof = consistency_by_force(first, LEAVES[:second])
            for lied in set(range(1, second + 1)) - {first}:
                old = root_by_force(LEAVES[:lied])
                assert is_refused(lambda: check_consistency(first, second, old, root, proof))  # noqa: B023  called at once


@pytest.mark.parametrize(("leaf", "size"), [(-1, 5), (5, 5), (0, 0)])
def test_no_proof_is_given_of_a_leaf_outside_the_tree(leaf: int, size: int) -> None:
    with pytest.raises(OutsideTreeError):
        inclusion_proof(leaf, size, fetch)


@pytest.mark.parametrize(("first", "second"), [(0, 5), (-1, 5), (6, 5)])
def test_no_proof_is_given_of_a_size_the_tree_never_had(first: int, second: int) -> None:
    with pytest.raises(OutsideTreeError):
        consistency_proof(first, second, fetch)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_proofs_of_larger_trees_hold_and_stay_short(data: st.DataObject) -> None:
    second = data.draw(st.integers(65, len(LEAVES)))
    first = data.draw(st.integers(1, second))
    leaf = data.draw(st.integers(0, second - 1))
    root = root_by_force(LEAVES[:second])
    proof = inclusion_proof(leaf, second, fetch)
    check_inclusion(leaf, second, LEAVES[leaf], proof, root)
    assert proof == inclusion_by_force(leaf, LEAVES[:second])
    assert len(proof) <= second.bit_length()
    proof = consistency_proof(first, second, fetch)
    check_consistency(first, second, root_by_force(LEAVES[:first]), root, proof)
    assert proof == consistency_by_force(first, LEAVES[:second])

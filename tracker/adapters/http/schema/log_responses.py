"""The answers of the transparency log, as the OpenAPI document describes them."""

from pydantic import BaseModel, Field


class InclusionAnswer(BaseModel):
    """A proof that a leaf is in the log of this size (RFC 9162, 2.1.3). Hashes are in base64."""

    leaf: int
    size: int
    leaf_hash: str
    root: str
    path: list[str]


class ConsistencyAnswer(BaseModel):
    """A proof that the log of size `second` continues the log of size `first` (RFC 9162, 2.1.4)."""

    first: int
    second: int
    path: list[str]


class TakenAnswer(BaseModel):
    """The witnesses whose signatures were stored."""

    witnesses: list[str]


class ProvenEvent(BaseModel):
    """One event as it is stored, and the proof that it is in the log."""

    topic: str
    state: str
    leaf: int
    previous: int | None = Field(description="The previous leaf of the same dossier.")
    path: list[str]


class ProvenHead(BaseModel):
    """One dossier in the tree of heads."""

    dossier_id: str
    version: int
    leaf: int
    chain: str
    number: int
    path: list[str]


class SinceAnswer(BaseModel):
    """A proof that the log continues an older checkpoint."""

    size: int
    path: list[str]


class ProofAnswer(BaseModel):
    """All events of a dossier up to a checkpoint, with the proof that none is missing.

    If the dossier does not exist, `events` is empty and `heads` has its two neighbours.
    """

    format: str
    code: str
    dossier_id: str
    checkpoint: str
    events: list[ProvenEvent]
    heads: list[ProvenHead]
    since: SinceAnswer | None

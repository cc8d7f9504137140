"""The way from a code and a phone number to the dossier's own page, for programs."""

from typing import Annotated, Final

from fastapi import Depends, FastAPI, Request, Response
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from tracker.adapters.http.api.attempts import AttemptCost
from tracker.adapters.http.auth.authentication import open_to_all
from tracker.adapters.http.rate_limits import address_of
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON, BodyReader
from tracker.adapters.http.schema.openapi import answers, body, ref
from tracker.adapters.http.schema.parameters import Code


class OpeningProof(BaseModel):
    """What shows that a dossier is one's own."""

    model_config = ConfigDict(extra="forbid")

    digits: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="The last 4 digits of the phone given with the application, or all of them."
    )
    proof: Annotated[str, Field(max_length=2_000)] = Field(
        default="", description="The solved challenge of an earlier answer, where one was asked."
    )


class LinkAnswer(BaseModel):
    """Where the dossier's own page is."""

    path: str = Field(description="As in the receipt's QR code, without the host. Keep it secret.")


_PROOF: Final = TypeAdapter(OpeningProof)


def add_opening(app: FastAPI, bodies: BodyReader, trying: AttemptCost) -> None:
    """Add the route."""

    @app.post(
        "/v1/lookup/{code}/receipt-link",
        dependencies=[Depends(open_to_all)],
        responses=answers(
            *(400, 403, 408, 413, 415, 422, 429, 503),
            status=200,
            model=LinkAnswer,
            example=examples.RECEIPT_LINK,
        ),
        openapi_extra=body(ref(OpeningProof.__name__), examples.OPENING),
        tags=["public"],
    )
    async def open_by_phone(request: Request, code: Code) -> Response:
        """Return the link to a dossier's own page for its code and the phone's digits.

        Wrong digits cost time, and after five misses of a code or a network each try needs a proof
        of work: 429 `work-wanted` bears the challenge. 429 `whole-number-wanted`: the four digits
        do not suffice from this network for now. An unknown code is answered as wrong digits are.
        """
        sent = await bodies.read_as(request, _PROOF)
        path = await trying.find(code, sent.digits, address_of(request.scope), sent.proof)
        return Response(LinkAnswer(path=path).model_dump_json(), media_type=JSON)

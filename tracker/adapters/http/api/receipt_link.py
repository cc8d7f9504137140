"""The route from a code and a phone number to the page of the dossier, for programs."""

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
    """The evidence that the dossier belongs to the sender."""

    model_config = ConfigDict(extra="forbid")

    digits: Annotated[str, Field(min_length=1, max_length=40)] = Field(
        description="The last 4 digits of the phone number in the application, or all digits."
    )
    proof: Annotated[str, Field(max_length=2_000)] = Field(
        default="",
        description="The solved challenge of an earlier answer, if it required a proof of work.",
    )


class LinkAnswer(BaseModel):
    """The path of the page of the dossier."""

    path: str = Field(
        description="The path in the QR code of the receipt, without the host. Keep it secret."
    )


_PROOF: Final = TypeAdapter(OpeningProof)


def add_receipt_link(app: FastAPI, bodies: BodyReader, attempts: AttemptCost) -> None:
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
        """Return the path of the page of a dossier for its code and the digits of the phone.

        Wrong digits delay the answer. After five wrong attempts for a code or a network each
        attempt needs a proof of work: 429 `work-wanted` has the challenge. 429
        `whole-number-wanted` means that this network must send the whole number for now. An unknown
        code has the same answer as wrong digits.
        """
        opening = await bodies.read_as(request, _PROOF)
        address = address_of(request.scope)
        path = await attempts.find(code, opening.digits, address, opening.proof)
        return Response(LinkAnswer(path=path).model_dump_json(), media_type=JSON)

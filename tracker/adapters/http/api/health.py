"""What operators and their tools ask."""

from fastapi import Depends, FastAPI, Response
from prometheus_client import CONTENT_TYPE_LATEST

from tracker.adapters.http.auth.authentication import open_to_all
from tracker.adapters.http.dependencies import Dependencies
from tracker.adapters.http.metrics import Metrics
from tracker.adapters.http.schema import examples
from tracker.adapters.http.schema.bodies import JSON
from tracker.adapters.http.schema.openapi import answers, problem_answers
from tracker.adapters.http.schema.responses import LiveAnswer, ReadyAnswer
from tracker.application.commands.handler import StoreUnavailableError


def add_health(app: FastAPI, parts: Dependencies, metrics: Metrics) -> None:
    """Add the routes for operators; they tell of nobody, so they are open."""

    @app.get(
        "/livez",
        dependencies=[Depends(open_to_all)],
        responses=answers(status=200, model=LiveAnswer, example=examples.LIVE),
        tags=["operate"],
    )
    async def live() -> Response:
        """Tell that the process answers."""
        return Response(LiveAnswer(status="live").model_dump_json(), media_type=JSON)

    @app.get(
        "/readyz",
        dependencies=[Depends(open_to_all)],
        responses=answers(503, status=200, model=ReadyAnswer, example=examples.READY),
        tags=["operate"],
    )
    def ready() -> Response:
        """Tell that store and read models answer, how far they are, and that data is loaded.

        A store that is older than its own past is not ready: it can be read, and not written.
        """
        service, now = parts.service, parts.now()
        try:
            answer = ReadyAnswer(
                status="ready",
                store_position=parts.head(),
                read_models={name: one.freshness(now) for name, one in parts.watched.items()},
                offices=len(service.network.offices),
                procedures=len(service.catalogue.procedures),
            )
        except Exception as error:  # whatever keeps them from answering, we are not ready
            raise StoreUnavailableError from error
        parts.check_past()
        if not (answer.offices and answer.procedures):
            raise StoreUnavailableError
        return Response(answer.model_dump_json(), media_type=JSON)

    @app.get(
        "/metrics",
        dependencies=[Depends(open_to_all)],
        response_class=Response,
        responses={
            200: {
                "description": "Counters, timers and gauges, as Prometheus reads them.",
                "content": {
                    "text/plain": {
                        "schema": {"type": "string"},
                        "example": 'tracker_lookups_total{outcome="found"} 3.0\n',
                    }
                },
            },
            **problem_answers(503),
        },
        tags=["operate"],
    )
    def show_metrics() -> Response:
        """Return the metrics."""
        return Response(metrics.exposition(), media_type=CONTENT_TYPE_LATEST)

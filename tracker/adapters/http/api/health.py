"""The routes for operators: liveness, readiness, metrics."""

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
    """Add the routes for operators. They are public, because they contain no personal data."""

    @app.get(
        "/livez",
        dependencies=[Depends(open_to_all)],
        responses=answers(status=200, model=LiveAnswer, example=examples.LIVE),
        tags=["operate"],
    )
    async def live() -> Response:
        """Answer that the process is alive."""
        return Response(LiveAnswer(status="live").model_dump_json(), media_type=JSON)

    @app.get(
        "/readyz",
        dependencies=[Depends(open_to_all)],
        responses=answers(503, status=200, model=ReadyAnswer, example=examples.READY),
        tags=["operate"],
    )
    def ready() -> Response:
        """Answer that the store and the read models are ready, with their positions.

        A store that is older than its recorded past is not ready: it can only be read.
        """
        service, now = parts.service, parts.now()
        try:
            answer = ReadyAnswer(
                status="ready",
                store_position=parts.head(),
                read_models={
                    name: watched.freshness(now) for name, watched in parts.watched.items()
                },
                offices=len(service.network.offices),
                procedures=len(service.catalogue.procedures),
            )
        except Exception as error:  # any failure means that the service is not ready
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
                "description": "Counters, timers and gauges in the Prometheus text format.",
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

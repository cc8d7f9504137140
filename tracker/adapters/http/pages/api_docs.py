"""The API documentation, with all its assets, so that browsers load nothing from other sites."""

import base64
import hashlib
import re
from importlib.resources import files
from pathlib import Path

import orjson
from fastapi import Depends, FastAPI, Response
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import FileResponse, HTMLResponse
from starlette.exceptions import HTTPException

from tracker.adapters.http.auth.authentication import open_to_all
from tracker.adapters.http.pages.rendering import ASSETS
from tracker.adapters.http.schema.bodies import JSON

_SWAGGER_UI = Path(str(files("fastapi_swagger"))) / "resources"
_ASSETS = {
    "swagger-ui-bundle.js": _SWAGGER_UI / "swagger-ui-bundle.js",
    "swagger-ui.css": _SWAGGER_UI / "swagger-ui.css",
    "favicon-32x32.png": _SWAGGER_UI / "favicon-32x32.png",
    **ASSETS,
}
_CACHE_FOREVER = {"Cache-Control": "public, max-age=31536000, immutable"}
"""The address of an asset contains the hash of its content, so browsers may cache it forever."""

_INLINE_SCRIPT = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def add_api_docs(app: FastAPI) -> None:
    """Add the API documentation and the assets of all pages."""
    html = bytes(
        get_swagger_ui_html(
            openapi_url="/openapi.json",
            title="Tracker API",
            swagger_js_url="/assets/swagger-ui-bundle.js",
            swagger_css_url="/assets/swagger-ui.css",
            swagger_favicon_url="/assets/favicon-32x32.png",
            swagger_ui_parameters={"validatorUrl": None},
        ).body
    ).decode()
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'"
        for script in _INLINE_SCRIPT.findall(html)
    )
    policy = (
        f"default-src 'none'; script-src 'self' {hashes}; style-src 'self'; img-src 'self' data:;"
        " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )

    @app.get("/docs", dependencies=[Depends(open_to_all)], include_in_schema=False)
    async def show_docs() -> HTMLResponse:
        """Show the API documentation."""
        return HTMLResponse(html, headers={"Content-Security-Policy": policy})

    @app.get("/openapi.json", dependencies=[Depends(open_to_all)], include_in_schema=False)
    async def show_openapi() -> Response:
        """Return the OpenAPI document."""
        return Response(orjson.dumps(app.openapi()), media_type=JSON)

    @app.get("/assets/{name}", dependencies=[Depends(open_to_all)], include_in_schema=False)
    async def get_asset(name: str) -> FileResponse:
        """Return an asset of a page. Answer 404 for any other name."""
        if name not in _ASSETS:
            raise HTTPException(404)
        return FileResponse(_ASSETS[name], headers=_CACHE_FOREVER if name in ASSETS else None)

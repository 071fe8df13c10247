"""The API's description, as a file and as a page to browse that asks no other server for anything."""

import functools
import json
from collections.abc import Callable
from importlib import resources
from typing import Any

import fastapi_offline
from fastapi import APIRouter, FastAPI, Response
from fastapi.staticfiles import StaticFiles

YAML_PATH = "/api/schema/v1/swagger.yaml"
PAGE_PATH = "/api/schema/swagger-ui"
ASSETS_PATH = "/api/schema/assets"
START_PATH = f"{PAGE_PATH}/start.js"

# The page runs only what this server sends; Swagger UI writes styles into its own elements.
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; "
    "connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)

PAGE = f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Ostiary API reference</title>
<link rel="icon" href="{ASSETS_PATH}/favicon.png">
<link rel="stylesheet" href="{ASSETS_PATH}/swagger-ui.css">
</head>
<body>
<main id="reference"><noscript>This page needs JavaScript; the same facts are in <a href="{YAML_PATH}">swagger.yaml</a>.
</noscript></main>
<script src="{ASSETS_PATH}/swagger-ui-bundle.js"></script>
<script src="{START_PATH}"></script>
</body>
</html>
"""

START = f"SwaggerUIBundle({{url: '{YAML_PATH}', dom_id: '#reference', deepLinking: true, validatorUrl: null}});\n"


def install(app: FastAPI, describe: Callable[[], dict[str, Any]]) -> None:
    """Add the file, the page and its assets to the application."""
    router = APIRouter(include_in_schema=False)

    # A tenth of a second of work, which anybody may ask for: routes do not change, so it is done once.
    @functools.cache
    def written() -> str:
        # JSON is YAML (YAML 1.2 §1.3), and needs no library.
        return json.dumps(describe(), indent=2, ensure_ascii=False)

    @router.get(YAML_PATH)
    def swagger_file() -> Response:
        return Response(written(), media_type="application/yaml")

    @router.get(PAGE_PATH)
    def swagger_page() -> Response:
        return Response(PAGE, media_type="text/html", headers={"Content-Security-Policy": PAGE_POLICY})

    @router.get(START_PATH)
    def swagger_start() -> Response:
        return Response(START, media_type="text/javascript")

    app.include_router(router)
    assets = resources.files(fastapi_offline) / "static"
    app.mount(ASSETS_PATH, StaticFiles(directory=str(assets)), name="reference-assets")

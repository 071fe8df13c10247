"""Public documents, served with an ETag and a life in caches (RFC 9110 §8.8.3, RFC 9111)."""

import hashlib
import json
from collections.abc import Callable

from fastapi import APIRouter, Request, Response

CACHE_SECONDS = 300


def publish(router: APIRouter, path: str, document: Callable[[], dict[str, object]]) -> None:
    """Serve a JSON document to anybody at `path`."""

    # On the event loop, because they come out of memory: threads may all be waiting for the database.
    @router.api_route(path, methods=["GET", "HEAD"], include_in_schema=False)
    async def published(request: Request) -> Response:
        body = json.dumps(document(), separators=(",", ":")).encode()
        etag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
        headers = {
            "ETag": etag,
            "Cache-Control": f"public, max-age={CACHE_SECONDS}",
            "Access-Control-Allow-Origin": "*",
        }
        asked = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if etag in asked or "*" in asked:
            return Response(status_code=304, headers=headers)
        return Response(body, headers=headers, media_type="application/json")

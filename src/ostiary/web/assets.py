"""What pages are dressed in: files built with the package, kept by browsers for ever because their addresses change."""

from importlib import resources

from starlette.responses import Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from ostiary.errors import ConfigurationError
from ostiary.web.rendering import STATIC_PATH

FOR_EVER = "public, max-age=31536000, immutable"


class _Assets(StaticFiles):
    async def get_response(self, path: str, scope: Scope) -> Response:
        response = await super().get_response(path, scope)
        if scope["query_string"].startswith(b"v="):
            response.headers["Cache-Control"] = FOR_EVER
        return response


def mount() -> Mount:
    folder = resources.files("ostiary.web") / "static"
    if not folder.is_dir():
        raise ConfigurationError(
            "The pages' assets were not built: run ./run, or python hatch_build.py in the repository"
        )
    return Mount(STATIC_PATH, _Assets(directory=str(folder)), name="static")

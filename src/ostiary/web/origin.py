"""Where a request comes from and where it may lead: our own pages, or somebody else's."""

from urllib.parse import urlencode, urlsplit

from starlette.requests import Request


def is_ours(request: Request, issuer: str) -> bool:
    """Whether one of our pages sent this form: by `Sec-Fetch-Site`, or by `Origin` where a browser lacks that."""
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    parts = urlsplit(issuer)
    return request.headers.get("origin") == f"{parts.scheme}://{parts.netloc}"


def local_path(text: str, otherwise: str) -> str:
    """A path of this server, whatever `text` says: never a way to another site."""
    is_local = text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable() and text.isascii()
    return text if is_local and "\\" not in text else otherwise


def asked_for(request: Request) -> str:
    """The path with its query, as a link or a form would name it."""
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def sign_in_address(sign_in_path: str, request: Request) -> str:
    """Sign in first, then on to what was asked for."""
    asked = asked_for(request)
    return sign_in_path if asked == "/" else f"{sign_in_path}?{urlencode({'next': asked})}"

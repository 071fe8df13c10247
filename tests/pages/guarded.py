"""What every answer of the dashboard carries, whatever it answers (checks W-04 and W-06)."""

from http.cookies import SimpleCookie

from httpx2 import Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
}
HSTS = "strict-transport-security"
MOST_COOKIE_BYTES = 4096


def faults(answer: Response, *, is_https: bool) -> list[str]:
    """What an answer lacks, or says otherwise."""
    wanted = HEADERS | ({HSTS: "max-age=63072000; includeSubDomains"} if is_https else {})
    found = [
        f"{name}: {answer.headers.get_list(name)}"
        for name, value in wanted.items()
        if answer.headers.get_list(name) != [value]
    ]
    found += [f"allows {name}" for name in answer.headers if name.startswith("access-control-")]
    return found + [
        fault for line in answer.headers.get_list("set-cookie") for fault in _of_cookie(line, is_https=is_https)
    ]


def _of_cookie(line: str, *, is_https: bool) -> list[str]:
    (name, cookie), *more = SimpleCookie(line).items()
    found = ["several cookies in one line"] if more else []
    if not cookie["httponly"] or cookie["samesite"] != "Strict" or cookie["path"] != "/" or cookie["domain"]:
        found.append("lacks a flag")
    if is_https and not (cookie["secure"] and name.startswith("__Host-")):
        found.append("is not bound to this host and to TLS")
    if len(line) > MOST_COOKIE_BYTES:
        found.append("is too long")
    return [f"cookie {name} {fault}" for fault in found]

"""The address of the server that a command talks to: one rule for every `--server`."""

from ostiary.cli.session import misused, settings
from ostiary.settings import PUBLIC_URL, is_loopback


def chosen(server: str | None) -> str:
    """What `--server` names, or the configured public URL, as `checked` takes it."""
    return checked(settings().issuer if server is None else server)


def checked(url: str) -> str:
    """Raises typer.Exit for an address that no server has, or on whose way others could read secrets and tokens."""
    found = PUBLIC_URL.match(url)
    if found is None:
        misused("--server takes an address like https://keys.example.com, without user name, query or fragment")
    is_readable = url.startswith("http://") and not is_loopback(found[1].strip("[]"))
    if is_readable and not settings().allow_insecure_http:
        misused(
            f"{url} is not https, so secrets and tokens would cross the network in clear: use https, or set "
            "OSTIARY_ALLOW_INSECURE_HTTP=true if the network itself is private"
        )
    return url.rstrip("/")


def unlike_an_ostiary(server: str) -> str:
    """The sentence about whatever else answers there."""
    return f"{server} did not answer like an Ostiary; check --server"

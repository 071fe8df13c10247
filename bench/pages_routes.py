"""What is asked for of each page: every GET route of the dashboard, so that none is forgotten, first and deep."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlencode

from bench.pages_fill import Places
from ostiary.app import PAGES
from ostiary.web.pages import PageRoute, Who

# Pages that lead on, or that are over, for somebody whose organization is set up and whose keys are not observed.
OF_OBSERVATIONS = ("/developers/keys/{guid}/addresses", "/developers/keys/{guid}/switch-over")
STATUSES = {"/": 303, "/start": 303, "/start/keys": 303, "/set-up/{word}": 410, **dict.fromkeys(OF_OBSERVATIONS, 303)}
# A file as long as its reader asks for is no page: it has no limit.
FILES = {"/activity.csv"}

Query = Mapping[str, str]


@dataclass(frozen=True)
class PageRequest:
    """A page by its route and what is particular about it."""

    name: str
    path: str
    status: int = 200
    body: str = ""
    is_signed_in: bool = True

    @property
    def is_file(self) -> bool:
        return self.path in FILES


def pages(places: Places, token: str) -> Iterator[PageRequest]:
    variants = variants_by_route(places)
    for route in routes():
        address = spelled(route.path, places)
        for words, query in {"": {}, **variants.get(route.path, {})}.items():
            path = f"{address}?{urlencode(query)}" if query else address
            status, is_signed_in = STATUSES.get(route.path, 200), route.who is not Who.ANYBODY
            yield PageRequest(f"{route.path}{words and ', '}{words}", path, status, is_signed_in=is_signed_in)
    yield PageRequest("/token-doctor, a token", "/token-doctor", body=urlencode({"pasted": token}))


def routes() -> list[PageRoute]:
    return [route for table in PAGES for route in table.routes if route.method == "GET"]


def spelled(path: str, places: Places) -> str:
    """The route's path with somebody in its braces."""
    about = {
        "/banks/": places.bank,
        "/customers/": places.customer,
        "/developers/keys/": places.key,
        "/team/": places.invited if path.endswith("/withdrawal") else places.person,
        "/set-up/": "of-no-link",
    }
    sent = {"/join/{word}": places.join_path, "/new-password/{word}": places.password_path}
    for beginning, thing in about.items():
        if path.startswith(beginning):
            return path.replace("{guid}", thing).replace("{word}", thing)
    return sent.get(path, path)


def variants_by_route(places: Places) -> dict[str, dict[str, Query]]:
    bank = {"bank": places.bank}
    return {
        "/overview": {"a bank": bank},
        "/developers": {
            "deep": {"before": places.deep_key},
            "a bank": bank,
            "a bank, deep": bank | {"before": places.deep_key},
            "search": {"search": "Program 999"},
            "search without a match": {"search": "nobody"},
            **{status: {"status": status} for status in ("active", "expires_soon", "paused", "expired", "revoked")},
            "organization keys": {"kind": "organization"},
        },
        "/developers/keys/new": {"a bank": bank, "an organization key": {"kind": "organization"}},
        "/customers": {
            "deep": {"before": places.deep_customer},
            "a bank": bank,
            "a bank, deep": bank | {"before": places.deep_customer},
            "a type": {"type": "business"},
            "a guid": {"guid": places.customer},
        },
        "/banks": {"deep": {"before": places.deep_bank}, "search": {"search": "Bank 9"}, "a bank": bank},
        "/team": {"deep": {"after": places.deep_person}},
        "/activity": activity(places),
    }


def activity(places: Places) -> dict[str, Query]:
    bank, key, person = {"bank": places.bank}, {"key": places.client_id}, {"person": places.person}
    return {
        "deep": {"before": places.deep_event},
        "deep, upwards": {"after": places.deep_event},
        "a bank": bank,
        "a bank, deep": bank | {"before": places.deep_event},
        "a key": key,
        "a key, deep": key | {"before": places.deep_event},
        "a person": person,
        "a person, deep": person | {"before": places.deep_event},
        "revocations": {"type": "credential.deleted"},
        "everything about customers": {"type": "customer"},
        "everything about customers, deep": {"type": "customer", "before": places.deep_event},
        "revocations in a bank": bank | {"type": "credential.deleted"},
        "what a key never did": key | {"type": "bank.created"},
        "what a person did with a key": key | person,
        "a time without events": {"since": "2001-01-01", "until": "2001-01-02"},
    }

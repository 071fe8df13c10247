"""Which scopes a request gets: RFC 6749 §3.3 and the platform's own rules (wire contract §1.4)."""

from functools import lru_cache

from ostiary.access.scopes import MANAGEMENT
from ostiary.applications.models import ApplicationKind
from ostiary.oauth.errors import InvalidScope

LONGEST_QUOTED = 48
# Every scope there is fits; what repeats itself for longer is worked out each time and fills no memory.
LONGEST_REMEMBERED = 2048

_EVERYTHING = {kind.value: " ".join(sorted(kind.scopes)) for kind in ApplicationKind}


def grant(stored_kind: str, requested: str | None) -> str:
    """The granted scopes, in the order asked for; a pure function of the kind of key and the words of the request."""
    if requested is None:
        return _EVERYTHING[stored_kind]
    choose = _remembered if len(requested) <= LONGEST_REMEMBERED else _chosen
    return choose(stored_kind, requested)


def _chosen(stored_kind: str, requested: str) -> str:
    kind = ApplicationKind(stored_kind)
    # Management is done by people: keys that ask for it beside other scopes get the others.
    names = [name for name in dict.fromkeys(requested.split(" ")) if name not in MANAGEMENT]
    foreign = [name for name in names if name not in kind.scopes]
    if foreign:
        raise InvalidScope(f"{quoted(foreign[0])} is not a scope of this kind of key ({kind} key)")
    if not names:
        raise InvalidScope("The requested scopes can only be held by people, not by keys")
    return " ".join(names)


_remembered = lru_cache(maxsize=1024)(_chosen)


def quoted(name: str) -> str:
    # A secret in the wrong place must not come back in an answer: it is longer than any scope.
    if len(name) > LONGEST_QUOTED:
        return f"A word of {len(name)} letters"
    # RFC 6749 §5.2: a description is printable ASCII without quotes and backslashes.
    clean = "".join(letter for letter in name if " " < letter <= "~" and letter not in '"\\')
    return f"'{clean}'"

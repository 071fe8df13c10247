"""Two people change one key at once: what only one of them touched is kept, what both touched is asked about."""

from dataclasses import dataclass

from ostiary.applications.models import Application
from ostiary.applications.schemas import ApplicationChanges
from ostiary.errors import Invalid


@dataclass(frozen=True)
class Seen:
    """How a key looked when somebody began to change it."""

    name: str
    ip_allowlist: list[str]


def merged(application: Application, changes: ApplicationChanges, seen: Seen) -> ApplicationChanges:
    """The changes without what was left as it had been seen; raises Invalid where somebody else was faster."""
    name = None if changes.name == seen.name else changes.name
    addresses = None if list(changes.ip_allowlist or ()) == seen.ip_allowlist else changes.ip_allowlist
    is_renamed = application.name not in {seen.name, changes.name}
    is_moved = application.ip_allowlist not in [seen.ip_allowlist, list(changes.ip_allowlist or ())]
    if (name is not None and is_renamed) or (addresses is not None and is_moved):
        message = (
            "Somebody else changed this key meanwhile. What you typed is still here: save again to put it in place."
        )
        raise Invalid("conflict", message, status=409)
    return ApplicationChanges.model_construct(name=name, ip_allowlist=addresses)

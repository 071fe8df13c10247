"""What somebody may do with keys of one kind in one place: what pages offer, and services demand."""

from dataclasses import dataclass

from ostiary.access.actor import Actor
from ostiary.applications.models import ApplicationKind
from ostiary.errors import beyond_the_giver


@dataclass(frozen=True)
class Rights:
    # Rename, change addresses, pause and resume.
    change: bool
    # Revoke.
    end: bool
    # A new key, also in the place of another.
    generate: bool


def rights(actor: Actor, kind: ApplicationKind, *, is_production: bool) -> Rights:
    """`is_production` as for the bank; an organization's keys count as production."""
    return Rights(
        change=actor.may_there(kind.writes, is_production=is_production),
        end=actor.may_there(kind.executes, is_production=is_production),
        generate=actor.may_there(kind.executes, is_production=is_production)
        and holds_all(actor, kind, is_production=is_production),
    )


def holds_all(actor: Actor, kind: ApplicationKind, *, is_production: bool) -> bool:
    """A key never holds more than its maker's role has in that bank (DESIGN §6)."""
    return kind.scopes <= actor.scopes_there(is_production=is_production)


def must_hold_all(actor: Actor, kind: ApplicationKind, *, is_production: bool) -> None:
    if not holds_all(actor, kind, is_production=is_production):
        raise beyond_the_giver("A key of this kind could do more there than your role, or this login, may")

"""Two people change one bank at once: what only one of them touched is kept, what both touched is asked about."""

from dataclasses import dataclass, fields

from ostiary.banks.models import Bank
from ostiary.banks.schemas import BankChanges
from ostiary.errors import Invalid

MEANWHILE = "Somebody else changed this meanwhile. What you typed is still here: save again to put it in place."


@dataclass(frozen=True)
class Seen:
    """How a bank looked when somebody began to change it."""

    name: str
    supported_trading_symbols: list[str]
    cors_allowed_origins: list[str]


def merged(bank: Bank, changes: BankChanges, seen: Seen) -> BankChanges:
    """The changes without what was left as it had been seen; raises Invalid where somebody else was faster."""
    touched = {}
    for name in (field.name for field in fields(Seen)):
        typed, before, now = getattr(changes, name), getattr(seen, name), getattr(bank, name)
        if _is_same(typed, before):
            continue
        if not _is_same(now, before) and not _is_same(now, typed):
            raise Invalid("conflict", MEANWHILE, status=409, field=name)
        touched[name] = typed
    return BankChanges.model_construct(**touched)


def _is_same(one: str | list[str], other: str | list[str]) -> bool:
    """Boxes are ticked in no order."""
    return sorted(one) == sorted(other) if isinstance(one, list) else one == other

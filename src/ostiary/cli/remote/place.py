"""Where a token works, as it says itself."""

from collections.abc import Mapping
from dataclasses import dataclass

from ostiary.access.actor import Subject
from ostiary.cli.remote.refusals import Refused
from ostiary.crypto import strict


@dataclass(frozen=True)
class Place:
    """Nobody checked a signature, so nothing is allowed because of it: it keeps people from asking in a wrong place."""

    subject: str = ""
    organization_guid: str = ""
    bank_guid: str = ""

    @property
    def is_bank_key(self) -> bool:
        return self.subject == Subject.BANK

    def must_be_in_organization(self, guid: str | None) -> None:
        """The API asks the token for the organization, so another one must not be named in vain. Raises Refused."""
        if guid is not None and guid != self.organization_guid:
            raise Refused(f"The token works in {_named('organization', self.organization_guid)}, not in {guid}")

    def must_be_in_bank(self, guid: str | None) -> None:
        """The same of the bank."""
        if guid is not None and guid != self.bank_guid:
            raise Refused(f"The token works in {_named('bank', self.bank_guid)}, not in {guid}")


def claims_of(token: str) -> Mapping[str, object]:
    """None of a token that is not ours, or of a form to come: the server will say what it thinks of it."""
    try:
        return strict.json_object(strict.b64url(token.split(".")[1].encode("ascii")))
    except (ValueError, IndexError):
        return {}


def place_of(token: str) -> Place:
    claims = claims_of(token)
    return Place(*(str(claims.get(name) or "") for name in ("sub_type", "organization_guid", "bank_guid")))


def _named(kind: str, guid: str) -> str:
    return f"the {kind} {guid}" if guid else f"no {kind}"

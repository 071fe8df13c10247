"""Whose pair it is, and whether it counts from here: the same questions at every endpoint that takes a pair."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ostiary.access.addresses import ClientAddress
from ostiary.applications.credentials import CLIENT_ID, Digest, Digester, is_well_formed
from ostiary.db.fast_reads import Row
from ostiary.db.model import stored_seconds
from ostiary.oauth import client_auth, rules, token_request
from ostiary.oauth.errors import InvalidClient, WrongPair
from ostiary.oauth.queries import Standing
from ostiary.oauth.standing import is_address_allowed, refused, since
from ostiary.web.together import Head

# What is compared when there is nothing to compare with.
NOBODY = Digest(bytes(32), 1, 1)
UNKNOWN_ADDRESS = "an unknown address"


class Sender(NamedTuple):
    """What the head of a request says."""

    media_type: str
    authorization: Sequence[str]
    address: str


@dataclass(frozen=True)
class ClientCheck:
    digester: Digester
    client_address: ClientAddress

    def sender(self, head: Head) -> Sender:
        """Raises InvalidRequest for a body of another kind."""
        known = head.understood
        if isinstance(known, Sender):
            return known
        counted = token_request.counted(head.headers)
        address = self.client_address.of(head.peer, counted.forwarded_for)
        found = head.understood = Sender(token_request.media_type(counted), counted.authorization, address)
        return found

    def pair(self, sender: Sender, sent: Mapping[str, str]) -> tuple[str, str]:
        """A client id and a secret that could be ours; raises InvalidRequest, InvalidClient or WrongPair."""
        client_id, secret = client_auth.presented(sender.authorization, sent)
        self.must_be_well_formed(client_id, secret, sender.address)
        return client_id, secret

    def must_be_well_formed(self, client_id: str, secret: str, address: str) -> None:
        """A typo is refused here, on arithmetic alone; raises WrongPair."""
        if not CLIENT_ID.match(client_id) or not is_well_formed(secret):
            raise WrongPair(client_auth.UNKNOWN, address)

    def standing(self, secret: str, address: str, rows: Sequence[Row], now: float) -> Standing:
        """Every no that can come of the one read at this moment; raises WrongPair or InvalidClient."""
        for row in rows:
            standing = Standing._make(row)
            if self._matches(secret, standing, now):
                break
        else:
            if not rows:
                # An unknown client costs as much as a wrong secret.
                self.digester.matches(secret, *NOBODY)
            raise WrongPair(client_auth.UNKNOWN, address, standing if rows else None)
        # As for a token that is to be made: it lives for a second at least, and never longer than its key.
        reason = refused(standing, int(now) + 1)
        if reason is not None:
            raise InvalidClient(
                reason,
                outcome=rules.RULES[reason].name,
                application_guid=standing.application_guid,
                more=rules.broken(reason, since=since(standing, reason)),
            )
        if not is_address_allowed(standing, address):
            raise InvalidClient(
                f"This key may not be used from {f'the address {address}' if address else UNKNOWN_ADDRESS}",
                outcome=rules.ADDRESS_NOT_ALLOWED,
                application_guid=standing.application_guid,
                more=rules.address_refused(address),
            )
        return standing

    def _matches(self, secret: str, row: Standing, now_seconds: float) -> bool:
        if row.digest is None or row.scheme is None or row.pepper_version is None:
            return self.digester.matches(secret, *NOBODY)
        is_right = self.digester.matches(secret, row.digest, row.scheme, row.pepper_version)
        return is_right and (row.secret_expires_at is None or stored_seconds(row.secret_expires_at) > now_seconds)

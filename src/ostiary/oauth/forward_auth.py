"""/oauth/authorize-request: the bearer check for other backends (nginx auth_request, Envoy ext_authz, ForwardAuth).

A proxy asks with the headers of the request it holds. Who is asking comes back in headers, which the proxy sets in
place of whatever the caller sent under these names; so a backend knows organization, bank and scopes without a look
at the token. Method, path and query are the caller's and decide nothing.
"""

import re
from dataclasses import dataclass

from ostiary.access.actor import ask_for
from ostiary.banks.models import BankType
from ostiary.errors import Invalid, Problem, StoreUnavailable, invalid_scopes
from ostiary.oauth.bearer import Admitted, BearerCheck
from ostiary.web.asgi import Headers, Receive, Scope, Send, answer, header_values
from ostiary.web.refusals import RETRY_AFTER_SECONDS, send_refusal

PATH = "/oauth/authorize-request"
# Set by the proxy: all of these have to be held. A caller who sends it as well only asks more of themselves.
REQUIRED = b"ostiary-require-scope"
# Set by a proxy that was told no a moment ago, and now wants the words: whatever is found, nothing may look like a yes.
REFUSED = b"ostiary-was-refused"
AGAIN = "The request was refused a moment ago and would pass now: send it again"
# RFC 6749 §3.3.
SCOPE_TOKEN = re.compile(r"[!#-\[\]-~]+\Z")


@dataclass(frozen=True)
class ForwardAuth:
    bearer: BearerCheck
    resource_metadata: str

    async def __call__(self, scope: Scope, _: Receive, send: Send) -> None:
        try:
            admitted = await self.bearer.admitted(scope)
            held = _held(admitted)
            required = " ".join(header_values(scope, REQUIRED)).split()
            if not all(map(SCOPE_TOKEN.match, required)):
                raise Invalid("invalid_value", "Ostiary-Require-Scope: scopes are separated by blanks")
            if not set(required) <= set(held):
                raise invalid_scopes(*required, what_to_do=ask_for(required))
            if header_values(scope, REFUSED):
                raise Invalid("service_unavailable", AGAIN, status=503, retry_after_seconds=RETRY_AFTER_SECONDS)
        except (StoreUnavailable, Problem) as error:
            await send_refusal(send, error, self.resource_metadata)
        else:
            await answer(send, 200, b"", _told(admitted, held))


def _held(admitted: Admitted) -> list[str]:
    """In the order of the token. Of a person who is in no bank, what they hold everywhere."""
    is_production = admitted.standing.bank_type != BankType.SANDBOX
    there = admitted.actor.scopes_there(is_production=is_production)
    return [name for name in admitted.claims.scope.split() if name in there]


def _told(admitted: Admitted, held: list[str]) -> Headers:
    claims = admitted.claims
    told = {
        "ostiary-subject": claims.sub,
        "ostiary-subject-type": claims.sub_type,
        "ostiary-client-id": claims.client_id,
        "ostiary-organization-guid": claims.organization_guid,
        "ostiary-bank-guid": admitted.actor.bank_guid,
        "ostiary-bank-type": admitted.standing.bank_type or "",
        "ostiary-customer-guid": admitted.actor.customer_guid,
        "ostiary-scope": " ".join(held),
    }
    # Also those that are empty: a proxy copies what it is given, and would pass on the caller's own.
    return [(name.encode(), value.encode()) for name, value in told.items()]

"""POST /oauth/introspect: RFC 7662, whether a token counts, told to keys that may know."""

from dataclasses import dataclass

from ostiary.oauth.access_tokens import Claims
from ostiary.oauth.answers import told
from ostiary.oauth.bearer import BearerCheck, TokenRefused
from ostiary.oauth.client_endpoint import Caller
from ostiary.web.together import Answer

PATH = "/oauth/introspect"
# RFC 7662 §2.2: everything else is the same no, whatever the reason.
INACTIVE = told({"active": False})


@dataclass(frozen=True)
class Introspection:
    """The API's own check, but for the address: the token is not used from where this question comes from."""

    bearer: BearerCheck

    async def __call__(self, caller: Caller, token: str) -> Answer:
        try:
            claims, standing = await self.bearer.checked(token)
        except TokenRefused:
            return INACTIVE
        return told(_members(claims)) if caller.may_see(standing) else INACTIVE


def _members(claims: Claims) -> dict[str, object]:
    bank = {"bank_guid": claims.bank_guid, "bank_type": claims.bank_type} if claims.bank_guid else {}
    # Whoever serves a customer by this token has to keep to its addresses as well.
    own = {"ip_allowlist": claims.ip_allowlist.split(), "inherit_ip_allowlist": claims.inherits_ip_allowlist}
    return {
        "active": True,
        "scope": claims.scope,
        "client_id": claims.client_id,
        "token_type": "Bearer",
        "exp": claims.exp,
        "iat": claims.iat,
        "sub": claims.sub,
        "aud": claims.aud,
        "iss": claims.iss,
        "jti": claims.jti,
        "sub_type": claims.sub_type,
        "organization_guid": claims.organization_guid,
        **bank,
        **(own if claims.customer_guid else {}),
        # Which login of a person; who they are is not told.
        **({"sid": claims.sid} if claims.sid else {}),
    }

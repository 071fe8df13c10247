"""What a walk can ask for at the token endpoint: the answer depends on the key, whatever else is sent."""

import json
from urllib.parse import urlencode

from hypothesis import strategies as st
from hypothesis.stateful import rule

from ostiary.access.scopes import BANK_KEY, MANAGEMENT, ORGANIZATION_KEY
from ostiary.applications.credentials import new_client_id
from tests.oauth.desk import Answer, claims_of
from tests.oauth.window import GRANT, JSON
from tests.tenancy.choices import Named, Who, flaws, keys, strays
from tests.tenancy.machine import ApiWalk
from tests.tenancy.model import granted

PATH = "/oauth/token"
scopes = st.lists(st.sampled_from(sorted(BANK_KEY | ORGANIZATION_KEY | MANAGEMENT)), min_size=1, max_size=4)


class TokenRules(ApiWalk):
    @rule(who=keys, asked=st.none() | scopes, stray=strays, flaw=flaws)
    def ask_for_token(self, who: Who, asked: list[str] | None, stray: Named | None, flaw: Named | None) -> None:
        self.cast.asked.add(f"POST {PATH}")
        key, caller = self.cast.key(who), self.cast.caller(who)
        scope = {} if asked is None else {"scope": " ".join(asked)}
        body = self.body(who, stray, flaw, client_id=key.client_id, client_secret=key.secret, **scope)
        answer = self._post(body, self.bank_guid(who, stray))
        scopes = None if caller.is_out else granted(caller.subject, asked)
        refusal = (401, "invalid_client") if caller.is_out else (400, "invalid_scope")
        assert (answer.status, answer.json.get("error")) == ((200, None) if scopes else refusal)
        if scopes:
            assert set(answer.json["scope"].split()) == scopes
            claims = claims_of(answer.json["access_token"])
            place = (claims["sub_type"], claims["sub"], claims["organization_guid"], claims.get("bank_guid") or "")
            subject_guid = caller.owner.bank_guid or caller.owner.organization_guid
            assert place == (caller.subject, subject_guid, *caller.owner[:2])
        self.check_rows(caller)

    @rule(who=keys, other=keys)
    def ask_with_a_strangers_secret(self, who: Who, other: Who) -> None:
        own, secret = self.cast.key(who), self.cast.key(other).secret
        if own.secret != secret:
            answer = self._post({"client_id": own.client_id, "client_secret": secret}, {})
            assert answer.status == 401, answer
            assert answer == self._post({"client_id": new_client_id(), "client_secret": secret}, {})
        self.check_rows(self.cast.caller(who))

    def _post(self, body: dict[str, object], query: dict[str, str]) -> Answer:
        text = json.dumps({**GRANT, **body}).encode()
        return self.cast.desk.request(PATH, [JSON], method="POST", query=urlencode(query).encode(), body=text)

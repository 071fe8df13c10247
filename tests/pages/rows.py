"""The table of all pages: what each is about, and which roles may. A page without a row fails the tests."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field

from ostiary.users.models import Role

EVERYBODY = frozenset(Role)
DEVELOPERS = EVERYBODY - {Role.VIEWER}
LEADERS = frozenset({Role.OWNER, Role.ADMINISTRATOR})
OWNERS = frozenset({Role.OWNER})
NOBODY: frozenset[Role] = frozenset()

Form = Mapping[str, str | tuple[str, ...]]

CONFIRMED = {"confirmed": "yes"}
PASSWORD = "correct horse battery staple"
NEW_KEY = {"name": "Till", "expires_at": "90", "ip_allowlist": "10.0.0.1", "word": "{new}"}
NEW_PERSON = {"email": "{new}@example.com", "name": "Carol", "password": PASSWORD}
NEW_BANK: Form = {
    "name": "East",
    "type": "sandbox",
    "supported_country_codes": "US",
    "supported_fiat_account_assets": "USD",
    "supported_trading_symbols": "BTC",
    "features": ("individual_customers", "kyc_identity_verifications"),
    "word": "{new}",
}


@dataclass(frozen=True)
class Row:
    route: str
    # A thing that things.py can make, of one's own organization and of another; it takes the place of {guid} or {word}.
    # In forms {new} becomes something that was not there before, {organization} the one the person looks at.
    about: str = ""
    may: frozenset[Role] = EVERYBODY
    form: Form = field(default_factory=dict)
    # What is said about somebody else's thing, and about nobody's.
    elsewhere: int = 404

    @property
    def method(self) -> str:
        return self.route.partition(" ")[0]

    @property
    def path(self) -> str:
        return self.route.partition(" ")[2]

    def __str__(self) -> str:
        return f"{self.route} about {self.about or 'nothing'}"


def each(things: Mapping[str, frozenset[Role]], *routes: str, form: Form | None = None) -> list[Row]:
    return [Row(route, about, may, form or {}) for route in routes for about, may in things.items()]


KEY = "/developers/keys/{guid}"
KEYS_READ = {"key": EVERYBODY, "production key": EVERYBODY, "organization key": EVERYBODY}
KEYS_CHANGED = {"key": DEVELOPERS, "production key": LEADERS, "organization key": LEADERS}
PAUSED_KEYS_CHANGED = {"paused key": DEVELOPERS, "paused production key": LEADERS}
OBSERVED_KEYS_CHANGED = {"observed key": DEVELOPERS, "observed organization key": LEADERS}
OBSERVABLE_KEYS_CHANGED = {"unlisted key": DEVELOPERS, "unlisted organization key": LEADERS}
# Of nobody: the list lets in whoever has used the key.
CUT_OFF_SEEN = hashlib.sha256(b"").hexdigest()
MEMBERS_CHANGED = {"member": LEADERS, "owner": OWNERS}

ROWS = [
    Row("POST /theme", form={"theme": "dark"}),
    # The way in.
    Row("GET /sign-in"),
    Row("POST /sign-in", form={"email": "alice@example.com", "password": PASSWORD}),
    Row("POST /sign-out"),
    Row("GET /sign-up"),
    Row("POST /sign-up", form=NEW_PERSON),
    Row("GET /join/{word}", "invitation link", elsewhere=410),
    Row("POST /join/{word}", "invitation link", form=NEW_PERSON, elsewhere=410),
    Row("POST /join/{word}/acceptance", "own invitation link", elsewhere=410),
    Row("GET /new-password/{word}", "password link", elsewhere=410),
    Row("POST /new-password/{word}", "password link", form={"password": PASSWORD}, elsewhere=410),
    Row("POST /organizations/selection", "organization", form={"organization_guid": "{guid}"}),
    Row("GET /"),
    # One's own account.
    Row("GET /settings/account"),
    Row("POST /settings/account", form={"password_current": PASSWORD, "password": f"{PASSWORD}, again"}),
    Row("POST /settings/account/sessions/{guid}/end", "session"),
    Row("POST /settings/account/sessions/end"),
    Row("POST /settings/account/logins/{guid}/end", "login"),
    Row("POST /settings/account/logins/end"),
    # A program that asks to be let in; whose code is wrong is told so.
    Row("GET /device"),
    Row(
        "POST /device/approval",
        "device code",
        form={"user_code": "{guid}", "organization_guid": "{organization}", **CONFIRMED},
    ),
    Row("POST /device/denial", "device code", form={"user_code": "{guid}"}),
    # The team.
    Row("GET /team"),
    Row("GET /team/invitations", may=LEADERS),
    Row(
        "POST /team/invitations",
        "organization",
        LEADERS,
        {"email": "{new}@example.com", "role": "viewer", "organization_guid": "{guid}"},
        # Another tab has changed to another organization: the form says so and keeps what was typed.
        elsewhere=409,
    ),
    Row("GET /team/{guid}", "member"),
    *each(MEMBERS_CHANGED, "POST /team/{guid}", form={"role": "developer"}),
    *each(MEMBERS_CHANGED, "GET /team/{guid}/disablement", "POST /team/{guid}/disablement", form=CONFIRMED),
    *each({"disabled member": LEADERS, "disabled owner": OWNERS}, "POST /team/{guid}/enablement"),
    *each(
        {"invited member": LEADERS, "invited owner": OWNERS},
        "GET /team/{guid}/withdrawal",
        "POST /team/{guid}/withdrawal",
        form=CONFIRMED,
    ),
    *each({"invited member": LEADERS, "invited owner": OWNERS}, "POST /team/{guid}/link"),
    # The guided start; the walk through it is in test_journey.py.
    Row("GET /start"),
    Row("GET /start/organization"),
    Row("POST /start/organization", form={"name": "Initech"}),
    Row("GET /start/bank"),
    Row("POST /start/bank", "organization", form={**NEW_BANK, "organization_guid": "{guid}"}, elsewhere=303),
    # The organization, its banks and their customers.
    Row("GET /settings"),
    Row("POST /settings", "organization", LEADERS, {"organization_guid": "{guid}", "name": "Acme"}, elsewhere=409),
    Row("GET /banks"),
    Row("GET /banks/new", may=DEVELOPERS),
    Row("POST /banks/new", "organization", DEVELOPERS, {**NEW_BANK, "organization_guid": "{guid}"}, elsewhere=409),
    *each({"bank": EVERYBODY, "production bank": EVERYBODY}, "GET /banks/{guid}"),
    *each(
        {"bank": DEVELOPERS, "production bank": LEADERS},
        "GET /banks/{guid}/edit",
        "POST /banks/{guid}/edit",
        form={"name": "Mine", "name_seen": "Fund"},
    ),
    Row("GET /customers"),
    *each({"customer": EVERYBODY, "production customer": EVERYBODY}, "GET /customers/{guid}"),
    # What happened.
    Row("GET /overview"),
    Row("GET /activity"),
    Row("GET /activity.csv"),
    Row("GET /token-doctor"),
    Row("POST /token-doctor", form={"pasted": '{"message_code": "authentication_failed"}'}),
    # Keys.
    Row("GET /start/keys"),
    Row("POST /start/keys", may=DEVELOPERS, form=NEW_KEY),
    Row("GET /developers"),
    Row("GET /developers/keys/new", may=DEVELOPERS),
    *each(
        {"bank": DEVELOPERS, "production bank": LEADERS},
        "POST /developers/keys/new",
        form={"kind": "bank", "bank_guid": "{guid}"} | NEW_KEY,
    ),
    Row(
        "POST /developers/keys/new",
        "organization",
        LEADERS,
        {"kind": "organization", "organization_guid": "{guid}"} | NEW_KEY,
        elsewhere=409,
    ),
    *each(KEYS_READ, f"GET {KEY}", f"GET {KEY}/shown", f"GET {KEY}/first-token"),
    *each(KEYS_CHANGED, f"GET {KEY}/edit", f"GET {KEY}/pause", f"GET {KEY}/revocation", f"GET {KEY}/replacement"),
    *each(KEYS_CHANGED, f"POST {KEY}/edit", form={"name": "Mine", "name_seen": "Till", "ip_allowlist": "10.0.0.1"}),
    *each(KEYS_CHANGED, f"POST {KEY}/pause", f"POST {KEY}/revocation", form=CONFIRMED),
    *each(PAUSED_KEYS_CHANGED, f"POST {KEY}/resumption"),
    *each(KEYS_CHANGED, f"POST {KEY}/replacement", form={"word": "{new}"}),
    *each(OBSERVABLE_KEYS_CHANGED, f"GET {KEY}/observation", f"POST {KEY}/observation", form=CONFIRMED),
    # Whoever may give it a list; where there is nothing to observe, the page says so.
    *each(
        {"production key": LEADERS},
        *(f"GET {KEY}/{noun}" for noun in ("observation", "observation/end", "addresses", "switch-over")),
    ),
    *each(OBSERVED_KEYS_CHANGED, f"GET {KEY}/observation/end", f"POST {KEY}/observation/end", form=CONFIRMED),
    *each(OBSERVED_KEYS_CHANGED, f"GET {KEY}/addresses", f"POST {KEY}/addresses", form={"ip_allowlist": "10.0.0.1"}),
    *each(
        OBSERVED_KEYS_CHANGED,
        f"GET {KEY}/switch-over",
        f"POST {KEY}/switch-over",
        form={"ip_allowlist": "10.0.0.1", "cut_off_seen": CUT_OFF_SEEN} | CONFIRMED,
    ),
    # After the guided start, which is about the newest bank.
    *each({"new bank": OWNERS}, "GET /banks/{guid}/promotion", "POST /banks/{guid}/promotion", form=CONFIRMED),
    # Last, because there is nobody else while such a link counts.
    Row("GET /set-up/{word}", "set-up link", elsewhere=410),
    Row("POST /set-up/{word}", "set-up link", form=NEW_PERSON, elsewhere=410),
]

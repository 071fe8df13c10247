"""Page on which a person lets a program in, or does not: RFC 8628 §3.3. It says who asks for what, and warns (§5.4)."""

from dataclasses import dataclass

from ostiary.banks import queries as banks
from ostiary.banks.models import BankType
from ostiary.banks.queries import Choice
from ostiary.dashboard.scope_words import grouped
from ostiary.errors import Invalid
from ostiary.oauth import device_codes, presented, queries
from ostiary.oauth.device_authorization import PAGE
from ostiary.oauth.models import DeviceCode
from ostiary.oauth.presented import Digests
from ostiary.users import queries as users
from ostiary.users import user_agents
from ostiary.users.entry_pages import held
from ostiary.users.throttle import SignInThrottle
from ostiary.web.pages import Go, Outcome, Pages, View, Visit

DIGESTS = "device_digests"
THROTTLE = "device_throttle"
FIELD = "user_code"
# A login that needs one of more is bound to it by name: `ostiary login --bank GUID`.
MOST_BANKS = 100
UNKNOWN = (
    "No program waits with this code: it was answered, has expired, or has a mistake in it. A code has eight letters, "
    "as in BCDF-GHJK."
)
NOT_HERE = "The program asks for a bank that is not here: it may be another organization's, or closed"
NOTHING_HELD = "Your role holds nothing of what the program asks for, so there is nothing to approve"
APPROVED, DENIED = "login-approved", "login-denied"

pages = Pages()


@dataclass(frozen=True)
class Wanted:
    """What a program asks for, seen from the organization the person looks at."""

    code: DeviceCode
    # The one that the program has named, if it is one of this organization.
    bank: Choice | None
    scopes: list[str]

    @property
    def refusal(self) -> str:
        """Why it cannot be approved here."""
        if self.code.bank_guid and self.bank is None:
            return NOT_HERE
        return "" if self.scopes else NOTHING_HELD


@pages.get(PAGE)
def device(visit: Visit) -> Outcome:
    if visit.parameter("done") in {APPROVED, DENIED}:
        return View("dashboard/device_answered.html", is_approved=visit.parameter("done") == APPROVED)
    if not _typed(visit) or visit.form.error(FIELD):
        # A form that was refused for its code is not looked up again: one guess counts once.
        return View("dashboard/device.html", form=visit.form.or_usual(user_code=""))
    try:
        code = _code(visit)
    except Invalid as problem:
        form = visit.form.or_usual(user_code=_typed(visit)).refused(problem)
        return View("dashboard/device.html", form=form, status=problem.status, headers=problem.headers)
    return _before_approval(visit, code)


@pages.post(f"{PAGE}/approval", again=device, writes=False)
def approve(visit: Visit) -> Go:
    # Looked up and counted first: nobody else waits to write while a code is guessed.
    code = _code(visit)
    visit.must_be_meant_here()
    with visit.store.writing() as db:
        inside = held(visit, db)
        inside.must_be_meant_here()
        bank_guid = code.bank_guid or visit.form.value("bank_guid")
        wanted = _wanted(inside, code, bank_guid)
        if wanted.refusal or (bank_guid and wanted.bank is None):
            raise Invalid("invalid_value", wanted.refusal or NOT_HERE, status=422)
        visit.form.must_be_confirmed()
        device_codes.approve(db, inside.actor, code, wanted.scopes, wanted.bank.guid if wanted.bank else None)
    return Go(PAGE, done=APPROVED)


@pages.post(f"{PAGE}/denial", again=device, writes=False)
def deny(visit: Visit) -> Go:
    code = _code(visit)
    with visit.store.writing() as db:
        device_codes.deny(db, held(visit, db).actor, code)
    return Go(PAGE, done=DENIED)


def _before_approval(visit: Visit, code: DeviceCode) -> View:
    wanted = _wanted(visit, code, code.bank_guid or "")
    places = [organization for _, organization in users.by_user(visit.db, visit.person.user_guid)]
    offered = [] if code.bank_guid else banks.choices(visit.db, visit.actor, MOST_BANKS)
    in_production = visit.actor.scopes_there(is_production=True)
    return View(
        "dashboard/device_approval.html",
        wanted=wanted,
        code=presented.user_code(_typed(visit)),
        program=user_agents.program(code.user_agent),
        places=[(each.guid, each.name) for each in places],
        address=f"{PAGE}?{FIELD}={presented.user_code(_typed(visit))}",
        banks=[(each.guid, f"{each.name} ({each.type})") for each in offered if each.closed_at is None],
        groups=grouped(wanted.scopes),
        is_less_in_production=wanted.bank is None and not in_production.issuperset(wanted.scopes),
        idle_seconds=visit.settings.login_idle_seconds,
        whole_seconds=visit.settings.login_seconds,
    )


def _wanted(visit: Visit, code: DeviceCode, bank_guid: str) -> Wanted:
    bank = banks.find_choice(visit.db, visit.actor, bank_guid) if bank_guid else None
    if bank is not None and bank.closed_at is not None:
        bank = None
    is_production = bank is not None and bank.type == BankType.PRODUCTION
    held = visit.actor.scopes_there(is_production=is_production)
    asked = sorted(held) if code.scope is None else code.scope.split()
    return Wanted(code, bank, [str(name) for name in asked if name in held])


def _typed(visit: Visit) -> str:
    return visit.form.value(FIELD) or visit.parameter(FIELD)


def _code(visit: Visit) -> DeviceCode:
    """Raises Invalid, also when somebody tries out too many (RFC 8628 §5.1)."""
    typed = presented.user_code(_typed(visit))
    if not typed:
        # Nobody guesses with what cannot be one.
        raise Invalid("invalid_value", UNKNOWN, status=404, field=FIELD)
    throttle: SignInThrottle = visit.shared[THROTTLE]
    digests: Digests = visit.shared[DIGESTS]
    with throttle.user_code(visit.person.user_guid) as failed:
        code = queries.by_user_code_digest(visit.db, digests.of(typed), visit.now)
        if code is None or code.is_decided:
            failed()
            raise Invalid("invalid_value", UNKNOWN, status=404, field=FIELD)
    return code

"""The walk through the pages finds what is wrong: each planted fault must make it fail, and for the right reason."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest
from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from ostiary.access.actor import Actor
from ostiary.access.visitor import Visitor
from ostiary.applications import queries as applications
from ostiary.applications.models import Application
from ostiary.banks import queries as banks
from ostiary.banks.models import Bank
from ostiary.customers import queries as customers
from ostiary.customers.models import Customer, CustomerState
from ostiary.dashboard import activity_csv
from ostiary.dashboard import queries as dashboard
from ostiary.db.store import Store
from ostiary.errors import NotFound
from ostiary.events import queries as events
from ostiary.events import service as trail
from ostiary.events.queries import EventFilter, Stretch
from ostiary.organizations.models import Organization
from ostiary.users import own_account, session
from ostiary.users import queries as users
from ostiary.users.models import Membership
from ostiary.users.session import Sessions
from ostiary.web.pages import Visit
from tests.oauth.desk import OPERATOR
from tests.pages.rows import ROWS, Row
from tests.tenancy.choices import Named, Relation
from tests.tenancy.page_cast import PageCast, canary
from tests.tenancy.page_rules import PageVisitors
from tests.tenancy.walks import FAILING, failing, walk

# About a hundred are enough, most of the time.
MOST_STEPS = 5000
OWNER = canary("Owner", "globex")
OWN, FOREIGN = Named(Relation.OWN, 0), Named(Relation.FOREIGN, 0)


@pytest.mark.parametrize(
    ("queries", "table", "route"),
    [
        (applications, "applications", "GET /developers/keys/{guid}"),
        (banks, "banks", "POST /banks/{guid}/edit"),
        (customers, "customers", "GET /customers/{guid}"),
        (users, "memberships", "POST /team/{guid}/disablement"),
        (events, "events", "GET /activity"),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
def test_notices_a_missing_tenant_predicate(
    page_cast: PageCast, monkeypatch: pytest.MonkeyPatch, queries: ModuleType, table: str, route: str
) -> None:
    forget_the_tenant(monkeypatch, queries)
    with failing(PageVisitors, page_cast, rf"foreign rows were read: {{.*'{table}'") as visitors:
        visitors.visit(OWNER, row(route), FOREIGN, None, FOREIGN)


def test_comes_across_a_missing_tenant_predicate(page_cast: PageCast, monkeypatch: pytest.MonkeyPatch) -> None:
    forget_the_tenant(monkeypatch, applications)
    with pytest.raises(AssertionError, match=r"foreign rows were read: \{.*'applications'"):
        walk(PageVisitors, page_cast, MOST_STEPS, FAILING)


def test_notices_a_list_that_goes_on_after_a_stranger(page_cast: PageCast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = users.team_page

    def looks_first(db: Session, actor: Actor, size: int, after: str) -> Sequence[Membership]:
        users.get(db, OPERATOR, after)
        return as_always(db, actor, size, after)

    monkeypatch.setattr(users, "team_page", looks_first)
    with failing(PageVisitors, page_cast, r"foreign rows were read: \{.*'memberships'") as visitors:
        visitors.look_at_list(OWNER, row("GET /team"), {"after": FOREIGN})


def test_notices_a_page_that_says_whether_there_is_such_a_thing(
    page_cast: PageCast, monkeypatch: pytest.MonkeyPatch
) -> None:
    as_always = banks.get

    def tells(db: Session, actor: Actor, guid: str) -> Bank:
        if banks.find(db, actor, guid) is None and db.scalar(select(Bank.guid).where(Bank.guid == guid)):
            raise NotFound("bank of yours")
        return as_always(db, actor, guid)

    monkeypatch.setattr(banks, "get", tells)
    with failing(PageVisitors, page_cast, "told from nobody") as visitors:
        visitors.look_at_page(OWNER, row("GET /banks/{guid}"), FOREIGN, None)


def test_notices_a_form_that_changes_too_much(page_cast: PageCast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = banks.get_to_change

    def freezes(db: Session, actor: Actor, guid: str) -> Bank:
        # Forgets to say whom.
        everybody = update(Customer).values(state=CustomerState.FROZEN)
        db.execute(everybody, execution_options={"synchronize_session": False})
        return as_always(db, actor, guid)

    monkeypatch.setattr(banks, "get_to_change", freezes)
    with failing(PageVisitors, page_cast, r"rows were changed that must not be: \{\('customers'") as visitors:
        visitors.visit(OWNER, row("POST /banks/{guid}/edit"), OWN, None, FOREIGN)


def test_notices_a_form_that_says_which_organization(page_cast: PageCast, monkeypatch: pytest.MonkeyPatch) -> None:
    def told(visit: Visit) -> Visitor:
        visitor = visit.visitor
        assert visitor is not None
        guid = visit.form.value("organization_guid") or visitor.organization_guid
        return replace(visitor, organization_guid=guid, actor=replace(visitor.actor, organization_guid=guid))

    monkeypatch.setattr(Visit, "person", property(told))
    with failing(PageVisitors, page_cast, r"foreign rows were read: \{.*'organizations'") as visitors:
        visitors.visit(OWNER, row("POST /team/invitations"), FOREIGN, None, FOREIGN)


def test_notices_that_anybody_may_look_at_any_organization(
    page_cast: PageCast, monkeypatch: pytest.MonkeyPatch
) -> None:
    def finds_all(db: Session, _: str) -> Sequence[tuple[Membership, Organization]]:
        rows = select(Membership, Organization).join(Organization, Organization.guid == Membership.organization_guid)
        return [(row[0], row[1]) for row in db.execute(rows).all()]

    monkeypatch.setattr(users, "by_user", finds_all)
    with failing(PageVisitors, page_cast, r"foreign rows were read: \{.*'organizations'") as visitors:
        visitors.select_organization(OWNER, FOREIGN)


def test_notices_that_anybody_may_end_any_session(page_cast: PageCast, monkeypatch: pytest.MonkeyPatch) -> None:
    def ends(db: Session, _: Sessions, __: Visitor, guid: str) -> None:
        session.end(db, guid)

    monkeypatch.setattr(own_account, "end_session", ends)
    with failing(PageVisitors, page_cast, r"rows were changed that must not be: \{\('user_sessions'") as visitors:
        visitors.visit(OWNER, row("POST /settings/account/sessions/{guid}/end"), FOREIGN, None, FOREIGN)


def test_notices_a_token_doctor_that_knows_foreign_keys(page_cast: PageCast, monkeypatch: pytest.MonkeyPatch) -> None:
    def finds_any(db: Session, _: Actor, word: str) -> Application | None:
        return db.scalar(select(Application).where(Application.client_id == word))

    monkeypatch.setattr(dashboard, "find_key", finds_any)
    with failing(PageVisitors, page_cast, r"foreign rows were read: \{\('applications'") as visitors:
        visitors.ask_doctor(OWNER, 0)


def test_notices_a_file_with_everybodys_events(page_cast: PageCast, monkeypatch: pytest.MonkeyPatch) -> None:
    as_always = activity_csv.rows

    def exports(store: Store, _: Actor, wanted: EventFilter, __: Stretch) -> Iterator[str]:
        with store.reading() as db:
            first = trail.stretch(db, OPERATOR, wanted, activity_csv.CHUNK_ROWS)
        return as_always(store, OPERATOR, wanted, first)

    monkeypatch.setattr(activity_csv, "rows", exports)
    with failing(PageVisitors, page_cast, r"foreign rows were read: \{.*'events'") as visitors:
        visitors.look_at_list(OWNER, row("GET /activity.csv"), {})


def forget_the_tenant(monkeypatch: pytest.MonkeyPatch, queries: ModuleType) -> None:
    as_always: Callable[[Actor], Select[Any]] = queries.visible_to
    # What the operator sees has no WHERE.
    monkeypatch.setattr(queries, "visible_to", lambda _: as_always(OPERATOR))


def row(route: str) -> Row:
    return next(row for row in ROWS if row.route == route)

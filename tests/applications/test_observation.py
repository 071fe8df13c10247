"""Observing a key: who may, which keys, and how a list that was learned begins to bind."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from ostiary import clock
from ostiary.access.actor import Actor, Subject
from ostiary.applications.models import OTHERS, UNKNOWN, Application, ApplicationKind, SeenAddress
from ostiary.applications.observation import service, sightings
from ostiary.applications.observation.report import Report, fingerprint
from ostiary.applications.observation.sightings import Sightings
from ostiary.applications.schemas import ApplicationChanges
from ostiary.banks import service as banks
from ostiary.crypto import guids
from ostiary.errors import Forbidden, Invalid, NotFound, Problem, Unauthorized
from ostiary.events.models import Event
from ostiary.users.models import Role
from ostiary.web.schemas import read_as
from tests import people
from tests.applications.cast import Cast
from tests.people import OPERATOR

BANK = ApplicationKind.BANK
HERE, NEAR, THERE = "192.0.2.4", "192.0.2.5", "2001:db8::1"
WAIT_SECONDS = 10
NOBODY = fingerprint([])

Act = Callable[[Session, Actor, ApplicationKind, str], object]


def listing(*entries: str) -> Any:  # noqa: ANN401 - a body as a form sends it
    return read_as(ApplicationChanges, ip_allowlist=list(entries))


ACTS: dict[str, Act] = {
    "observe": service.observe,
    "stop": service.stop,
    "propose": lambda db, actor, kind, guid: service.propose(db, actor, kind, guid, listing(HERE)),
    "switch over": lambda db, actor, kind, guid: service.switch_over(db, actor, kind, guid, listing(HERE), NOBODY),
}


def do(cast: Cast, act: Act, guid: str, actor: Actor = OPERATOR, kind: ApplicationKind = BANK) -> None:
    with cast.ostiary.store.writing() as db:
        act(db, actor, kind, guid)


def observed(cast: Cast, *addresses: str) -> Application:
    """A key that is observed, and was used from there."""
    key = cast.key(cast.north)
    do(cast, service.observe, key.guid)
    use(cast, key.guid, *addresses)
    return cast.find(key.guid)


def use(cast: Cast, guid: str, *addresses: str) -> None:
    for address in addresses:
        cast.ostiary.usage.saw(guid, address)
    cast.ostiary.usage.write(cast.ostiary.store)


def report_of(cast: Cast, guid: str) -> Report:
    with cast.ostiary.store.reading() as db:
        found = service.report(db, OPERATOR, cast.find(guid), clock.now())
    assert found is not None
    return found


def switch_over(cast: Cast, guid: str, *entries: str, agreed: str = NOBODY) -> None:
    do(cast, lambda db, actor, kind, one: service.switch_over(db, actor, kind, one, listing(*entries), agreed), guid)


def refused_code(cast: Cast, guid: str) -> str:
    """Of a switch-over that cuts nobody off as far as anybody was told; empty when it was done."""
    try:
        switch_over(cast, guid, HERE)
    except Invalid as problem:
        return problem.message_code
    return ""


def propose(cast: Cast, guid: str, *entries: str) -> None:
    do(cast, lambda db, actor, kind, one: service.propose(db, actor, kind, one, listing(*entries)), guid)


def facts(cast: Cast, guid: str) -> list[dict[str, object]]:
    """Of what was done to the key since it was made."""
    changes = sa.select(Event).where(Event.object_guid == guid, Event.event_type == "credential.updated")
    with cast.ostiary.store.reading() as db:
        return [event.facts for event in db.scalars(changes.order_by(Event.created_at, Event.guid))]


def member(cast: Cast, role: Role, organization_guid: str = "") -> Actor:
    person = people.add_person(cast.ostiary.store, f"{role}-{guids.new()}", organization_guid or cast.acme, role)
    return people.actor_of(person, role)


def refusal(cast: Cast, act: Act, guid: str, actor: Actor = OPERATOR, kind: ApplicationKind = BANK) -> Problem:
    with pytest.raises(Problem) as refused:
        do(cast, act, guid, actor, kind)
    return refused.value


def test_leads_from_an_open_key_to_one_with_a_list(cast: Cast) -> None:
    key = observed(cast, HERE, NEAR, HERE, THERE)
    assert key.observed_since is not None
    report = report_of(cast, key.guid)
    assert (report.smallest, report.is_exact) == (["192.0.2.4/31", "2001:db8::1/128"], True)
    assert (len(report.known), report.uses, report.cut_off) == (3, 4, [])
    switch_over(cast, key.guid, *report.proposed)
    bound = cast.find(key.guid)
    assert (bound.observed_since, bound.ip_allowlist) == (None, ["192.0.2.4/31", "2001:db8::1/128"])
    assert facts(cast, key.guid) == [
        {"observed": True},
        {"ip_allowlist": [[], ["192.0.2.4/31", "2001:db8::1/128"]], "observed": False},
    ]
    with cast.ostiary.store.reading() as db:
        assert db.scalars(sa.select(SeenAddress)).all() == []


def test_begins_and_stops_once(cast: Cast) -> None:
    key = observed(cast)
    do(cast, service.observe, key.guid)
    assert cast.find(key.guid).observed_since == key.observed_since
    for _ in range(2):
        do(cast, service.stop, key.guid)
    assert facts(cast, key.guid) == [{"observed": True}, {"observed": False}]


def test_observes_an_organizations_key(cast: Cast) -> None:
    own = cast.find(cast.office.organization_key(cast.acme).client_id)
    do(cast, service.observe, own.guid, kind=ApplicationKind.ORGANIZATION)
    use(cast, own.guid, HERE)
    assert report_of(cast, own.guid).proposed == [f"{HERE}/32"]


def test_observes_no_key_that_needs_a_list_or_has_one(cast: Cast) -> None:
    required = refusal(cast, service.observe, cast.key(cast.vault, "Till", "10.0.0.1").guid)
    assert (required.status, "production bank" in required.error_message) == (409, True)
    listed = refusal(cast, service.observe, cast.key(cast.north, "Till", "10.0.0.1").guid)
    assert (listed.status, "listed addresses only" in listed.error_message) == (409, True)
    gone = cast.key(cast.north)
    cast.set(gone.guid, revoked_at=clock.now())
    assert refusal(cast, service.observe, gone.guid).message_code == "revoked"


def test_says_whom_another_list_would_cut_off(cast: Cast) -> None:
    key = observed(cast, HERE, HERE, NEAR, THERE, UNKNOWN)
    propose(cast, key.guid, "192.0.2.4", "203.0.113.0/24")
    report = report_of(cast, key.guid)
    assert report.typed == report.proposed == ["192.0.2.4/32", "203.0.113.0/24"]
    assert {one.address: one.count for one in report.cut_off} == {NEAR: 1, THERE: 1, UNKNOWN: 1}
    assert [one.address for one in report.let_in] == [HERE]
    # What comes in later is compared with it as well.
    use(cast, key.guid, "203.0.113.9", "203.0.113.9", "198.51.100.1")
    assert {one.address for one in report_of(cast, key.guid).cut_off} == {NEAR, THERE, UNKNOWN, "198.51.100.1"}
    propose(cast, key.guid)
    assert report_of(cast, key.guid).typed == []
    proposals = [each["proposed_ip_allowlist"] for each in facts(cast, key.guid)[1:]]
    assert proposals == [[[], ["192.0.2.4/32", "203.0.113.0/24"]], [["192.0.2.4/32", "203.0.113.0/24"], []]]


def test_knows_what_it_does_not_know(cast: Cast) -> None:
    key = observed(cast, HERE, UNKNOWN, OTHERS, OTHERS)
    report = report_of(cast, key.guid)
    assert report.others is not None
    assert (report.others.count, report.uses, report.has_unknown) == (2, 4, True)
    # Of the others nobody can say; of an unknown address it is certain.
    assert report.proposed == [f"{HERE}/32"]
    assert [one.address for one in report.cut_off] == [UNKNOWN]


def test_switches_over_only_to_what_was_agreed_to(cast: Cast) -> None:
    key = observed(cast, HERE, THERE)
    agreed = fingerprint(report_of(cast, key.guid).cut_off_by([f"{HERE}/32"]))
    use(cast, key.guid, HERE, NEAR)
    with pytest.raises(Invalid) as refused:
        switch_over(cast, key.guid, HERE, agreed=agreed)
    assert (refused.value.status, "used from elsewhere meanwhile" in refused.value.error_message) == (409, True)
    assert cast.find(key.guid).ip_allowlist == []
    switch_over(cast, key.guid, HERE, agreed=fingerprint(report_of(cast, key.guid).cut_off_by([f"{HERE}/32"])))
    assert cast.find(key.guid).ip_allowlist == [f"{HERE}/32"]


def test_switches_over_to_no_empty_and_no_wrong_list(cast: Cast) -> None:
    key = observed(cast)
    for entries in ((), ("nowhere",), ("0.0.0.0/0",)):
        with pytest.raises(Invalid):
            switch_over(cast, key.guid, *entries)
    assert (cast.find(key.guid).ip_allowlist, len(facts(cast, key.guid))) == ([], 1)


def test_ends_when_somebody_sets_a_list_elsewhere(cast: Cast) -> None:
    key = observed(cast, HERE)
    propose(cast, key.guid, THERE)
    cast.office.allow(key.client_id, "10.0.0.1")
    bound = cast.find(key.guid)
    assert (bound.observed_since, bound.proposed_ip_allowlist) == (None, [])
    assert facts(cast, key.guid)[-1] == {"ip_allowlist": [[], ["10.0.0.1/32"]], "observed": False}
    for act in ("propose", "switch over"):
        assert refusal(cast, ACTS[act], key.guid).message_code == "conflict"
    assert cast.find(key.guid).ip_allowlist == ["10.0.0.1/32"]


def test_goes_on_when_only_the_name_is_changed(cast: Cast) -> None:
    key = observed(cast, HERE)
    cast.rename(key.guid, "Renamed")
    assert cast.find(key.guid).observed_since == key.observed_since
    assert len(report_of(cast, key.guid).known) == 1


def test_finds_a_list_for_a_key_whose_bank_became_production(cast: Cast) -> None:
    key = observed(cast, HERE)
    with cast.ostiary.store.writing() as db:
        banks.promote(db, OPERATOR, cast.north)
    switch_over(cast, key.guid, *report_of(cast, key.guid).proposed)
    assert cast.find(key.guid).ip_allowlist == [f"{HERE}/32"]


@pytest.mark.parametrize("name", ACTS)
def test_asks_for_the_right_to_change_the_key(cast: Cast, name: str) -> None:
    sandbox, own = observed(cast), cast.find(cast.office.organization_key(cast.acme).client_id)
    production = cast.key(cast.vault, "Till", "10.0.0.1")
    developer, viewer = member(cast, Role.DEVELOPER), member(cast, Role.VIEWER)
    token = Actor(subject=Subject.BANK, organization_guid=cast.acme, bank_guid=cast.north, scopes=BANK.scopes)
    assert isinstance(refusal(cast, ACTS[name], sandbox.guid, viewer), Forbidden)
    assert isinstance(refusal(cast, ACTS[name], production.guid, developer), Forbidden)
    assert isinstance(refusal(cast, ACTS[name], own.guid, developer, ApplicationKind.ORGANIZATION), Forbidden)
    assert isinstance(refusal(cast, ACTS[name], sandbox.guid, token), Unauthorized)
    do(cast, ACTS[name], sandbox.guid, developer)


@pytest.mark.parametrize("name", ACTS)
def test_answers_for_another_organizations_key_as_for_none(cast: Cast, name: str) -> None:
    key, mallory = observed(cast, HERE), member(cast, Role.OWNER, cast.globex)
    before = facts(cast, key.guid)
    theirs, nobodys = (refusal(cast, ACTS[name], guid, mallory) for guid in (key.guid, guids.new()))
    assert isinstance(theirs, NotFound)
    assert theirs.body == nobodys.body
    assert facts(cast, key.guid) == before
    assert len(report_of(cast, key.guid).known) == 1


def test_shows_another_organization_nothing(cast: Cast) -> None:
    key, mallory = observed(cast, HERE), member(cast, Role.OWNER, cast.globex)
    with cast.ostiary.store.reading() as db:
        report = service.report(db, mallory, cast.find(key.guid), clock.now())
    assert report is not None
    assert report.seen == []


def test_sees_a_use_that_is_being_written_down(cast: Cast) -> None:
    """Whoever switches over waits for the server that writes, and then hears of it."""
    key, new = observed(cast, HERE), Sightings()
    new.add(key.guid, THERE)
    refused: list[str] = []
    person = threading.Thread(target=lambda: refused.append(refused_code(cast, key.guid)))
    with cast.ostiary.store.writing() as db:
        sightings.write(db, new, is_sqlite=cast.ostiary.store.is_sqlite)
        person.start()
        person.join(0.5)
        assert person.is_alive(), "it did not wait"
    person.join(WAIT_SECONDS)
    assert refused == ["conflict"]
    assert cast.find(key.guid).ip_allowlist == []


def test_forgets_a_use_that_comes_in_while_the_list_begins_to_bind(cast: Cast) -> None:
    key = observed(cast, HERE)
    cast.ostiary.usage.saw(key.guid, THERE)
    writer = threading.Thread(target=cast.ostiary.usage.write, args=(cast.ostiary.store,))
    with cast.ostiary.store.writing() as db:
        service.switch_over(db, OPERATOR, BANK, key.guid, listing(HERE), NOBODY)
        db.flush()  # the deletion has happened
        writer.start()
        writer.join(0.5)
        assert writer.is_alive(), "it did not wait"
    writer.join(WAIT_SECONDS)
    assert not writer.is_alive(), "it waits for ever"
    with cast.ostiary.store.reading() as db:
        assert db.scalars(sa.select(SeenAddress)).all() == []


def test_switches_over_once_when_two_do_at_the_same_time(cast: Cast) -> None:
    key = observed(cast, HERE)
    codes: list[str] = []
    both = [threading.Thread(target=lambda: codes.append(refused_code(cast, key.guid))) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert sorted(codes) == ["", "conflict"]
    assert [each for each in facts(cast, key.guid) if "ip_allowlist" in each] == facts(cast, key.guid)[1:]
    assert len(facts(cast, key.guid)) == 2

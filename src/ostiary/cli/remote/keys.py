"""Keys of a server."""

from collections.abc import Iterator, Mapping
from typing import Any

from ostiary.applications.models import ApplicationKind, ApplicationStatus
from ostiary.applications.schemas import (
    ApplicationChanges,
    ApplicationOut,
    ApplicationWithSecretOut,
    NewApplication,
)
from ostiary.cli import facts, show
from ostiary.cli.remote.api import Api, below, body_of
from ostiary.cli.remote.refusals import Refused, only_on_the_server
from ostiary.cli.show import Facts, Pair
from ostiary.errors import NotFound
from ostiary.web.schemas import Sent


class RemoteKeys:
    def __init__(self, api: Api) -> None:
        self._api = api

    def listed(self, bank_guid: str | None) -> Iterator[Facts]:
        wanted = {} if bank_guid is None else {"bank_guid": bank_guid}
        for answer in self._api.every(_path(ApplicationKind.BANK), **wanted):
            yield self._facts(ApplicationKind.BANK, answer, bank_guid)
        # A bank's token sees no keys of its organization.
        if bank_guid is None and not self._api.place.is_bank_key:
            for answer in self._api.every(_path(ApplicationKind.ORGANIZATION)):
                yield self._facts(ApplicationKind.ORGANIZATION, answer)

    def get(self, id_: str) -> Facts:
        _, found = self._locate(id_)
        return found

    def to_pause(self, id_: str) -> Facts:
        raise self._only_there("pause", id_)

    def create_for_bank(self, bank_guid: str, new: Sent[NewApplication]) -> Pair:
        if self._api.place.bank_guid:
            # The bank of the login decides, whatever a request names.
            self._api.place.must_be_in_bank(bank_guid)
        return self._create(ApplicationKind.BANK, {**body_of(new), "bank_guid": bank_guid}, bank_guid)

    def create_for_organization(self, organization_guid: str | None, new: Sent[NewApplication]) -> Pair:
        self._api.place.must_be_in_organization(organization_guid)
        return self._create(ApplicationKind.ORGANIZATION, body_of(new))

    def allow(self, id_: str, sent: Sent[ApplicationChanges]) -> Facts:
        body = body_of(sent)
        kind, found = self._locate(id_)
        return self._facts(kind, self._api.update(_one(kind, found["guid"]), body))

    def pause(self, id_: str) -> Facts:
        raise self._only_there("pause", id_)

    def resume(self, id_: str) -> Facts:
        raise self._only_there("resume", id_)

    def revoke(self, id_: str) -> Facts:
        kind, found = self._locate(id_)
        self._api.delete(_one(kind, found["guid"]))
        # The API forgets what was deleted, so this is what it last told.
        return {**found, "status": str(ApplicationStatus.REVOKED)}

    def observe(self, id_: str) -> Facts:
        raise self._only_there("observe", id_)

    def observed(self, id_: str) -> Facts:
        raise self._only_there("observed", id_)

    def to_stop_observing(self, id_: str) -> Facts:
        raise self._only_there("stop-observing", id_)

    def stop_observing(self, id_: str) -> Facts:
        raise self._only_there("stop-observing", id_)

    def _create(self, kind: ApplicationKind, body: Mapping[str, Any], bank_guid: str = "") -> Pair:
        answer = self._api.create(_path(kind), body)
        made = self._api.shaped(ApplicationWithSecretOut, answer)
        return Pair(self._facts(kind, answer, bank_guid), made.secret)

    def _locate(self, id_: str) -> tuple[ApplicationKind, Facts]:
        for kind in (ApplicationKind.BANK, ApplicationKind.ORGANIZATION):
            try:
                return kind, self._facts(kind, self._api.get(_one(kind, id_)))
            except Refused as refused:
                if not refused.is_absence:
                    raise
        raise NotFound("application")

    def _facts(self, kind: ApplicationKind, answer: Mapping[str, Any], bank_guid: str | None = None) -> Facts:
        """Beside what the API tells: which kind it is, and where, as far as the token or the question settles it."""
        place = self._api.place
        known: dict[str, object] = {"kind": str(kind)}
        if place.organization_guid:
            known["organization_guid"] = place.organization_guid
        if kind is ApplicationKind.ORGANIZATION:
            known["bank_guid"] = None
        elif bank_guid or place.is_bank_key:
            known["bank_guid"] = bank_guid or place.bank_guid
        return show.as_facts(self._api.shaped(ApplicationOut, answer), facts.KEY, **known)

    def _only_there(self, verb: str, id_: str) -> Refused:
        return only_on_the_server(self._api.url, f"ostiary keys {verb} {id_}", "in the dashboard, or ")


def _path(kind: ApplicationKind) -> str:
    return f"/api/{kind}_applications"


def _one(kind: ApplicationKind, id_: str) -> str:
    return below(_path(kind), id_, "application")

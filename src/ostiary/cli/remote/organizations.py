"""The organization of a token, on a server."""

from collections.abc import Iterator, Mapping
from typing import Any

from ostiary.cli import facts, show
from ostiary.cli.remote.api import Api, below, body_of
from ostiary.cli.remote.refusals import Refused, only_on_the_server
from ostiary.cli.show import Facts
from ostiary.organizations.schemas import NewOrganization, OrganizationChanges, OrganizationOut
from ostiary.web.schemas import Sent

PATH = "/api/organizations"


class RemoteOrganizations:
    def __init__(self, api: Api) -> None:
        self._api = api

    def listed(self) -> Iterator[Facts]:
        """A token sees one."""
        yield self.get(None)

    def create(self, new: Sent[NewOrganization]) -> Facts:
        new.read()
        raise only_on_the_server(self._api.url, "ostiary organizations create --name NAME")

    def get(self, guid: str | None) -> Facts:
        return self._facts(self._api.get(self._one(guid)))

    def update(self, guid: str | None, sent: Sent[OrganizationChanges]) -> Facts:
        body = body_of(sent)
        return self._facts(self._api.update(self._one(guid), body))

    def _one(self, guid: str | None) -> str:
        chosen = guid or self._api.place.organization_guid
        if not chosen:
            raise Refused("The token does not say which organization it works in: name one by its GUID")
        return below(PATH, chosen, "organization")

    def _facts(self, answer: Mapping[str, Any]) -> Facts:
        return show.as_facts(self._api.shaped(OrganizationOut, answer), facts.ORGANIZATION)

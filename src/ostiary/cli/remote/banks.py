"""Banks of a server."""

from collections.abc import Iterator, Mapping
from typing import Any

from ostiary.banks.schemas import BankChanges, BankOut, NewBank
from ostiary.cli import facts, show
from ostiary.cli.remote.api import Api, below, body_of
from ostiary.cli.remote.refusals import Refused, only_on_the_server
from ostiary.cli.show import Facts
from ostiary.web.schemas import Sent

PATH = "/api/banks"


class RemoteBanks:
    def __init__(self, api: Api) -> None:
        self._api = api

    def listed(self) -> Iterator[Facts]:
        return map(self._facts, self._api.every(PATH))

    def get(self, guid: str) -> Facts:
        return self._facts(self._api.get(_one(guid)))

    def create(self, organization_guid: str | None, new: Sent[NewBank]) -> Facts:
        self._api.place.must_be_in_organization(organization_guid)
        return self._facts(self._api.create(PATH, body_of(new)))

    def update(self, guid: str, sent: Sent[BankChanges]) -> Facts:
        return self._facts(self._api.update(_one(guid), body_of(sent)))

    def to_promote(self, guid: str) -> Facts:
        raise self._only_there("promote", guid)

    def to_close(self, guid: str) -> Facts:
        raise self._only_there("close", guid)

    def promote(self, guid: str) -> Facts:
        raise self._only_there("promote", guid)

    def close(self, guid: str) -> Facts:
        raise self._only_there("close", guid)

    def reopen(self, guid: str) -> Facts:
        raise self._only_there("reopen", guid)

    def _facts(self, answer: Mapping[str, Any]) -> Facts:
        return show.as_facts(self._api.shaped(BankOut, answer), facts.BANK)

    def _only_there(self, verb: str, guid: str) -> Refused:
        return only_on_the_server(self._api.url, f"ostiary banks {verb} {guid}")


def _one(guid: str) -> str:
    return below(PATH, guid, "bank")

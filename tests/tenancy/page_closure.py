"""Whose something is for whoever looks at pages: what they may read and change, and what of it is a stranger's."""

from collections.abc import Mapping
from dataclasses import dataclass

from tests.tenancy.page_things import Standing, belongings
from tests.tenancy.state import Place, State

# What of other organizations somebody sees who belongs to them: the place itself.
PLACES = {"organizations", "memberships"}
# Somebody's own logins, of which they see the bank.
LOGINS = {"logins", "banks"}
# What somebody reads who has a link: only they know its word.
INVITATION = frozenset(PLACES | {"one_time_links"})
# What somebody may change who has only come to the door.
AT_THE_DOOR = frozenset({"users", "user_sessions"})


@dataclass(frozen=True)
class Closure:
    """Of one request."""

    who: Standing
    before: State
    after: State
    # The organizations of everything that has a guid or a client id, also of what is gone.
    owners: Mapping[str, frozenset[str]]
    # Somebody comes in, or changes their password: it may be written down wherever they belong.
    is_about_themselves: bool

    def may_be_read(self, place: Place) -> bool:
        table, key = place
        theirs = self._organizations(place)
        is_place = table in PLACES and bool(theirs & self._now)
        is_place = is_place or (self.is_about_themselves and table in LOGINS and bool(theirs & self._now))
        # A device code is whoever's who has it, which says what was typed.
        is_shared = table in {"signing_keys", "device_codes"} or key == (self.who.user_guid,)
        return self.who.organization_guid in theirs or is_place or is_shared or self.is_own_session(place)

    def may_be_changed(self, place: Place) -> bool:
        table, key = place
        row = self.before.row(place)
        match table:
            case "organizations" if row is None:
                # Whoever belongs nowhere may found one.
                return not self.who.organization_guid
            case "users":
                return key == (self.who.user_guid,)
            case "user_sessions":
                is_here = row is not None and self.who.organization_guid in row
                return is_here or self.is_own_session(place)
            case "device_codes":
                return True
            case "events" | "logins" if self.is_about_themselves:
                return bool(self._organizations(place) & self._now)
        # Whoever has just joined has changed something there.
        here = self._now - self.who.places | {self.who.organization_guid}
        return bool(self._organizations(place) & here)

    def is_own_session(self, place: Place) -> bool:
        row = self.before.row(place) or self.after.row(place)
        return place[0] == "user_sessions" and row is not None and self.who.user_guid in row

    @property
    def _now(self) -> frozenset[str]:
        return self.who.places | belongings(self.after, self.who.user_guid).keys()

    def _organizations(self, place: Place) -> frozenset[str]:
        found = self.before.owner(place) or self.after.owner(place)
        return frozenset({found.organization_guid}) if found else self.owners.get(str(place[1][0]), frozenset())

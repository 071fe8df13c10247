"""Who is looking at a page: a signed-in person, and the actor they are in their organization."""

from dataclasses import dataclass

from ostiary.access.actor import Actor


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    user_guid: str
    name: str
    email: str
    session_guid: str
    address: str
    # Empty, and the actor without any right, while the person belongs to no organization.
    organization_guid: str
    organization_name: str
    role: str
    actor: Actor

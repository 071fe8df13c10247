"""Text that wants to be more than text, and every place of the database that holds what somebody typed."""

import types
import typing

import sqlalchemy as sa
from pydantic import BaseModel

from ostiary import tables
from ostiary.crypto.sealing import Seal
from ostiary.customers.models import Customer
from ostiary.customers.personal import PersonalData
from ostiary.db.model import Document
from ostiary.db.store import Store

RUN = "canary()"
ADDRESS = f"javascript:{RUN}//"
# Each begins where a careless template would leave off: in text, an attribute, a script, a title, an address.
PAYLOADS = (
    f"{ADDRESS}",
    f"<script>{RUN}</script>",
    f"<img src=x data-canary onerror={RUN}>",
    f"<svg data-canary onload={RUN}>",
    f'" data-canary autofocus onfocus="{RUN}" x="',
    f"' data-canary autofocus onfocus='{RUN}' x='",
    f"</title></textarea></select></script><script>{RUN}</script>",
    f"<p data-canary hx-get=/canary hx-trigger=load hx-on:htmx:before:request={RUN}>",
    f'<a data-canary href="{ADDRESS}">',
    "can{{7*7}}ary {%print 7%} ${7*7}",
    "&lt;script&gt; &amp;amp; %3Cscript%3E \\u003cscript\\u003e",
    "Zoë 銀行 مصرف 🏦 \N{FULLWIDTH LESS-THAN SIGN}script\N{FULLWIDTH GREATER-THAN SIGN}",
)
GROUPS = 6
# The first of each group are those that count where a text begins.
MORE_PAYLOADS = (
    f"--><script>{RUN}</script><!--",
    f"';{RUN};//",
    f" \t{ADDRESS}",
    f"JaVaScRiPt:{RUN}",
    f"\N{RIGHT-TO-LEFT OVERRIDE}<script>{RUN}</script>",
    f"\N{ZERO WIDTH NO-BREAK SPACE}<img data-canary src=x onerror={RUN}>",
    f"<ScRiPt\t>{RUN}</sCrIpT\t>",
    f"<script src=/static/copy.js onload={RUN} data-canary></script>",
    f"<iframe data-canary srcdoc='<script>parent.{RUN}</script>'></iframe>",
    f"<math><mtext><style><img data-canary src=x onerror={RUN}></style>",
    f"<svg><script data-canary>{RUN}</script></svg>",
    f"<svg><animate data-canary onbegin={RUN} attributeName=x dur=1s>",
    f"<details data-canary open ontoggle={RUN}><summary>x</summary></details>",
    f"<video data-canary><source onerror={RUN}></video>",
    f"<input data-canary autofocus onfocus={RUN}>",
    f"<style>@keyframes x{{}}</style><b data-canary style='animation:x 1s' onanimationstart={RUN}>",
    f"]]><script>{RUN}</script>",
    f"`-{RUN}-`",
    f'\\";{RUN};//',
    f"<base data-canary href=//elsewhere.example/><script>{RUN}</script>",
    f"<meta data-canary http-equiv=refresh content='0;url={ADDRESS}'>",
    f"<form data-canary action={ADDRESS}><button autofocus>x</button></form>",
    f"<p data-canary hx-vals=js:{RUN} hx-post=/theme hx-trigger=load>",
    f"<p data-canary hx-on:load={RUN} hx-get=js:{RUN} hx-trigger=load>",
    "<p data-canary name=getElementById id=forms></p><form data-canary name=querySelectorAll>",
    f"<b/data-canary/onmouseover={RUN}//",
    "A" * 2_000,
)
ALL = "".join(PAYLOADS)
MORE = ["".join(MORE_PAYLOADS[number::GROUPS]) for number in range(GROUPS)]
# What is judged again when it is read may be no longer than a name, with its mark.
SHORT = f"{ADDRESS}\"' data-canary onfocus={RUN}></title></script><img src=x onerror={RUN}>"
# Guids, digests and words out of our own lists: nothing that anybody typed.
OURS = {
    "organization_guid",
    "bank_guid",
    "user_guid",
    "guid",
    "object_guid",
    "actor_guid",
    "application_guid",
    "customer_guid",
    "event_guid",
    "membership_guid",
    "login_guid",
    "scope",
    "replaces_guid",
    "created_by",
    "invited_by",
    "client_id",
    "kid",
    "jti",
    "outcome",
    "kind",
    "type",
    "role",
    "state",
    "purpose",
    "consumer",
    "actor_subject",
    "password_hash",
    "public_jwk",
    "event_type",
    "features",
    "supported_country_codes",
}


def typed() -> list[sa.Column[object]]:
    """Every column that holds what somebody typed: a new one is among them unless it is put into OURS."""
    every = (column for table in tables.metadata.sorted_tables for column in table.columns)
    return [each for each in every if isinstance(each.type, sa.String | Document) and each.name not in OURS]


def mark(place: str) -> str:
    """Follows the text of a place, so that a page tells which of them it shows."""
    return f"[{place}]"


def plant(store: Store, seal: Seal, text: str = ALL, short: str = SHORT) -> dict[str, str]:
    """Puts the text wherever somebody's may stand; by place, what is there now."""
    planted = {f"{each.table.name}.{each.name}": text for each in typed()}
    with store.writing() as db:
        for column in typed():
            value = _value(column, text + mark(f"{column.table.name}.{column.name}"))
            db.execute(sa.update(column.table).values({column.name: value}))
        person = personal(PersonalData, short)
        whole = PersonalData.model_validate(person).model_dump_json(exclude_none=True)
        for guid in db.scalars(sa.select(Customer.guid)):
            sealed = seal.close(whole.encode(), guid)
            db.execute(sa.update(Customer).where(Customer.guid == guid).values(personal_data_sealed=sealed))
    return {place: said + mark(place) for place, said in planted.items()} | {
        place: short + mark(place) for place in _texts(person)
    }


def _value(column: sa.Column[object], text: str) -> object:
    if column.name == "facts":
        return {"name": text, text: text, "changed": ["old", text]}
    if isinstance(column.type, Document):
        return [text]
    # Unique values stay so: each ends with its row's guid.
    is_unique = column.name == "email" and "guid" in column.table.columns
    return sa.literal(text) + column.table.columns["guid"] if is_unique else text


def personal(model: type[BaseModel], text: str) -> dict[str, object]:
    """Everything that can be said about somebody; each text is marked with its place."""
    return {name: _personal(annotation, name, text) for name, annotation in _fields(model)}


def _fields(model: type[BaseModel]) -> list[tuple[str, object]]:
    return [(name, field.annotation) for name, field in model.model_fields.items()]


def _personal(annotation: object, place: str, text: str) -> object:
    """A value of that type, hostile wherever it is free text."""
    inner = [each for each in typing.get_args(annotation) if each is not type(None)]
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) in {typing.Union, typing.Annotated}:
        return _personal(inner[0], place, text)
    if typing.get_origin(annotation) is list:
        return [_personal(inner[0], place, text)]
    assert isinstance(annotation, type), annotation
    if issubclass(annotation, BaseModel):
        return {name: _personal(each, f"{place}.{name}", text) for name, each in _fields(annotation)}
    return _plain(annotation, place, text)


def _plain(annotation: type, place: str, text: str) -> object:
    if annotation is not str:
        return "1984-03-12" if annotation.__name__ == "date" else next(iter(annotation))  # type: ignore[call-overload]  # an enumeration
    # Codes of two and three letters have no room for anything.
    return "GB" if place.endswith(("country_code", "subdivision")) else text + mark(place)


def _texts(person: object) -> list[str]:
    """The places of a person's data that hold a mark of their own."""
    if isinstance(person, dict):
        return [place for each in person.values() for place in _texts(each)]
    if isinstance(person, list):
        return [place for each in person for place in _texts(each)]
    is_marked = isinstance(person, str) and person.endswith("]")
    return [person.rpartition("[")[2][:-1]] if is_marked and isinstance(person, str) else []

"""Building blocks of what callers send and get."""

import datetime as dt
import unicodedata
from typing import Annotated, Any, Generic, Self, TypeVar, get_args

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    GetCoreSchemaHandler,
    PlainSerializer,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic import Field as PydanticField
from pydantic_core import CoreSchema, core_schema

from ostiary import clock
from ostiary.errors import Problem
from ostiary.web.refusals import refusal, unreadable

# In place of a body that is no JSON.
UNREADABLE = object()

T = TypeVar("T")
M = TypeVar("M", bound=BaseModel)


def one_line(text: str) -> str:
    """Refuses what has no place in a name: control characters, line breaks, invisible direction marks."""
    for letter in text:
        if unicodedata.category(letter) in {"Cc", "Cf", "Cs", "Zl", "Zp"}:
            raise ValueError(f"must not contain the character U+{ord(letter):04X}")
    return text


def not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


LineText = Annotated[str, AfterValidator(one_line)]
NameText = Annotated[
    str, PydanticField(min_length=1, max_length=128), AfterValidator(one_line), AfterValidator(not_blank)
]
GuidText = Annotated[str, PydanticField(min_length=32, max_length=32)]
WireMoment = Annotated[
    dt.datetime,
    PlainSerializer(clock.on_the_wire, return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]


class Body(BaseModel):
    """What a caller sends: unknown members are refused, except `bank_guid`, which never decides anything."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @model_validator(mode="before")
    @classmethod
    def _ignore_bank_guid(cls, given: Any) -> Any:  # noqa: ANN401 - pydantic hands over whatever came
        # The token decides the bank (DESIGN §1.1); clients written for many banks send this all the same.
        if isinstance(given, dict) and "bank_guid" not in cls.model_fields:
            return {name: value for name, value in given.items() if name != "bank_guid"}
        return given


class Out(BaseModel):
    """What a caller gets: an allow-list of members; those that are None stay out of the answer."""

    model_config = ConfigDict(frozen=True)


class Sent(Generic[T]):
    """A body that has arrived and is judged when it is read: doors and look-ups come first (DESIGN §6)."""

    def __init__(self, value: T | None, refused: Problem | None = None) -> None:
        self._value = value
        self._refused = refused

    @classmethod
    def of(cls, value: T) -> Self:
        return cls(value)

    def read(self) -> T:
        """The body, or the refusal that says what is wrong with it."""
        if self._refused is not None:
            raise self._refused
        assert self._value is not None  # noqa: S101 - one of the two is always there
        return self._value

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:  # noqa: ANN401
        (model,) = get_args(source)

        def keep(given: Any, validate: core_schema.ValidatorFunctionWrapHandler) -> Sent[T]:  # noqa: ANN401
            if given is UNREADABLE:
                return cls(None, unreadable())
            try:
                return cls(validate(given))
            except ValidationError as error:
                return cls(None, refusal(error.errors(include_url=False)))

        return core_schema.no_info_wrap_validator_function(keep, handler(model))


def read_as(model: type[M], **given: object) -> Sent[M]:
    """What a form or a command collected, as a body: judged when it is read, by the same rules as the API's."""
    try:
        return Sent.of(model.model_validate(given))
    except ValidationError as error:
        return Sent(None, refusal(error.errors(include_url=False)))

"""What was typed into a form, kept as it was, and what is wrong with it."""

from collections.abc import Mapping, Sequence
from typing import TypeVar
from urllib.parse import parse_qsl

from pydantic import BaseModel

from ostiary.errors import Invalid, Problem
from ostiary.web.asgi import FORM_TYPE
from ostiary.web.schemas import Sent, read_as

M = TypeVar("M", bound=BaseModel)

LIMIT_BYTES = 64 * 1024
MOST_FIELDS = 500
# What a page never repeats, whatever went wrong: the beginnings of names.
SECRET_PREFIXES = ("password", "pasted")

Fields = Mapping[str, Sequence[str]]


class Form:
    """The fields of one form; a field may have several values."""

    def __init__(self, fields: Fields, problem: Problem | None = None) -> None:
        self._fields = fields
        self._problem = problem

    @classmethod
    def of(cls, **fields: str | Sequence[str]) -> "Form":
        """A form as it looks before anybody typed."""
        return cls({name: [value] if isinstance(value, str) else list(value) for name, value in fields.items()})

    def refused(self, problem: Problem) -> "Form":
        return Form(self._fields, problem)

    def or_usual(self, **fields: str | Sequence[str]) -> "Form":
        """What was typed, or, before anything was, the usual values."""
        return self if self._fields or self._problem else Form.of(**fields)

    def value(self, name: str) -> str:
        values = self._fields.get(name) or [""]
        return values[0]

    def values(self, name: str) -> list[str]:
        return list(self._fields.get(name, ()))

    def lines(self, name: str) -> list[str]:
        """The entries of a text area: one a line, or separated by commas or blanks."""
        return self.value(name).replace(",", " ").split()

    def repeated(self) -> list[tuple[str, str]]:
        """Everything that may stand in a page again."""
        return [
            (name, value)
            for name, values in self._fields.items()
            for value in values
            if not name.startswith(SECRET_PREFIXES)
        ]

    def must_be_confirmed(self) -> None:
        """The box of a page that says what will happen; raises Invalid."""
        if self.value("confirmed") != "yes":
            message = "Tick the box, so that nothing happens by accident."
            raise Invalid("missing_parameter", message, status=422, field="confirmed")

    def read_as(self, model: type[M], **more: object) -> Sent[M]:
        """The model's fields as they were typed, `more` winning: judged when it is read."""
        typed = {name: self.value(name) for name in model.model_fields if name in self._fields}
        return read_as(model, **(typed | more))

    def error(self, name: str) -> str:
        return self._problem.at.get(name, "") if self._problem else ""

    @property
    def problem(self) -> str:
        """What is wrong, where no single field is to blame."""
        return self._problem.error_message if self._problem and not self._problem.at else ""

    @property
    def is_refused(self) -> bool:
        return self._problem is not None


EMPTY = Form({})


def parse(body: bytes, content_type: str) -> Form:
    """Raises Invalid for what no form of ours sends."""
    if body and content_type.partition(";")[0].strip().lower() != FORM_TYPE:
        raise Invalid("invalid_value", f"A form is sent as {FORM_TYPE}", status=415)
    try:
        pairs = parse_qsl(
            body.decode("ascii"), keep_blank_values=True, strict_parsing=bool(body), max_num_fields=MOST_FIELDS
        )
    except ValueError as error:
        raise Invalid("invalid_value", "The form could not be read: go back and send it again") from error
    fields: dict[str, list[str]] = {}
    for name, value in pairs:
        # Browsers send line breaks as CR LF. No text of ours has a NUL, and PostgreSQL has no place for it.
        fields.setdefault(name, []).append(value.replace("\r\n", "\n").replace("\0", "\N{REPLACEMENT CHARACTER}"))
    return Form(fields)

"""Lists: which page was asked for, and the envelope the answer comes in."""

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Generic, Self, TypeVar

from fastapi import Query
from pydantic import Field

from ostiary.db.pages import Page
from ostiary.errors import Invalid
from ostiary.web.schemas import Out

M = TypeVar("M")
O = TypeVar("O", bound=Out)  # noqa: E741 - M for models, O for what goes out

LIST_TEXT_LENGTH = 4096
LAST_PAGE = 10_000_000

PageNumber = Annotated[int, Query(ge=0, le=LAST_PAGE, description="Counted from 0.")]
PageSize = Annotated[int, Query(ge=1, le=100)]
ListText = Annotated[str | None, Query(description="One or several values, separated by commas.")]

FIRST_PAGE = 0
USUAL_SIZE = 10


class ListOut(Out, Generic[O]):
    total: Annotated[int, Field(ge=0)]
    page: Annotated[int, Field(ge=0)]
    per_page: Annotated[int, Field(ge=1)]
    objects: list[O]

    @classmethod
    def of(cls, page: Page[M], show: Callable[[M], O]) -> Self:
        return cls(
            total=page.total, page=page.page, per_page=page.per_page, objects=[show(one) for one in page.objects]
        )


def split_list(text: str | None, plural: str) -> tuple[str, ...] | None:
    """The values of a comma list, None when it was not given; `plural` names it in the refusal."""
    if text is None:
        return None
    if len(text) > LIST_TEXT_LENGTH:
        message = f"comma separated {plural} must be at the most {LIST_TEXT_LENGTH} characters long"
        raise Invalid("invalid_value", message)
    # PostgreSQL has no NUL in text, so nothing can match one.
    return tuple(value for part in text.split(",") if (value := part.strip()) and "\0" not in value)


def split_choices(text: str | None, name: str, choices: type[StrEnum]) -> tuple[str, ...] | None:
    """Like split_list, where only some values exist."""
    values = split_list(text, f"{name}s")
    if values is not None and not set(values) <= set(choices):
        supported = ", ".join(f'"{choice}"' for choice in choices)
        message = f"Invalid value exception. Parameter: {name} supported values: [{supported}]"
        raise Invalid("invalid_value", message)
    return values

"""What can go wrong in a way a caller should hear about.

OstiaryError
├── ConfigurationError      the server cannot start like this; the operator reads it
├── StoreUnavailable        the database did not answer in time; 503, nothing was done
│   ├── OutcomeUnknown      it did not say whether it has committed
│   └── ClockWrong          the machine's clock was set by more than a minute
└── Problem                 an expected refusal of the API, with the platform's three members
    ├── Unauthorized        401: who is asking is not clear
    ├── Forbidden           403: clear, and not allowed
    ├── NotFound            404: not there, or not yours, which is the same answer
    └── Invalid             400, 409, 413, 415 or 422: the request itself
        └── TooManyRequests 429: the request is fine, and comes too soon
"""

from collections.abc import Mapping

ASK_WHO_HOLDS_MORE = "Ask somebody whose role holds all of it; a login may also hold less than its person's role."
ASK_AN_OWNER = "Ask an owner of the organization."


class OstiaryError(Exception):
    """Root of everything Ostiary raises on purpose."""


class ConfigurationError(OstiaryError):
    """Says what is wrong with the set-up and what to change."""


class StoreUnavailable(OstiaryError):  # noqa: N818 - reads as a state, like the HTTP status it becomes
    """The database is away or busy: nothing was changed, trying again is safe."""

    # What a caller hears; the log has more.
    sentence = "The database is not available; nothing was changed, try again"


class OutcomeUnknown(StoreUnavailable):
    """The connection was lost between COMMIT and its answer, or replicas did not confirm: it may be done or not."""

    sentence = "The database did not say whether it was done: look before you repeat it"


class ClockWrong(StoreUnavailable):
    """See `clock.Watch`."""

    sentence = "The clock of this server was set while it ran; nothing was changed, try again"


class Problem(OstiaryError):  # noqa: N818 - the word of the house for every refusal
    """A refusal with a status, a code for programs and one sentence for people. `more` travels beside them."""

    status = 400

    def __init__(self, message_code: str, error_message: str, **more: object) -> None:
        super().__init__(error_message)
        self.message_code = message_code
        self.error_message = error_message
        self.more = more
        # For forms: what is wrong with which field.
        self.at: Mapping[str, str] = {}
        # Beside those that every answer of its kind has.
        self.headers: Mapping[str, str] = {}

    @property
    def body(self) -> Mapping[str, object]:
        """The platform's error model; clients accept members beside the three."""
        first = {"status": self.status, "error_message": self.error_message, "message_code": self.message_code}
        return first | self.more


class Unauthorized(Problem):
    status = 401


class Forbidden(Problem):
    status = 403


class NotFound(Problem):
    status = 404

    def __init__(self, thing: str) -> None:
        super().__init__("not_found", f"{thing} not found")


class Invalid(Problem):
    def __init__(
        self, message_code: str, error_message: str, *, status: int = 400, field: str = "", **more: object
    ) -> None:
        super().__init__(message_code, error_message, **more)
        self.status = status
        self.at = {field: error_message} if field else {}


class TooManyRequests(Invalid):
    def __init__(
        self,
        error_message: str,
        retry_after_seconds: int,
        *,
        message_code: str = "too_many_requests",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message_code, error_message, status=429, retry_after_seconds=retry_after_seconds)
        self.headers = {"Retry-After": str(retry_after_seconds), **(headers or {})}


def invalid_scopes(*required: str, what_to_do: str) -> Forbidden:
    return Forbidden(
        "invalid_scopes",
        f"Invalid scopes. Required: {' and '.join(required)}",
        rule="scope",
        required=list(required),
        what_to_do=what_to_do,
    )


def beyond_the_giver(error_message: str) -> Forbidden:
    """More would be given, or taken, than whoever asks may do themselves."""
    return Forbidden(
        "forbidden",
        error_message,
        rule="beyond_the_giver",
        what_to_do=ASK_WHO_HOLDS_MORE,
    )


def owners_only(error_message: str) -> Forbidden:
    return Forbidden("forbidden", error_message, rule="owners_only", what_to_do=ASK_AN_OWNER)


def invalid_subject(*required: str, subject: str, what_to_do: str) -> Unauthorized:
    """`subject` is the kind that the token is of."""
    return Unauthorized(
        "invalid_subject",
        f"Invalid Subject type. Required: {' or '.join(required)}",
        rule="subject",
        subject=subject,
        what_to_do=what_to_do,
    )


def in_plain_words(error: OstiaryError) -> str:
    """For an operator at a terminal."""
    if isinstance(error, StoreUnavailable):
        return f"{error.sentence}."
    return str(error)

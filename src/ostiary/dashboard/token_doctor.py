"""Token doctor: says what is wrong with a token or a refusal. What is pasted is not kept, logged or shown again."""

from typing import Any

from ostiary.dashboard.diagnosis import Doctor
from ostiary.errors import Invalid
from ostiary.oauth import pasted
from ostiary.oauth.signing_keys import SigningKeys
from ostiary.web.forms import EMPTY
from ostiary.web.pages import Pages, View, Visit

SIGNING_KEYS = "signing_keys"
# Its name keeps it out of every page: see web/forms.py.
FIELD = "pasted"
NOTHING = "Paste a token, an Authorization header or the body of a 401 or 403"
UNRECOGNIZED = "There is neither a token nor an error body of Ostiary in what was pasted. Paste all of it"
UNPROCESSABLE = 422

pages = Pages()


@pages.get("/token-doctor")
def token_doctor(_: Visit) -> View:
    return _page()


@pages.post("/token-doctor", writes=False)
def examine(visit: Visit) -> View:
    """Answers at once instead of leading to another page: whatever leads somewhere would have to be kept."""
    text = visit.form.value(FIELD)
    doctor = Doctor(visit.db, visit.actor, visit.settings.issuer, _signing_keys(visit), visit.now)
    diagnosis = doctor.diagnose(pasted.read(text))
    if diagnosis is None:
        problem = Invalid("invalid_value", UNRECOGNIZED if text.strip() else NOTHING, field=FIELD)
        return _page(form=EMPTY.refused(problem), status=UNPROCESSABLE)
    return _page(diagnosis=diagnosis, status_name=diagnosis.key and diagnosis.key.status_at(visit.now))


def _page(*, status: int = 200, **shown: Any) -> View:  # noqa: ANN401 - whatever the template shows
    context: dict[str, Any] = {"form": EMPTY, "diagnosis": None, "status_name": None}
    return View("dashboard/token_doctor.html", here="developers", status=status, **(context | shown))


def _signing_keys(visit: Visit) -> SigningKeys:
    keys: SigningKeys = visit.shared[SIGNING_KEYS]
    return keys

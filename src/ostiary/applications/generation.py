"""From a form to a key pair and the page that shows it once: the Developers tab and the guided start do the same."""

from typing import Any

from ostiary.applications import key_form, service, token_recipes
from ostiary.applications.credentials import Digester
from ostiary.applications.inspection import Arrival
from ostiary.applications.models import ApplicationKind
from ostiary.applications.service import KeyPair, Origin
from ostiary.errors import Invalid
from ostiary.web import one_time_forms
from ostiary.web.pages import Visit

# What app.py hands to pages under this name.
DIGESTER = "digester"


def generate(visit: Visit, kind: ApplicationKind, bank_guid: str) -> KeyPair:
    origin = origin_of(visit)
    sent = key_form.read(visit.form, visit.now)
    if kind is ApplicationKind.ORGANIZATION:
        guid = visit.actor.organization_guid
        return service.create_for_organization(visit.db, visit.actor, digester(visit), guid, sent, origin)
    if not bank_guid:
        raise Invalid("missing_parameter", "Choose the bank the key is for.", status=422, field="bank_guid")
    return service.create_for_bank(visit.db, visit.actor, digester(visit), bank_guid, sent, origin)


def origin_of(visit: Visit) -> Origin:
    return Origin(form_digest=one_time_forms.digest(visit.actor, one_time_forms.word(visit.form)))


def digester(visit: Visit) -> Digester:
    found: Digester = visit.shared[DIGESTER]
    return found


def shown_once(visit: Visit, pair: KeyPair) -> dict[str, Any]:
    """What the page that answers the form needs. No redirect: the secret is in this one answer and nowhere else."""
    made = token_recipes.recipes(visit.settings.issuer, pair.application.client_id)
    return {
        "application": pair.application,
        "secret": pair.secret,
        "arrived": Arrival(pair.application, 0, []),
        "ask_for_secret": token_recipes.ASK_FOR_SECRET,
        "recipes": [(recipe.name, recipe.text) for recipe in made],
    }

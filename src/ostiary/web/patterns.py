"""GET /_patterns: every building block of the pages, for people who change Ostiary."""

from ostiary.errors import Invalid
from ostiary.web.forms import Form
from ostiary.web.pages import Pages, View, Visit

pages = Pages()


@pages.get("/_patterns")
def patterns(_: Visit) -> View:
    problem = Invalid("invalid_value", "This address lacks something after the @", field="email")
    return View("patterns.html", refused=Form.of(email="alice@acme").refused(problem))

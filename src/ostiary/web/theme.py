"""Light or dark: the system decides, unless a person has chosen."""

from starlette.requests import Request

from ostiary.web import origin
from ostiary.web.pages import Go, Pages, Visit, Who

COOKIE = "ostiary_theme"
CHOICES = ("system", "light", "dark")
YEAR_SECONDS = 365 * 24 * 3600

pages = Pages()


def of(request: Request) -> str:
    chosen = request.cookies.get(COOKIE, "system")
    return chosen if chosen in CHOICES else "system"


@pages.post("/theme", who=Who.ANYBODY)
def choose(visit: Visit) -> Go:
    wanted = visit.form.value("theme")
    chosen = wanted if wanted in CHOICES else "system"
    secure = "; Secure" if visit.settings.is_https else ""
    cookie = f"{COOKIE}={chosen}; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Strict; HttpOnly{secure}"
    return Go(origin.local_path(visit.form.value("next"), "/"), cookies=(cookie,))

"""Light or dark: the system decides, unless a person has chosen."""

from starlette.requests import Request

from ostiary.settings import Settings
from ostiary.web import origin
from ostiary.web.pages import Go, Pages, Visit, Who

COOKIE = "ostiary_theme"
CHOICES = ("system", "light", "dark")
YEAR_SECONDS = 365 * 24 * 3600

pages = Pages()


def cookie_name(settings: Settings) -> str:
    # As the session's: RFC 6265bis §4.1.3.2.
    return f"__Host-{COOKIE}" if settings.is_https else COOKIE


def of(request: Request, settings: Settings) -> str:
    chosen = request.cookies.get(cookie_name(settings), "system")
    return chosen if chosen in CHOICES else "system"


@pages.post("/theme", who=Who.ANYBODY)
def choose(visit: Visit) -> Go:
    wanted = visit.form.value("theme")
    chosen = wanted if wanted in CHOICES else "system"
    secure = "; Secure" if visit.settings.is_https else ""
    cookie = (
        f"{cookie_name(visit.settings)}={chosen}; Path=/; Max-Age={YEAR_SECONDS}; SameSite=Strict; HttpOnly{secure}"
    )
    return Go(origin.local_path(visit.form.value("next"), "/"), cookies=(cookie,))

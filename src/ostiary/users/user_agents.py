"""Browsers by the names people know, from what they say of themselves."""

# Each pretends to be those below it, so the first that is found counts.
BROWSERS = (
    ("Edg", "Edge"),
    ("OPR/", "Opera"),
    ("SamsungBrowser/", "Samsung Internet"),
    ("Vivaldi/", "Vivaldi"),
    ("Firefox/", "Firefox"),
    ("FxiOS/", "Firefox"),
    ("HeadlessChrome/", "Chrome without a window"),
    ("Chrome/", "Chrome"),
    ("CriOS/", "Chrome"),
    ("Safari/", "Safari"),
    ("ostiary/", "Ostiary's command line"),
    ("curl/", "curl"),
    ("python", "A Python program"),
)
SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("CrOS", "ChromeOS"),
    ("Macintosh", "macOS"),
    ("Darwin", "macOS"),
    ("Linux", "Linux"),
    ("X11", "Unix"),
)


def named(user_agent: str, unknown: str = "An unknown browser") -> str:
    """`Firefox on Linux`; of what nobody knows, no more than that."""
    browser = _first(BROWSERS, user_agent) or unknown
    system = _first(SYSTEMS, user_agent)
    return f"{browser} on {system}" if system else browser


def program(user_agent: str) -> str:
    """The same of what runs at a terminal."""
    return named(user_agent, "An unknown program")


def _first(signs: tuple[tuple[str, str], ...], user_agent: str) -> str:
    return next((name for sign, name in signs if sign in user_agent), "")

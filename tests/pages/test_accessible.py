"""Every page with real data, light and dark, wide and narrow: axe finds nothing, and nothing sticks out at the side."""

import itertools
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from ostiary.app import PAGES
from tests.pages.gallery import PLACES, SIZES, THEMES, Gallery, Place, opened

AXE = Axe()
# Colours on their way from one theme to the other are nobody's colours.
STILL = """() => {
    const still = new CSSStyleSheet();
    still.replaceSync("*, *::before, *::after { transition: none !important; animation: none !important }");
    document.adoptedStyleSheets = [still];
    return new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)));
}"""
# Fetching style sheets and media once more would serve two rules: one is off, and no page has media.
AXE_OPTIONS = {"resultTypes": ["violations"], "preload": False}


@pytest.fixture(scope="module")
def gallery(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gallery]:
    """On SQLite, whatever the tests run on: what a page looks like does not depend on it."""
    with opened(tmp_path_factory.mktemp("gallery"), browser) as made:
        yield made


# Every theme with every size. Usually a page is seen in one look and its neighbour in the next, and axe, which takes
# longest, reads every other page; --long sees all in all.
LOOKS = list(itertools.product(THEMES, SIZES))


@pytest.mark.parametrize(("number", "place"), list(enumerate(PLACES)), ids=[place.name for place in PLACES])
def test_is_for_everybody(gallery: Gallery, number: int, place: Place, count: Callable[[int, int], int]) -> None:
    first = number % len(LOOKS)
    looks = [*LOOKS[first:], *LOOKS[:first]][: count(1, len(LOOKS))]
    is_read = len(looks) > 1 or number % 2 == 0
    with gallery.at(place) as page:
        for theme, size in looks:
            look(page, size, theme)
            assert sticking_out(page) == [], f"{place.name} at {size} px"
            assert not is_read or flaws(page) == [], f"{place.name}, {theme}, {size} px"


def look(page: Page, size: str, theme: str) -> None:
    page.set_viewport_size(SIZES[size])  # type: ignore[arg-type]  # a dict with both members
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")  # type: ignore[arg-type]  # one of the two
    page.evaluate(STILL)


def flaws(page: Page) -> list[str]:
    """Read into the page once; it stays there through all looks."""
    if not page.evaluate("'axe' in window"):
        page.evaluate(AXE.axe_script)
    found = page.evaluate("async (options) => (await axe.run(document, options)).violations", AXE_OPTIONS)
    return [f"{each['id']}: {each['nodes'][0]['html'][:300]}" for each in found]


def sticking_out(page: Page) -> list[str]:
    """What makes the page as a whole scroll to the side."""
    found: list[str] = page.evaluate(
        """() => document.documentElement.scrollWidth <= innerWidth ? [] :
            [...document.querySelectorAll("body *")]
                .filter((each) => each.getBoundingClientRect().right > innerWidth + 1)
                .slice(0, 3).map((each) => each.outerHTML.slice(0, 200))"""
    )
    return found


def test_looks_at_every_page_that_shows_something() -> None:
    """By the first parts of its path: each table of pages has a place, or it is not looked at."""
    shown = {path.split("?")[0].strip("/").split("/")[0] for path in (place.path for place in PLACES)}
    words = {"set-up": "join", "join": "join", "new-password": "join"}
    paths = {route.path.strip("/").split("/")[0] for table in PAGES for route in table.routes if route.method == "GET"}
    missing = {path for path in paths - {"", "activity.csv"} if words.get(path, path) not in shown | {"join"}}
    assert not missing, f"{sorted(missing)}: add a Place to tests/pages/gallery.py"


def test_notices_planted_flaws(gallery: Gallery) -> None:
    with gallery.at(PLACES[0]) as page:
        look(page, "390", "light")
        page.evaluate("document.querySelector('label').remove()")
        page.evaluate("document.querySelector('main').style.width = '600px'")
        assert any(flaw.startswith("label") for flaw in flaws(page))
        assert sticking_out(page)

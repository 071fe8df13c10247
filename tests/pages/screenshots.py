"""`python -m tests.pages.screenshots [NAME…]` pictures pages, in both sizes and themes, into build/screenshots/."""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Error, Page

from tests.browser import running_chromium
from tests.pages.gallery import PLACES, SIZES, THEMES, opened

FOLDER = Path("build/screenshots")


def picture(page: Page, name: str, folder: Path) -> None:
    for size, viewport in SIZES.items():
        for theme in THEMES:
            page.set_viewport_size(viewport)  # type: ignore[arg-type]  # a dict with both members
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of the two
            page.screenshot(path=folder / f"{name}-{size}-{theme}.png", full_page=True, animations="disabled")


def main(wanted: list[str]) -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    failed = []
    with (
        tempfile.TemporaryDirectory() as folder,
        running_chromium() as browser,
        opened(Path(folder), browser) as gallery,
    ):
        for place in PLACES:
            if wanted and place.name not in wanted:
                continue
            try:
                with gallery.at(place) as page:
                    picture(page, place.name, FOLDER)
            except (AssertionError, Error) as error:
                failed.append(f"{place.name}: {error}")
    sys.stdout.write(f"The pictures are in {FOLDER}.\n")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main(sys.argv[1:])

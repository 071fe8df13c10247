"""`python -m tests.pages.screenshots [NAME…]` pictures pages, in both sizes and themes, into build/screenshots/.

With `--walk` it renews the pictures of docs/walk.md instead.
"""

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Error, Page

from tests.browser import running_chromium
from tests.pages.gallery import PLACES, SIZES, THEMES, opened

FOLDER = Path("build/screenshots")
WALK_FOLDER = Path("docs/images")
WALK = (
    "start-organization",
    "start-bank",
    "shown-once",
    "already-shown",
    "developers",
    "new-key",
    "key-replacement",
    "token-doctor-expired",
)
JPEG_QUALITY = 55


def picture(page: Page, name: str, folder: Path) -> None:
    for size, viewport in SIZES.items():
        for theme in THEMES:
            page.set_viewport_size(viewport)  # type: ignore[arg-type]  # a dict with both members
            page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]  # one of the two
            page.screenshot(path=folder / f"{name}-{size}-{theme}.png", full_page=True, animations="disabled")


def small_picture(page: Page, name: str, folder: Path) -> None:
    """What fits on the screen, small enough to live in the repository."""
    page.screenshot(path=folder / f"{name}.jpg", type="jpeg", quality=JPEG_QUALITY, animations="disabled")


def main(wanted: list[str]) -> None:
    is_walk = wanted == ["--walk"]
    take, target, wanted = (small_picture, WALK_FOLDER, list(WALK)) if is_walk else (picture, FOLDER, wanted)
    target.mkdir(parents=True, exist_ok=True)
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
                    take(page, place.name, target)
            except (AssertionError, Error) as error:
                failed.append(f"{place.name}: {error}")
    sys.stdout.write(f"The pictures are in {target}.\n")
    if failed:
        sys.exit("\n".join(failed))


if __name__ == "__main__":
    main(sys.argv[1:])

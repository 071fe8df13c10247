"""A page as somebody reads it: its words, the fields of its forms, and what is said beside them."""

import re
from html.parser import HTMLParser

from httpx2 import Response

Attributes = dict[str, str]


class Reading(HTMLParser):
    """The main part of a page; the frame around it is read by other tests."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self._is_main = 'id="main"' not in html
        self._main_depth = 0
        self._words: list[str] = []
        self._area = ""
        self._select = ""
        self.links: dict[str, str] = {}
        self._link = ""
        # What a browser would send, were the page's form sent as it stands.
        self.fields: dict[str, str] = {}
        self.elements: list[tuple[str, Attributes]] = []
        self.feed(html)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self._words).split())

    def has(self, tag: str, **wanted: str) -> bool:
        return any(name == tag and wanted.items() <= found.items() for name, found in self.elements)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attrs}
        if found.get("id") == "main":
            self._is_main = True
        if not self._is_main:
            return
        self.elements.append((tag, found))
        if tag == "input" and (found.get("type") not in {"radio", "checkbox"} or "checked" in found):
            self.fields[found["name"]] = found.get("value", "")
        elif tag == "textarea":
            self._area = found["name"]
            self.fields[self._area] = ""
        elif tag == "select":
            self._select = found["name"]
            self.fields[self._select] = ""
        elif tag == "option" and "selected" in found:
            self.fields[self._select] = found["value"]
        elif tag == "a":
            self._link = found.get("href", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._is_main = False
        elif tag == "textarea":
            # A browser drops the line break after the tag.
            self.fields[self._area] = self.fields[self._area].removeprefix("\n")
            self._area = ""
        elif tag == "a":
            self._link = ""

    def handle_data(self, data: str) -> None:
        if not self._is_main:
            return
        if self._area:
            self.fields[self._area] += data
        elif data.strip():
            self._words.append(data.strip())
            if self._link:
                self.links.setdefault(data.strip(), self._link)


def read(answer: Response, status: int = 200) -> Reading:
    assert answer.status_code == status, (answer.status_code, answer.headers.get("location"), answer.text[-3000:])
    return Reading(answer.text)


def error_at(answer: Response, name: str) -> str:
    """What is wrong with one field."""
    found = re.search(rf'id="{name}-error">.*?<span>(.*?)</span>', answer.text)
    return found[1] if found else ""

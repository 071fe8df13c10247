"""Forms that count once, however often they arrive: each carries a word of its own, and what it made keeps a digest."""

import hashlib
import secrets

from ostiary.access.actor import Actor
from ostiary.errors import Invalid
from ostiary.web.forms import Form

WORD_BYTES = 32
SHORTEST_WORD = 40


def word_for(form: Form) -> str:
    """The word of a form that is shown; it stays while the form is corrected."""
    given = form.value("word")
    return given if _is_word(given) else secrets.token_urlsafe(WORD_BYTES)


def word(form: Form) -> str:
    """The word of a form that was sent; raises Invalid for one that carries none."""
    given = form.value("word")
    if not _is_word(given):
        raise Invalid("invalid_value", "This form is out of date: look through it and send it again", status=409)
    return given


def digest(actor: Actor, word: str) -> bytes:
    """What is kept of a word; another person's form is another form."""
    return hashlib.sha256(f"{actor.guid} {word}".encode()).digest()


def _is_word(text: str) -> bool:
    return len(text) >= SHORTEST_WORD

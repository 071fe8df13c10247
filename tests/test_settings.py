"""Settings are read strictly: a variable means what it says, or the server does not start."""

import pytest

from ostiary.errors import ConfigurationError
from ostiary.settings import Settings, load


@pytest.mark.parametrize(
    "given",
    [
        "ftp://keys.example",
        "keys.example",
        "https://",
        "https://?x",
        "HTTPS://keys.example",
        "https://user:password@keys.example",
        "https://keys.example?x=1",
        "https://keys.example#x",
        "https://keys.example\n",
        "https://keys.example/\r\nX: y",
        'https://keys.example/"',
        "https://ключи.example",
        "https://keys.example/%0a",
        "https://keys .example",
        "https://keys.example:port",
    ],
)
def test_refuses_an_address_that_has_another_spelling(given: str) -> None:
    with pytest.raises(ConfigurationError, match="OSTIARY_PUBLIC_URL: must look like"):
        load(public_url=given)


@pytest.mark.parametrize(
    "given", ["https://keys.example", "http://127.0.0.1:8400", "https://[2001:db8::1]:443", "https://x.example/keys/"]
)
def test_takes_an_address_as_it_is_and_drops_the_last_slash(given: str) -> None:
    chosen: Settings = load(public_url=given)
    assert chosen.issuer == given.rstrip("/")
    assert chosen.is_https == given.startswith("https")

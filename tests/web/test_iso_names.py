"""Every country and currency that the wire knows has a name, in an order in which people find it."""

from ostiary.web.iso_codes import COUNTRIES, CURRENCIES
from ostiary.web.iso_names import COUNTRY_NAMES, CURRENCY_NAMES


def test_names_every_country_and_currency() -> None:
    assert set(COUNTRY_NAMES) == COUNTRIES
    assert set(CURRENCY_NAMES) == CURRENCIES


def test_gives_no_name_twice() -> None:
    assert len(set(COUNTRY_NAMES.values())) == len(COUNTRY_NAMES)
    assert len(set(CURRENCY_NAMES.values())) == len(CURRENCY_NAMES)


def test_lists_names_in_their_order() -> None:
    names = list(COUNTRY_NAMES.values())
    assert names[0] == "Afghanistan"
    assert names[-1] == "Zimbabwe"
    assert names.index("Azerbaijan") < names.index("Åland Islands") < names.index("Bahamas")
    assert COUNTRY_NAMES["DE"] == "Germany"

"""Nobody reads or changes anything outside their closure: random walks through everything there is to ask."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st

from ostiary import tables
from tests.oauth.desk import operations
from tests.tenancy.cast import Cast
from tests.tenancy.model import OPERATIONS
from tests.tenancy.state import DIRECTLY, NOBODYS, THROUGH
from tests.tenancy.visitors import Visitors
from tests.tenancy.walks import USUAL, walk

TOKEN = "POST /oauth/token"


def test_keeps_everybody_inside_their_closure(cast: Cast, count: Callable[[int, int], int]) -> None:
    walk(Visitors, cast, count(500, 20_000))


def test_is_asked_for_everything_it_offers(cast: Cast) -> None:
    Visitors.cast = cast
    cast.asked.clear()

    @settings(USUAL, max_examples=1)
    @given(st.data())
    def ask_everything_once(data: st.DataObject) -> None:
        visitors = Visitors()
        for rule in visitors.rules:
            rule.function(visitors, **{name: data.draw(choice) for name, choice in rule.arguments.items()})

    ask_everything_once()
    assert operations(cast.desk.ostiary) == OPERATIONS.keys(), (
        "tell tests/tenancy/model.py what the operation must answer, and add a rule"
    )
    assert cast.asked == {*OPERATIONS, TOKEN}, "a rule is missing"


def test_knows_whose_every_row_is() -> None:
    assert tables.metadata.tables.keys() == {*DIRECTLY, *THROUGH, *NOBODYS}, (
        "tell tests/tenancy/state.py whose rows they are"
    )

"""The API reference in a browser: everything it shows, it has from this server."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from ostiary.web.reference import PAGE_PATH, PAGE_POLICY, YAML_PATH
from tests.browser import Visit, visiting
from tests.clients.servers import serving
from tests.postgres import Postgres

pytestmark = pytest.mark.any_database

OPERATIONS = {
    "GET /api/organizations/{organization_guid}",
    "PATCH /api/organizations/{organization_guid}",
    "GET /api/banks",
    "POST /api/banks",
    "GET /api/banks/{bank_guid}",
    "PATCH /api/banks/{bank_guid}",
    "GET /api/customers",
    "POST /api/customers",
    "GET /api/customers/{customer_guid}",
    "PATCH /api/customers/{customer_guid}",
    "POST /api/customer_tokens",
    "GET /api/organization_applications",
    "POST /api/organization_applications",
    "GET /api/organization_applications/{client_id}",
    "PATCH /api/organization_applications/{client_id}",
    "DELETE /api/organization_applications/{client_id}",
    "GET /api/bank_applications",
    "POST /api/bank_applications",
    "GET /api/bank_applications/{client_id}",
    "PATCH /api/bank_applications/{client_id}",
    "DELETE /api/bank_applications/{client_id}",
    "GET /api/users",
    "POST /api/users",
    "GET /api/users/{user_guid}",
    "PATCH /api/users/{user_guid}",
    "DELETE /api/users/{user_guid}",
    "POST /oauth/device_authorization",
    "POST /oauth/introspect",
    "POST /oauth/revoke",
    "POST /oauth/token",
}


@pytest.fixture(scope="module")
def base_url(postgres: Postgres | None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with serving(postgres, tmp_path_factory.mktemp("reference")) as server:
        yield server.base_url


@pytest.fixture
def visit(browser: Browser, base_url: str) -> Iterator[Visit]:
    with visiting(browser, base_url) as visit:
        yield visit


def test_shows_every_operation_and_asks_nobody_else(visit: Visit) -> None:
    page = visit.page(PAGE_PATH)
    blocks = page.locator(".opblock")
    expect(blocks).to_have_count(len(OPERATIONS))
    shown = {" ".join(block.locator(".opblock-summary").inner_text().split()[:2]) for block in blocks.all()}
    # Swagger UI lets long paths break with invisible blanks.
    assert {each.replace("\u200b", "") for each in shown} == OPERATIONS
    assert any(url.endswith(YAML_PATH) for url in visit.asked)


def test_describes_an_operation_once_it_is_opened(visit: Visit) -> None:
    page = visit.page(PAGE_PATH)
    page.locator("[id='operations-customers-create_customer'] .opblock-summary-control").click()
    opened = page.locator(".opblock.is-open")
    expect(opened).to_contain_text("customers:execute")
    expect(opened.locator(".response[data-code='422']")).to_be_visible()


def test_keeps_to_its_policy(visit: Visit) -> None:
    page = visit.context.new_page()
    answer = page.goto(PAGE_PATH)
    assert answer is not None
    assert answer.headers["content-security-policy"] == PAGE_POLICY
    expect(page.locator(".opblock").first).to_be_visible()


def test_would_notice_a_page_that_asks_elsewhere(browser: Browser, base_url: str) -> None:
    elsewhere = base_url.replace("127.0.0.1", "localhost")
    with pytest.raises(AssertionError, match="asked other servers"), visiting(browser, base_url) as visit:
        visit.page(elsewhere + PAGE_PATH)


def test_would_notice_a_page_that_breaks_its_policy(browser: Browser, base_url: str) -> None:
    with pytest.raises(AssertionError, match="Content Security Policy"), visiting(browser, base_url) as visit:
        visit.page(PAGE_PATH).evaluate("fetch('http://localhost:1/').catch(() => null)")

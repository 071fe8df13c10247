"""Everybody who walks, with every rule there is: a new topic gets a file of rules and a place here."""

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.tenancy.application_rules import ApplicationRules
from tests.tenancy.bank_rules import BankRules
from tests.tenancy.cast import Cast
from tests.tenancy.customer_rules import CustomerRules
from tests.tenancy.organization_rules import OrganizationRules
from tests.tenancy.token_rules import TokenRules

USUAL = settings(stateful_step_count=30, deadline=None, suppress_health_check=list(HealthCheck))
# Where a failure is wanted, it is repeated, so its walk had better be short; it is neither made small nor kept.
FAILING = settings(USUAL, stateful_step_count=15, phases=[Phase.generate], database=None, report_multiple_bugs=False)


class Visitors(ApplicationRules, BankRules, CustomerRules, OrganizationRules, TokenRules):
    pass


def walk(cast: Cast, steps: int, chosen: settings = USUAL) -> None:
    Visitors.cast = cast
    # Hypothesis ends a walk early now and then.
    while cast.steps < steps:
        walks = 1 + (steps - cast.steps) // chosen.stateful_step_count
        run_state_machine_as_test(Visitors, settings=settings(chosen, max_examples=walks))

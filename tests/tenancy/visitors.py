"""Everybody who walks, with every rule there is: a new topic gets a file of rules and a place here."""

from tests.tenancy.application_rules import ApplicationRules
from tests.tenancy.bank_rules import BankRules
from tests.tenancy.customer_rules import CustomerRules
from tests.tenancy.organization_rules import OrganizationRules
from tests.tenancy.token_rules import TokenRules
from tests.tenancy.user_rules import UserRules


class Visitors(ApplicationRules, BankRules, CustomerRules, OrganizationRules, TokenRules, UserRules):
    pass

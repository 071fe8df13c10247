"""The request that creates a customer, ready to paste: the token is read from the environment."""

import shlex

from ostiary.banks.models import Bank
from ostiary.customers.models import CustomerType


def creation(issuer: str, bank: Bank | None) -> str:
    """For a bank that takes in companies only, one of those."""
    takes_people = bank is None or bank.serves(CustomerType.INDIVIDUAL)
    customer_type = CustomerType.INDIVIDUAL if takes_people else CustomerType.BUSINESS
    return f"""\
curl --silent --show-error \\
  --header "Authorization: Bearer $OSTIARY_TOKEN" \\
  --header "Content-Type: application/json" \\
  --data '{{"type": "{customer_type}"}}' \\
  {shlex.quote(f"{issuer}/api/customers")}"""

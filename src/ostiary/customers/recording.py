"""What follows when a customer was created: it stops being `storing`."""

from sqlalchemy.orm import Session

from ostiary.customers import queries
from ostiary.customers.models import CustomerState
from ostiary.events.models import Event


def settle(db: Session, event: Event) -> None:
    """Safe to repeat: a customer that has moved on stays where it is."""
    customer = queries.by_guid(db, event.object_guid)
    if customer is not None and customer.state == CustomerState.STORING:
        customer.state = CustomerState.UNVERIFIED

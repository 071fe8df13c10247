"""Every table of the house, gathered so that migrations and tests see the whole schema."""

from ostiary.applications import models as applications
from ostiary.banks import models as banks
from ostiary.customers import models as customers
from ostiary.db import schema_support
from ostiary.db.model import Model
from ostiary.events import models as events
from ostiary.oauth import models as oauth
from ostiary.organizations import models as organizations
from ostiary.users import models as users
from ostiary.web import models as web

ROOMS = (schema_support, events, organizations, banks, users, applications, customers, oauth, web)

metadata = Model.metadata

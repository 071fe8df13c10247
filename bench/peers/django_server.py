"""django-oauth-toolkit on SQLite, with as little of Django around it as it needs.

Started by gunicorn as `bench.peers.django_server:application('SETUP', 'HASHER')`, with a name from Django's hashers.
"""

import json
from pathlib import Path
from typing import Any

import django
from django.apps import apps
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application


def configure(setup: dict[str, Any], database: Path, hasher: str) -> None:
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": str(database),
                "CONN_MAX_AGE": None,
                "OPTIONS": {
                    "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
                    "transaction_mode": "IMMEDIATE",
                },
            }
        },
        INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "oauth2_provider"],
        OAUTH2_PROVIDER={
            "SCOPES": {scope: scope for scope in setup["scope"].split()},
            "ACCESS_TOKEN_EXPIRE_SECONDS": setup["seconds"],
        },
        PASSWORD_HASHERS=[f"django.contrib.auth.hashers.{hasher}"],
        ROOT_URLCONF="bench.peers.django_urls",
        SECRET_KEY="of a benchmark",  # noqa: S106 - it guards nothing
        USE_TZ=True,
    )


def fill(setup: dict[str, Any]) -> None:
    """Every client has the first one's hash: to make a thousand takes minutes, and checking one costs the same."""
    model = apps.get_model("oauth2_provider", "Application")
    what = {"client_type": "confidential", "authorization_grant_type": "client-credentials"}
    (client_id, secret), *others = setup["clients"]
    first = model.objects.create(client_id=client_id, client_secret=secret, **what)
    model.objects.bulk_create(
        model(client_id=other, client_secret=first.client_secret, **what) for other, _same in others
    )


def application(path: str, hasher: str) -> Any:  # noqa: ANN401 - a WSGI application
    setup = json.loads(Path(path).read_text())
    configure(setup, Path(path).with_suffix(".db"), hasher)
    django.setup()
    call_command("migrate", verbosity=0)
    fill(setup)
    return get_wsgi_application()

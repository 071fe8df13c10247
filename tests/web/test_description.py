"""The description of the API as a file."""

from typing import Any

import yaml
from fastapi import FastAPI
from starlette.testclient import TestClient

from ostiary.web import reference


def test_writes_the_description_once_however_often_it_is_asked_for() -> None:
    asked: list[None] = []

    def describe() -> dict[str, Any]:
        asked.append(None)
        return {"openapi": "3.1.0"}

    app = FastAPI()
    reference.install(app, describe)
    with TestClient(app) as client:
        for _ in range(2):
            assert yaml.safe_load(client.get(reference.YAML_PATH).text) == {"openapi": "3.1.0"}
    assert len(asked) == 1

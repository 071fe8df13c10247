"""What deploy/ says of Ostiary is so, and what was never run says that it was not."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import yaml

from ostiary.settings import Settings
from tests.house.test_settings import OF_COMMANDS, VARIABLE
from tests.house.tree import HERE, repository_files, told

KNOWN = {f"OSTIARY_{name.upper()}" for name in Settings.model_fields}
# Run by a test, or by nothing.
NEEDS_NO_WARNING = ("deploy/compose/nginx.conf", "deploy/compose/Dockerfile.dockerignore")
NEVER_RUN = ("deploy/envoy/", "deploy/compose/", "deploy/helm/")
WARNING = re.compile(r"Not (?:built|installed|rendered|run) where it was written")
CHART = "deploy/helm/ostiary"
VALUE = re.compile(r"\.Values\.([A-Za-z.]+)")
INCLUDED = re.compile(r'include "([^"]+)"')
DEFINED = re.compile(r'define "([^"]+)"')


def deployed(*folders: str) -> dict[str, str]:
    names = [name for name in repository_files() if name.startswith(folders or ("deploy/",))]
    return {name: (HERE / name).read_text() for name in names}


def unknown_settings(path: str, text: str) -> list[str]:
    return [
        f"{path} sets {name}, which is no setting; take it out, or call it what Settings calls it."
        for name in sorted(set(VARIABLE.findall(text)) - KNOWN - OF_COMMANDS)
    ]


def missing_warning(path: str, text: str) -> list[str]:
    if path in NEEDS_NO_WARNING or any(map(WARNING.search, text.splitlines()[:4])):
        return []
    return [f"{path} does not say at its top that it was not run where it was written; say so, or run it in a test."]


def dotted(values: Mapping[str, Any], *before: str) -> Iterator[str]:
    """`image.tag`, and `image`, which a template may take as a whole."""
    for name, value in values.items():
        yield ".".join((*before, name))
        if isinstance(value, dict):
            yield from dotted(value, *before, name)


def wrong_values(templates: str, values: str) -> list[str]:
    there = set(dotted(yaml.safe_load(values)))
    used = {name.rstrip(".") for name in VALUE.findall(templates)}
    unused = {name for name in there if not any(name == one or f"{one}.".startswith(f"{name}.") for one in used)}
    # What is taken as a whole uses all of it.
    unused = {name for name in unused if not any(name.startswith(f"{one}.") for one in used)}
    return [
        *(f"a template wants .Values.{name}, which values.yaml does not have" for name in sorted(used - there)),
        *(f"values.yaml has {name}, which no template wants" for name in sorted(unused)),
    ]


def test_names_only_settings_that_exist() -> None:
    broken = [each for path, text in deployed().items() for each in unknown_settings(path, text)]
    assert not broken, told(broken)


def test_says_what_was_never_run() -> None:
    broken = [each for path, text in deployed(*NEVER_RUN).items() for each in missing_warning(path, text)]
    assert not broken, told(broken)


def test_writes_yaml_that_can_be_read() -> None:
    plain = [text for name, text in deployed().items() if re.search(r"\.ya?ml$", name) and "/templates/" not in name]
    assert len(plain) >= 5
    assert all(isinstance(yaml.safe_load(text), dict) for text in plain)


def test_templates_want_only_values_and_names_that_are_there() -> None:
    templates = "\n".join(deployed(f"{CHART}/templates/").values())
    broken = wrong_values(templates, (HERE / CHART / "values.yaml").read_text())
    assert not broken, told(broken)
    assert set(INCLUDED.findall(templates)) == set(DEFINED.findall(templates))
    assert templates.count("{{") == templates.count("}}")


def test_chart_is_of_this_release() -> None:
    version = re.search(r'__version__ = "([^"]+)"', (HERE / "src/ostiary/__init__.py").read_text())
    chart = yaml.safe_load((HERE / CHART / "Chart.yaml").read_text())
    assert version
    assert str(chart["appVersion"]) == version[1]
    assert (
        f"ostiary:{version[1]}" == yaml.safe_load((HERE / "deploy/compose/compose.yaml").read_text())["x-node"]["image"]
    )


@pytest.mark.parametrize("text", ["OSTIARY_MOOD=good", "- name: OSTIARY_LEAVING_SECOND\n"])
def test_complains_about_a_setting_that_is_none(text: str) -> None:
    assert len(unknown_settings("planted.yaml", text)) == 1


def test_complains_about_a_file_that_hides_that_it_was_never_run() -> None:
    assert len(missing_warning("planted.yaml", "kind: Service\n")) == 1
    assert missing_warning("planted.yaml", "# Not run where it was written.\nkind: Service\n") == []


@pytest.mark.parametrize(
    ("templates", "count"),
    [
        ("{{ .Values.image.tag }} {{ .Values.probes }}", 0),
        ("{{ .Values.image }} {{ .Values.probes }}", 0),
        ("{{ .Values.image.tag }} {{ .Values.probe }} {{ .Values.probes }}", 1),
        ("{{ .Values.probes }}", 2),
    ],
)
def test_compares_templates_with_values(templates: str, count: int) -> None:
    assert len(wrong_values(templates, "image: {tag: x}\nprobes: []\n")) == count

"""The generated reference is complete and current; the example is valid."""

import json
from pathlib import Path

import jsonschema
import pytest
import yaml

from tests.config.test_stellate import SHOP
from vclgen.config import load_config
from vclgen.config.document import GROUPS, SECTIONS, json_schema, markdown
from vclgen.config.keys import REFUSED, WARNED
from vclgen.config.model import Config

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "shellac.example.yaml"
SCHEMA = json.loads(json_schema())
FIELDS = [
    (section.__name__, field.alias, field)
    for section in (Config, *SECTIONS.values())
    for field in section.model_fields.values()
]


@pytest.mark.parametrize(
    ("name", "text"), [("config.md", markdown), ("config.schema.json", json_schema)]
)
def test_the_committed_file_is_what_the_models_say(name, text):
    assert (ROOT / "docs" / name).read_text() == text(), "run python -m vclgen.config.document"


@pytest.mark.parametrize(("section", "alias", "field"), FIELDS)
def test_every_key_has_a_description_and_a_row(section, alias, field):
    assert field.description, f"{section}.{alias} has no text under it"
    assert f"| `{alias}` |" in markdown()


def test_every_section_and_group_is_documented():
    grouped = [name for group in GROUPS for name in group.__annotations__]
    assert sorted(grouped) == sorted(Config.model_fields)
    assert {definition for definition in SCHEMA["$defs"]} == {s.__name__ for s in SECTIONS.values()}


@pytest.mark.parametrize("key", [*WARNED, *(path[0] for path in REFUSED)])
def test_every_known_key_stands_in_the_reference(key):
    assert f"`{key}" in markdown()
    assert key in SCHEMA["properties"]


def test_the_json_schema_is_one():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", [EXAMPLE.read_text(), SHOP])
def test_the_json_schema_accepts_good_configs(text):
    jsonschema.validate(without_nulls(yaml.safe_load(text)), SCHEMA)


def without_nulls(data):
    """The JSON Schema leaves out that every key may be null."""
    if isinstance(data, dict):
        return {key: without_nulls(value) for key, value in data.items() if value is not None}
    return data


@pytest.mark.parametrize(
    "data",
    [
        {"originUrl": "x.io", "unknown": 1},
        {"originUrl": 5},
        {"rules": [{"types": ["A"], "maxAge": "5m"}]},
        {"rules": [{"types": ["A"], "maxAge": 1, "maxage": 1}]},
        {"varyHeaders": ["a b"]},
        {"mutationPolicy": "Lst"},
        {"mutations": {"a": {"purge": [{"type": "A", "form": "args.id"}]}}},
        {"environments": {"a": {"unknown": 1}}},
    ],
)
def test_the_json_schema_refuses_bad_configs(data):
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(data, SCHEMA)


def test_the_example_is_valid_without_a_notice():
    loaded = load_config(EXAMPLE)
    assert loaded.notices == ()
    kinds = {s.kind for scope in loaded.config.scopes.values() for s in scope.sources}
    assert kinds == {"header", "cookie"}
    assert loaded.config.vary_headers == ("store", "content-currency")
    assert loaded.config.ignore_headers == ("accept-language",)


@pytest.mark.parametrize("environment", ["staging", "production"])
def test_the_environments_of_the_example_are_valid(environment):
    found = load_config(EXAMPLE, environment).config
    assert found.origin_url.startswith("https://")


def test_the_example_names_only_what_the_demo_origin_has():
    from graphql import build_schema

    types = build_schema((ROOT / "demo" / "schema.graphql").read_text()).type_map
    for rule in load_config(EXAMPLE).config.rules:
        for name, fields in rule.types.items():
            assert set(fields or ()) <= set(types[name].fields)

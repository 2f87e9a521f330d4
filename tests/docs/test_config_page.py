"""The words for every key of the config: in the schema, on the page, and what is taken where a key
is left out."""

import runpy
from dataclasses import fields

import pytest
import yaml
from jsonschema import Draft202012Validator
from shared import ROOT

from rate2spike.config import NeuronConfig, RateConfig, SearchConfig, TrainingConfig
from rate2spike.mean_field_config import MeanFieldConfig
from rate2spike.study.figure_roles import FIGURE_ROLES, SWEPT

TABLES = runpy.run_path(str(ROOT / "docs" / "config_tables.py"))
SCHEMA = yaml.safe_load(TABLES["SCHEMA"].read_text("utf-8"))
PAGE = TABLES["PAGE"].read_text("utf-8")
TASK_WORDS = {"a Go-NoGo": "go-nogo", "an integration": "integration", "an XOR": "xor"}


def keys_in(part, where=""):
    """(key, what the schema says of it) at every depth; * stands for a name of the user's."""
    if "$ref" in part:
        name = part["$ref"].removeprefix("#/$defs/")
        yield from keys_in(SCHEMA["$defs"][name], where)
    for key, facts in part.get("properties", {}).items():
        yield f"{where}{key}", facts
        yield from keys_in(facts, f"{where}{key}.")
    if isinstance(part.get("additionalProperties"), dict):
        yield from keys_in(part["additionalProperties"], f"{where}*.")


KEYS = dict(keys_in(SCHEMA))


def test_every_key_has_a_description():
    Draft202012Validator.check_schema(SCHEMA)  # editors read it too
    assert {
        "study_seed",
        "network.gain",
        "conditions.*.neuron.bias",
        "figures.figure_1.sizes",
    } < set(KEYS)
    assert [key for key, facts in KEYS.items() if not facts.get("description")] == []


def test_the_page_has_the_tables_of_the_schema():
    # else: python docs/config_tables.py
    assert TABLES["with_tables"](PAGE, SCHEMA) == PAGE
    marked = [name for _, name, _ in TABLES["MARKED"].findall(PAGE)]
    named, sections = TABLES["NAMED"], TABLES["SECTIONS"]
    assert sorted(marked) == sorted(["study", "figures", "mean_field", *named, *sections])
    missing = [key for key in KEYS if f"`{key.rpartition('.')[2]}`" not in PAGE]
    assert missing == []


@pytest.mark.parametrize(
    ("section", "settings"),
    [
        ("network", RateConfig),
        ("training", TrainingConfig),
        ("neuron", NeuronConfig),
        ("search", SearchConfig),
        ("mean_field", MeanFieldConfig),
    ],
)
def test_the_default_that_is_named_is_the_one_that_is_taken(section, settings):
    part = SCHEMA["$defs"].get(section) or SCHEMA["properties"][section]
    named = {key: facts["default"] for key, facts in part["properties"].items()}
    taken = {field.name: field.default for field in fields(settings)}
    assert named == {k: list(v) if isinstance(v, tuple) else v for k, v in taken.items()}


def test_what_the_page_calls_the_default_of_a_study_is_in_the_default_study():
    study = yaml.safe_load((ROOT / "config" / "config.yaml").read_text("utf-8"))
    named = {k: v["default"] for k, v in SCHEMA["properties"].items() if "default" in v}
    assert len(named) >= 7
    assert named == {key: study[key] for key in named}


def test_the_roles_of_the_figures_are_those_that_are_asked_for():
    told = {}
    for figure, facts in SCHEMA["properties"]["figures"]["properties"].items():
        told[figure] = {}
        for role, words in facts["properties"].items():
            kind = f" sweep of `{SWEPT[role]}`" if role in SWEPT else " condition"
            task = words["description"].removesuffix(kind)
            told[figure][role] = TASK_WORDS[task]
    assert told == FIGURE_ROLES

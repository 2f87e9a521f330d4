"""What is wrong with a config file, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jsonschema
import yaml

from ..config import shown

# JSON takes 4.0 for an integer; counts and seeds that are written so would fail later, far from the
# config
TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: type(value) is int
)
Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=TYPES)

# ten times as fast, where PyYAML was built with it
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "keys with their values",
    "string": "text",
}


def read(path: str | Path) -> dict[str, Any]:
    """The JSON schema of the config, from its YAML file."""
    loader = LOADER(Path(path).read_bytes())
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def first_problem(values: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    """The most telling violation of a schema.

    Parameters
    ----------
    values : the config file as YAML reads it
    schema : the JSON schema of the config

    Returns
    -------
    `key.path: expected ..., got ...`, or None where all is well
    """
    errors = list(Validator(schema).iter_errors(values))
    return _message(jsonschema.exceptions.best_match(errors)) if errors else None


def _message(error: jsonschema.ValidationError) -> str:
    """An error of the schema as one line that names the key."""
    key = ".".join(str(part)[:80] for part in error.absolute_path)
    prefix = f"{key}." if key else ""
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = sorted(str(name)[:80] for name in error.instance if name not in known)
        return f"{prefix}{unknown[0]}: unknown key; allowed are {', '.join(known)}"
    if error.validator == "required":
        missing = next(name for name in error.validator_value if name not in error.instance)
        return f"{prefix}{missing}: missing key"
    return f"{key}: expected {_expected(error)}, got {shown(error.instance)}{_hint(error)}"


def _expected(error: jsonschema.ValidationError) -> str:
    """What the schema allows there, in words."""
    rule = error.validator
    value = error.validator_value
    if rule == "enum":
        return "one of " + ", ".join(map(str, value))
    if rule == "type" and "propertyNames" in error.absolute_schema_path:
        return "names that are text"
    if rule == "type":
        types = value if isinstance(value, list) else [value]
        return " or ".join(TYPE_WORDS.get(name, name) for name in types)
    if rule == "minimum":
        return f"a number >= {value:g}"
    if rule == "exclusiveMinimum":
        return f"a number > {value:g}"
    if rule == "maximum":
        return f"a number <= {value:g}"
    if rule == "minItems":
        return f"at least {value} value(s)"
    if rule == "maxItems":
        return f"at most {value} values"
    if rule == "uniqueItems":
        return "different values"
    if rule == "pattern":
        return "a name of letters, digits, '.' and '-'"
    if rule == "maxLength":
        return f"at most {value} letters"
    return f"{rule} {value}"


def _hint(error: jsonschema.ValidationError) -> str:
    """YAML's traps, in words a user understands."""
    text = error.instance
    if error.validator == "type" and isinstance(text, str):
        try:
            number = float(text)
        except ValueError:
            return ""
        plain = int(number) if number.is_integer() else repr(number)
        return f" (YAML reads {text} as text; write {plain})"
    if error.validator in ("type", "enum") and isinstance(text, bool):
        return " (YAML reads yes, no, on, off as true or false; put the word in quotes)"
    if error.validator == "type" and error.validator_value == "string":
        if text is None:
            return " (YAML reads null, ~ and an empty place as nothing; put a name in quotes)"
        if not isinstance(text, list | dict):
            return " (YAML reads it as a number or a date; put a name in quotes)"
    return ""

"""What is wrong with a config file, in one line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jsonschema

from ..config import shown

# JSON takes 4.0 for an integer; counts and seeds that are written so would fail later, far from the
# config
TYPES = jsonschema.Draft202012Validator.TYPE_CHECKER.redefine(
    "integer", lambda _, value: type(value) is int
)
Validator = jsonschema.validators.extend(jsonschema.Draft202012Validator, type_checker=TYPES)

TYPE_WORDS = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "keys with their values",
    "string": "text",
}


def first_problem(values: Mapping[str, Any], schema: Mapping[str, Any]) -> str | None:
    """The most telling violation of `schema` as 'key.path: expected ..., got ...', or None."""
    errors = list(Validator(schema).iter_errors(values))
    return _in_words(jsonschema.exceptions.best_match(errors)) if errors else None


def _in_words(error: jsonschema.ValidationError) -> str:
    where = ".".join(str(part)[:80] for part in error.absolute_path)
    if error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        unknown = sorted(str(key)[:80] for key in error.instance if key not in known)[0]
        return (
            f"{where + '.' if where else ''}{unknown}: unknown key; allowed are {', '.join(known)}"
        )
    if error.validator == "required":
        missing = next(key for key in error.validator_value if key not in error.instance)
        return f"{where + '.' if where else ''}{missing}: missing key"
    return f"{where}: expected {_expected(error)}, got {shown(error.instance)}{_hint(error)}"


def _expected(error: jsonschema.ValidationError) -> str:
    value = error.validator_value
    wording = {
        "enum": lambda: "one of " + ", ".join(map(str, value)),
        "type": lambda: " or ".join(
            TYPE_WORDS.get(t, t) for t in (value if isinstance(value, list) else [value])
        ),
        "minimum": lambda: f"a number >= {value:g}",
        "exclusiveMinimum": lambda: f"a number > {value:g}",
        "maximum": lambda: f"a number <= {value:g}",
        "minItems": lambda: f"at least {value} value(s)",
        "maxItems": lambda: f"at most {value} values",
        "uniqueItems": lambda: "different values",
        "pattern": lambda: "a name of letters, digits, '.' and '-'",
        "maxLength": lambda: f"at most {value} letters",
    }
    return wording.get(error.validator, lambda: f"{error.validator} {value}")()


def _hint(error: jsonschema.ValidationError) -> str:
    """YAML's traps, in words a user understands."""
    text = error.instance
    if error.validator == "type" and isinstance(text, str):
        try:
            number = float(text)
        except ValueError:
            return ""
        return f" (YAML reads {text} as text; write {int(number) if number.is_integer() else number!r})"
    if error.validator in ("type", "enum") and isinstance(text, bool):
        return " (YAML reads yes, no, on, off as true or false; put the word in quotes)"
    return ""

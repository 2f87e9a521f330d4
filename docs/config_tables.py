"""The tables of config/README.md, made from the schema of the config.

`python docs/config_tables.py` writes them. A table stands between `<!-- table of NAME -->` and
`<!-- end of table -->`. Everything between is written here, everything else by hand.
"""

import re
from itertools import pairwise
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "config" / "README.md"
SCHEMA = ROOT / "workflow" / "schemas" / "config.schema.yaml"
MARKED = re.compile(r"(<!-- table of (\w+) -->\n).*?(<!-- end of table -->)", re.DOTALL)
# sections that have a table of their own
SECTIONS = ("network", "training", "neuron", "search")
# keys under a name that the user chooses
NAMED = ("conditions", "sweeps", "external_models")


def with_tables(page: str, schema: dict) -> str:
    """The page with all of its tables made anew."""
    return MARKED.sub(lambda found: f"{found[1]}{_table_of(found[2], schema)}{found[3]}", page)


def _table_of(name: str, schema: dict) -> str:
    """The table of one part of the config."""
    top = schema["properties"]
    if name == "study":
        return _settings({k: v for k, v in top.items() if k not in (*SECTIONS, "mean_field")})
    if name in SECTIONS:
        return _settings(schema["$defs"][name]["properties"])
    if name == "figures":
        return _figures(top[name]["properties"])
    if name in NAMED:
        return _under_a_name(top[name]["additionalProperties"])
    return _settings(top[name]["properties"])


def _settings(keys: dict) -> str:
    rows = []
    for key, facts in keys.items():
        default = _default(facts["default"]) if "default" in facts else ""
        rows.append([f"`{key}`", facts.get("unit", ""), default, facts["description"]])
    return _table(["key", "unit", "default", "what it is"], rows)


def _under_a_name(group: dict) -> str:
    rows = []
    for key, facts in group["properties"].items():
        needed = "yes" if key in group["required"] else ""
        rows.append([f"`{key}`", needed, facts["description"]])
    return _table(["key", "needed", "what it is"], rows)


def _figures(figures: dict) -> str:
    rows = []
    for figure, facts in figures.items():
        roles = [f"`{role}` ({v['description']})" for role, v in facts["properties"].items()]
        rows.append([f"`{figure}`", facts["description"], ", ".join(roles)])
    return _table(["figure", "what it shows", "roles"], rows)


def _default(value) -> str:
    """A default as it is written in a config file, words as code; of a long, even list the
    ends."""
    if isinstance(value, list):
        shown = [f"{number:g}" for number in value]
        steps = {round(b - a, 9) for a, b in pairwise(value)}
        if len(value) > 4 and len(steps) == 1:
            shown[2:-1] = ["..."]
        return f"[{', '.join(shown)}]"
    if isinstance(value, bool):
        return str(value).lower()
    if value is None:
        return "null"
    return f"`{value}`" if isinstance(value, str | dict) else f"{value}"


def _table(names: list[str], rows: list[list[str]]) -> str:
    lines = ["|".join(f" {cell} " if cell else " " for cell in line) for line in [names, *rows]]
    lines.insert(1, "|".join(["---"] * len(names)))
    return "".join(f"|{line}|\n" for line in lines)


if __name__ == "__main__":
    schema = yaml.safe_load(SCHEMA.read_text("utf-8"))
    PAGE.write_text(with_tables(PAGE.read_text("utf-8"), schema), "utf-8")

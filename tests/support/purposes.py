"""The words in the sources that say what random numbers are for."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

# where `purpose` stands among the arguments of the functions that take one without its name
PLACE = {"key": 1, "generator": 1, "generators": 1, "draw_trials": 2, "Simulation": 2}


def patterns_in(source: str) -> set[str]:
    """A regular expression for every text in `source` that says what random numbers are for: given
    to one of the functions above, or called `purpose`. What is put together at run time, such as
    purpose + " noise", has a gap."""
    tree = ast.parse(source)
    texts = set()
    for expression in _purposes(tree):
        pattern = _pattern(expression)
        if pattern.replace(".+", ""):  # not a variable alone
            texts.add(pattern)
    return texts


def patterns_below(folder: Path) -> set[str]:
    """`patterns_in` of all Python files of a folder and its folders."""
    texts = set()
    for file in folder.rglob("*.py"):
        texts |= patterns_in(file.read_text())
    return texts


def _purposes(tree: ast.Module) -> Iterator[ast.expr]:
    """Every expression that is a purpose: argument, default, value of a variable or of a key."""
    places = PLACE | _own_places(tree)
    for node in ast.walk(tree):
        match node:
            case ast.Call(func=function, args=arguments, keywords=keywords):
                name = getattr(function, "id", getattr(function, "attr", ""))
                place = places.get(name)
                if place is not None and len(arguments) > place:
                    yield arguments[place]
                yield from (k.value for k in keywords if _is_purpose(k.arg))
            case ast.Assign(targets=[target], value=value):
                yield from _assigned(target, value)
            case ast.AnnAssign(target=target, value=value) if value is not None:
                yield from _assigned(target, value)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and _is_purpose(key.value):
                        yield value


def _own_places(tree: ast.Module) -> dict[str, int]:
    """Functions of this file that take a `purpose`, and where it stands."""
    places = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            names = [argument.arg for argument in node.args.args]
            if "purpose" in names:
                places[node.name] = names.index("purpose")
    return places


def _assigned(target: ast.expr, value: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, its_value in zip(
            target.elts, value.elts, strict=False
        ):  # a starred one takes more
            yield from _assigned(one, its_value)
    elif isinstance(target, ast.Name) and _is_purpose(target.id):
        yield value


def _is_purpose(name: object) -> bool:
    return isinstance(name, str) and "purpose" in name


def _pattern(expression: ast.expr) -> str:
    """The text of an expression as a regular expression."""
    match expression:
        case ast.Constant(value=str(text)):
            return re.escape(text)
        case ast.BinOp(left=left, right=right, op=ast.Add()):
            return _pattern(left) + _pattern(right)
        case ast.JoinedStr(values=parts):
            return "".join(map(_pattern, parts))
    return ".+"

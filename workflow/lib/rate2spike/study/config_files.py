"""The config as a user wrote it: its files and what stands behind --config.

Snakemake hands over one mapping of all. It keeps the last of two equal keys and says nothing, it
reads what is nested behind --config as text, and a mapping knows no file and no line. So the files
are read once more, for what a mapping does not tell.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from ..config import ConfigError

COMMAND_LINE = "--config"
MERGE = "tag:yaml.org,2002:merge"  # `<<`: what it brings in gives way to keys that are written out


class ConfigFileError(ConfigError):
    """A file of a config that cannot be read, or in which a key is there twice.

    The message begins with the file.
    """


class Key(NamedTuple):
    """A key of a config and where it stands.

    Attributes
    ----------
    name : with the keys around it, such as training.max_trials
    source : the file as its user knows it, or --config
    line : counted from 1; None behind --config
    """

    name: str
    source: str
    line: int | None

    @property
    def place(self) -> str:
        """Where it stands, in words."""
        return f"{self.source}, line {self.line}" if self.line else self.source


# What is said of them -----------------------------------------------------------------------------


def check(files: Iterable[str | Path], arguments: Sequence[str]) -> None:
    """Refuse a config that does not say what its writer must take it to say.

    Parameters
    ----------
    files : of the config, YAML or JSON
    arguments : what stands behind --config, KEY=VALUE each

    Raises
    ------
    ConfigFileError
        one line that names the file, where it is not UTF-8, not YAML, empty or no mapping, or where
        a key is there twice
    """
    for file in files:
        keys_of_file(file)
    names = [argument.partition("=")[0] for argument in arguments]
    for name in names:
        if names.count(name) > 1:
            raise ConfigFileError(f"{COMMAND_LINE}: {name}: this key is there twice; keep one")
    keys_of_arguments(arguments)


def located(problem: str, files: Sequence[str | Path], arguments: Iterable[str]) -> str:
    """What is wrong with a config, and where its key stands.

    Parameters
    ----------
    problem : begins with the key, as the messages of `read.checked` do
    files : of the config; a later one is laid over the earlier ones
    arguments : what stands behind --config, laid over all of them

    Returns
    -------
    The problem behind file and line of its key; of the innermost key around it, where no file has
    it; behind the names of all files, where none has that either
    """
    keys = keys_of_arguments(arguments)
    for file in reversed(files):
        keys += keys_of_file(file)
    place = ", ".join(map(_shown, files)) or "config"
    longest = 0
    for key in keys:
        rest = problem.removeprefix(key.name)
        is_its_key = rest != problem and rest[:1] in (".", ":")
        if is_its_key and len(key.name) > longest:
            longest = len(key.name)
            place = key.place
    return f"{place}: {problem}"


def plain_values(config: Mapping[str, Any], arguments: Iterable[str]) -> dict[str, Any]:
    """The config with the values behind --config as they would be in a file.

    Snakemake makes numbers and True of what is not nested, and text of all else: `true`, `null` and
    all numbers in braces are texts then.

    Parameters
    ----------
    config : as Snakemake has it; it stays as it is
    arguments : what stands behind --config, KEY=VALUE each

    Returns
    -------
    The same keys; what is text and came from behind --config is read as YAML
    """
    plain = dict(config)
    for argument in arguments:
        key, _, text = argument.partition("=")
        if key in plain:
            plain[key] = _reread(
                plain[key], _read(text, yaml.BaseLoader), _read(text, yaml.SafeLoader)
            )
    return plain


def _read(text: str, loader: type) -> Any:
    """A text read as YAML; itself where it is none."""
    try:
        return loader(text).get_single_data()
    except yaml.YAMLError:
        return text


def _reread(value: Any, as_text: Any, as_yaml: Any) -> Any:
    """YAML's reading of a value, where Snakemake's is the text of the argument."""
    if isinstance(value, Mapping) and isinstance(as_text, Mapping) and isinstance(as_yaml, Mapping):
        reread = dict(value)
        for key in value:
            if key in as_text and key in as_yaml:
                reread[key] = _reread(value[key], as_text[key], as_yaml[key])
        return reread
    return as_yaml if value == as_text else value


# Keys and their lines -----------------------------------------------------------------------------


def keys_of_file(file: str | Path) -> list[Key]:
    """All keys of a config file, at any depth.

    Parameters
    ----------
    file : YAML or JSON

    Raises
    ------
    ConfigFileError
        one line that names the file, where it is not UTF-8, not YAML, empty or no mapping, or where
        a key is there twice
    """
    source = _shown(file)
    data = Path(file).read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise ConfigFileError(
            f"{source}, line {line}: expected UTF-8, got the byte {data[error.start]:#x}; "
            "save the file as UTF-8"
        ) from None
    try:
        root = _composed(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{source}, line {mark.line + 1}" if mark else source
        what = getattr(error, "problem", None) or str(error).partition("\n")[0]
        raise ConfigFileError(f"{place}: not valid YAML: {what}{_tab_hint(text, mark)}") from None
    if not isinstance(root, yaml.MappingNode):
        got = "nothing" if root is None else "a list" if root.id == "sequence" else "text"
        raise ConfigFileError(f"{source}: expected keys with their values, got {got}")
    return _keys_below(root, source)


@cache  # the default study is looked at before Snakemake reads it, and again with all others
def _composed(text: str) -> yaml.Node | None:
    """The tree of a file. JSON is YAML but for tabs, which only stand between its values."""
    try:
        json.loads(text)
    except ValueError:
        return yaml.compose(text, Loader=yaml.SafeLoader)
    return yaml.compose(text.replace("\t", " "), Loader=yaml.SafeLoader)


def _tab_hint(text: str, mark: Any) -> str:
    """What a tab at the place of an error asks for."""
    lines = text.split("\n")
    at_a_tab = mark is not None and mark.line < len(lines) and "\t" in lines[mark.line]
    return " (indent with blanks, not with tabs)" if at_a_tab else ""


def keys_of_arguments(arguments: Iterable[str]) -> list[Key]:
    """All keys behind --config, at any depth.

    Parameters
    ----------
    arguments : KEY=VALUE each; a VALUE in braces holds keys itself

    Raises
    ------
    ConfigFileError
        where a key is there twice within one argument
    """
    keys = []
    for argument in arguments:
        name, _, text = argument.partition("=")
        keys.append(Key(name, COMMAND_LINE, None))
        try:
            root = yaml.compose(text, Loader=yaml.SafeLoader)
        except yaml.YAMLError:
            continue
        keys += _keys_below(root, COMMAND_LINE, name)
    return keys


def _keys_below(root: yaml.Node | None, source: str, name: str = "") -> list[Key]:
    """All keys below a node, which is called `name`."""
    keys = []
    seen = set()  # an alias is its anchor once more: what hangs on it is looked at once
    waiting = [(name, root)]
    while waiting:
        around, node = waiting.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if isinstance(node, yaml.SequenceNode):
            waiting += [(f"{around}.{i}", item) for i, item in enumerate(node.value)]
        elif isinstance(node, yaml.MappingNode):
            keys_of_node = _keys_of(node, source, around)
            keys += keys_of_node.values()
            for key_node, value_node in node.value:
                key = keys_of_node.get(_word(key_node))
                waiting.append((key.name if key else around, value_node))
    return keys


def _keys_of(node: yaml.MappingNode, source: str, around: str) -> dict[tuple[str, str], Key]:
    """The keys of one mapping, each of which must be there once."""
    keys: dict[tuple[str, str], Key] = {}
    for key_node, _ in node.value:
        if not isinstance(key_node, yaml.ScalarNode) or key_node.tag == MERGE:
            continue
        name = f"{around}.{key_node.value}" if around else key_node.value
        line = None if source == COMMAND_LINE else key_node.start_mark.line + 1
        key = Key(name, source, line)
        first = keys.setdefault(_word(key_node), key)
        if first is not key:
            lines = f" (lines {first.line} and {line})" if line else ""
            raise ConfigFileError(f"{source}: {name}: this key is there twice{lines}; keep one")
    return keys


def _word(key_node: yaml.Node) -> tuple[str, str]:
    """What tells two keys apart: the number 1 and the text "1" are two."""
    return key_node.tag, str(key_node.value)


def _shown(file: str | Path) -> str:
    """A file as its user knows it: seen from here, where it lies below."""
    path = Path(file)
    here = Path.cwd()
    path = Path(os.path.normpath(path))
    return str(path.relative_to(here) if path.is_relative_to(here) else path)

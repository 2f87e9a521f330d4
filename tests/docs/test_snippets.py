"""Every python, bash and yaml block of the documentation is run or checked, or says why it is not.

- python: the blocks of a page run in order, in one fresh interpreter, in a folder of their own.
- yaml: laid over the tiny study and checked as a config.
- bash: options, config files and targets of `snakemake` commands are checked and planned once.

What does not run has a comment above it: `<!-- not run: needs a SLURM cluster -->`.
"""

import os
import re
import shlex
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest
import ready_snakemake
import yaml

from rate2spike.config import ConfigError
from rate2spike.study import checked

ROOT = Path(__file__).parents[2]
PAGES = sorted(
    {ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "config" / "README.md"}
    | {ROOT / "notebooks" / "README.md"}
    | {
        page
        for page in (ROOT / "docs").rglob("*.md")
        if not {"_build", "notebooks"} & set(page.relative_to(ROOT / "docs").parts)
    }
)
TINY = ROOT / "tests" / "tiny" / "config.yaml"
MODEL = ROOT / "tests" / "data" / "model_gonogo_n200_tau4_20.mat"
FENCE = re.compile(r"^(`{3,})(\S*)")
REASON = re.compile(r"^<!-- not run: (\S.*\S) -->$")


class Block(NamedTuple):
    page: Path
    line: int  # of the first line of the code, from 1
    language: str
    code: str
    reason: str | None  # why it is not run

    @property
    def name(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> list[Block]:
    found, above, fence = [], "", None
    for number, line in enumerate(page.read_text("utf-8").splitlines(), start=1):
        match = FENCE.match(line)
        if fence is None and match:
            told = REASON.match(above)
            fence, language, code, first = match[1], match[2], [], number + 1
            reason = told[1] if told else None
        elif fence is not None and line.strip() == fence:
            found.append(Block(page, first, language, "\n".join(code) + "\n", reason))
            fence, above = None, ""
        elif fence is not None:
            code.append(line)
        elif line.strip():
            above = line.strip()
    assert fence is None, f"{page}: a code block has no end"
    return found


BLOCKS = [block for page in PAGES for block in blocks_of(page)]


def of_language(language: str) -> list[Block]:
    return [block for block in BLOCKS if block.language == language]


def workplace(folder: Path) -> Path:
    """A folder in which paths of the pages lead to the repository, and what is written stays."""
    (folder / "tests").mkdir(parents=True)
    names = ("config", "workflow", "resources", "notebooks", "tests/data", "tests/tiny")
    for name in names:
        (folder / name).symlink_to(ROOT / name)
    (folder / "models").mkdir()
    for name in ("a.mat", "b.mat"):
        (folder / "models" / name).symlink_to(MODEL)
    return folder


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_block_says_what_language_it_is(page):
    # what is plain text says so, and `{code-block}` hides nothing that could run
    unclear = ("", "{code-block}", "{code}", "{code-cell}", "py", "sh", "shell", "console", "yml")
    assert [block.name for block in blocks_of(page) if block.language in unclear] == []


LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page):
    links = [link for link in LINK.findall(page.read_text("utf-8")) if "://" not in link]
    made = ROOT / "docs" / "notebooks" / "index.md"  # when the site is built
    missing = [link for link in links if not (page.parent / link).exists()]
    assert [link for link in missing if (page.parent / link).resolve() != made] == []


# python -----------------------------------------------------------------------------------------


def python_pages() -> list[Path]:
    return [
        page
        for page in PAGES
        if any(b.page == page and not b.reason for b in of_language("python"))
    ]


def script_of(page: Path) -> str:
    """The blocks of a page with their line numbers, as one program."""
    lines: list[str] = []
    for block in of_language("python"):
        if block.page == page and not block.reason:
            lines += [""] * (block.line - 1 - len(lines)) + block.code.splitlines()
    return "\n".join(lines) + "\n"


@pytest.mark.parametrize("page", python_pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_python_runs(page, tmp_path):
    folder = workplace(tmp_path / "here")
    script = folder / page.with_suffix(".py").name
    script.write_text(script_of(page), "utf-8")
    library = os.pathsep.join([str(ROOT / "workflow" / "lib"), os.environ.get("PYTHONPATH", "")])
    env = os.environ | {"PYTHONPATH": library.strip(os.pathsep), "MPLBACKEND": "agg"}
    command = [sys.executable, "-W", "error::SyntaxWarning", script.name]
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=120)
    if done.returncode and find_spec("torch") is None and "torch" in done.stderr:
        pytest.skip("torch is not installed: needs the extra torch")
    assert done.returncode == 0, f"{page.relative_to(ROOT)} (its lines):\n{done.stderr[-4000:]}"


# yaml -------------------------------------------------------------------------------------------


def laid_over(below: dict, above: dict) -> dict:
    """As Snakemake lays one config over another."""
    together = dict(below)
    for key, value in above.items():
        both = isinstance(value, dict) and isinstance(together.get(key), dict)
        together[key] = laid_over(together[key], value) if both else value
    return together


def read_schema() -> dict:
    return yaml.safe_load((ROOT / "workflow" / "schemas" / "config.schema.yaml").read_text())


def check_config(values: dict, name: str) -> None:
    try:
        checked(values, read_schema())
    except ConfigError as error:
        pytest.fail(f"{name}: {error}")


@pytest.mark.parametrize("block", of_language("yaml"), ids=lambda block: block.name)
def test_yaml_is_a_config(block, tmp_path, monkeypatch):
    if block.reason:
        pytest.skip(block.reason)
    monkeypatch.chdir(workplace(tmp_path / "here"))
    values = yaml.safe_load(block.code)
    assert isinstance(values, dict), f"{block.name}: expected keys with their values"
    check_config(laid_over(yaml.safe_load(TINY.read_text()), values), block.name)


# bash -------------------------------------------------------------------------------------------


def commands_of(block: Block) -> list[list[str]]:
    """Its commands as lists of words: one for each line and for each part of `a && b`."""
    commands = []
    for line in block.code.replace("\\\n", " ").splitlines():
        words: list[str] = []
        for word in [*shlex.split(line, comments=True), "&&"]:
            if word != "&&":
                words.append(word)
            elif words:
                commands.append(words)
                words = []
    return commands


def snakemake_commands() -> dict[str, list[str]]:
    """Each different one once, by where it stands first, without the word `snakemake`."""
    by_words: dict[tuple[str, ...], str] = {}
    for block in of_language("bash"):
        for words in commands_of(block):
            if words[0] == "snakemake":
                by_words.setdefault(tuple(words[1:]), f"{block.name}: {shlex.join(words)}")
    return {name: list(words) for words, name in by_words.items()}


@pytest.mark.parametrize("block", of_language("bash"), ids=lambda block: block.name)
def test_bash_that_is_not_snakemake_says_why_it_is_not_run(block):
    others = [words for words in commands_of(block) if words[0] != "snakemake"]
    assert block.reason or not others, (
        f"{block.name}: {shlex.join(others[0])} is not run by any test; "
        "write above the block <!-- not run: and why -->"
    )


@pytest.fixture(scope="module")
def parsed():
    """The arguments of each snakemake command, as Snakemake itself reads them."""
    from snakemake.cli import parse_args

    arguments = {}
    for name, words in snakemake_commands().items():
        try:
            arguments[name] = parse_args(words)[1]
        except SystemExit:
            pytest.fail(f"{name}: Snakemake does not know these options")
    return arguments


def configs_of(arguments) -> list[Path]:
    given = [Path(file) for file in arguments.configfile or []]
    # but for a copy of the reader's own
    return [file for file in given if file.name != "my_study.yaml" or (ROOT / file).exists()]


def test_profiles_of_snakemake_commands_are_there(parsed):
    for name, arguments in parsed.items():
        profile = arguments.workflow_profile
        assert not profile or (ROOT / profile).is_dir(), name


def test_config_files_of_snakemake_commands_are_studies(parsed, monkeypatch):
    monkeypatch.chdir(ROOT)
    seen = set()
    for name, arguments in parsed.items():
        files = tuple(configs_of(arguments))
        if not files or files in seen:
            continue
        seen.add(files)
        values: dict = {}
        for file in files:
            assert file.is_file(), f"{name}: no such file: {file}"
            values = laid_over(values, yaml.safe_load(file.read_text()))
        check_config(values, name)
    assert len(seen) > 2


def test_targets_of_snakemake_commands_are_planned(parsed, tmp_path):
    """All targets of all pages in one plan of the tiny study."""
    targets = sorted({target for arguments in parsed.values() for target in arguments.targets})
    mean_field = [target for target in targets if target == "mean_field"]
    plans = [(TINY, [target for target in targets if target not in mean_field])]
    plans += [(ROOT / "config" / "mean_field.yaml", mean_field)]
    folder = workplace(tmp_path / "here")
    for config, asked in plans:
        command = ["-n", "--quiet", "--cores", "1", *asked, "--configfile", str(config)]
        done = ready_snakemake.run(command, folder)
        assert done.returncode == 0, f"{asked}:\n{(done.stdout + done.stderr)[-4000:]}"

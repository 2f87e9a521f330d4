"""What lies in results: which folder is which condition, and what is of another study.

Nothing is ever deleted that a user may want. So the files of an earlier study stay in the folder
beside those of this one, and have to be told apart.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ..files import write_text
from ..provenance import without_paths
from .layout import Layout, of_condition, spiking_place
from .resources import first_shown

# what a user looks at; what the rules hand to each other (training, simulations, ...) is no result
FOLDERS = (
    "figures",
    "tables",
    "conditions",
    "models",
    "converted",
    "refined",
    "examples",
    "selectivity",
    "exports",
    "exports_refined",
)
# what `snakemake manifest` writes; the config may be that of another study
MANIFEST = ("manifest.tsv", "SHA256SUMS", "ro-crate-metadata.json", "Snakefile", "config.yaml")
PAGE = "CONTENTS.md"
AGAIN = "`snakemake manifest` with your config"
HEAD = """# What lies here

Written at the end of a run of the workflow.
"""
CONDITIONS = """
## Conditions

The folder stands below `figures/conditions`, `conditions`, `converted`, `refined`, `examples` and
`exports`; below `models`, `training` and `networks` without its last part.

| condition | folder | also called | networks |
|---|---|---|--:|
"""
OTHERS = """
## Of another study

These were made by another study in this folder, or by this one with other settings. They are none
of this study's: no table, figure, report or manifest of it holds them. They stay until you delete
them. (`training`, `networks`, `simulations`, `choices` and `held_out`, which the rules hand to each
other, are not looked at.)

"""
OLD_MANIFEST = f"""
## Of an earlier run

This record for an archive was made before the last run, of this study or of another one. Give
{AGAIN}, and it is made anew.

"""


def update(
    layout: Layout, files: Iterable[str], config: Mapping[str, Any], results: str = "results"
) -> str | None:
    """Write the page on what lies in results, once the whole study is there.

    Parameters
    ----------
    layout : the files of the study
    files : all files and folders that belong into an archive of it
    config : its config, as its record of provenance holds it
    results : the folder

    Returns
    -------
    A line that says that there are files of another study, if there are any
    """
    folder = Path(results)
    if not _is_of(folder, config):
        return None
    others = of_others([*files, *layout.exports], folder)
    old = _old_manifest(folder)
    write_text(page(layout, others, old), folder / PAGE)
    lines = []
    if others:
        more = f" and {len(others) - 1} more" if len(others) > 1 else ""
        lines.append(
            f"{folder} also holds what another study made, none of this one's: {others[0]}{more}; "
            f"{folder / PAGE} names them"
        )
    if old:
        lines.append(f"{folder / MANIFEST[0]} is older than these results: give {AGAIN}")
    return ". ".join(lines) or None


def first_figure(layout: Layout) -> str | None:
    """The figure that is drawn first: the page of the quickest condition. None where the study
    draws nothing."""
    first = first_shown(layout)
    if first:
        return of_condition("results/figures/conditions/{place}/{neuron}.png", first)
    return f"results/{layout.drawn[0]}.png" if layout.drawn else None


def where_to_look(layout: Layout, config: Mapping[str, Any], seen_from: str = ".") -> str | None:
    """Where to look first, once the whole study is there.

    Parameters
    ----------
    layout : the files of the study
    config : its config, as its record of provenance holds it
    seen_from : the folder that the command was given in, which is another one with --directory

    Returns
    -------
    A line, or None where the study is not complete or draws nothing
    """
    figure = first_figure(layout)
    if not figure or not _is_of(Path("results"), config):
        return None
    results = os.path.relpath("results", seen_from)
    return (
        f"Look first at {os.path.relpath(figure, seen_from)}; {results}/figures holds all figures, "
        f"{results}/{PAGE} says which folder is which condition, "
        "`snakemake --report report.html` with your config makes one page of everything"
    )


def of_others(files: Iterable[str], results: Path) -> list[str]:
    """What lies in the folders of results and is none of the study's.

    Parameters
    ----------
    files : the files of the study, and its folders with all that is below them
    results : the folder

    Returns
    -------
    Paths below results; a folder, with a slash at its end, where nothing in it is the study's
    """
    ours = set(map(Path, files))
    above = {parent for file in ours for parent in file.parents}
    others = []
    for name in FOLDERS:
        if (results / name).is_dir():
            others += _strangers(results / name, ours, above)
    return [path.relative_to(results).as_posix() + "/" * path.is_dir() for path in others]


def _strangers(folder: Path, ours: set[Path], above: set[Path]) -> Iterator[Path]:
    """The highest files and folders in `folder` that hold nothing of ours; `above` are the folders
    that lead to ours."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith(".") or entry in ours:  # hidden: Snakemake's own marks
            continue
        if entry in above:
            yield from _strangers(entry, ours, above)
        elif entry.is_file() or any(file.is_file() for file in entry.rglob("[!.]*")):
            yield entry


def _is_of(results: Path, config: Mapping[str, Any]) -> bool:
    """Whether the study that was last finished in the folder is that of this config."""
    record = results / "tables" / "provenance.json"
    if not record.is_file():
        return False
    made_from = json.loads(record.read_text("utf-8"))["config"]
    return made_from == json.loads(json.dumps(without_paths(config)))


def _old_manifest(results: Path) -> list[str]:
    """The files that `snakemake manifest` wrote, where they are of another run than what lies
    there."""
    if not _manifest_is_old(results):
        return []
    return [name for name in MANIFEST if (results / name).is_file()]


def _manifest_is_old(results: Path) -> bool:
    """Whether the manifest lists the record of another run."""
    listed = results / "manifest.tsv"
    record = results / "tables" / "provenance.json"
    if not listed.is_file() or not record.is_file():
        return False
    checksum = hashlib.sha256(record.read_bytes()).hexdigest()
    with listed.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file, delimiter="\t"):
            if row["path"] == "tables/provenance.json":
                return row["sha256"] != checksum
    return True


def page(layout: Layout, others: Iterable[str], old_manifest: Iterable[str]) -> str:
    """The page in Markdown.

    Parameters
    ----------
    layout : the files of the study
    others : what is of another one, see `of_others`
    old_manifest : files of a manifest of an earlier run

    Returns
    -------
    The text
    """
    text = HEAD
    rows = []
    for c in layout.study.conditions:
        cells = [c.name, f"`{spiking_place(c)}`", layout.other_names(c), str(c.n_networks)]
        rows.append(f"| {' | '.join(cells)} |\n")
    if rows:
        text += CONDITIONS + "".join(rows)
    for head, paths in ((OTHERS, others), (OLD_MANIFEST, old_manifest)):
        listed = "".join(f"- `{path}`\n" for path in paths)
        if listed:
            text += head + listed
    return text

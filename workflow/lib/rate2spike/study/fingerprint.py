"""What runs again after an edit: each stage declares the files that its results are made of.

The declaration is a table. No import is followed, and there is no list of exceptions. A test starts
the scripts in fresh interpreters and holds the table against what they really imported. Comments,
docstrings and layout do not count, nor does the date of a file.
"""

from __future__ import annotations

import ast
import hashlib
import json
import sys
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path

from ..files import write_text

WORKFLOW = Path(__file__).parents[3]
LIBRARY = Path(__file__).parents[1]

# Parts of the library, and scripts that scripts import. A folder stands for all files in it, a file
# for its packages' __init__ too.
SETTINGS = ("config.py", "files.py", "offered.py")
LABELS = ("study/labels.py",)
TASKS = (*SETTINGS, "arrays.py", "streams/reference.py", "tasks/")
MODEL_FILES = (
    *SETTINGS,
    "arrays.py",
    "rate/model.py",
    "matfile.py",
    "mat_plain.py",
    "mat_structure.py",
    "mat_round_trip.py",
)
TRIAL_TABLES = (*SETTINGS, "analysis/trial_table.py")
TABLES = (*TRIAL_TABLES, "analysis/tables.py", "analysis/statistics.py")
KERNELS = {
    "cpu": ("compiled.py", "devices.py", "extras.py", "streams/polynomials.py", "streams/cpu.py"),
    "cuda": (
        "compiled.py",
        "devices.py",
        "extras.py",
        "streams/polynomials.py",
        "streams/cpu.py",
        "streams/cuda.py",
    ),
}
RATE_KERNELS = {
    "cpu": (*KERNELS["cpu"], "rate/model.py", "rate/kernels/pick.py", "rate/kernels/cpu.py"),
    "cuda": (*KERNELS["cuda"], "rate/model.py", "rate/kernels/"),
}
SPIKING_KERNELS = {
    "cpu": (
        *KERNELS["cpu"],
        "spiking/converted.py",
        "spiking/kernels/pick.py",
        "spiking/kernels/cpu.py",
    ),
    "cuda": (*KERNELS["cuda"], "spiking/converted.py", "spiking/kernels/"),
}
SCALING = (
    *SETTINGS,
    "arrays.py",
    "streams/reference.py",
    "spiking/converted.py",
    "conversion/scaling.py",
)
SPIKING_TRIALS = (
    *LABELS,
    *TASKS,
    *MODEL_FILES,
    *SCALING,
    "conversion/scored_trials.py",
    "provenance.py",
)
ANY_NETWORK = (
    *KERNELS["cpu"],
    "arrays.py",
    "networks/neurons.py",
    "networks/network.py",
    "networks/recording.py",
    "networks/simulation.py",
    "networks/kernels/pick.py",
    "networks/kernels/cpu.py",
)
PAGES = (
    *SETTINGS,
    "plotting.py",
    "figures/pages.py",
    "figures/panels.py",
    "figures/publish.py",
)
EXAMPLES = (
    *TASKS,
    *PAGES,
    "analysis/factors.py",
    "analysis/describe.py",
    "analysis/statistics.py",
)
READING = ("scripts/reading.py",)
NUMBERS = (*READING, *TABLES, *PAGES, "paper/compare.py", "paper/sweeps.py")
SWEEPS = (*NUMBERS, "figures/sweep_panels.py")
BESIDE_THE_PAPER = (*NUMBERS, *EXAMPLES, "figures/examples.py")
NETWORK_PAGES = (
    *READING,
    *TABLES,
    *PAGES,
    "analysis/factors.py",
    "analysis/describe.py",
    "figures/accuracy.py",
)
ARCHIVE = (*TABLES, *MODEL_FILES, "provenance.py", "study/archive.py")


def made_of(device: str) -> dict[str, tuple[str, ...]]:
    """The table: what the results of each stage are made of.

    Parameters
    ----------
    device : `cpu` or `cuda`

    Returns
    -------
    Stage -> files and folders (they end with a slash) below the library, and scripts
    (`scripts/...`) that its own script imports
    """
    rate_kernels = RATE_KERNELS[device]
    spiking_kernels = SPIKING_KERNELS[device]
    training = (*LABELS, *TASKS, *rate_kernels, "rate/train.py", "provenance.py")
    simulation = (*SPIKING_TRIALS, *spiking_kernels, *TRIAL_TABLES)
    return {
        "train": (*training, "rate/side_by_side.py", "rate/block_file.py"),
        "export": (*LABELS, *MODEL_FILES, "rate/block_file.py", "provenance.py"),
        "import_models": (*TASKS, *MODEL_FILES),
        "simulate": simulation,
        "held_out": (
            *simulation,
            *training,
            *TABLES,
            "analysis/choice.py",
            "conversion/converted_files.py",
        ),
        "refine": (
            *simulation,
            *TABLES,
            "analysis/refined_trials.py",
            "conversion/refinement.py",
            "conversion/calibration.py",
            "conversion/converted_files.py",
            "rate/reference.py",
            *RATE_KERNELS["cpu"],
            *SPIKING_KERNELS["cpu"],
        ),
        "example": (
            *SPIKING_TRIALS,
            *TRIAL_TABLES,
            *spiking_kernels,
            *rate_kernels,
            "analysis/factors.py",
            "analysis/example.py",
        ),
        "selectivity": (
            *SPIKING_TRIALS,
            *TRIAL_TABLES,
            *spiking_kernels,
            "analysis/selectivity.py",
            "analysis/targeted.py",
        ),
        "networks_of_condition": TABLES,
        "aggregate": (*TABLES, *MODEL_FILES, "provenance.py"),
        "aggregate_refined": TABLES,
        "figure_1": (*SWEEPS, *BESIDE_THE_PAPER, "figures/cartoons.py"),
        "figure_2": (*SWEEPS, *BESIDE_THE_PAPER, "figures/cartoons.py"),
        "figure_3": (*SWEEPS, "figures/cartoons.py"),
        "figure_4": (*SWEEPS, *BESIDE_THE_PAPER),
        "figure_5": SWEEPS,
        "figure_6": SWEEPS,
        "figure_7": (*SWEEPS, "arrays.py", "extras.py", "rate/model.py", "rate/reference.py"),
        "figure_s1": (*READING, *TABLES, *EXAMPLES, "figures/rates.py"),
        "figure_s2": (*NUMBERS, *EXAMPLES),
        "figure_s3": (*BESIDE_THE_PAPER, "figures/cartoons.py", "figures/populations.py"),
        "figure_s4": (*BESIDE_THE_PAPER, "figures/cartoons.py"),
        "figure_s5": (*EXAMPLES, "figures/selectivity.py"),
        "figure_s6": (*READING, *TABLES, *EXAMPLES),
        "figure_s7": (*BESIDE_THE_PAPER, "figures/cartoons.py"),
        "figure_task": EXAMPLES,
        "figure_sweeps": SWEEPS,
        "figure_scaling": NETWORK_PAGES,
        "figure_accuracy": NETWORK_PAGES,
        "figure_refine": (
            *READING,
            *TABLES,
            *PAGES,
            "analysis/factors.py",
            "analysis/describe.py",
            "analysis/before_after.py",
            "figures/before_after.py",
        ),
        "scorecard": (*NUMBERS, "paper/scorecard.py", "figures/forest.py"),
        "figure_variants": (
            *NUMBERS,
            *TASKS,
            *MODEL_FILES,
            "places.py",
            "analysis/factors.py",
            "paper/scorecard.py",
            "paper/variants.py",
            "figures/variants.py",
        ),
        "mean_field": (
            *PAGES,
            *ANY_NETWORK,
            "streams/reference.py",
            "provenance.py",
            "mean_field_config.py",
            "conversion/mean_field/",
            "figures/mean_field.py",
        ),
        "exchange": (  # on the CPU, whatever the device of the study
            *SPIKING_TRIALS,
            *TRIAL_TABLES,
            *SPIKING_KERNELS["cpu"],
            *ANY_NETWORK,
            "spiking/as_any_network.py",
            "networks/network.py",
            "networks/neurons.py",
            "analysis/statistics.py",
            "export/",
        ),
        "provenance": ARCHIVE,
        "provenance_page": ARCHIVE,
        "manifest": (*ARCHIVE, "study/crate.py"),
        "notebook": ("./", "scripts/"),  # through the workflow they run every script, too
    }


# stage -> its script, where it is called otherwise; job.py is part of every stage
SCRIPT = {"export": "write_models", "exchange": "write_exports", "notebook": "run_notebook"}
# a user's task of the published form is made of these besides
PUBLISHED_TASKS = ("__init__.py", "tasks.py", "own_task.py", "utils.py")


def beside_the_library(path: str) -> Path:
    """A file of the folder workflow/ of the clone that this library is in."""
    return WORKFLOW / path


def of_stage(
    stage: str, device: str, of_workflow: Callable[[str], Path] = beside_the_library
) -> str:
    """Fingerprint of all that the results of a stage are made of, wording of captions included.

    Parameters
    ----------
    stage : a row of `made_of`
    device : `cpu` or `cuda`
    of_workflow : where a file of the folder workflow/ is, such as `scripts/job.py`; the library may
        be an installed package, with no workflow around it

    Returns
    -------
    16 hexadecimal digits; an edit of any of the files changes them
    """
    before = dict(kept())
    parts = [hash_of_meaning(file) for file in files_of(stage, device, of_workflow)]
    if kept() != before:
        keep()
    if has_caption(stage):
        parts += of_files([of_workflow(f"report/{stage}.rst")])
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def has_caption(stage: str) -> bool:
    """Whether there is a `report/STAGE.rst`."""
    return stage.startswith("figure_") or stage in ("scorecard", "mean_field", "provenance")


def files_of(
    stage: str, device: str, of_workflow: Callable[[str], Path] = beside_the_library
) -> list[Path]:
    """All Python files that the results of a stage are made of.

    Parameters
    ----------
    stage : a row of the table
    device : `cpu` or `cuda`
    of_workflow : where a file of the folder workflow/ is, as in `of_stage`

    Returns
    -------
    The files, library first
    """
    library = {LIBRARY / "__init__.py"}
    own_script = f"scripts/{SCRIPT.get(stage, stage)}.py"
    scripts = {of_workflow("scripts/job.py"), of_workflow(own_script)}
    for entry in made_of(device)[stage]:
        if entry.startswith("scripts/"):
            scripts |= entry_files(of_workflow(entry))
        else:
            library |= with_packages(LIBRARY / entry)
    return [*sorted(library), *sorted(scripts)]


@cache  # most entries are those of many stages
def with_packages(entry: Path) -> frozenset[Path]:
    """The files of an entry of the library, and the `__init__` of every package they are in."""
    files = entry_files(entry)
    for file in list(files):
        for folder in file.relative_to(LIBRARY).parents:
            files.add(LIBRARY / folder / "__init__.py")
    return frozenset(files)


def entry_files(path: Path) -> set[Path]:
    """The files that an entry of the table stands for; raises FileNotFoundError where it is not
    there."""
    if not path.exists():
        raise FileNotFoundError(f"{path}: declared in study/fingerprint.py, but not there")
    return set(path.rglob("*.py")) if path.is_dir() else {path}


def of_user_task(files: Iterable[str]) -> list[str]:
    """Fingerprints of a user's task file and of what a task of the published form is made of;
    nothing where there is no such file."""
    own = of_files(files)
    if not own:
        return []
    published = [LIBRARY.parent / "rate" / name for name in PUBLISHED_TASKS]
    return own + [hash_of_meaning(file) for file in published]


def of_files(files: Iterable[str | Path]) -> list[str]:
    """Fingerprints of files that a user gives: what is in them counts, not their date."""
    return [hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] for file in files]


@cache
def hash_of_meaning(file: Path) -> str:
    """Fingerprint of a Python file without its comments and docstrings."""
    source = file.read_bytes()
    checksum = hashlib.sha256(made_by() + source).hexdigest()
    known, _, fingerprint = kept().get(str(file), "").partition(" ")
    if known != checksum or not fingerprint:
        fingerprint = hashlib.sha256(meaning(source).encode()).hexdigest()[:16]
        kept()[str(file)] = f"{checksum} {fingerprint}"
    return fingerprint


def meaning(source: bytes) -> str:
    """A Python file as text without comments, docstrings and layout. Read as bytes: a source says
    its own encoding, the locale does not. No word of it depends on the version of Python."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        documented = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        if documented and ast.get_docstring(node, clean=False) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


# To reckon all of them takes as long as to plan a study. They are kept beside Python's own cache,
# for as long as a source is what it was.


def kept_in() -> Path:
    """The file in which the last fingerprint of each source is kept."""
    return LIBRARY / "__pycache__" / "fingerprints_of_sources.json"


@cache
def kept() -> dict[str, str]:
    """Source file -> its checksum (with that of what reckons it), a space, its fingerprint."""
    try:
        found = dict(json.loads(kept_in().read_text("utf-8")))
    except (OSError, TypeError, ValueError):  # none is kept yet; or it is broken, and written anew
        return {}
    return {file: str(line) for file, line in found.items()}


def keep() -> None:
    """Write the fingerprints of this run beside the earlier ones."""
    try:
        write_text(json.dumps(kept()), kept_in())
    except OSError:
        return  # the library is read-only: they are reckoned in each run


@cache
def made_by() -> bytes:
    """What reckons the fingerprints: this file and Python."""
    return Path(__file__).read_bytes() + sys.version.encode()

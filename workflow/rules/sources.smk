# Where the workflow's own files are, and the library that it runs, also as a module
# (docs/module.md)
#
#     source("resources/published.tsv")     a file of this repository
#     of_workflow("scripts/job.py")         a file of its folder workflow/, under its own name
#
# Seen from here, not from the Snakefile that uses this one (workflow.basedir). Of a repository that
# is not on this disk Snakemake fetches single files, those that are asked for.
#
# REQUIRED INPUTS: workflow/lib, or the installed package rate2spike of the same version
import os
import sys
from pathlib import Path, PurePath

from snakemake.exceptions import WorkflowError

VERSION = "0.1.0"  # as in pyproject.toml
REPOSITORY = Path(workflow.snakefile).parents[2]
IN_A_CLONE = REPOSITORY.is_dir()
LIBRARY = REPOSITORY / "workflow" / "lib"
HAS_LIBRARY = LIBRARY.is_dir()
INSTALL = f"give `pip install -c constraints.txt .` in a clone of rate2spike {VERSION}"


# What is fingerprinted is what runs: the library of this workflow, not that of another clone, whose
# environment this may be. scripts/job.py does the same for the jobs.
if HAS_LIBRARY:
    sys.path.insert(0, str(LIBRARY))

try:
    import rate2spike
except ModuleNotFoundError as error:
    if error.name != "rate2spike":
        raise
    raise WorkflowError(
        f"the workflow of rate2spike {VERSION} needs the package rate2spike {VERSION}, "
        f"and none is installed for {sys.executable}: {INSTALL}"
    ) from None

FOUND = Path(rate2spike.__file__).parents[1]
if rate2spike.__version__ != VERSION:
    raise WorkflowError(
        f"the workflow of rate2spike {VERSION} needs the package rate2spike {VERSION}, "
        f"got {rate2spike.__version__} in {FOUND}: {INSTALL}"
    )
if HAS_LIBRARY and not FOUND.samefile(LIBRARY):
    raise WorkflowError(
        f"the library of this workflow is {LIBRARY}, but the Snakefile that uses it has loaded "
        f"rate2spike from {FOUND}: take it from one place"
    )

# the tables tell whose trial it is by its path
if workflow.modifier.path_modifier.replace_prefix("results/") != "results/":
    raise WorkflowError(
        "rate2spike takes no prefix (prefix or replace_prefix of its module): its files are in "
        "results/ of the working directory; for another folder give snakemake --directory"
    )

from rate2spike.files import write_text


def source(path: str):
    """A file of the repository."""
    if IN_A_CLONE:
        return REPOSITORY / path
    file = workflow.source_path(f"../../{path}")
    end_last_line(Path(file))
    return file


def end_last_line(file: Path) -> None:
    """Snakemake fetches a file without the end of its last line: then a caption's fingerprint would
    not be that of a clone."""
    text = file.read_text("utf-8")
    if not text.endswith("\n"):
        fetched = file.stat().st_mtime
        write_text(f"{text}\n", file)
        os.utime(file, (fetched, fetched))


def of_workflow(path: str) -> Path:
    """A file of the folder workflow/, under its own name: the scripts import each other."""
    file = Path(source(f"workflow/{path}"))
    named = file.with_name(PurePath(path).name)
    if not named.exists():  # of a local git repository it is called job.py@main
        write_text(file.read_text("utf-8"), named)
    return named


def link_library() -> None:
    """Beside fetched scripts, where job.py looks for the library, the package that was found: jobs
    take it in an environment of their own (--sdm conda), too."""
    folder = of_workflow("scripts/job.py").parents[1] / "lib"
    folder.mkdir(exist_ok=True)
    for package in ("rate2spike", "rate", "spiking", "spikeRNN"):
        link = folder / package
        if link.is_symlink() and link.readlink() == FOUND / package:
            continue
        new = folder / f".{package}.{os.getpid()}"
        new.symlink_to(FOUND / package)
        new.replace(link)


if not IN_A_CLONE:
    link_library()

"""The workflow as a module: as snakedeploy writes it, from files fetched at a tag; from a clone;
and the same study with --directory. GitHub is a repository on this disk."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import ready_snakemake
import yaml
from shared import ROOT
from tiny_study import said

import rate2spike

VERSION = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
SOURCES = ROOT / "workflow" / "rules" / "sources.smk"
# a user's task, whose file is copied with the config
STUDY = {
    "study_seed": 7,
    "device": "cpu",
    "networks_per_condition": 1,
    "networks_per_job": None,
    "keep_traces": False,
    "network": {"n_units": 20},
    "training": {
        "max_trials": 2,
        "evaluation_trials": 10,
        "loss_threshold": 1000,
        "accuracy_threshold": 0,
    },
    "neuron": {},
    "search": {"scaling_factors": [40], "trials": 4, "held_out_trials": 4},
    "conditions": {"own": {"task": "delayed-go"}},
    "sweeps": {},
    "tasks": {"delayed-go": "config/tasks/delayed_go.py"},
    "external_models": {},
    "figures": {},
}
# as snakedeploy 0.17 writes it
DEPLOYED = """\
from snakemake.utils import min_version


min_version("6.10.0")


configfile: "config/config.yaml"


# declare https://github.com/owner/rate2spike as a module
module rate2spike:
    snakefile:
        github("owner/rate2spike", path="workflow/Snakefile", tag="v{version}")
    config:
        config


# use all rules from https://github.com/owner/rate2spike
use rule * from rate2spike
""".replace("{version}", VERSION)
IN_THE_DOCS = re.search(r"```text\n(configfile.*?)```", (ROOT / "docs/module.md").read_text(), re.S)
FROM_A_CLONE = IN_THE_DOCS[1].replace("/path/to/rate2spike", str(ROOT))


def project(folder: Path, snakefile: str) -> Path:
    """A folder of a user: the Snakefile and the config with its tasks."""
    shutil.copytree(ROOT / "config", folder / "config", dirs_exist_ok=True)
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump(STUDY, sort_keys=False))
    return with_snakefile(folder, snakefile)


def with_snakefile(folder: Path, snakefile: str) -> Path:
    (folder / "workflow").mkdir(exist_ok=True)
    (folder / "workflow" / "Snakefile").write_text(snakefile)
    return folder


def workflow_without_library(folder: Path) -> Path:
    """The folder workflow of a clone as the installed package leaves it alone."""
    without = shutil.ignore_patterns("__pycache__", "lib")
    shutil.copytree(ROOT / "workflow", folder / "workflow", ignore=without)
    shutil.copytree(ROOT / "resources", folder / "resources")
    return folder


def snakemake(folder: Path, *options: str, env=None) -> subprocess.CompletedProcess:
    return ready_snakemake.run(["--cores", "2", *options], folder, env=env)


def well(done: subprocess.CompletedProcess) -> str:
    assert done.returncode == 0, said(done)[-8000:]
    return said(done)


def jobs(text: str) -> set[str]:
    """The rules of a plan's table."""
    table = text.partition("Job stats:")[2].partition("total")[0]
    return set(re.findall(r"^(\w+) +\d+$", table, re.MULTILINE))


@pytest.fixture(scope="module")
def github(tmp_path_factory):
    """The environment in which https://github.com/owner/rate2spike is this working copy, tagged
    with its version, and the library an installed package."""
    if not shutil.which("git"):
        pytest.skip("git is not installed")
    folder = tmp_path_factory.mktemp("github")
    repository = folder / "owner" / "rate2spike"
    workflow_without_library(repository)
    shutil.copytree(ROOT / "config", repository / "config")
    for file in ("environment.yml", "results/README.md", "CITATION.cff"):
        (repository / file).parent.mkdir(exist_ok=True)
        shutil.copyfile(ROOT / file, repository / file)
    who = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.org"]
    for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-qm", "."]):
        subprocess.run(["git", *words], cwd=repository, check=True)
    subprocess.run(["git", "tag", f"v{VERSION}"], cwd=repository, check=True)
    installed = str(Path(rate2spike.__file__).parents[1])
    before = os.environ.get("PYTHONPATH")
    return os.environ | {
        "XDG_CACHE_HOME": str(folder / "cache"),
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.file://{folder}/.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://github.com/",
        "PYTHONPATH": installed if before is None else os.pathsep.join([installed, before]),
    }


@pytest.fixture(scope="module")
def deployed(tmp_path_factory, github):
    """The study, run from the catalog."""
    folder = project(tmp_path_factory.mktemp("deployed"), DEPLOYED)
    well(snakemake(folder, env=github))
    return folder


def reported(folder: Path, *options: str, **more) -> str:
    well(snakemake(folder, *options, "--report", "report.html", **more))
    page = (folder / "report.html").read_text()
    for result in ("summary.html", "figure_accuracy.png", "lif.png", "provenance.html"):
        assert result in page
    assert "Kim, Li" in page  # of workflow/report/workflow.rst
    return page


def test_a_study_from_the_catalog_runs_to_its_report(deployed, github):
    reported(deployed, env=github)
    assert "Nothing to be done" in well(snakemake(deployed, "-n", env=github))


def test_jobs_of_fetched_scripts_take_the_library_that_was_found(deployed, github):
    (job,) = Path(github["XDG_CACHE_HOME"]).rglob("scripts/job.py")
    asked = "import job, rate2spike; print(rate2spike.__file__)"
    # as in an environment of its own (--sdm conda), where nothing is installed
    bare = {"PATH": os.environ["PATH"]}
    done = subprocess.run(
        [sys.executable, "-S", "-c", asked],
        cwd=job.parent,
        env=bare,
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()).samefile(rate2spike.__file__)


def test_fetched_files_are_those_of_the_repository(deployed, github):
    """To the last byte: their fingerprints and checksums are those of a clone."""
    (workflow,) = Path(github["XDG_CACHE_HOME"]).rglob(f"v{VERSION}/workflow")
    for path in ("report/figure_task.rst", "scripts/train.py", "../results/README.md"):
        fetched = (workflow / path).read_bytes()
        assert fetched == (ROOT / "workflow" / path).read_bytes(), path


def test_in_a_clone_the_same_study_trains_and_simulates_nothing_again(deployed, tmp_path):
    """As a module and with --directory: params and fingerprints are the same wherever the files
    come from. What has a caption is drawn again: Snakemake remembers where it came from."""
    folder = shutil.copytree(deployed, tmp_path / "module")
    with_snakefile(folder, FROM_A_CLONE)
    profile = ["--workflow-profile", str(ROOT / "workflow" / "profiles" / "default")]
    again = jobs(well(snakemake(folder, *profile)))
    figures = {"figure_task", "figure_accuracy", "figure_scaling"}
    assert figures <= again <= figures | {"all", "provenance", "provenance_page"}
    assert (folder / "results" / "CONTENTS.md").is_file()
    reported(folder, *profile)
    config = str(folder / "config" / "config.yaml")
    there = ["--directory", str(folder), "--configfile", config]
    assert "Nothing to be done" in well(snakemake(ROOT, *there, "-n"))


OWN_RULES = """
rule all:
    default_target: True
    input:
        rules.r2s_all.input,
        "mine.txt",


rule mine:
    input:
        "results/tables/networks.csv",
    output:
        "mine.txt",
    shell:
        "wc -l {input} > {output}"
"""


def test_its_rules_stand_beside_those_of_the_user(tmp_path):
    renamed = FROM_A_CLONE.replace("from rate2spike", "from rate2spike as r2s_*")
    part = renamed.replace("        config\n", '        config["study"]\n')
    folder = project(tmp_path, part + OWN_RULES)
    (folder / "config" / "config.yaml").write_text(yaml.safe_dump({"study": STUDY, "own": 1}))
    planned = jobs(well(snakemake(folder, "-n")))
    assert {"all", "mine", "r2s_all", "r2s_train", "r2s_figure_task"} - planned == {"r2s_all"}


def test_the_checks_before_a_start_run_where_the_snakefile_asks_for_them(tmp_path):
    folder = project(tmp_path, FROM_A_CLONE)
    config = folder / "config" / "config.yaml"
    config.write_text(yaml.safe_dump(STUDY | {"device": "cuda"}))
    nothing = {k: v for k, v in os.environ.items() if k != "TRITON_INTERPRET"}
    done = snakemake(folder, env=nothing | {"CUDA_VISIBLE_DEVICES": ""})
    assert done.returncode == 1
    assert "device: cuda: no NVIDIA GPU was found" in said(done)
    assert not (folder / "results").exists()


# What is refused ----------------------------------------------------------------------------------


def refused(done: subprocess.CompletedProcess) -> str:
    """The one line that says why."""
    assert done.returncode == 1
    error = re.search(r"^WorkflowError in file .*, line \d+:\n(.*)$", said(done), re.MULTILINE)
    assert error, said(done)[-4000:]
    return error[1]


def test_a_prefix_is_refused(tmp_path):
    """The tables read task and condition from the paths: under another path they would be wrong."""
    snakefile = FROM_A_CLONE.replace("    config:\n", '    prefix: "of_mine"\n    config:\n')
    assert "takes no prefix" in refused(snakemake(project(tmp_path, snakefile), "-n"))


def test_an_installed_package_of_another_version_is_refused(tmp_path):
    clone = workflow_without_library(tmp_path / "clone")
    sources = clone / "workflow" / "rules" / "sources.smk"
    sources.write_text(sources.read_text().replace(f'"{VERSION}"', '"9.8.7"'))
    folder = project(tmp_path, FROM_A_CLONE.replace(str(ROOT), str(clone)))
    line = refused(snakemake(folder, "-n"))
    assert f"needs the package rate2spike 9.8.7, got {VERSION} in " in line
    assert "in a clone of rate2spike 9.8.7" in line


def test_no_installed_package_is_refused(tmp_path):
    clone = workflow_without_library(tmp_path / "clone")
    folder = project(tmp_path, FROM_A_CLONE.replace(str(ROOT), str(clone)))
    # an environment without the package
    start = "import sys; sys.modules['rate2spike'] = None; from snakemake.cli import main; main()"
    command = [sys.executable, "-c", start, "-n", "--cores", "1"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    line = refused(done)
    assert f"needs the package rate2spike {VERSION}, and none is installed for " in line
    assert f"in a clone of rate2spike {VERSION}" in line


def test_the_version_that_is_asked_for_is_that_of_the_project():
    assert re.findall(r'^VERSION = "(.*)"', SOURCES.read_text(), re.MULTILINE) == [VERSION]


# The catalog --------------------------------------------------------------------------------------


def test_the_catalog_finds_what_it_looks_for():
    """Its page "Adding workflows" lists it."""
    usage = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())["usage"]
    assert set(usage["mandatory-flags"]) == {"desc", "flags"}
    deployment = usage["software-stack-deployment"]
    assert deployment["report"] is True
    assert set(deployment) == {"conda", "apptainer", "apptainer+conda", "report"}

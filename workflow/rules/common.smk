# What every stage shares: the checked config, the names of files, fingerprints of the library.
#
# REQUIRED INPUTS: config/config.yaml (or --configfile), workflow/schemas/config.schema.yaml
import ast
import hashlib
import re
import shutil
import subprocess
import sys
from functools import cache
from dataclasses import asdict, replace
from pathlib import Path

import yaml
from snakemake.exceptions import WorkflowError
from snakemake.logging import logger

LIBRARY = Path(workflow.basedir) / "lib" / "rate2spike"
SCRIPTS = Path(workflow.basedir) / "scripts"
REPORT = Path(workflow.basedir) / "report"
# What is fingerprinted below is what runs: the library of this workflow, not that of another clone, whose environment this may be.
# scripts/job.py does the same for the jobs.
sys.path.insert(0, str(LIBRARY.parent))

from rate2spike.config import ConfigError, RateConfig
from rate2spike.devices import WIDEST, device_of
from rate2spike.files import check_room, date_back
from rate2spike.study import Condition, checked
from rate2spike.tasks import find_task

SCHEMA = yaml.safe_load((Path(workflow.basedir) / "schemas" / "config.schema.yaml").read_text())


def checked_study():
    """The study of the config file, or one line that names the key and what is allowed."""
    try:
        return checked(config, SCHEMA)
    except ConfigError as error:
        raise WorkflowError(f"config: {error}") from None


STUDY = checked_study()
USER_TASKS = dict(STUDY.user_tasks)


def device() -> str:
    """`cpu` or `cuda`. auto: this machine's GPU where there is one and it can hold the networks; a cluster's has to be asked for by
    name, since it is not this machine's."""
    too_large = [c.name for c in STUDY.conditions if c.network and c.network.n_units > WIDEST]
    if STUDY.device == "cuda" and too_large:
        raise WorkflowError(f"config: device: cuda: expected networks of at most {WIDEST} units, got {too_large[0]}; write cpu")
    if STUDY.device != "auto":
        return STUDY.device
    return "cpu" if workflow.remote_exec or too_large else device_of("auto")


DEVICE = device()
GPU = {"gpu": 1} if DEVICE == "cuda" else {}  # a resource of the rules that use it


def check_folder() -> None:
    """Stop where nothing can be written, before Snakemake stumbles over it while it takes its lock. Dates in the future would have
    it fail every job that reads such a file."""
    try:
        for folder in (".snakemake", "results"):
            check_room(folder if Path(folder).exists() else ".")
        n_dated = date_back("results")
    except OSError as error:
        raise WorkflowError(str(error)) from None
    if n_dated:
        logger.warning(
            f"{n_dated} files in results were dated in the future (was the clock set back?): dated now, in their order"
        )


LOOKS = ("--report", "--unlock", "--lint", "--summary", "--detailed-summary", "--dag", "--rulegraph", "--filegraph", "--list")
only_looks = workflow.output_settings.dryrun or any(word.startswith(LOOKS) for word in sys.argv)
if workflow.is_main_process and not only_looks:
    check_folder()


def check_device() -> None:
    """Stop where the config asks for a GPU that is not there, or leaves open what a cluster is to use."""
    if not workflow.local_exec:
        if STUDY.device != DEVICE == "cuda":
            raise WorkflowError("config: device: this machine has a GPU; for jobs on a cluster write cpu or cuda instead of auto")
        return
    if STUDY.device == "auto" and device_of("auto") != DEVICE:
        logger.warning(f"device: auto: this machine's GPU is not used, since a network has more than {WIDEST} units")
    try:
        device_of(STUDY.device)
    except ConfigError as error:
        raise WorkflowError(f"config: {error}") from None


def check_queue() -> None:
    """Stop where jobs of an earlier run in this folder are still in SLURM's queue (snakemake was killed, they were not): they write
    the files that this run would write."""
    logs = [log.read_text() for log in Path(".snakemake/log").glob("*.log")]
    runs = sorted({name for text in logs for name in re.findall(r"^SLURM run ID: (\S+)", text, re.MULTILINE)})
    asked = ["squeue", "--me", "--noheader", "--format=%A", f"--name={','.join(runs)}"]
    told = subprocess.run(asked, text=True, capture_output=True) if runs and shutil.which("squeue") else None
    if told and told.returncode:
        raise WorkflowError(f"squeue cannot say whether jobs of an earlier run are still at work: {told.stderr.strip()}")
    jobs = " ".join(told.stdout.split()) if told else ""
    if jobs:
        raise WorkflowError(
            f"jobs of an earlier run are still in SLURM's queue: end them with `scancel {jobs}`, wait until `squeue --me` "
            "shows them no more, then the same command"
        )


def place(c: Condition) -> str:
    """The folder of a condition, in words: task and settings."""
    return f"{c.task}/{c.label}"


def condition_of(wildcards) -> Condition:
    """The condition of a path. Conditions that differ only in the neuron share the path of their networks."""
    neuron = getattr(wildcards, "neuron", None)
    for c in STUDY.conditions:
        if (c.task, c.label) == (wildcards.task, wildcards.condition) and neuron in (None, c.neuron_label):
            return c
    there = ", ".join(f"{place(c)}/{c.neuron_label}" for c in STUDY.conditions)
    raise WorkflowError(f"no condition {wildcards.task}/{wildcards.condition}/{neuron or ''} in the config; there are {there}")


def condition_name(wildcards) -> str:
    return condition_of(wildcards).name


def other_names(wildcards) -> str:
    """What else the config calls this condition: the value of a sweep that it is, another condition of the same settings."""
    c = condition_of(wildcards)
    return "; ".join(name for name, other in STUDY.names.items() if other is c and name != c.name)


JOB_CORE_S = 3000  # of a training job, all its cores together
MOST_NETWORKS = 100  # of a block on the CPU


def fitting_size(c: Condition) -> int:
    """How many networks a job carries where the config leaves it open: as many as make it last minutes; on a GPU all of them, of
    which the job itself takes as many at once as the GPU's memory holds."""
    if DEVICE == "cuda":
        return c.n_networks
    seconds = training_seconds(c.training, c.network.n_units, find_task(c.task, USER_TASKS).n_steps) / GENEROUS
    return max(1, min(MOST_NETWORKS, int(JOB_CORE_S / seconds)))


def blocks(c: Condition) -> list[str]:
    """Blocks of seeds, the unit of work of a job; models from elsewhere are one block."""
    if c.models:
        return ["external"]
    size = STUDY.networks_per_job or fitting_size(c)
    return [f"seeds_{a}-{min(a + size, c.n_networks) - 1}" for a in range(0, c.n_networks, size)]


def seeds_of(wildcards) -> list[int]:
    first, last = wildcards.block.removeprefix("seeds_").split("-")
    return list(range(int(first), int(last) + 1))


PUBLISHED_FORM = [LIBRARY.parent / "rate" / f"{module}.py" for module in ("tasks", "utils")]


def task_file(wildcards) -> list[str]:
    """The user's task file of a condition, as an input, so that a change of the task reruns what depends on it."""
    return [USER_TASKS[wildcards.task]] if wildcards.task in USER_TASKS else []


def own_task(wildcards) -> dict[str, str]:
    """The name and file of the condition's task, where it is the user's."""
    return {task: path for task, path in USER_TASKS.items() if task == wildcards.task}


def content(files: list[str]) -> list[str]:
    """Fingerprints of files that a user gives: what counts is what is in them, not their time."""
    return [hashlib.sha256(Path(file).read_bytes()).hexdigest()[:16] for file in files]


def task_content(wildcards) -> list[str]:
    """Of the user's task file, and of what a task of the published form is made of."""
    return content([*task_file(wildcards), *PUBLISHED_FORM]) if task_file(wildcards) else []


def model_content(wildcards) -> list[str]:
    return content(external_files(wildcards))


# what a stage uses of these it names itself: kernels are picked by device, statistics change no trial
NOT_FOLLOWED = ("kernels/__init__.py", "devices.py", "analysis.py")
# what these import to pass it on by another name, or to draw: it changes no result of a stage that imports them
ASIDE = {
    "spiking.py": {"networks.py", "neurons.py", "recording.py"},
    "conversion.py": {"mean_field.py"},
    "recording.py": {"figures.py"},
}


@cache
def syntax(file: Path) -> ast.Module:
    """What a Python file says, comments and layout left out."""
    return ast.parse(file.read_text())


@cache
def words(file: Path) -> str:
    """The same as text without docstrings, to be fingerprinted: no word of it depends on the version of Python."""
    tree = ast.parse(file.read_text())  # not the shared one: it is changed
    for node in ast.walk(tree):
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef)) and ast.get_docstring(node, clean=False) is not None:
            node.body[0] = ast.Pass()
    return ast.unparse(tree)


@cache
def imported(module: str) -> set[str]:
    """The library modules that `module` (a path below the library) imports, at its top or inside a function, but for those `ASIDE`."""
    found = set()
    for node in ast.walk(syntax(LIBRARY / module)):
        if isinstance(node, ast.ImportFrom) and node.level:
            folder = (LIBRARY / module).parents[node.level - 1] / (node.module or "").replace(".", "/")
            # from .x import name, from . import x
            for path in (folder, *(folder / name.name for name in node.names)):
                files = (path.with_suffix(".py"), path / "__init__.py")
                found |= {str(file.relative_to(LIBRARY)) for file in files if file.is_file()}
    return found - {"__init__.py"} - ASIDE.get(module, set())


def library_hash(*modules: str, scripts: tuple[str, ...] = ()) -> str:
    """Fingerprint of library modules, all they import, what the scripts share, and `scripts`: an edit reruns the stages that use
    them; comments, docstrings, layout and the time of a file do not count (profiles/default leaves out Snakemake's own watch, by time).
    """
    waiting, behind = set(modules), set(modules)
    while waiting:
        new = imported(waiting.pop()) - behind
        behind |= {module for module in new if module != "analysis.py"}
        waiting |= new - set(NOT_FOLLOWED)
    files = [LIBRARY / module for module in sorted(behind)] + [SCRIPTS / script for script in ("job.py", *scripts)]
    return hashlib.sha256("\n".join(words(file) for file in files).encode()).hexdigest()[:16]


def script_hash(script: str) -> str:
    """Fingerprint of a script, the wording of its caption where it has one, and the modules that it imports by name, from the library
    and from beside it: an edit of a figure's code redraws that figure alone."""
    library, beside = [], [script]
    for node in ast.walk(syntax(SCRIPTS / script)):
        if isinstance(node, ast.ImportFrom) and node.module == "rate2spike":
            library += [f"{name.name}.py" for name in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module.startswith("rate2spike."):
            library.append(f"{Path(*node.module.split('.')[1:])}.py")
        elif isinstance(node, ast.Import):
            beside += [f"{name.name}.py" for name in node.names if (SCRIPTS / f"{name.name}.py").is_file()]
    code = library_hash("tables.py", *library, scripts=tuple(sorted(beside)))
    caption = REPORT / Path(script).with_suffix(".rst")
    return "-".join([code, *content([caption] if caption.is_file() else [])])


def network_params(wildcards) -> dict:
    return asdict(condition_of(wildcards).network)


def training_params(wildcards) -> dict:
    return asdict(condition_of(wildcards).training)


def neuron_params(wildcards) -> dict:
    return asdict(condition_of(wildcards).neuron)


def scaling_factors(wildcards) -> list[float]:
    return list(condition_of(wildcards).search.scaling_factors)


def search_trials(wildcards) -> int:
    return condition_of(wildcards).search.trials


def held_out_trials(wildcards) -> int:
    return condition_of(wildcards).search.held_out_trials


def downsample(wildcards) -> int:
    return condition_of(wildcards).search.downsample


def external_files(wildcards) -> list[str]:
    return list(condition_of(wildcards).models)


def trials_per(wildcards) -> str:
    """Whether an example is recorded for 50 trials of each label or, where Fig. S7 is drawn from it, of each kind of trial."""
    of_s7 = STUDY.figures.get("figure_s7", {}).get("example")
    return "kind" if of_s7 and STUDY.names[of_s7] == condition_of(wildcards) else "label"


def given(wildcards) -> bool:
    """Whether the networks of a condition were given to the study, not trained by it."""
    return bool(condition_of(wildcards).models)


def shards_of(c: Condition) -> list[str]:
    """All shards of a condition: one per block and scaling factor; none where it takes the factors of another condition."""
    if c.factor_of:
        return []
    base = f"results/simulations/{place(c)}/{c.neuron_label}"
    return [f"{base}/{b}/factor_{f:g}.parquet" for b in blocks(c) for f in c.search.scaling_factors]


def shards(wildcards) -> list[str]:
    return shards_of(condition_of(wildcards))


def other_choice(wildcards) -> list[str]:
    """The factors chosen for the condition whose factors this one takes, where it does."""
    other = condition_of(wildcards).factor_of
    return [of_role("results/choices/{place}/{neuron}.csv", other)] if other else []


def every_shard() -> list[str]:
    """All shards of the study."""
    return [shard for c in STUDY.conditions for shard in shards_of(c)]


# Estimates for a scheduler. Times are about GENEROUS times those measured on one core (benchmarks/), memory about twice what was
# measured, beside what Python and its libraries take; a test holds both against the benchmark files of a run. A job that is tried
# again gets twice as much.
GENEROUS = 4
MOST_THREADS = 16  # of a training job: more is more than many a machine or cluster node has
START_MINUTES = 10  # Python from a slow shared disk, kernels compiled for the first time
START_MB = 1500
CUDA_MB = 4000 if DEVICE == "cuda" else 0  # of the host: the GPU's context, PyTorch
TRAINING_STEP_S = (2e-6, 4e-10)  # of a 5-ms step: + the second times units squared
SPIKING_STEP_S = (2e-7, 4e-9)  # of a 0.05-ms step: + the second times units
RECORDING_STEP_S = 4e-7  # the same in the plain simulation, per unit
MEAN_FIELD_STEP_S = 1.6e-10  # of a network of the mean-field study, times units squared
RECORDED_TRIALS = 400  # of an example network, at most: 50 of eight kinds


def growing(amount: int):
    """A resource function: so much, and twice as much each time the job is tried again."""

    def of_attempt(wildcards, attempt) -> int:
        return amount * 2 ** (attempt - 1)

    return of_attempt


def block_size(wildcards) -> int:
    """How many networks a job carries."""
    return len(condition_of(wildcards).models) or len(seeds_of(wildcards))


def size_of(wildcards) -> tuple[int, int]:
    """Units of the condition's networks, 1000 where their files are not ours, and steps of 5 ms of a trial."""
    c = condition_of(wildcards)
    return c.network.n_units if c.network else 1000, find_task(c.task, USER_TASKS).n_steps


def training_threads(wildcards) -> int:
    return 1 if DEVICE == "cuda" else min(block_size(wildcards), MOST_THREADS)


def training_seconds(training, n_units: int, n_steps: int) -> float:
    """Of a network on one core with all its trials, generous; an evaluation trial as a quarter: it has no gradient."""
    trials = training.max_trials * (1 + training.evaluation_trials / training.evaluation_interval / 4)
    base, per_unit_squared = TRAINING_STEP_S
    return trials * n_steps * (base + per_unit_squared * n_units**2)


def training_minutes(wildcards, threads, attempt) -> int:
    # a hundred networks side by side on a GPU get the time of one on a core (reckoned)
    side_by_side = MOST_NETWORKS if DEVICE == "cuda" else threads
    one_after_another = -(-block_size(wildcards) // side_by_side)
    seconds = one_after_another * training_seconds(condition_of(wildcards).training, *size_of(wildcards))
    return (START_MINUTES + int(seconds / 60)) * 2 ** (attempt - 1)


def training_mem_mb(wildcards, threads, attempt) -> int:
    """The networks of the block with their moments and traces; for each that runs at once what it draws and runs."""
    training, (n_units, n_steps) = condition_of(wildcards).training, size_of(wildcards)
    kept = 40 * n_units**2 + 32 * n_units * n_steps + 16 * n_steps * training.evaluation_trials
    drawn = training.evaluation_trials + training.evaluation_interval + training.trials_per_update
    running = n_steps * (200 * n_units + 64 * drawn)
    at_once = block_size(wildcards) if DEVICE == "cuda" else threads
    megabytes = (block_size(wildcards) * kept + at_once * running) / 1e6
    return (START_MB + CUDA_MB + int(megabytes)) * 2 ** (attempt - 1)


def block_mem_mb(wildcards, attempt) -> int:
    """All models of a block, with the traces that they may hold."""
    n_units, n_steps = size_of(wildcards)
    return (START_MB + int(block_size(wildcards) * (40 * n_units**2 + 32 * n_units * n_steps) / 1e6)) * 2 ** (attempt - 1)


def block_minutes(wildcards, attempt) -> int:
    """A network's model read, scored on fresh trials or written, on a slow disk."""
    n_units, n_steps = size_of(wildcards)
    seconds = block_size(wildcards) * (5 + 1e-6 * (n_units**2 + n_units * n_steps) * 20)
    return (START_MINUTES + int(seconds / 60)) * 2 ** (attempt - 1)


def gpu_block_mem_mb(wildcards, attempt) -> int:
    return block_mem_mb(wildcards, attempt) + CUDA_MB


def simulation_minutes(wildcards, attempt) -> int:
    search, (n_units, n_steps) = condition_of(wildcards).search, size_of(wildcards)
    base, per_unit = SPIKING_STEP_S
    steps = block_size(wildcards) * max(search.trials, search.held_out_trials) * n_steps * 100 / search.downsample
    return (START_MINUTES + int(steps * (base + per_unit * n_units) / 60)) * 2 ** (attempt - 1)


def recording_minutes(wildcards, attempt) -> int:
    """Some trials in the plain simulation, hundreds in the fast one."""
    n_units, n_steps = size_of(wildcards)
    seconds = n_units * n_steps * 100 * (8 * RECORDING_STEP_S + 3 * RECORDED_TRIALS * SPIKING_STEP_S[1])
    return (2 * START_MINUTES + int(seconds / 60)) * 2 ** (attempt - 1)


def recording_mem_mb(wildcards, attempt) -> int:
    """One trial recorded whole in float64, and the rates of all trials every 5 ms, of the rate and the spiking network."""
    n_units, n_steps = size_of(wildcards)
    megabytes = n_units * n_steps * (8 * 8 * 100 + RECORDED_TRIALS * 4 * 4) / 1e6
    return (START_MB + CUDA_MB + int(megabytes)) * 2 ** (attempt - 1)


def exchange_mem_mb(wildcards, attempt) -> int:
    """A recording, and trials without noise: inputs and rates of as many as `nir_file.BYTES_AT_ONCE` allows, some copies of them."""
    return recording_mem_mb(wildcards, attempt) + 1000 * 2 ** (attempt - 1)


def mean_field_mem_mb(wildcards, attempt) -> int:
    """Noise and inputs of the rate network at every step, weights of all LIF networks of one g and q."""
    s = STUDY.mean_field
    n_units, n_steps = s.n_exc + s.n_inh, s.n_transient + s.n_steps
    megabytes = 8e-6 * (4 * n_units * n_steps + 4 * (1 + len(s.weight_scales)) * n_units**2)
    return (START_MB + int(megabytes)) * 2 ** (attempt - 1)


def mean_field_minutes(wildcards, attempt) -> int:
    """For each g and q the rate network, twice (its noise needs its rates), and the LIF networks."""
    s = STUDY.mean_field
    n_networks = len(s.g) * len(s.q) * (2 + len(s.weight_scales))
    seconds = n_networks * (s.n_transient + s.n_steps) * MEAN_FIELD_STEP_S * (s.n_exc + s.n_inh) ** 2
    return (START_MINUTES + int(seconds / 60)) * 2 ** (attempt - 1)


def per_block(pattern: str):
    """An input function: the files of all blocks of a condition, e.g. results/networks/{place}/{block}.csv."""

    def files(wildcards) -> list[str]:
        c = condition_of(wildcards)
        return [pattern.format(place=place(c), neuron=c.neuron_label, block=b) for b in blocks(c)]

    return files


def per_condition(pattern: str) -> list[str]:
    """The files of all conditions of the study, e.g. results/choices/{place}/{neuron}.csv."""
    return [pattern.format(place=place(c), neuron=c.neuron_label) for c in STUDY.conditions]


def all_blocks(pattern: str, conditions: tuple[Condition, ...]) -> list[str]:
    """The files of all blocks of these conditions, once each where conditions share their networks."""
    files = [pattern.format(place=place(c), neuron=c.neuron_label, block=b) for c in conditions for b in blocks(c)]
    return list(dict.fromkeys(files))


def of_role(pattern: str, name: str) -> str:
    """A file of the condition called `name` in the config, e.g. results/examples/{place}/{neuron}.npz."""
    c = STUDY.names[name]
    return pattern.format(place=place(c), neuron=c.neuron_label)


# conditions that have a page of their own; the points of sweeps are drawn together
SHOWN = [c for c in STUDY.conditions if not c.key.startswith("sweeps.")]


TRAINING_CODE = ("train.py", "user_tasks.py", f"kernels/rate_{DEVICE}.py")
SIMULATION_CODE = ("conversion.py", "user_tasks.py", "matfile.py", "trials.py", f"kernels/spiking_{DEVICE}.py")
ANY_NETWORK_CODE = ("networks.py", "neurons.py", "recording.py", "kernels/network_cpu.py")
TABLES = ("trials.parquet", "accuracy.csv", "networks.csv", "curves.csv", "summary.csv", "summary.html")
TABLES = [f"results/tables/{t}" for t in TABLES] if STUDY.conditions else []
MEAN_FIELD = (
    [f"results/figures/mean_field{e}" for e in ("_measures.csv", "_autocovariances.csv", ".json")] if STUDY.mean_field else []
)
# example networks that are recorded, and those whose responses to graded inputs are
EXAMPLES = [of_role("{place}/{neuron}", roles["example"]) for roles in STUDY.figures.values() if "example" in roles]
EXAMPLES = list(dict.fromkeys([*(f"{place(c)}/{c.neuron_label}" for c in SHOWN), *EXAMPLES]))
SELECTIVITY = [of_role("{place}/{neuron}", STUDY.figures[f]["example"]) for f in STUDY.figures if f == "figure_s5"]
SEARCHED = tuple(c for c in STUDY.conditions if not c.factor_of)
CONVERTED = all_blocks("results/converted/{place}/{neuron}/{block}", SEARCHED)


wildcard_constraints:
    task="[^/]+",
    condition="[^/]+",
    neuron="[^/]+",
    block=r"seeds_\d+-\d+|external",
    factor=r"[0-9.e+-]+",


def points_of(figure: str, roles: dict[str, str]) -> list[tuple]:
    """(figure, role, value along the sweep or None, table of the condition's networks) for everything a figure is drawn from."""
    return [
        (figure, role, point.x, f"results/conditions/{place(point.condition)}/{point.condition.neuron_label}.csv")
        for role, name in roles.items()
        for point in STUDY.points(name)
    ]


def published_size(name: str) -> int | None:
    """The size whose published numbers stand beside a sweep: where nothing but what is swept differs from the default networks,
    which are the paper's with decays of 20 to 50 ms, and the paper does not sweep it itself."""
    section, key = STUDY.sweeps[name].key.split(".")
    network = STUDY.sweeps[name].points[0].condition.network
    default = RateConfig(n_units=network.n_units)
    rest = replace(network, **{key: getattr(default, key)}) if section == "network" else network
    return network.n_units if rest == default and key not in ("n_units", "tau_decay_ms") else None


def inputs_of(figure: str) -> dict:
    """The files a figure of the paper is drawn from."""
    files = {"caption": ancient(workflow.source_path(f"../report/{SCRIPT.get(figure, figure)}.rst")), "published": PUBLISHED}
    files["tables"] = [table for *_, table in POINTS[figure]]
    example = STUDY.figures[figure].get("example")
    if example:
        files["example"] = of_role("results/examples/{place}/{neuron}.npz", example)
    if figure == "figure_s5":
        files["selectivity"] = of_role("results/selectivity/{place}/{neuron}.npz", example)
    return files


def outputs_of(figure: str) -> dict:
    """The files that a figure consists of."""
    files = {ending: f"results/figures/{figure}.{ending}" for ending in ("pdf", "csv")}
    files["caption"] = f"results/figures/{figure}.rst"
    if figure in WITH_SINGLES:
        files["singles"] = f"results/figures/{figure}_singles.csv"
    if figure in WITH_TESTS:
        files["tests"] = f"results/figures/{figure}_tests.csv"
    return files


def benchmarks() -> dict[str, list[str]]:
    """The benchmark file of every job of the study that makes a result, by stage."""
    given = tuple(c for c in STUDY.conditions if c.models)
    trained = tuple(c for c in STUDY.conditions if not c.models)
    jobs = {
        "train": all_blocks("{place}/{block}", trained),
        "export": all_blocks("{place}/{block}", trained),
        "import_models": all_blocks("{place}/{block}", given),
        "score_rate": all_blocks("{place}/{block}", STUDY.conditions),
        "simulate": [shard.removeprefix("results/simulations/").removesuffix(".parquet") for shard in every_shard()],
        "choose": per_condition("{place}/{neuron}"),
        "held_out": all_blocks("{place}/{neuron}/{block}", STUDY.conditions),
        "example": EXAMPLES,
        "selectivity": SELECTIVITY,
        "networks_of_condition": per_condition("{place}/{neuron}"),
        "aggregate": ["tables"] if STUDY.conditions else [],
        "convert": all_blocks("{place}/{neuron}/{block}", SEARCHED),
        "figures": [drawn.removeprefix("figures/").removeprefix("conditions/") for drawn in DRAWN],
    }
    return {stage: [f"results/benchmarks/{stage}/{job}.tsv" for job in those] for stage, those in jobs.items()}


def n_jobs() -> int:
    """How many jobs the whole study is, as `snakemake -n` counts them in an empty folder."""
    return sum(map(len, benchmarks().values())) + 3  # provenance, provenance_page, all


def workload() -> list[dict]:
    """What each condition asks of the machine; conditions that share their networks train them once."""
    rows, seen = [], set()
    for c in STUDY.conditions:
        trains = not c.models and (c.task, c.label) not in seen
        seen.add((c.task, c.label))
        rows.append(
            {
                "name": c.name,
                "task": c.task,
                "network": asdict(c.network) if c.network else None,
                "training": asdict(c.training) if trains else None,
                "neuron": asdict(c.neuron),
                "n_networks": c.n_networks,
                "n_factors": 0 if c.factor_of else len(c.search.scaling_factors),
                "trials": c.search.trials,
                "held_out_trials": c.search.held_out_trials,
                "downsample": c.search.downsample,
            }
        )
    return rows

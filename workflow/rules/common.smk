# What every stage shares: the checked config, and the words of the rules
#
#     setting("network")    a setting of the job's condition, for params
#     needs("train")        memory and run time of the job, for resources
#     code("train")         the fingerprint of what the stage is made of, for params
#
# Their Python is workflow/lib/rate2spike/study: layout, resources, fingerprint, start.
#
# REQUIRED INPUTS: the config (rules/config.smk), workflow/schemas/config.schema.yaml
from dataclasses import asdict
from functools import partial
from pathlib import Path

from rate2spike.study import contents, figure_roles, fingerprint, resources, schema, start
from rate2spike.study.layout import (
    BLOCK,
    Layout,
    in_block,
    in_places,
    not_in_places,
    of_condition,
    outputs_of,
    seeds_in,
    shards_of_block,
    spiking_place,
)
from rate2spike.study.read import checked

SCHEMA = schema.read(workflow.source_path("../schemas/config.schema.yaml"))
PUBLISHED = source("resources/published.tsv")


if workflow.is_main_process:
    or_stop(config_files.check, workflow.configfiles, ARGUMENTS)
CONFIG = config_files.plain_values(config, ARGUMENTS)
STUDY = or_stop(checked, CONFIG, SCHEMA)
DEVICE = or_stop(start.device_of_study, STUDY, workflow.remote_exec)


LAYOUT = Layout(
    STUDY,
    partial(resources.fitting_block, device=DEVICE),
    partial(resources.fitting_factors, device=DEVICE),
)
PRIORITIES = resources.priorities(LAYOUT)
PRIORITY_OF_FIGURES = len(PRIORITIES)  # as soon as they can be drawn
if workflow.is_main_process:
    if any(c.is_given for c in STUDY.conditions):
        from rate2spike.study import given_models

        or_stop(given_models.check, STUDY)
    problem = start.why_no_run_can_start()
    if problem:
        logger.warning(problem)


# a job of a cluster has the cores that it asked for
HERE = workflow.is_main_process and workflow.local_exec
CORES_TO_SHARE = workflow.resource_settings.cores if HERE else None
UNTRAINED = LAYOUT.n_untrained()
CHOICE_OF_BLOCK = "results/choices/{place}/{neuron}/{block}.csv"


wildcard_constraints:
    task="[^/]+",
    condition="[^/]+",
    neuron="[^/]+",
    block=BLOCK,
    factor=r"[0-9.e+-]+",


# Settings of the job's condition, for params -----------------------------------------------------


def setting(key: str):
    """A setting as it stands in the config, e.g. `network` or `search.trials`; its value where all
    conditions share it, so that there is nothing to ask for each job."""
    values = [c.setting(key) for c in STUDY.conditions]
    if len({repr(value) for value in values}) == 1:
        return values[0]

    def of_wildcards(wildcards):
        return LAYOUT.condition_of(wildcards).setting(key)

    return of_wildcards


def of_layout(function):
    """What a function of the layout says of the job's condition, e.g. `LAYOUT.other_names`."""

    def of_wildcards(wildcards):
        return function(LAYOUT.condition_of(wildcards))

    return of_wildcards


def seeds(wildcards) -> list[int]:
    return seeds_in(wildcards.block)


def whole_study_asked() -> bool:
    """Whether the command asks for the whole study, other targets beside it or not."""
    targets = workflow.dag_settings.targets
    return not targets or "all" in targets


def training_threads(wildcards) -> int:
    n_networks = LAYOUT.networks_in(wildcards)
    # how many blocks other targets need is not known here: each takes a core for each network
    all_blocks = set(workflow.dag_settings.targets) <= {"all", "tables"}
    n_blocks = UNTRAINED if all_blocks else 1
    return resources.training_threads(n_networks, DEVICE, n_cores=CORES_TO_SHARE, n_blocks=n_blocks)


def priority(wildcards) -> int:
    """That of the condition; of networks that several conditions share, the highest."""
    if hasattr(wildcards, "neuron"):
        return PRIORITIES[LAYOUT.condition_of(wildcards).name]
    return max(PRIORITIES[c.name] for c in LAYOUT.sharing_networks(wildcards))


def own_task_of(wildcards) -> dict[str, str]:
    """Name and file of the condition's task, where it is the user's."""
    return {name: file for name, file in STUDY.user_tasks.items() if name == wildcards.task}


def task_content_of(wildcards) -> list[str]:
    return fingerprint.of_user_task(own_task_of(wildcards).values())


def task_file_of(wildcards) -> list[str]:
    """The user's task file, so that a change of the task reruns what depends on it."""
    return list(own_task_of(wildcards).values())


# a study of built-in tasks alone has nothing to ask for each of its jobs
own_task = own_task_of if STUDY.user_tasks else {}
task_content = task_content_of if STUDY.user_tasks else []
task_file = task_file_of if STUDY.user_tasks else []


def model_content(wildcards) -> list[str]:
    return fingerprint.of_files(LAYOUT.condition_of(wildcards).models)


# Input files of a job ----------------------------------------------------------------------------


def per_block(pattern: str):
    """The files of all blocks of a condition, e.g. results/networks/{place}/{block}.csv."""

    def files(wildcards) -> list[str]:
        return LAYOUT.of_blocks(pattern, [LAYOUT.condition_of(wildcards)])

    return files


def shards(wildcards) -> list[str]:
    """The simulations of a block at all scaling factors."""
    return shards_of_block(LAYOUT.condition_of(wildcards), wildcards.block)


def other_choice(wildcards) -> str:
    """The factors chosen for the same block in the condition whose factors this one takes."""
    other = STUDY.names[LAYOUT.condition_of(wildcards).factor_of]
    return in_block(CHOICE_OF_BLOCK, other, wildcards.block)


def not_listed(figure: str):
    """The input of a figure that the config does not list: there is none."""

    def of_wildcards(wildcards):
        or_stop(figure_roles.refuse_unlisted, figure)

    return of_wildcards


# Resources and code of a stage -------------------------------------------------------------------


def needs(stage: str, n_factors: int = 1) -> dict:
    return resources.needs(stage, LAYOUT, DEVICE, n_factors)


def code(stage: str) -> str:
    return fingerprint.of_stage(stage, DEVICE, of_workflow)

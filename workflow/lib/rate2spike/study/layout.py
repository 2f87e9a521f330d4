"""Where the files of a study lie and what is made from what: conditions, blocks, names of files.

A path carries its wildcards in words: `{task}/{condition}` are the networks of a condition,
`{neuron}` how they are made to spike, `{block}` which seeds a job carries.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

from ..config import ConfigError, RateConfig
from ..places import is_example
from ..tasks import find_task
from .figure_roles import VARIANTS, with_a_place
from .study import Condition, Study

EXTERNAL_BLOCK = "external"  # models from elsewhere are one block
BLOCK = rf"seeds_\d+-\d+|{EXTERNAL_BLOCK}"  # what the wildcard `block` matches

# figures that hand single numbers of their example network to the scorecard
WITH_SINGLES = (
    "figure_1",
    "figure_2",
    "figure_4",
    "figure_s2",
    "figure_s3",
    "figure_s4",
    "figure_s7",
)
# figures without a number for the scorecard
NOT_COMPARED = ("figure_s1", "figure_s5", "figure_xor", VARIANTS)
WITH_TESTS = ("figure_5", "figure_6", "figure_7")  # a table of their statistical tests


class SimulationRule(NamedTuple):
    """The simulations of some scaling factors in one job: a rule, since the outputs of a rule are
    the same for all of its jobs.

    Attributes
    ----------
    name : such as `simulate_20_to_75`, or `simulate` where a job carries one factor
    factors : as in the names of their files; `{factor}` where a job carries one, whichever
    factors_said : what the factors are called in a message
    log_name : of the job's log and benchmark, without an ending
    task_pattern : what the wildcard `task` matches where it begins the place of one of its
        conditions
    """

    name: str
    factors: tuple[str, ...]
    factors_said: str
    log_name: str
    task_pattern: str


class FigurePoint(NamedTuple):
    """One condition behind a figure.

    Attributes
    ----------
    figure : such as `figure_1`
    role : what the condition is there, such as `example`
    x : value along a sweep; None where the role is one condition
    table : the file of its networks
    """

    figure: str
    role: str
    x: float | None
    table: str


@dataclass(frozen=True)
class Layout:
    """The files of a study.

    Attributes
    ----------
    study : the study
    block_size : how many networks a job carries where the config leaves it open, by condition and
        steps of a trial
    factors_at_once : how many scaling factors a job carries where the config leaves it open, by
        condition, networks of a block and steps of a trial
    """

    study: Study
    block_size: Callable[[Condition, int], int]
    factors_at_once: Callable[[Condition, int, int], int]

    # Conditions ----------------------------------------------------------------------------------

    def condition_of(self, wildcards: Any) -> Condition:
        """The condition of a path.

        Parameters
        ----------
        wildcards : task and condition of the path, and its neuron where it has one

        Returns
        -------
        The condition; of those that differ only in the neuron the first, where the path has none

        Raises
        ------
        ConfigError
            naming the conditions there are
        """
        neuron = getattr(wildcards, "neuron", None)
        found = self._by_place.get((wildcards.task, wildcards.condition, neuron))
        if found:
            return found
        there = ", ".join(map(spiking_place, self.study.conditions))
        asked = f"{wildcards.task}/{wildcards.condition}/{neuron or ''}"
        raise ConfigError(f"no condition {asked} in the config; there are {there}")

    @cached_property
    def _by_place(self) -> dict[tuple[str, str, str | None], Condition]:
        """The conditions by task, label and neuron, and the first of each task and label without a
        neuron."""
        conditions: dict[tuple[str, str, str | None], Condition] = {}
        for c in self.study.conditions:
            conditions[c.identity] = c
            conditions.setdefault((c.task, c.label, None), c)
        return conditions

    def sharing_networks(self, wildcards: Any) -> list[Condition]:
        """The conditions of the networks of a path: they differ in the neuron."""
        place = (wildcards.task, wildcards.condition)
        return [c for c in self.study.conditions if (c.task, c.label) == place]

    @cached_property
    def n_steps(self) -> dict[str, int]:
        """Steps of a trial by the name of the task. A user's task is loaded once, not for each job
        that is planned: one of the published form draws hundreds of trials then."""
        names = dict.fromkeys(c.task for c in self.study.conditions)
        return {name: find_task(name, self.study.user_tasks).n_steps for name in names}

    @cached_property
    def shown(self) -> tuple[Condition, ...]:
        """Conditions that have a page of their own; the points of sweeps are drawn together."""
        return tuple(c for c in self.study.conditions if not c.key.startswith("sweeps."))

    @cached_property
    def searched(self) -> tuple[Condition, ...]:
        """Conditions that search a scaling factor of their own."""
        return tuple(c for c in self.study.conditions if not c.factor_of)

    @cached_property
    def refined(self) -> tuple[Condition, ...]:
        """Conditions whose conversion is refined."""
        return tuple(c for c in self.study.conditions if c.refines)

    def other_names(self, c: Condition) -> str:
        """What else the config calls this condition: the value of a sweep that it is, another
        condition of the same settings."""
        names = [name for name, other in self.study.names.items() if other is c and name != c.name]
        return "; ".join(names)

    # Blocks --------------------------------------------------------------------------------------

    def blocks(self, c: Condition) -> list[str]:
        """Blocks of seeds, the unit of work of a job."""
        if c.models:
            return [EXTERNAL_BLOCK]
        size = self._block_size(c)
        firsts = range(0, c.n_networks, size)
        return [f"seeds_{first}-{min(first + size, c.n_networks) - 1}" for first in firsts]

    def _block_size(self, c: Condition) -> int:
        """Networks of a block, but for the last one, which may hold fewer."""
        if c.models:
            return c.n_networks
        return self.study.networks_per_job or self.block_size(c, self.n_steps[c.task])

    def networks_in(self, wildcards: Any) -> int:
        """How many networks the block of a path holds."""
        return len(self.condition_of(wildcards).models) or len(seeds_in(wildcards.block))

    # Scaling factors -----------------------------------------------------------------------------

    def factor_groups(self, c: Condition) -> list[tuple[str, ...]]:
        """The scaling factors of a condition, in the words of their files, as its simulation jobs
        carry them; none where it takes those of another condition."""
        if c.factor_of:
            return []
        factors = [f"{factor:g}" for factor in c.search.scaling_factors]
        n_networks = min(self._block_size(c), c.n_networks)
        size = self.study.factors_per_job
        size = size or self.factors_at_once(c, n_networks, self.n_steps[c.task])
        firsts = range(0, len(factors), size)
        return [tuple(factors[first : first + size]) for first in firsts]

    @cached_property
    def simulation_rules(self) -> list[SimulationRule]:
        """A rule for each group of scaling factors that a job carries, and one for jobs of one
        factor, whichever it is. A condition belongs to one kind of them."""
        places: dict[tuple[str, ...], list[str]] = {}  # by the factors of a job
        for c in self.searched:
            groups = self.factor_groups(c)
            if max(map(len, groups)) > 1:
                for group in groups:
                    places.setdefault(group, []).append(spiking_place(c))
        together = list(dict.fromkeys(place for of_group in places.values() for place in of_group))
        rules = [_one_by_one(together)]
        for group, of_group in places.items():
            rules.append(_together(group, of_group, {rule.name for rule in rules}))
        return rules

    # Files ---------------------------------------------------------------------------------------

    def of_blocks(self, pattern: str, conditions: Sequence[Condition]) -> list[str]:
        """The files of all blocks of these conditions, each once where conditions share their
        networks.

        Parameters
        ----------
        pattern : such as results/networks/{place}/{block}.csv
        conditions : whose blocks

        Returns
        -------
        Paths
        """
        files = []
        for c in conditions:
            files += [in_block(pattern, c, block) for block in self.blocks(c)]
        return list(dict.fromkeys(files))

    def of_conditions(self, pattern: str) -> list[str]:
        """The files of all conditions, e.g. results/choices/{place}/{neuron}.csv."""
        return [of_condition(pattern, c) for c in self.study.conditions]

    def of_name(self, pattern: str, name: str) -> str:
        """The file of the condition called `name` in the config."""
        return of_condition(pattern, self.study.names[name])

    def shards(self, c: Condition) -> list[str]:
        """All shards of a condition: one per block and scaling factor; none where it takes the
        factors of another condition."""
        shards = []
        for block in self.blocks(c):
            shards += shards_of_block(c, block)
        return shards

    @cached_property
    def all_shards(self) -> list[str]:
        """All shards of the study."""
        shards = []
        for c in self.study.conditions:
            shards += self.shards(c)
        return shards

    def n_untrained(self) -> int:
        """How many blocks are still to be trained."""
        trained = [c for c in self.study.conditions if not c.models]
        files = self.of_blocks("results/training/{place}/{block}.npz", trained)
        return sum(not Path(file).exists() for file in files)

    @cached_property
    def tables(self) -> list[str]:
        """The tables of the whole study; none where it has no conditions."""
        if not self.study.conditions:
            return []
        names = "trials.parquet accuracy.csv networks.csv curves.csv summary.csv summary.html"
        refined = ["refined.csv"] if self.refined else []
        return [f"results/tables/{name}" for name in [*names.split(), *refined]]

    @cached_property
    def converted(self) -> list[str]:
        """The folders of the converted models."""
        return self.of_blocks("results/converted/{place}/{neuron}/{block}", self.searched)

    @cached_property
    def refined_models(self) -> list[str]:
        """The folders of the models with what the refinement has found."""
        return self.of_blocks("results/refined/{place}/{neuron}/{block}", self.refined)

    @cached_property
    def refined_files(self) -> list[str]:
        """All that the refinement makes: those folders, tables, fresh trials."""
        files = list(self.refined_models)
        for folder in self.refined_models:
            files += [f"{folder}.csv", f"{folder}.parquet"]
        return files

    @cached_property
    def exports(self) -> list[str]:
        """The folders of example networks in formats of other tools, made when they are asked
        for."""
        folders = [of_condition("results/exports/{place}/{neuron}", c) for c in self.shown]
        for c in self.shown:
            if c.refines:
                folders.append(of_condition("results/exports_refined/{place}/{neuron}", c))
        return folders

    @cached_property
    def mean_field_files(self) -> list[str]:
        """What the mean-field study measured, beside its figure."""
        if not self.study.mean_field:
            return []
        endings = ("_measures.csv", "_autocovariances.csv", ".json")
        return [f"results/figures/mean_field{ending}" for ending in endings]

    # What figures are drawn from -----------------------------------------------------------------

    @cached_property
    def examples(self) -> list[str]:
        """Example networks that are recorded, by their place: those with a page, those of figures,
        and those of variants that the paper has an example of."""
        wanted = [spiking_place(c) for c in self.shown]
        for roles in self.study.figures.values():
            if "example" in roles:
                wanted.append(spiking_place(self.study.names[roles["example"]]))
        wanted += [spiking_place(c) for c in self.examples_of_variants]
        return list(dict.fromkeys(wanted))

    @cached_property
    def variants(self) -> list[Condition]:
        """The conditions that `figure_variants` is drawn from; none where it is not asked for."""
        return with_a_place(self.study) if VARIANTS in self.study.figures else []

    @cached_property
    def examples_of_variants(self) -> list[Condition]:
        """Those of them that have the size and the decays of the paper's example networks."""
        return [c for c in self.variants if is_example(c.task, c.network)]

    @cached_property
    def selectivity(self) -> list[str]:
        """Example networks whose responses to graded inputs are recorded (Fig. S5)."""
        roles = self.study.figures.get("figure_s5")
        return [spiking_place(self.study.names[roles["example"]])] if roles else []

    def trials_per(self, c: Condition) -> str:
        """Whether an example is recorded for 50 trials of each label or, where Fig. S7 is drawn
        from it, of each kind of trial."""
        roles = self.study.figures.get("figure_s7")
        return "kind" if roles and self.study.names[roles["example"]] is c else "label"

    def points(self, figure: str) -> list[FigurePoint]:
        """Everything that a figure is drawn from; for `figure_sweeps` all sweeps."""
        all_sweeps = {name: name for name in self.study.sweeps}
        roles = all_sweeps if figure == "figure_sweeps" else self.study.figures[figure]
        drawn = []
        for role, name in roles.items():
            for point in self.study.points(name):
                table = of_condition("results/conditions/{place}/{neuron}.csv", point.condition)
                drawn.append(FigurePoint(figure, role, point.x, table))
        return drawn

    def inputs_of(self, figure: str) -> dict[str, Any]:
        """The files of the study that a figure of the paper is drawn from."""
        files: dict[str, Any] = {"tables": [point.table for point in self.points(figure)]}
        example = self.study.figures[figure].get("example")
        if example:
            files["example"] = self.of_name("results/examples/{place}/{neuron}.npz", example)
        if figure == "figure_s5":
            responses = "results/selectivity/{place}/{neuron}.npz"
            files["selectivity"] = self.of_name(responses, example)
        return files

    def all_points(self) -> list[FigurePoint]:
        """Everything that the figures of the paper are drawn from."""
        points = []
        for figure in self.study.figures:
            points += self.points(figure)
        return points

    def task_of_figure(self, figure: str) -> str:
        """The name of the task that a figure of the paper shows."""
        first, *_ = self.study.figures[figure].values()
        return self.study.points(first)[0].condition.task

    def published_size(self, sweep: str) -> int | None:
        """The size whose published numbers stand beside a sweep.

        Parameters
        ----------
        sweep : its name in the config

        Returns
        -------
        Units of its networks, where nothing but what is swept differs from the default networks,
        which are the paper's with decays of 20 to 50 ms, and the paper does not sweep it itself;
        else None
        """
        section, key = self.study.sweeps[sweep].key.split(".")
        if key in ("n_units", "tau_decay_ms"):  # swept by the paper
            return None
        network = self.study.sweeps[sweep].points[0].condition.network
        default = RateConfig(n_units=network.n_units)
        unswept = network
        if section == "network":
            unswept = replace(network, **{key: getattr(default, key)})
        return network.n_units if unswept == default else None

    @cached_property
    def compared(self) -> list[str]:
        """The figures with numbers for the scorecard; without any there is none."""
        return [figure for figure in self.study.figures if figure not in NOT_COMPARED]

    @cached_property
    def drawn(self) -> list[str]:
        """Every figure of the study, as its path below results without an ending."""
        drawn = [f"figures/{figure}" for figure in self.study.figures]
        if self.compared:
            drawn.append("figures/scorecard")
        if self.study.sweeps:
            drawn.append("figures/figure_sweeps")
        if self.shown:
            drawn += ["figures/figure_scaling", "figures/figure_accuracy"]
        if self.refined:
            drawn.append("figures/figure_refine")
        drawn += [f"figures/conditions/{spiking_place(c)}" for c in self.shown]
        if self.study.mean_field:
            drawn.append("figures/mean_field")
        return drawn

    @cached_property
    def figure_files(self) -> list[str]:
        """The files of every figure: a page, a picture, the numbers drawn, a caption."""
        files = []
        for figure in self.drawn:
            files += [f"results/{figure}.{ending}" for ending in ("pdf", "png", "csv", "rst")]
        return files

    @property
    def singles(self) -> list[str]:
        """What figures hand to the scorecard: single numbers of their example networks."""
        return [outputs_of(f)["singles"] for f in self.study.figures if f in WITH_SINGLES]

    @property
    def numbers_of_figures(self) -> list[str]:
        """The files of the figures of the paper, but for their pictures; the networks behind the
        figure of the refinement."""
        files = []
        for figure in self.study.figures:
            files += outputs_of(figure).values()
        if self.refined:
            files.append("results/figures/figure_refine_networks.csv")
        return files

    # Jobs ----------------------------------------------------------------------------------------

    def benchmarks(self) -> dict[str, list[str]]:
        """The benchmark file of every job of the study that makes a result, by stage."""
        conditions = self.study.conditions
        external = [c for c in conditions if c.models]
        trained = [c for c in conditions if not c.models]
        block = "{place}/{block}"
        spiking_block = "{place}/{neuron}/{block}"
        places = self.of_conditions("{place}/{neuron}")
        simulated = []
        for c in conditions:
            for group in self.factor_groups(c):
                simulated += self.of_blocks(f"{spiking_block}/{file_of_group(group)}", [c])
        figures = []
        for figure in self.drawn:
            figures.append(figure.removeprefix("figures/").removeprefix("conditions/"))
        jobs = {
            "train": self.of_blocks(block, trained),
            "export": self.of_blocks(block, trained),
            "import_models": self.of_blocks(block, external),
            "simulate": simulated,
            "held_out": self.of_blocks(spiking_block, conditions),
            "refine": self.of_blocks(spiking_block, self.refined),
            "example": self.examples,
            "selectivity": self.selectivity,
            "networks_of_condition": places,
            "aggregate": ["tables"] if conditions else [],
            "aggregate_refined": ["refined"] if self.refined else [],
            "figures": figures,
        }
        files = {}
        for stage, names in jobs.items():
            files[stage] = [f"results/benchmarks/{stage}/{name}.tsv" for name in names]
        return files


def place(c: Condition) -> str:
    """The folder of a condition's networks, in words: task and settings."""
    return f"{c.task}/{c.label}"


def spiking_place(c: Condition) -> str:
    """The place of a condition's spiking networks: task, settings and neuron."""
    return f"{place(c)}/{c.neuron_label}"


def of_condition(pattern: str, c: Condition) -> str:
    """A file of a condition, e.g. results/choices/{place}/{neuron}.csv."""
    return pattern.format(place=place(c), neuron=c.neuron_label)


def in_block(pattern: str, c: Condition, block: str) -> str:
    """A file of a block, e.g. results/networks/{place}/{block}.csv."""
    return pattern.format(place=place(c), neuron=c.neuron_label, block=block)


def shards_of_block(c: Condition, block: str) -> list[str]:
    """The shards of a block, one per scaling factor; none where the condition takes the factors of
    another one."""
    if c.factor_of:
        return []
    folder = in_block("results/simulations/{place}/{neuron}/{block}", c, block)
    return [f"{folder}/factor_{factor:g}.parquet" for factor in c.search.scaling_factors]


def file_of_group(group: Sequence[str]) -> str:
    """What log and benchmark of a simulation job are called after."""
    return f"factors_{group[0]}-{group[-1]}" if len(group) > 1 else f"factor_{group[0]}"


def in_places(places: Iterable[str]) -> str:
    """What the wildcard `task` matches where one of these places begins, in any path that goes on
    with condition and neuron."""
    return f"(?={'|'.join(re.escape(place) + '/' for place in places)})[^/]+"


def not_in_places(places: Iterable[str]) -> str:
    """What the wildcard `task` matches where none of these places begins."""
    return f"(?!{'|'.join(re.escape(place) + '/' for place in places)})[^/]+" if places else "[^/]+"


def _one_by_one(elsewhere: Sequence[str]) -> SimulationRule:
    """The rule of jobs that carry one factor each, but for conditions in the places `elsewhere`.
    What is no place of the study at all is left to it: it says so."""
    factor = ("{factor}",)
    tasks = not_in_places(elsewhere)
    return SimulationRule("simulate", factor, "{wildcards.factor}", file_of_group(factor), tasks)


def _together(group: tuple[str, ...], places: Sequence[str], names: set[str]) -> SimulationRule:
    """The rule of jobs that carry this group of factors; `names` are those of other rules."""
    several = len(group) > 1
    words = f"{group[0]} to {group[-1]}" if several else group[0]
    first_name = "simulate_" + re.sub(r"\W", "_", words.replace(" ", "_"))
    name = first_name
    while name in names:  # the same ends, others between
        name += "_"
    return SimulationRule(name, group, words, file_of_group(group), in_places(places))


def seeds_in(block: str) -> list[int]:
    """The seeds of a block: seeds_3-5 holds 3, 4 and 5."""
    first, last = block.removeprefix("seeds_").split("-")
    return list(range(int(first), int(last) + 1))


def outputs_of(figure: str) -> dict[str, str]:
    """The files that a figure of the paper consists of, but for its picture."""
    files = {ending: f"results/figures/{figure}.{ending}" for ending in ("pdf", "csv")}
    files["caption"] = f"results/figures/{figure}.rst"
    if figure in WITH_SINGLES:
        files["singles"] = f"results/figures/{figure}_singles.csv"
    if figure in WITH_TESTS:
        files["tests"] = f"results/figures/{figure}_tests.csv"
    if figure == VARIANTS:
        files["table"] = "results/tables/variants.csv"
        files["by_number"] = "results/tables/variants_by_number.csv"
    return files

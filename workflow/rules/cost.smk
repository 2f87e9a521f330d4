# What a study will take, said beforehand: `snakemake --cores 1 cost --configfile my_study.yaml` computes nothing of the study itself.
#
# OUTPUTS: a table in the terminal: jobs, networks, trials, core-hours and disk, from a calibration of a minute on this machine


def n_jobs() -> int:
    """How many jobs the whole study is, as `snakemake -n` counts them in an empty folder."""
    networks = {(c.task, c.label): c for c in STUDY.conditions}.values()
    trained = sum(len(blocks(c)) * (2 if c.models else 3) for c in networks)  # train, export (or import_models), score_rate
    # the shards, choose and networks_of_condition; for each block held_out and, where there was a search, convert
    searched = sum(len(shards_of(c)) + 2 + len(blocks(c)) * (1 if c.factor_of else 2) for c in STUDY.conditions)
    examples = {c.place for c in SHOWN}
    examples |= {STUDY.names[roles["example"]].place for roles in STUDY.figures.values() if "example" in roles}
    return trained + searched + len(examples) + ("figure_s5" in STUDY.figures) + len(DRAWN) + 2  # aggregate, all


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


rule cost:
    log:
        "results/logs/cost.log",
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        mem_mb=2000,
        runtime=10,
    params:
        workload=workload(),
        n_jobs=n_jobs(),
        user_tasks=USER_TASKS,
        device=DEVICE,
        keep_traces=STUDY.keep_traces,
    message:
        "Measuring how fast this machine trains and simulates"
    script:
        "../scripts/cost.py"

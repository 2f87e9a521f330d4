# Spiking simulations: the search over scaling factors; the choice and fresh trials at it;
# recordings for figures.
#
# A job carries one scaling factor or several, a block of networks in any case. Whatever it carries,
# each factor has its own file, and each trial its own random numbers.
#
# REQUIRED INPUTS: results/models/{task}/{condition}/{block}/NETWORK.mat,
#                  results/networks/{task}/{condition}/{block}.csv
# OUTPUTS: results/simulations/{task}/{condition}/{neuron}/{block}/factor_{factor}.parquet, one row
#          per trial
#          results/choices/{task}/{condition}/{neuron}/{block}.csv and _accuracy.csv, the factor
#          chosen for each network, the curve; where the condition takes the factors of another one,
#          those and an empty curve
#          results/held_out/{task}/{condition}/{neuron}/{block}.parquet, one row per fresh trial at
#          the chosen factor, and _rate.csv, the rate networks' accuracy on fresh trials
#          results/converted/{task}/{condition}/{neuron}/{block}/NETWORK.mat, where the factor was
#          searched
#          results/examples/{task}/{condition}/{neuron}.npz, recordings of the example network
#          results/selectivity/{task}/{condition}/{neuron}.npz, its responses to graded inputs
#          (Fig. S5)
SPIKING_BLOCK = "{task}/{condition}/{neuron}/{block}"
GIVEN_FACTORS = [spiking_place(c) for c in STUDY.conditions if c.factor_of]


for carried in LAYOUT.simulation_rules:

    rule:
        name:
            carried.name
        input:
            ancient(task_file),
            models=ancient("results/models/{task}/{condition}/{block}"),
            networks="results/networks/{task}/{condition}/{block}.csv",
        output:
            [f"results/simulations/{SPIKING_BLOCK}/factor_{f}.parquet" for f in carried.factors],
        log:
            f"results/logs/simulate/{SPIKING_BLOCK}/{carried.log_name}.log",
        benchmark:
            f"results/benchmarks/simulate/{SPIKING_BLOCK}/{carried.log_name}.tsv"
        wildcard_constraints:
            task=carried.task_pattern,
        priority: priority
        conda:
            "../../environment.yml"
        threads: 1
        resources:
            **needs("simulate", len(carried.factors)),
        params:
            study_seed=STUDY.study_seed,
            device=DEVICE,
            user_tasks=own_task,
            task_content=task_content,
            neuron=setting("neuron"),
            trials=setting("search.trials"),
            downsample=setting("search.downsample"),
            code=code("simulate"),
        message:
            (
                "Simulating {wildcards.task}, {wildcards.condition}, {wildcards.block} "
                f"at 1/lambda = {carried.factors_said}"
            )
        script:
            "../scripts/simulate.py"


rule held_out:
    input:
        ancient(task_file),
        models=ancient("results/models/{task}/{condition}/{block}"),
        networks="results/networks/{task}/{condition}/{block}.csv",
        shards=shards,
    output:
        choice=f"results/choices/{SPIKING_BLOCK}.csv",
        accuracy=f"results/choices/{SPIKING_BLOCK}_accuracy.csv",
        trials=f"results/held_out/{SPIKING_BLOCK}.parquet",
        rates=f"results/held_out/{SPIKING_BLOCK}_rate.csv",
        converted=directory(f"results/converted/{SPIKING_BLOCK}"),
    log:
        f"results/logs/held_out/{SPIKING_BLOCK}.log",
    benchmark:
        f"results/benchmarks/held_out/{SPIKING_BLOCK}.tsv"
    wildcard_constraints:
        task=not_in_places(GIVEN_FACTORS),
    priority: priority
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("held_out"),
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        neuron=setting("neuron"),
        scaling_factors=setting("search.scaling_factors"),
        trials=setting("search.held_out_trials"),
        downsample=setting("search.downsample"),
        code=code("held_out"),
    message:
        (
            "Choosing the factors of {wildcards.task}, {wildcards.condition}, {wildcards.block}: "
            "fresh trials, converted models"
        )
    script:
        "../scripts/held_out.py"


if GIVEN_FACTORS:

    use rule held_out as held_out_of_other with:
        input:
            ancient(task_file),
            models=ancient("results/models/{task}/{condition}/{block}"),
            networks="results/networks/{task}/{condition}/{block}.csv",
            other=other_choice,
        output:
            choice=f"results/choices/{SPIKING_BLOCK}.csv",
            accuracy=f"results/choices/{SPIKING_BLOCK}_accuracy.csv",
            trials=f"results/held_out/{SPIKING_BLOCK}.parquet",
            rates=f"results/held_out/{SPIKING_BLOCK}_rate.csv",
        wildcard_constraints:
            task=in_places(GIVEN_FACTORS),
        message:
            (
                "Fresh trials of {wildcards.task}, {wildcards.condition}, {wildcards.block} "
                "at the factors of another condition"
            )


rule example:
    input:
        ancient(task_file),
        models=ancient(per_block("results/models/{place}/{block}")),
        networks=per_block("results/networks/{place}/{block}.csv"),
        held_out=per_block("results/held_out/{place}/{neuron}/{block}.parquet"),
        choices=per_block(CHOICE_OF_BLOCK),
    output:
        "results/examples/{task}/{condition}/{neuron}.npz",
    log:
        "results/logs/example/{task}/{condition}/{neuron}.log",
    benchmark:
        "results/benchmarks/example/{task}/{condition}/{neuron}.tsv"
    priority: priority
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("example"),
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        neuron=setting("neuron"),
        downsample=setting("search.downsample"),
        given=setting("is_given"),
        per=of_layout(LAYOUT.trials_per),
        code=code("example"),
    message:
        "Recording the example network of {wildcards.task}, {wildcards.condition}"
    script:
        "../scripts/example.py"


rule selectivity:
    input:
        ancient(task_file),
        models=ancient(per_block("results/models/{place}/{block}")),
        networks=per_block("results/networks/{place}/{block}.csv"),
        held_out=per_block("results/held_out/{place}/{neuron}/{block}.parquet"),
        choices=per_block(CHOICE_OF_BLOCK),
    output:
        "results/selectivity/{task}/{condition}/{neuron}.npz",
    log:
        "results/logs/selectivity/{task}/{condition}/{neuron}.log",
    benchmark:
        "results/benchmarks/selectivity/{task}/{condition}/{neuron}.tsv"
    priority: priority
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("selectivity"),
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        neuron=setting("neuron"),
        downsample=setting("search.downsample"),
        code=code("selectivity"),
    message:
        "Recording the responses to graded inputs of {wildcards.task}, {wildcards.condition}"
    script:
        "../scripts/selectivity.py"

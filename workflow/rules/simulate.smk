# Spiking simulations: the search over scaling factors, the choice, fresh trials at the choice,
# recordings for figures.
#
# REQUIRED INPUTS: results/models/{task}/{condition}/{block}/NETWORK.mat,
#                  results/networks/{task}/{condition}/{block}.csv
# OUTPUTS: results/simulations/{task}/{condition}/{neuron}/{block}/factor_{factor}.parquet, one row
#          per trial
#          results/choices/{task}/{condition}/{neuron}.csv and _accuracy.csv, the factor chosen for
#          each network, the curve; where the condition takes the factors of another one, those and
#          an empty curve
#          results/held_out/{task}/{condition}/{neuron}/{block}.parquet, one row per fresh trial at
#          the chosen factor
#          results/examples/{task}/{condition}/{neuron}.npz, recordings of the example network
#          results/selectivity/{task}/{condition}/{neuron}.npz, its responses to graded inputs
#          (Fig. S5)


rule simulate:
    input:
        ancient(task_file),
        models=ancient("results/models/{task}/{condition}/{block}"),
        networks="results/networks/{task}/{condition}/{block}.csv",
    output:
        "results/simulations/{task}/{condition}/{neuron}/{block}/factor_{factor}.parquet",
    log:
        "results/logs/simulate/{task}/{condition}/{neuron}/{block}/factor_{factor}.log",
    benchmark:
        "results/benchmarks/simulate/{task}/{condition}/{neuron}/{block}/factor_{factor}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("simulate"),
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
            "at 1/lambda = {wildcards.factor}"
        )
    script:
        "../scripts/simulate.py"


rule choose:
    input:
        shards=of_layout(LAYOUT.shards),
        other=other_choice,
    output:
        choice="results/choices/{task}/{condition}/{neuron}.csv",
        accuracy="results/choices/{task}/{condition}/{neuron}_accuracy.csv",
    log:
        "results/logs/choose/{task}/{condition}/{neuron}.log",
    benchmark:
        "results/benchmarks/choose/{task}/{condition}/{neuron}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("choose"),
    params:
        scaling_factors=setting("search.scaling_factors"),
        code=code("choose"),
    message:
        "Choosing the scaling factor of {wildcards.task}, {wildcards.condition}"
    script:
        "../scripts/choose.py"


rule held_out:
    input:
        ancient(task_file),
        models=ancient("results/models/{task}/{condition}/{block}"),
        networks="results/networks/{task}/{condition}/{block}.csv",
        choice="results/choices/{task}/{condition}/{neuron}.csv",
    output:
        "results/held_out/{task}/{condition}/{neuron}/{block}.parquet",
    log:
        "results/logs/held_out/{task}/{condition}/{neuron}/{block}.log",
    benchmark:
        "results/benchmarks/held_out/{task}/{condition}/{neuron}/{block}.tsv"
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
        trials=setting("search.held_out_trials"),
        downsample=setting("search.downsample"),
        code=code("held_out"),
    message:
        (
            "Fresh trials of {wildcards.task}, {wildcards.condition}, {wildcards.block} "
            "at the chosen factor"
        )
    script:
        "../scripts/held_out.py"


rule example:
    input:
        ancient(task_file),
        models=ancient(per_block("results/models/{place}/{block}")),
        networks=per_block("results/networks/{place}/{block}.csv"),
        held_out=per_block("results/held_out/{place}/{neuron}/{block}.parquet"),
        choice="results/choices/{task}/{condition}/{neuron}.csv",
    output:
        "results/examples/{task}/{condition}/{neuron}.npz",
    log:
        "results/logs/example/{task}/{condition}/{neuron}.log",
    benchmark:
        "results/benchmarks/example/{task}/{condition}/{neuron}.tsv"
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
        choice="results/choices/{task}/{condition}/{neuron}.csv",
    output:
        "results/selectivity/{task}/{condition}/{neuron}.npz",
    log:
        "results/logs/selectivity/{task}/{condition}/{neuron}.log",
    benchmark:
        "results/benchmarks/selectivity/{task}/{condition}/{neuron}.tsv"
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

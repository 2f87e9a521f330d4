# Spiking simulations: the search over scaling factors, the choice, fresh trials at the choice, recordings for figures.
#
# REQUIRED INPUTS: results/models/{task}/{condition}/{block}/NETWORK.mat, results/networks/{task}/{condition}/{block}.csv
# OUTPUTS: results/simulations/{task}/{condition}/{neuron}/{block}/factor_{factor}.parquet, one row per trial
#          results/choices/{task}/{condition}/{neuron}.csv and _accuracy.csv, the factor chosen for each network, the curve; where
#          the condition takes the factors of another one, those and an empty curve
#          results/held_out/{task}/{condition}/{neuron}/{block}.parquet, one row per fresh trial at the chosen factor
#          results/examples/{task}/{condition}/{neuron}.npz, recordings of the example network
#          results/selectivity/{task}/{condition}/{neuron}.npz, its responses to graded inputs (Fig. S5)


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
        **GPU,
        mem_mb=gpu_block_mem_mb,
        runtime=simulation_minutes,
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        neuron=neuron_params,
        trials=search_trials,
        downsample=downsample,
        code=library_hash(*SIMULATION_CODE, scripts=("simulate.py",)),
    message:
        "Simulating {wildcards.task}, {wildcards.condition}, {wildcards.block} at 1/lambda = {wildcards.factor}"
    script:
        "../scripts/simulate.py"


rule choose:
    input:
        shards=shards,
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
        mem_mb=growing(2000),
        runtime=growing(10),
    params:
        scaling_factors=scaling_factors,
        code=library_hash("conversion.py", "tables.py", "analysis.py", scripts=("choose.py",)),
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
        **GPU,
        mem_mb=gpu_block_mem_mb,
        runtime=simulation_minutes,
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        neuron=neuron_params,
        trials=held_out_trials,
        downsample=downsample,
        code=library_hash(*SIMULATION_CODE, scripts=("held_out.py",)),
    message:
        "Fresh trials of {wildcards.task}, {wildcards.condition}, {wildcards.block} at the chosen factor"
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
        **GPU,
        mem_mb=recording_mem_mb,
        runtime=recording_minutes,
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        neuron=neuron_params,
        downsample=downsample,
        given=given,
        per=trials_per,
        code=library_hash(*SIMULATION_CODE, "recordings.py", f"kernels/rate_{DEVICE}.py", scripts=("example.py",)),
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
        **GPU,
        mem_mb=recording_mem_mb,
        runtime=recording_minutes,
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        neuron=neuron_params,
        downsample=downsample,
        code=library_hash(*SIMULATION_CODE, "selectivity.py", scripts=("selectivity.py",)),
    message:
        "Recording the responses to graded inputs of {wildcards.task}, {wildcards.condition}"
    script:
        "../scripts/selectivity.py"

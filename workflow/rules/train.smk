# Train a block of seeds of one condition side by side.
#
# REQUIRED INPUTS: the user's task file, where the task is a user's
# OUTPUTS: results/training/{task}/{condition}/{block}.npz, weights and training record of every network of the block


rule train:
    input:
        ancient(task_file),
    output:
        "results/training/{task}/{condition}/{block}.npz",
    log:
        "results/logs/train/{task}/{condition}/{block}.log",
    benchmark:
        "results/benchmarks/train/{task}/{condition}/{block}.tsv"
    conda:
        "../../environment.yml"
    threads: training_threads
    resources:
        **GPU,
        mem_mb=training_mem_mb,
        runtime=training_minutes,
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        network=network_params,
        training=training_params,
        seeds=seeds_of,
        keep_traces=STUDY.keep_traces,
        code=library_hash(*TRAINING_CODE, scripts=("train.py",)),
    message:
        "Training {wildcards.task}, {wildcards.condition}, {wildcards.block}"
    script:
        "../scripts/train.py"

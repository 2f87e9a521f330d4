# Train a block of seeds of one condition side by side.
#
# REQUIRED INPUTS: the user's task file, where the task is a user's
# OUTPUTS: results/training/{task}/{condition}/{block}.npz, weights and training record of every
#          network of the block


rule train:
    input:
        ancient(task_file),
    output:
        "results/training/{task}/{condition}/{block}.npz",
    log:
        "results/logs/train/{task}/{condition}/{block}.log",
    benchmark:
        "results/benchmarks/train/{task}/{condition}/{block}.tsv"
    priority: priority
    conda:
        "../../environment.yml"
    threads: training_threads
    resources:
        **needs("train"),
    params:
        study_seed=STUDY.study_seed,
        device=DEVICE,
        user_tasks=own_task,
        task_content=task_content,
        network=setting("network"),
        training=setting("training"),
        seeds=seeds,
        keep_traces=STUDY.keep_traces,
        code=code("train"),
    message:
        "Training {wildcards.task}, {wildcards.condition}, {wildcards.block}"
    script:
        "../scripts/train.py"

# One .mat model file per network that reached criterion, a table of all networks of the block.
#
# REQUIRED INPUTS: results/training/{task}/{condition}/{block}.npz, or the user's own .mat files
# OUTPUTS: results/models/{task}/{condition}/{block}/NETWORK.mat,
#          results/networks/{task}/{condition}/{block}.csv (with a fingerprint of each model file:
#          rules that read models follow this table, since a folder has no content for Snakemake,
#          only a time),
#          results/networks/{task}/{condition}/{block}_curves.csv


rule export:
    input:
        block="results/training/{task}/{condition}/{block}.npz",
    output:
        models=directory("results/models/{task}/{condition}/{block}"),
        networks="results/networks/{task}/{condition}/{block}.csv",
        curves="results/networks/{task}/{condition}/{block}_curves.csv",
    log:
        "results/logs/export/{task}/{condition}/{block}.log",
    benchmark:
        "results/benchmarks/export/{task}/{condition}/{block}.tsv"
    wildcard_constraints:
        block=r"seeds_\d+-\d+",
    priority: priority
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("export"),
    params:
        study_seed=STUDY.study_seed,
        seeds=seeds,
        training=setting("training"),
        code=code("export"),
    message:
        "Exporting models of {wildcards.task}, {wildcards.condition}, {wildcards.block}"
    script:
        "../scripts/write_models.py"


rule import_models:
    input:
        ancient(task_file),
        files=ancient(setting("models")),
    output:
        models=directory("results/models/{task}/{condition}/{block}"),
        networks="results/networks/{task}/{condition}/{block}.csv",
        curves="results/networks/{task}/{condition}/{block}_curves.csv",
    log:
        "results/logs/import_models/{task}/{condition}/{block}.log",
    benchmark:
        "results/benchmarks/import_models/{task}/{condition}/{block}.tsv"
    wildcard_constraints:
        block="external",
    priority: priority
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("import_models"),
    params:
        user_tasks=own_task,
        task_content=task_content,
        model_content=model_content,
        code=code("import_models"),
    message:
        "Checking the models of {wildcards.task}, {wildcards.condition}"
    script:
        "../scripts/import_models.py"

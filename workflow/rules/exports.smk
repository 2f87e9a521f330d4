# The example network of each condition in formats of other tools: `snakemake --cores 2 exports`.
# Not part of the study. Needs `pip install -c constraints.txt -e '.[export]'`.
#
# REQUIRED INPUTS: results/models, networks, held_out, choices and examples of the condition
# OUTPUTS: results/exports/{task}/{condition}/{neuron}: brian2_network.py and .npz, network.nir and
#          network_accuracy.csv (LIF), spikes.nwb, statistics.parquet, provenance.json; an empty
#          folder where no network reached criterion
#          results/exports_refined/{task}/{condition}/{neuron}: the same of refined networks, where
#          the study refines, the one that is then most accurate; for it
#          results/examples_refined/{task}/{condition}/{neuron}.npz, its recording


localrules:
    exports,


rule exports:
    input:
        LAYOUT.exports,
    message:
        "The example networks are in results/exports: Brian2 scripts, NIR, NWB, statistics"


rule exchange:
    input:
        ancient(task_file),
        models=ancient(per_block("results/models/{place}/{block}")),
        networks=per_block("results/networks/{place}/{block}.csv"),
        held_out=per_block("results/held_out/{place}/{neuron}/{block}.parquet"),
        choices=per_block(CHOICE_OF_BLOCK),
        example="results/examples/{task}/{condition}/{neuron}.npz",
    output:
        directory("results/exports/{task}/{condition}/{neuron}"),
    log:
        "results/logs/exchange/{task}/{condition}/{neuron}.log",
    benchmark:
        "results/benchmarks/exchange/{task}/{condition}/{neuron}.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("exchange"),
    params:
        study_seed=STUDY.study_seed,
        device="cpu",  # whatever the device of the study
        user_tasks=own_task,
        task_content=task_content,
        neuron=setting("neuron"),
        downsample=setting("search.downsample"),
        trials=setting("search.held_out_trials"),
        code=code("exchange"),
    message:
        "Writing {wildcards.task}, {wildcards.condition} in formats of other tools"
    script:
        "../scripts/write_exports.py"


if LAYOUT.refined:

    use rule example as example_refined with:
        input:
            ancient(task_file),
            models=ancient(per_block("results/refined/{place}/{neuron}/{block}")),
            networks=per_block("results/networks/{place}/{block}.csv"),
            held_out=per_block("results/refined/{place}/{neuron}/{block}.parquet"),
            choices=per_block("results/refined/{place}/{neuron}/{block}.csv"),
        output:
            "results/examples_refined/{task}/{condition}/{neuron}.npz",
        log:
            "results/logs/example_refined/{task}/{condition}/{neuron}.log",
        benchmark:
            "results/benchmarks/example_refined/{task}/{condition}/{neuron}.tsv"
        message:
            "Recording the refined example network of {wildcards.task}, {wildcards.condition}"

    use rule exchange as exchange_refined with:
        input:
            ancient(task_file),
            models=ancient(per_block("results/refined/{place}/{neuron}/{block}")),
            networks=per_block("results/networks/{place}/{block}.csv"),
            held_out=per_block("results/refined/{place}/{neuron}/{block}.parquet"),
            choices=per_block("results/refined/{place}/{neuron}/{block}.csv"),
            example="results/examples_refined/{task}/{condition}/{neuron}.npz",
        output:
            directory("results/exports_refined/{task}/{condition}/{neuron}"),
        log:
            "results/logs/exchange_refined/{task}/{condition}/{neuron}.log",
        benchmark:
            "results/benchmarks/exchange_refined/{task}/{condition}/{neuron}.tsv"
        message:
            (
                "Writing {wildcards.task}, {wildcards.condition}, refined, in formats of other "
                "tools"
            )

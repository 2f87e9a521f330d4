# The example network of each condition in formats of other tools: `snakemake --cores 2 exports`.
# Not part of the study. Needs `pip install -c constraints.txt -e '.[export]'`.
#
# REQUIRED INPUTS: results/models, networks, held_out, choices and examples of the condition
# OUTPUTS: results/exports/{task}/{condition}/{neuron}: brian2_network.py and .npz, network.nir and
#          network_accuracy.csv (LIF), spikes.nwb, statistics.parquet, provenance.json; an empty
#          folder where no network reached criterion


localrules:
    exports,


rule exports:
    input:
        [of_condition("results/exports/{place}/{neuron}", c) for c in LAYOUT.shown],
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

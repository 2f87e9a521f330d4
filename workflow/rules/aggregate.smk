# Tidy tables of every condition and of the whole study.
#
# REQUIRED INPUTS: results/simulations, results/held_out, results/choices, results/networks
# OUTPUTS: results/conditions/{task}/{condition}/{neuron}.csv, one row per network of a condition
#          results/tables: trials.parquet (one row per trial), accuracy.csv (network and factor),
#          networks.csv (network), curves.csv (evaluations during training), summary.csv and .html
#          (condition)


rule networks_of_condition:
    input:
        networks=per_block("results/networks/{place}/{block}.csv"),
        rates=per_block("results/held_out/{place}/{neuron}/{block}_rate.csv"),
        held_out=per_block("results/held_out/{place}/{neuron}/{block}.parquet"),
        choices=per_block(CHOICE_OF_BLOCK),
    output:
        "results/conditions/{task}/{condition}/{neuron}.csv",
    log:
        "results/logs/networks_of_condition/{task}/{condition}/{neuron}.log",
    benchmark:
        "results/benchmarks/networks_of_condition/{task}/{condition}/{neuron}.tsv"
    priority: priority
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("networks_of_condition"),
    params:
        name=setting("name"),
        other_names=of_layout(LAYOUT.other_names),
        code=code("networks_of_condition"),
    message:
        "Gathering the networks of {wildcards.task}, {wildcards.condition}"
    script:
        "../scripts/networks_of_condition.py"


rule aggregate:
    input:
        shards=LAYOUT.all_shards,
        held_out=LAYOUT.of_blocks(
            "results/held_out/{place}/{neuron}/{block}.parquet", STUDY.conditions
        ),
        networks=LAYOUT.of_conditions("results/conditions/{place}/{neuron}.csv"),
        curves=LAYOUT.of_blocks("results/networks/{place}/{block}_curves.csv", STUDY.conditions),
        accuracies=LAYOUT.of_blocks(
            "results/choices/{place}/{neuron}/{block}_accuracy.csv", STUDY.conditions
        ),
    output:
        trials="results/tables/trials.parquet",
        accuracy="results/tables/accuracy.csv",
        networks="results/tables/networks.csv",
        curves="results/tables/curves.csv",
        summary="results/tables/summary.csv",
        html=report(
            "results/tables/summary.html",
            caption="../report/summary.rst",
            category="Summary",
            labels={"table": "accuracy of every condition"},
        ),
    log:
        "results/logs/aggregate.log",
    benchmark:
        "results/benchmarks/aggregate/tables.tsv"
    conda:
        "../../environment.yml"
    threads: 1
    resources:
        **needs("aggregate"),
    params:
        code=code("aggregate"),
    message:
        "Aggregating all trials into one table"
    script:
        "../scripts/aggregate.py"

# The example network of each condition in formats of other tools: `snakemake --cores 2 exports`. Not part of the study. Needs
# `pip install -c constraints.txt -e '.[export]'`.
#
# REQUIRED INPUTS: results/models, networks, held_out, choices and examples of the condition
# OUTPUTS: results/exports/{task}/{condition}/{neuron}: network.nir and network_accuracy.csv (LIF), spikes.nwb, statistics.parquet, provenance.json;
#          an empty folder where no network reached criterion


# whatever the device of the study, it computes on the CPU
EXCHANGE_CODE = [*SIMULATION_CODE, *ANY_NETWORK_CODE, "kernels/spiking_cpu.py", "export.py", "nir_file.py", "analysis.py"]


localrules:
    exports,


rule exports:
    input:
        [f"results/exports/{place(c)}/{c.neuron_label}" for c in SHOWN],
    message:
        "The example networks are in results/exports, for NIR, NWB and Elephant"


rule exchange:
    input:
        ancient(task_file),
        models=ancient(per_block("results/models/{place}/{block}")),
        networks=per_block("results/networks/{place}/{block}.csv"),
        held_out=per_block("results/held_out/{place}/{neuron}/{block}.parquet"),
        choice="results/choices/{task}/{condition}/{neuron}.csv",
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
        mem_mb=exchange_mem_mb,
        runtime=recording_minutes,
    params:
        study_seed=STUDY.study_seed,
        device="cpu",
        user_tasks=own_task,
        task_content=task_content,
        neuron=neuron_params,
        downsample=downsample,
        trials=held_out_trials,
        code=library_hash(*EXCHANGE_CODE, scripts=("exchange.py",)),
    message:
        "Writing {wildcards.task}, {wildcards.condition} in formats of other tools"
    script:
        "../scripts/exchange.py"

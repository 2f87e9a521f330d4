"""Write the example network of a condition for other tools: NIR and what is lost by it, its spikes
as NWB, their statistics."""

import job

log = job.start(snakemake)

import numpy as np

from rate2spike import conversion, export, provenance
from rate2spike.export import nir_file
from rate2spike.files import replacing, write_text

BIN_MS, FROM_MS = 20.0, 100.0  # the volley of the first step and what follows it are no statistics
wildcards = snakemake.wildcards
facts, model = job.best_network(snakemake.input)
simulation = job.simulation(snakemake)._replace(purpose="held out")


def write(folder):
    name, factor = job.stream_name(wildcards, facts["network"]), facts["scaling_factor"]
    made = provenance.dumps(job.provenance(snakemake))
    example = dict(np.load(snakemake.input.example))
    recording = export.single_trials(example)
    trials = {key: example[f"single_{key}"].tolist() for key in ("kind", "label")}
    about = {
        "session_description": f"{name} at 1/lambda = {factor:g}: a spiking network, one trial of each kind",
        "notes": made,
    }
    about |= {
        "identifier": f"{name}/{wildcards.neuron}/{factor:g}",
        "trials": trials,
        "inhibitory": example["inhibitory"],
    }
    export.write_nwb(folder / "spikes.nwb", recording, **about)
    table = export.spike_statistics(recording, bin_ms=BIN_MS, from_ms=FROM_MS)
    # trials of different kinds: across them counts vary by the stimulus, which no Fano factor
    # should tell
    table[table.statistic != "fano"].to_parquet(folder / "statistics.parquet")
    write_text(made + "\n", folder / "provenance.json")
    if simulation.neuron.model != "lif":
        log.warning(
            "%s: NIR has no unit of model %s, so there is no NIR file",
            name,
            simulation.neuron.model,
        )
        return
    accuracy = nir_file.accuracies(simulation, model, name, factor, snakemake.params.trials)
    network = conversion.to_spiking(model, factor, neuron=simulation.neuron)
    nir_file.write_nir(
        folder / "network.nir", network, accuracy=accuracy, metadata={"provenance": made}
    )
    log.info("%s at 1/lambda = %g:\n%s", name, factor, accuracy.to_string(index=False))


with replacing(snakemake.output[0]) as folder:
    folder.mkdir()
    if model:
        write(folder)
    else:
        log.warning(
            "no network of %s, %s reached criterion: nothing to export",
            wildcards.task,
            wildcards.condition,
        )

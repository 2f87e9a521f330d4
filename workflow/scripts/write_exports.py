"""Write the example network of a condition for other tools: a script for Brian2, NIR and what is
lost by it, its spikes as NWB, their statistics."""

import job

log = job.start(snakemake)

import numpy as np

from rate2spike import conversion, export, provenance, spiking
from rate2spike.export import nir_file
from rate2spike.files import replacing, write_text
from rate2spike.tasks import spiking_stimulus

BIN_MS, FROM_MS = 20.0, 100.0  # the volley of the first step and what follows it are no statistics
wildcards = snakemake.wildcards
facts, model = job.best_network(snakemake.input)
simulation = job.simulation(snakemake)._replace(purpose="held out")


def write_spikes(folder, example, name, factor, made):
    """The trials of the recorded example: spikes.nwb, statistics.parquet."""
    recording = export.single_trials(example, step_s=spiking.STEP_S * simulation.downsample)
    export.write_nwb(
        folder / "spikes.nwb",
        recording,
        session_description=(
            f"{name} at 1/lambda = {factor:g}: a spiking network, one trial of each kind"
        ),
        identifier=f"{name}/{wildcards.neuron}/{factor:g}",
        trials={key: example[f"single_{key}"].tolist() for key in ("kind", "label")},
        inhibitory=example["inhibitory"],
        notes=made,
    )
    table = export.spike_statistics(recording, bin_ms=BIN_MS, from_ms=FROM_MS)
    # trials of different kinds: across them counts vary by the stimulus, which no Fano factor
    # should tell
    table[table.statistic != "fano"].to_parquet(folder / "statistics.parquet")


def write_script(folder, example, name, factor):
    """brian2_network.py and .npz: the network and the stimuli of the recorded trials."""
    stimuli = dict(
        zip(example["single_kind"], spiking_stimulus(example["single_stimulus"]), strict=True)
    )
    export.to_brian2(
        conversion.to_spiking(model, factor, neuron=simulation.neuron),
        folder / "brian2_network.py",
        stimuli=stimuli,
        stream=conversion.stream_of(simulation, name, factor),
        downsample=simulation.downsample,
        title=f"{name} at 1/lambda = {factor:g}: one trial of each kind",
    )


def write_network(folder, name, factor, made):
    """network.nir and how often it is right, for models that NIR has a unit for."""
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
        name = job.stream_name(wildcards, facts["network"])
        factor = facts["scaling_factor"]
        made = provenance.dumps(job.provenance(snakemake))
        example = dict(np.load(snakemake.input.example))
        write_spikes(folder, example, name, factor, made)
        write_text(made + "\n", folder / "provenance.json")
        write_script(folder, example, name, factor)
        write_network(folder, name, factor, made)
    else:
        log.warning(
            "no network of %s, %s reached criterion: nothing to export",
            wildcards.task,
            wildcards.condition,
        )

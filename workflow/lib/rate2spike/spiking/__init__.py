"""The paper's spiking network, and under the same name the simulation of any network."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".converted": "STEP_S SpikingNetwork Stimulation TrialRecording time_grid",
        ".reference": "simulate_trial",
        ".as_any_network": "as_network external_inputs",
        "..networks.neurons": (
            "AdaptiveQIF DiscreteLIF LIF MembraneQIF QIF RateUnit "
            "SingleExponentialLIF SingleExponentialMembraneQIF"
        ),
        "..networks.network": "Network",
        "..networks.recording": "Recording",
        "..networks.simulation": "simulate",
    },
)

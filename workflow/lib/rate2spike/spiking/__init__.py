"""The paper's spiking network, and under the same name the simulation of any network."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".converted": (
            "DEFAULT_STREAM",
            "FIRST_COUNTED_STEP",
            "Grid",
            "NOISE_SD",
            "STEP_S",
            "STIMULATION_STEP",
            "V_SPIKE",
            "SpikingNetwork",
            "Stimulation",
            "TrialRecording",
            "check_downsample",
            "check_stimulation",
            "check_stimulus",
            "time_grid",
        ),
        ".reference": ("simulate_trial",),
        ".as_any_network": (
            "as_network",
            "external_inputs",
        ),
        "..networks.neurons": (
            "AdaptiveQIF",
            "DiscreteLIF",
            "LIF",
            "MembraneQIF",
            "QIF",
            "RateUnit",
            "SingleExponentialLIF",
            "SingleExponentialMembraneQIF",
        ),
        "..networks.network": ("Network",),
        "..networks.recording": ("Recording",),
        "..networks.simulation": ("simulate",),
    },
)

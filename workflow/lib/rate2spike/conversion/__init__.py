"""From a rate network to a spiking network: one factor for all weights, or the mean-field
mapping."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".scaling": (
            "Choice",
            "check_factor",
            "choose_factor",
            "to_spiking",
        ),
        ".refinement": (
            "OUTPUT_FACTORS",
            "OUTPUT_OFFSETS",
            "Refined",
            "SearchTrials",
            "deepest_in_plateau",
            "refine",
            "scaled_response",
        ),
        ".calibration": (
            "Answer",
            "Currents",
            "answer_to_currents",
            "currents_of",
            "find_unit_gains",
            "rate_currents",
        ),
        ".scored_trials": (
            "Simulation",
            "run_trials",
            "score_network",
            "score_networks",
            "steps_kept",
            "stream_of",
            "trials_of",
        ),
        ".mean_field.mapping": ("convert_rate_to_lif_params",),
    },
)

"""What a network is asked, and when its answer is right."""

from ..offered import names_of

__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".task": (
            "HIGH",
            "LOW",
            "Response",
            "Score",
            "Task",
            "Trial",
            "Trials",
            "draw_trials",
            "first_loss_output",
            "first_response_step",
            "rate_response",
            "response_step",
            "spiking_stimulus",
        ),
        ".built_in": (
            "BUILT_IN",
            "INTEGRATION_OFFSET",
            "SIGNS",
            "go_nogo",
            "integration",
            "xor",
        ),
        ".user_file": (
            "find_task",
            "load_user_task",
        ),
    },
)

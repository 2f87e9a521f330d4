"""The published names of the rate package, over the library `rate2spike`.

They translate names, shapes and units; dynamics, tasks, training and the model file are the
library's. Times are in steps of 5 ms, as in the published package.
"""

from rate2spike.offered import names_of

# at their first use: who only wants tasks does not wait for torch
__getattr__, __dir__, __all__ = names_of(
    __name__,
    {
        ".abstract": (
            "AbstractLossFunction",
            "AbstractRateRNN",
            "AbstractTargetGenerator",
            "AbstractTaskGenerator",
            "RNNConfig",
            "RateRNNFactory",
            "create_default_config",
            "validate_config",
        ),
        ".functions": (
            "generate_input_stim_go_nogo",
            "generate_input_stim_mante",
            "generate_input_stim_xor",
            "generate_target_continuous_go_nogo",
            "generate_target_continuous_mante",
            "generate_target_continuous_xor",
        ),
        ".model": ("FR_RNN_dale", "eval_rnn", "loss_op"),
        ".tasks": ("AbstractTask", "GoNogoTask", "ManteTask", "TaskFactory", "XORTask"),
        ".utils": ("restricted_float", "set_gpu", "str2bool"),
    },
)

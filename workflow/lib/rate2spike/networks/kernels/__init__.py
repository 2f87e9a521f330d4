"""The loop of `networks.reference` computed fast, on CPU and GPU."""

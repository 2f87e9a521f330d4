"""The equations of `rate.reference` computed fast, on CPU and GPU."""

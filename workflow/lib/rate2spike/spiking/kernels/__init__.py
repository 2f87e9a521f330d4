"""The equations of `spiking.reference` computed fast, on CPU and GPU."""

"""NIR files under the name by which people import them; they are written in `export.nir_file`."""

from .export.nir_file import BYTES_AT_ONCE, accuracies, nir_graph, outputs_without_noise, write_nir

__all__ = ["BYTES_AT_ONCE", "accuracies", "nir_graph", "outputs_without_noise", "write_nir"]

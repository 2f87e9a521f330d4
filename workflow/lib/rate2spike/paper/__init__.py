"""Ours beside the published numbers: sweeps, tests, the scorecard."""

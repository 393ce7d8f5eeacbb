"""The command line: one file per command, and the place that puts all parts together."""

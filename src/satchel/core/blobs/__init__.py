"""Content and its hashes: 1 MiB chunks, and the root that names a whole file."""

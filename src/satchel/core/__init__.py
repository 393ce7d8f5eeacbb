"""What decides: pure code. Bytes, ids and times come in as arguments, effects go out as values.

No clock, no randomness, no socket, no file: so it can be read, replayed and fuzzed alone.
"""

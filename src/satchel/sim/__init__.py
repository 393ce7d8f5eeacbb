"""Many nodes in one process under a virtual clock: the same core code as on a real machine.

For tests and measurements; nothing of the program imports it. A run depends on its seed alone.
"""

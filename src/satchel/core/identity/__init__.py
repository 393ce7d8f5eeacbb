"""Whose profile it is, and what opens it. Below the conversations; never sees a file."""

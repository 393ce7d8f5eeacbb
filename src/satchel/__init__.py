"""Satchel: letters, files and books, carried from hand to hand, with no Internet."""

__version__ = "0.1.0"

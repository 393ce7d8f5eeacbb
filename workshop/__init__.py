"""What dev.py does, in parts. Standard library only; no part of the program that people install."""

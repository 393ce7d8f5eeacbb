"""Remembers: what is sent, what is received, and what is not whole yet, on this machine's disk.

Holds no rule of any protocol and opens no socket.
"""

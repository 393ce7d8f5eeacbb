"""Becomes a program whose output or input is a TCP connection, so that nothing of ours stands between.

`piped.py into HOST PORT PROGRAM ...`: its standard output. `piped.py from PORT PROGRAM ...`: its input.
"""

import os
import socket
import sys

from bench.inside.ends import accept, dial, say


def main(arguments: list[str]) -> None:
    """Connect, then be the program."""
    if arguments[0] == "into":
        connection, command = dial(arguments[1], int(arguments[2])), arguments[3:]
        place = 1
    else:
        connection, command = accept(int(arguments[1])), arguments[2:]
        connection.recv(1, socket.MSG_PEEK)
        say("first")
        place = 0
    connection.setblocking(True)
    os.dup2(connection.fileno(), place)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main(sys.argv[1:])

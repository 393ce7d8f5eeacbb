"""`satchel completion`."""

import argparse

import shtab

from satchel.cli import streams
from satchel.cli.parser import build_parser
from satchel.cli.show import Show


def run(options: argparse.Namespace, show: Show) -> int:  # noqa: ARG001 - every command has this shape
    streams.write(shtab.complete(build_parser(), shell=options.shell) + "\n")
    return 0

"""What is read from the command line of a demo origin."""

import argparse

from demo.control import duration


def address(text: str) -> tuple[str, int]:
    host, colon, port = text.rpartition(":")
    if not colon or not port.isdecimal():
        raise argparse.ArgumentTypeError(f"{text!r} is no address: write it like 127.0.0.1:4000")
    return host.strip("[]"), int(port)


def latency(text: str) -> float:
    try:
        return duration(text)
    except ValueError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from problem

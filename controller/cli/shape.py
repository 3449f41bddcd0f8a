"""What a command renders, as the command line says it."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer


class Shape(StrEnum):
    """What is rendered: a whole VCL, or a file that another VCL includes."""

    DEFAULT = "default"
    INCLUDE = "include"


ShapeOption = Annotated[
    Shape,
    typer.Option("--as", help="A whole VCL, or a file that an existing VCL includes."),
]

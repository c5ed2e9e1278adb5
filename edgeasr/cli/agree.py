"""`edgeasr agree`: predictions beside estimates of other tools."""

from enum import StrEnum
from typing import Annotated

import typer

from edgeasr.cli.output import Format, FormatOption, OutputOption, show


class By(StrEnum):
    """What is compared, and how finely."""

    KIND = "kind"
    NETWORK = "network"
    OP = "op"
    PRODUCT = "product"


def agree(
    by: Annotated[
        By,
        typer.Option(
            help="Vela's estimates of Ethos-U by chip and kind of op, by network or op by op; "
            "or ZigZag's of matrix products."
        ),
    ] = By.KIND,
    format_: FormatOption = Format.TABLE,
    output: OutputOption = None,
) -> None:
    """Compare predictions with estimates of Arm's compiler Vela and of ZigZag: no measure of truth."""
    show(_rows(by), format_, output=output)


def _rows(by: By) -> tuple[object, ...]:
    from simulator.agreement.summary import by_kind
    from simulator.agreement.vela import network_agreement, op_agreement
    from simulator.agreement.zigzag import product_agreement

    match by:
        case By.KIND:
            return by_kind(op_agreement())
        case By.NETWORK:
            return network_agreement()
        case By.OP:
            return op_agreement()
        case By.PRODUCT:
            return product_agreement()

"""One number of a chip file, as pydantic reads it."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from hwmodels.chip_checks import sign_mistake
from hwmodels.quantity import RANGED_KINDS, Kind, Quantity


class Node(BaseModel):
    """A part of a chip file: what it does not know is a mistake, and so is a number of the wrong sign."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    @field_validator("*")
    @classmethod
    def _check_signs(cls, field: object, info: ValidationInfo) -> object:
        """Verify the sign of a number, or of one number per format."""
        name = str(info.field_name)
        numbers = field.items() if isinstance(field, dict) else [("", field)]
        for key, number in numbers:
            if isinstance(number, QuantityNode):
                least = number.value if number.low is None else number.low
                mistake = sign_mistake(name, least) or sign_mistake(name, number.value)
                if mistake:
                    raise ValueError(f"{key}: {mistake}" if key else mistake)
        return field


class QuantityNode(Node):
    """One number: value, kind and source, and a range where the kind asks for one."""

    value: float
    kind: Kind
    source: Annotated[str, Field(min_length=8)]
    low: float | None = None
    high: float | None = None

    @model_validator(mode="after")
    def _check(self) -> "QuantityNode":
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        if self.kind in RANGED_KINDS and (self.low is None or self.high is None):
            raise ValueError(f"a number of kind '{self.kind}' needs a range; add low and high")
        if not low <= self.value <= high:
            raise ValueError(f"value {self.value:g} lies outside its range {low:g} to {high:g}")
        return self

    def quantity(self) -> Quantity:
        """Return the number as a value; without a range it is its own."""
        low = self.value if self.low is None else self.low
        high = self.value if self.high is None else self.high
        return Quantity(self.value, self.kind, self.source, low, high)

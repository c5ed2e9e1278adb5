"""Number formats, recipes, post-training quantization, quantized modules and checkpoints.

What needs no torch is here; `quant.quantize`, `quant.calibration` and `quant.checkpoint` hold what does.
"""

from quant.formats import Format, Granularity
from quant.recipe import (
    AttentionRule,
    LayerRule,
    MethodStep,
    Recipe,
    bundled_recipes,
    load_recipe,
    save_recipe,
)

__all__ = [
    "AttentionRule",
    "Format",
    "Granularity",
    "LayerRule",
    "MethodStep",
    "Recipe",
    "bundled_recipes",
    "load_recipe",
    "save_recipe",
]

"""Quantizer parameters learned by gradient so that a block's output comes close to the float network's.

`objective` is the loss on minibatches; `clipping` and `transform` are OmniQuant's learnable weight clipping
and learnable equivalent transformation; `rounding` is TesseraQ's progressive adaptive rounding.
"""

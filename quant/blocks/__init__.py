"""The network taken apart: blocks in the order they run, with what calibration data each of them sees.

`layout` names the blocks, `capture` catches what enters a stack, `block` holds one block and its samples, and
`walk` takes a method through all of them, the quantized network beside the float one.
"""

"""GPTQ, shared by the methods that round column by column (arXiv 2210.17323).

`hessian` sums up what a layer's input looks like, `factor` turns that into the order of the columns and the
weights of their errors, `columns` rounds a weight with them, `block` does so for one block of the network,
`front_end` for convolutions.
"""

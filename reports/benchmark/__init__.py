"""The benchmark of a study's grid: quantization methods against formats, as tables, figures and a page."""

"""Two estimates or runs side by side: what changed, layer by layer, and which term of the time it was."""

"""Scripts that train the two bundled recognisers from scratch; not part of the installed package."""

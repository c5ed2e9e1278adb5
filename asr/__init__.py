"""Recognisers and corpora: load, transcribe, score. Importing this package imports no torch."""

"""The validation page: predicted against measured, as Markdown and a figure."""

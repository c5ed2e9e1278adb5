"""The interactive charts of the HTML report; one file per chart, each returning a `Chart`."""

"""The command line: one thin file per command, which parses, makes one public call, and renders."""

"""The command line: arguments in, one call of the library, text out."""

# The exit code after Ctrl-C, as shells have it: 128 and the number of the signal.
INTERRUPTED = 130

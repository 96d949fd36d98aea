"""The command line: arguments in, one call of the library, text out."""

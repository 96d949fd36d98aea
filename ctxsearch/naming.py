"""How a sentence names an argument: between backticks, as Python writes it, with a value to give, or with none.

The command line has options in the place of arguments, and tells them so in the same sentence; that it can find them
there is why they are marked. Refused: to have every error carry them beside its sentence, or to have two sentences.
"""

from __future__ import annotations

import re

ARGUMENT = re.compile(r"""`([a-z_]+)=(True|"[^"`]*"|'[^`]*'|)`""")
"""The name of an argument, and what stands behind its ``=``: True, a text, or nothing.

>>> ARGUMENT.findall('Use `device="cpu"`, or leave `layers=` out.')
[('device', '"cpu"'), ('layers', '')]
"""

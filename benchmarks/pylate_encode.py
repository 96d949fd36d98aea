"""Encodes sentences by PyLate, and indexes them by fast-plaid, in the environment that has them.

`index_speed` starts it, and reads what it prints. Standard input has JSON: the folder of a model, and sentences. PyLate
wants an older transformers than ctxsearch, and fast-plaid the very torch that it was built for, so they need an
environment of their own. Nothing but vectors is kept: no word, and no line. Where fast-plaid is missing, PyLate encodes
alone.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time

import torch
from pylate import models

try:
    from fast_plaid.search import FastPlaid
except ImportError as error:
    print(f"fast-plaid is left out: {error}", file=sys.stderr)
    FastPlaid = None

folder, sentences = json.load(sys.stdin)
seconds: dict[str, float] = {}
for dtype in ("float32", "bfloat16"):
    model = models.ColBERT(folder, device="cpu", model_kwargs={"torch_dtype": dtype})
    model.encode(sentences[:32], is_query=False, show_progress_bar=False)
    start = time.perf_counter()
    vectors = model.encode(sentences, is_query=False, show_progress_bar=False)
    seconds[f"PyLate, encoding alone, {dtype}"] = time.perf_counter() - start
    if FastPlaid is not None:
        with tempfile.TemporaryDirectory() as goal:
            FastPlaid(goal, device="cpu").create([torch.as_tensor(of_sentence).float() for of_sentence in vectors])
            seconds[f"PyLate and fast-plaid, {dtype}"] = time.perf_counter() - start
print(json.dumps(seconds))

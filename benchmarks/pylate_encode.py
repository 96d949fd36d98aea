"""Encodes sentences by PyLate, in the environment that has it; `index_speed` starts it, and reads what it prints.

Standard input has JSON: the folder of a model, and sentences. PyLate wants an older transformers than ctxsearch, so it
needs an environment of its own. It encodes alone: nothing is indexed, and no line is kept.
"""

from __future__ import annotations

import json
import sys
import time

from pylate import models

folder, sentences = json.load(sys.stdin)
seconds = {}
for dtype in ("float32", "bfloat16"):
    model = models.ColBERT(folder, device="cpu", model_kwargs={"torch_dtype": dtype})
    model.encode(sentences[:32], is_query=False, show_progress_bar=False)
    start = time.perf_counter()
    model.encode(sentences, is_query=False, show_progress_bar=False)
    seconds[dtype] = time.perf_counter() - start
print(json.dumps(seconds))

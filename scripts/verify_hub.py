"""Reference logits: reads {"folder", "pairs"} on stdin, writes a list of logits of the first label."""
import json
import sys

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

request = json.load(sys.stdin)
tokenizer = AutoTokenizer.from_pretrained(request["folder"])
model = AutoModelForSequenceClassification.from_pretrained(request["folder"], dtype=torch.float32).eval()
logits = []
with torch.no_grad():
    for query, document in request["pairs"]:
        batch = tokenizer(query, document, truncation="longest_first", max_length=512, return_tensors="pt")
        logits.append(model(**batch).logits[0, 0].item())
json.dump(logits, sys.stdout)

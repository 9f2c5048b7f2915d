"""Logits of a BERT cross-encoder by numpy alone, from the same request as scripts/verify_hub.py: {"folder", "pairs"}.

Small and slow, and written after the paper rather than after our encoder: what checks verify:hub where torch is not.
"""
import json
import math
import pathlib
import sys

import numpy as np
import tokenizers
from safetensors.numpy import load_file

request = json.load(sys.stdin)
folder = pathlib.Path(request['folder'])
config = json.loads((folder / 'config.json').read_text())
weights = {name: tensor.astype(np.float64) for name, tensor in load_file(folder / 'model.safetensors').items()}
tokenizer = tokenizers.Tokenizer.from_file(str(folder / 'tokenizer.json'))
tokenizer.enable_truncation(min(512, config['max_position_embeddings']), strategy='longest_first')
heads, epsilon = config['num_attention_heads'], config['layer_norm_eps']
erf = np.vectorize(math.erf)


def linear(x, name):
    return x @ weights[f'{name}.weight'].T + weights[f'{name}.bias']


def layer_norm(x, name):
    centred = x - x.mean(-1, keepdims=True)
    scaled = centred / np.sqrt((centred**2).mean(-1, keepdims=True) + epsilon)
    return scaled * weights[f'{name}.weight'] + weights[f'{name}.bias']


def attention(x, name):
    length, hidden = x.shape
    query, key, value = (
        linear(x, f'{name}.self.{part}').reshape(length, heads, hidden // heads).swapaxes(0, 1)
        for part in ('query', 'key', 'value')
    )
    scores = query @ key.swapaxes(1, 2) / math.sqrt(hidden // heads)
    shares = np.exp(scores - scores.max(-1, keepdims=True))
    shares /= shares.sum(-1, keepdims=True)
    return linear((shares @ value).swapaxes(0, 1).reshape(length, hidden), f'{name}.output.dense')


def logit(query, document):
    encoding = tokenizer.encode(query, document)
    embeddings = 'bert.embeddings'
    x = weights[f'{embeddings}.word_embeddings.weight'][encoding.ids]
    x = x + weights[f'{embeddings}.position_embeddings.weight'][: len(encoding.ids)]
    x = layer_norm(x + weights[f'{embeddings}.token_type_embeddings.weight'][encoding.type_ids], f'{embeddings}.LayerNorm')
    for layer in range(config['num_hidden_layers']):
        name = f'bert.encoder.layer.{layer}'
        x = layer_norm(x + attention(x, f'{name}.attention'), f'{name}.attention.output.LayerNorm')
        inner = linear(x, f'{name}.intermediate.dense')
        inner = inner * (1 + erf(inner / math.sqrt(2))) / 2
        x = layer_norm(x + linear(inner, f'{name}.output.dense'), f'{name}.output.LayerNorm')
    return float(linear(np.tanh(linear(x[0], 'bert.pooler.dense')), 'classifier')[0])


json.dump([logit(*pair) for pair in request['pairs']], sys.stdout)

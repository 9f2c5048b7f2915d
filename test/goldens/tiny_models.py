"""Python twin of tiny-models.ts: the same seeded weights, byte for byte (tiny.json holds their hashes)."""

import json
import pathlib

import numpy as np

SHAPES = json.loads((pathlib.Path(__file__).parent / 'tiny-shapes.json').read_text())


def config(shape):
    return {
        'vocab_size': shape['vocabulary'],
        'hidden_size': shape['hidden'],
        'num_hidden_layers': shape['layers'],
        'num_attention_heads': shape['heads'],
        'intermediate_size': shape['intermediate'],
        'hidden_act': shape['activation'],
        'max_position_embeddings': shape['positions'],
        'type_vocab_size': shape['tokenTypes'],
        'layer_norm_eps': shape['eps'],
        'pad_token_id': 0,
        'num_labels': shape['labels'],
    }


def hashes(seed, name, count):
    """FNV-1a of "seed/name", plus index times the golden ratio, through MurmurHash3's finaliser: 24 bits."""
    key = 0x811C9DC5
    for byte in f'{seed}/{name}'.encode():
        key = (key ^ byte) * 0x01000193 & 0xFFFFFFFF
    h = np.uint32(key) + np.arange(count, dtype=np.uint32) * np.uint32(0x9E3779B9)
    h = (h ^ (h >> 16)) * np.uint32(0x85EBCA6B)
    h = (h ^ (h >> 13)) * np.uint32(0xC2B2AE35)
    return (h ^ (h >> 16)) >> 8


def values(seed, name, shape, exponent):
    k = (hashes(seed, name, int(np.prod(shape))) % 255).astype(np.float64) - 127
    numbers = 1 + np.trunc(k / 4) / 128 if exponent is None else k * 2.0**exponent
    return numbers.astype(np.float32).reshape(shape)


def tensors(shape):
    """Name, shape and exponent of every tensor of the file; exponent None for LayerNorm weights."""
    hidden, inner = shape['hidden'], shape['intermediate']

    def layer_norm(name):
        yield f'{name}.weight', (hidden,), None
        yield f'{name}.bias', (hidden,), -9

    def linear(name, outputs, inputs, exponent=-9, bias=True):
        yield f'{name}.weight', (outputs, inputs), exponent
        if bias:
            yield f'{name}.bias', (outputs,), -9

    yield 'bert.embeddings.word_embeddings.weight', (shape['vocabulary'], hidden), -7
    yield 'bert.embeddings.position_embeddings.weight', (shape['positions'], hidden), -8
    yield 'bert.embeddings.token_type_embeddings.weight', (shape['tokenTypes'], hidden), -8
    yield from layer_norm('bert.embeddings.LayerNorm')
    for layer in range(shape['layers']):
        prefix = f'bert.encoder.layer.{layer}'
        yield from linear(f'{prefix}.attention.self.query', hidden, hidden, -8)
        yield from linear(f'{prefix}.attention.self.key', hidden, hidden)
        yield from linear(f'{prefix}.attention.self.value', hidden, hidden)
        yield from linear(f'{prefix}.attention.output.dense', hidden, hidden)
        yield from layer_norm(f'{prefix}.attention.output.LayerNorm')
        yield from linear(f'{prefix}.intermediate.dense', inner, hidden)
        yield from linear(f'{prefix}.output.dense', hidden, inner)
        yield from layer_norm(f'{prefix}.output.LayerNorm')
    yield from linear('bert.pooler.dense', hidden, hidden, -9, shape.get('poolerBias', True))
    yield from linear('classifier', shape['labels'], hidden, -7)


def weights(shape):
    state = {name: values(shape['seed'], name, size, exponent) for name, size, exponent in tensors(shape)}
    if shape.get('positionIds'):
        state['bert.embeddings.position_ids'] = np.arange(shape['positions'], dtype=np.int64)[None]
    return state

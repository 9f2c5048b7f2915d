"""Writes starter.json and tiny.json: reference logits by Hugging Face transformers.

    pip install -r requirements.txt
    python3 make_goldens.py ../../models/starter

Float32, eager attention, one sequence at a time, nothing padded. Token ids come from the Rust tokenizer with
longest_first truncation at 512. Every sequence is computed in float64 as well: the header records how far
float32 itself is from it, the noise below which no implementation can be told from another.
"""

import hashlib
import json
import pathlib
import sys

import numpy as np
import safetensors.torch
import tokenizers
import torch
import transformers
from starter_pairs import Pairs
from tiny_models import SHAPES, config, hashes, weights

HERE = pathlib.Path(__file__).resolve().parent
MAX_LENGTH = 512
SHORT = 64
TINY_LENGTHS = [1, 2, 3, 5, 7, 8, 9, 12, 15, 16, 17, 24, 31, 32, 33, 47, 48, 64, 65, 100, 128, 200, 333, 512]
DTYPES = {'F32': torch.float32, 'F16': torch.float16, 'BF16': torch.bfloat16}
VERSIONS = {
    'transformers': transformers.__version__,
    'tokenizers': tokenizers.__version__,
    'torch': torch.__version__,
    'numpy': np.__version__,
}
ABOUT = (
    'Reference logits by make_goldens.py: transformers, float32, eager attention, one sequence at a time. '
    'Token types are 0 before documentStart and 1 from it on; float32Noise is the greatest distance to float64.'
)


class Reference:
    """One model in float32 and in float64."""

    def __init__(self, model):
        self.models = [model.eval(), type(model)(model.config).eval().double()]
        self.models[1].load_state_dict({name: tensor.double() for name, tensor in model.state_dict().items()})
        self.noise = 0.0

    def logits(self, ids, types):
        batch = {'input_ids': torch.tensor([ids]), 'token_type_ids': torch.tensor([types])}
        with torch.inference_mode():
            single, double = (model(**batch).logits[0].numpy() for model in self.models)
        self.noise = max(self.noise, float(np.abs(single - double).max()))
        return [float(str(logit)) for logit in single]  # the shortest decimal that is this float32


def spread(rows, count):
    """`count` rows evenly spaced over the order of rows."""
    return [rows[len(rows) * index // count] for index in range(count)]


def ordered(pairs):
    """First 20 short ones and 20 longer ones as a sample of all kinds, then the rest."""
    short = spread([pair for pair in pairs if len(pair['inputIds']) < SHORT], 20)
    longer = spread([pair for pair in pairs if SHORT <= len(pair['inputIds']) < MAX_LENGTH], 20)
    for pair in short:
        pair['short'] = True
    sample = [pair for two in zip(short, longer) for pair in two]
    return sample + [pair for pair in pairs if not any(pair is chosen for chosen in sample)]


def starter_goldens(folder):
    tokenizer = tokenizers.Tokenizer.from_file(str(folder / 'tokenizer.json'))
    kinds = list(dict.fromkeys(Pairs(tokenizer).everything()))
    model = transformers.BertForSequenceClassification.from_pretrained(
        folder, dtype=torch.float32, attn_implementation='eager'
    )
    reference = Reference(model)
    pairs = []
    for query, document in kinds:
        tokenizer.no_truncation()
        whole = len(tokenizer.encode(query, document).ids)
        tokenizer.enable_truncation(MAX_LENGTH, strategy='longest_first')
        encoding = tokenizer.encode(query, document)
        types = encoding.type_ids
        pairs.append(
            {
                'query': query,
                'document': document,
                'truncated': whole > MAX_LENGTH,
                'inputIds': encoding.ids,
                'documentStart': len(types) - sum(types),
                'logits': reference.logits(encoding.ids, types),
            }
        )
    weights_hash = hashlib.sha256((folder / 'model.safetensors').read_bytes()).hexdigest()
    header = {
        'about': ABOUT,
        'versions': VERSIONS,
        'modelSha256': weights_hash,
        'float32Noise': reference.noise,
    }
    write(HERE / 'starter.json', header, {'pairs': ordered(pairs)})
    logits = [pair['logits'][0] for pair in pairs]
    lengths = sorted(len(pair['inputIds']) for pair in pairs)
    print(f'starter: {len(pairs)} pairs of {lengths[0]} to {lengths[-1]} tokens,', end=' ')
    print(f'logits {min(logits)} to {max(logits)}, float32 noise {reference.noise:.1e}')


def tiny_sequences(vocabulary):
    """Token ids by the weights' own hash; the vocabulary's first and last id occur in all but the shortest."""
    sequences = []
    for length in TINY_LENGTHS:
        ids = [int(hash) % vocabulary for hash in hashes(0, f'ids/{length}', length)]
        if length > 4:
            ids[1], ids[-2] = 0, vocabulary - 1
        start = 1 + int(hashes(0, f'start/{length}', 1)[0]) % length
        sequences.append({'inputIds': ids, 'documentStart': start})
    return sequences


def file_hash(state, dtype):
    floats = {name: tensor.to(dtype) for name, tensor in state.items() if tensor.is_floating_point()}
    return hashlib.sha256(safetensors.torch.save({**state, **floats}, {'format': 'pt'})).hexdigest()


def tiny_goldens():
    sequences = tiny_sequences(SHAPES['tiny']['vocabulary'])
    models = {}
    for name, shape in SHAPES.items():
        state = {key: torch.from_numpy(value) for key, value in weights(shape).items()}
        hashes_by_type = {label: file_hash(state, dtype) for label, dtype in DTYPES.items()}
        model = transformers.BertForSequenceClassification(
            transformers.BertConfig(**config(shape), attn_implementation='eager')
        )
        state.pop('bert.embeddings.position_ids', None)
        state.setdefault('bert.pooler.dense.bias', torch.zeros(shape['hidden']))
        model.load_state_dict(state)
        reference = Reference(model)
        logits = []
        for sequence in sequences:
            ids, start = sequence['inputIds'], sequence['documentStart']
            typed = shape['tokenTypes'] > 1
            logits.append(reference.logits(ids, [int(typed and index >= start) for index in range(len(ids))]))
        models[name] = {'modelSha256': hashes_by_type, 'float32Noise': reference.noise, 'logits': logits}
        print(f'{name}: logits {np.min(logits)} to {np.max(logits)}, float32 noise {reference.noise:.1e}')
    header = {
        'about': f'{ABOUT} Logits are in the order of sequences; with one token type all types are 0.',
        'versions': VERSIONS,
        'models': models,
    }
    write(HERE / 'tiny.json', header, {'sequences': sequences})


def write(path, header, lists):
    """One row a line."""
    parts = [json.dumps(key) + ': ' + json.dumps(value) for key, value in header.items()]
    parts += [
        f'{json.dumps(key)}: [\n' + ',\n'.join(map(json.dumps, rows)) + '\n]' for key, rows in lists.items()
    ]
    path.write_text('{' + ',\n'.join(parts) + '}\n')
    print(path.name, path.stat().st_size, 'bytes')


if __name__ == '__main__':
    torch.set_num_threads(1)
    tiny_goldens()
    starter_goldens(pathlib.Path(sys.argv[1]))

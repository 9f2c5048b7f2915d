"""Writes truncation-lengths.json: how many tokens of each text Hugging Face's Rust tokenizer keeps.

    python3 make_truncation_lengths.py      (needs tokenizers 0.23.3)

Rows are [query, document, maxLength, kept query, kept document], in tokens; -1, -1 where it raises.
"""

import json
import pathlib

from tokenizers import Tokenizer, models, pre_tokenizers, processors

tokenizer = Tokenizer(models.WordLevel({'[CLS]': 0, '[SEP]': 1, 'q': 2, 'd': 3, '[UNK]': 4}, unk_token='[UNK]'))
tokenizer.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
tokenizer.post_processor = processors.BertProcessing(('[SEP]', 1), ('[CLS]', 0))


def kept(query, document, max_length, strategy):
    tokenizer.enable_truncation(max_length, strategy=strategy)
    try:
        ids = tokenizer.encode(' '.join('q' * query), ' '.join('d' * document)).ids
    except Exception:
        return [-1, -1]
    return [ids.count(2), ids.count(3)]


rows = {
    truncation: [
        [query, document, max_length, *kept(query, document, max_length, strategy)]
        for query in range(8)
        for document in range(8)
        for max_length in range(4, 12)
    ]
    for truncation, strategy in (('longest-first', 'longest_first'), ('document-only', 'only_second'))
}
target = pathlib.Path(__file__).with_name('truncation-lengths.json')
target.write_text(json.dumps(rows, separators=(',', ':')).replace('],[', '],\n[') + '\n')

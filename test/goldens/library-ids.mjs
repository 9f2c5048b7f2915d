// node library-ids.mjs TOKENIZER_JSON < texts.json > ids.json
// Ids of @huggingface/tokenizers, after the two replacements that bring it to the Rust tokenizer's rules (final
// sigma; spaces around CJK outside the BMP). make_tokenizer_corpus.py leaves out texts that still differ.
import { readFileSync } from 'node:fs';
import { Tokenizer } from '@huggingface/tokenizers';

const file = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const tokenizer = new Tokenizer(file, {});
const cjk = /[\u{20000}-\u{2a6df}\u{2a700}-\u{2b81f}\u{2b920}-\u{2ceaf}\u{2f800}-\u{2fa1f}]/gu;

const ids = JSON.parse(readFileSync(0, 'utf8')).map(
  (text) =>
    tokenizer.encode(text.replaceAll('Σ', 'σ').replace(cjk, ' $& '), { add_special_tokens: false }).ids,
);
process.stdout.write(JSON.stringify(ids));

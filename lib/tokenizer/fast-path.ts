import type { ReferenceEncoder } from './reference-encoder.js';
import { TokenTrie } from './token-trie.js';
import type { TokenizerJson } from './tokenizer-json.js';
import { WordPieceEncoder } from './wordpiece-encoder.js';

const continuingPrefix = '##';
const asciiFromPunctuation = /^[!-/:-@[-`{-~][!-~]*$/;
/** Combining class 1: canonical order moves it before any mark of a higher class. */
const overlay = '\u0334';

/** One text for each thing the fast path does its own way. */
const samples = [
  '',
  ' Hello, world! unaffable\t\tre-rank\r\n2,048 tokens_of TEXT (c) #1 ',
  'x'.repeat(101) + ' antidisestablishmentarianism',
  'cut\u0000off\u0007 zero\u200bwidth\u00a0space \ufffd\ud800',
  'Ça dépend: naïve Ångström, straße, İstanbul ΣΊΣΥΦΟΣ',
  '東京 tower 한국어 ひらがな \u{20000}\u{2f800} 😀👍🏽',
  'Привет, мир! שלום مرحبا हिन्दी ไทย',
  'a [SEP] b[MASK][mask] [[CLS]] [UNK',
];

/**
 * The fast encoder of a tokenizer.json of BERT's shape. None for any other shape, nor when it does not agree
 * with the reference on some samples.
 */
export function createFastEncoder(
  json: TokenizerJson,
  reference: ReferenceEncoder,
): WordPieceEncoder | undefined {
  if (!isBertShaped(json)) return undefined;
  const { vocab, unk_token, max_input_chars_per_word } = json.model as unknown as BertModel;
  const trie = new TokenTrie();
  for (const token in vocab) {
    if (holdsMovableMark(token)) return undefined;
    const continues = token.startsWith(continuingPrefix);
    trie.add(continues ? token.slice(continuingPrefix.length) : token, vocab[token]!, continues);
  }
  const fast = new WordPieceEncoder(
    {
      trie,
      unknownId: vocab[unk_token]!,
      maxWordLength: max_input_chars_per_word,
      addedTokens: json.added_tokens,
    },
    reference,
  );
  const encoding = fast.createEncoding();
  const agrees = samples.every((sample) => {
    encoding.start(sample.length, Infinity);
    encoding.append(sample, true);
    while (encoding.step());
    return encoding.ids.subarray(0, encoding.count).join() === reference.encode(sample).join();
  });
  return agrees ? fast : undefined;
}

interface BertModel {
  vocab: Record<string, number>;
  unk_token: string;
  max_input_chars_per_word: number;
}

function isBertShaped({ normalizer, pre_tokenizer, model, added_tokens }: TokenizerJson): boolean {
  return (
    normalizer?.type === 'BertNormalizer' &&
    normalizer.clean_text === true &&
    pre_tokenizer?.type === 'BertPreTokenizer' &&
    model.type === 'WordPiece' &&
    model.continuing_subword_prefix === continuingPrefix &&
    isWordLength(model.max_input_chars_per_word) &&
    added_tokens.every(
      (token) =>
        // Found before normalisation, and at a character that ends the word before it anyway.
        token.normalized === false &&
        asciiFromPunctuation.test(token.content) &&
        !token.single_word &&
        !token.lstrip &&
        !token.rstrip &&
        isSameInVocabulary(token, model.vocab as Record<string, number>),
    )
  );
}

function isWordLength(value: unknown): boolean {
  return Number.isInteger(value) && (value as number) > 0 && (value as number) <= 1000;
}

function isSameInVocabulary(
  { content, id }: { content: string; id: number },
  vocab: Record<string, number>,
): boolean {
  return !Object.hasOwn(vocab, content) || vocab[content] === id;
}

/**
 * Whether a token holds a mark that normalisation keeps but may move. Without one, marks out of order can
 * only be in words that are unknown either way, so code points may be normalised one by one.
 */
function holdsMovableMark(token: string): boolean {
  const marks = token.match(/[\p{Mc}\p{Me}]/gu) ?? [];
  return marks.some((mark) => `${mark}${overlay}`.normalize('NFD') !== `${mark}${overlay}`);
}

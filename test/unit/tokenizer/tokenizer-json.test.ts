import { mkdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Tokenizer, type TokenizerFiles } from '../../../lib/tokenizer/tokenizer.js';
import type { TokenizerJson } from '../../../lib/tokenizer/tokenizer-json.js';
import { encodeAll, starterFiles, starterJson, variant, writeFiles } from './starter.js';

function fails(files: TokenizerFiles, code: string, message: RegExp) {
  return expect(Tokenizer.load(files)).rejects.toMatchObject({
    code,
    message: expect.stringMatching(message),
  });
}

describe('a tokenizer.json that cannot be used', () => {
  it('is missing', async () => {
    const file = join(dirname(writeFiles({}).tokenizerJson), 'nowhere.json');
    await fails({ tokenizerJson: file }, 'ERR_MODEL_NOT_FOUND', /nowhere\.json cannot be read/);
    await fails(
      { ...starterFiles, tokenizerConfig: file },
      'ERR_MODEL_NOT_FOUND',
      /nowhere\.json cannot be read/,
    );
  });

  it('is a folder', async () => {
    const folder = join(dirname(writeFiles({}).tokenizerJson), 'tokenizer');
    mkdirSync(folder);
    await fails({ tokenizerJson: folder }, 'ERR_MODEL_NOT_FOUND', /cannot be read/);
  });

  it.each<[string, unknown, RegExp]>([
    ['cut off', JSON.stringify(starterJson()).slice(0, 5000), /not JSON/],
    ['empty', '', /not JSON/],
    ['a list', [], /expected a JSON object/],
    ['without a model', {}, /"model"/],
    [
      'with a normalizer of no type',
      { normalizer: {}, model: { type: 'WordPiece', vocab: { a: 0 } } },
      /"normalizer"/,
    ],
    ['without a vocabulary', { model: { type: 'WordPiece' } }, /"model\.vocab"/],
    ['with an empty vocabulary', { model: { type: 'WordPiece', vocab: {} } }, /vocabulary is empty/],
  ])('is %s', async (_, content, message) => {
    await fails(writeFiles(content), 'ERR_MODEL_CORRUPT', message);
  });

  it.each<[string, (json: TokenizerJson) => void, RegExp]>([
    [
      'an id that is no number',
      ({ model }) => Object.assign(model.vocab, { zebra: '17' }),
      /the id of "zebra"/,
    ],
    ['a negative id', ({ model }) => Object.assign(model.vocab, { zebra: -1 }), /the id of "zebra"/],
    [
      'an unknown token that is not there',
      ({ model }) => (model.unk_token = '<unk>'),
      /unknown token "<unk>"/,
    ],
    ['an added token without text', (json) => (json.added_tokens[0]!.content = ''), /"added_tokens"/],
  ])('has %s', async (_, change, message) => {
    await fails(variant(change), 'ERR_MODEL_CORRUPT', message);
  });

  it.each<[string, (json: TokenizerJson) => void]>([
    ['no post-processor', (json) => (json.post_processor = null)],
    [
      'that of RoBERTa',
      (json) =>
        (json.post_processor = { type: 'RobertaProcessing', sep: ['[SEP]', 102], cls: ['[CLS]', 101] }),
    ],
    ['a pair template without a middle', (json) => (json.post_processor!.pair as unknown[]).splice(2, 1)],
    ['a pair template that doubles a token', (json) => (json.post_processor!.pair as unknown[]).push(null)],
    ['a special token that it does not define', (json) => (json.post_processor!.special_tokens = {})],
    ['a query of type 1', (json) => ((json.post_processor as any).pair[1].Sequence.type_id = 1)],
    ['a document of type 2', (json) => ((json.post_processor as any).pair[3].Sequence.type_id = 2)],
    ['A and B in the other order', (json) => (json.post_processor!.pair as unknown[]).reverse()],
  ])('has %s', async (_, change) => {
    await fails(
      variant(change),
      'ERR_MODEL_UNSUPPORTED',
      /\[CLS\] A \[SEP\] B \[SEP\].*TemplateProcessing or BertProcessing/,
    );
  });

  it('needs a part that the library does not have', async () => {
    const files = variant((json) => (json.normalizer = { type: 'Nonsense' }));
    await fails(files, 'ERR_MODEL_UNSUPPORTED', /Nonsense/);
  });
});

const pair = [['Élan ΣΑΣ', '火山']] as const;

it('takes special tokens and types from the template, whatever their ids', async () => {
  const files = variant((json) => {
    const processor = json.post_processor as any;
    processor.special_tokens['[CLS]'].ids = [7];
    processor.special_tokens['[SEP]'].ids = [8];
    processor.pair[3].Sequence.type_id = 0;
    processor.pair[4].SpecialToken.type_id = 0;
  });
  const tokenizer = await Tokenizer.load(files);
  const [encoded] = await encodeAll(tokenizer, [['the', 'of']]);
  expect(encoded).toEqual({ ids: [7, 1996, 8, 1997, 8], types: [0, 0, 0, 0, 0], truncated: false });
  tokenizer.close();
});

it('reads BertProcessing as the template that it stands for', async () => {
  const files = variant((json) => {
    json.post_processor = { type: 'BertProcessing', cls: ['[CLS]', 101], sep: ['[SEP]', 102] };
  });
  const [tokenizer, starter] = await Promise.all([Tokenizer.load(files), Tokenizer.load(starterFiles)]);
  expect(await encodeAll(tokenizer, pair)).toEqual(await encodeAll(starter, pair));
  tokenizer.close();
  starter.close();
});

it('lets tokenizer_config.json override the normalisation, as transformers does', async () => {
  const cased = await Tokenizer.load(variant((json) => (json.normalizer!.lowercase = false)));
  const overridden = await Tokenizer.load(writeFiles(starterJson(), { do_lower_case: false }));
  const silent = await Tokenizer.load(writeFiles(starterJson(), { tokenizer_class: 'BertTokenizer' }));
  const starter = await Tokenizer.load(starterFiles);
  expect(await encodeAll(overridden, pair)).toEqual(await encodeAll(cased, pair));
  expect(await encodeAll(silent, pair)).toEqual(await encodeAll(starter, pair));
  expect(await encodeAll(overridden, pair)).not.toEqual(await encodeAll(starter, pair));
  for (const tokenizer of [cased, overridden, silent, starter]) tokenizer.close();
});

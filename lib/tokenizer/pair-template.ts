import { RerankerError } from '../errors.js';
import type { TokenizerJson } from './tokenizer-json.js';

/** What stands around the two texts of a pair. The first two runs have token type 0. */
export interface PairTemplate {
  before: number[];
  between: number[];
  after: number[];
  /** Token type of the document and of what comes after it. */
  documentType: number;
}

export function specialTokensOf(template: PairTemplate): number {
  return template.before.length + template.between.length + template.after.length;
}

/**
 * The pair template of a tokenizer.json: `[CLS] query [SEP] document [SEP]`, with the model's own ids.
 * @throws RerankerError `ERR_MODEL_UNSUPPORTED` for any other form.
 */
export function readPairTemplate(json: TokenizerJson): PairTemplate {
  const template = fromTemplateProcessing(json.post_processor) ?? fromBertProcessing(json.post_processor);
  if (template) return template;
  const type = json.post_processor?.type;
  const found = type === undefined ? 'no post_processor' : `a ${type} post_processor of another form`;
  throw new RerankerError(
    'ERR_MODEL_UNSUPPORTED',
    `tokenizer.json has ${found}. Supported are pairs of the form [CLS] A [SEP] B [SEP], A and what is around it ` +
      'with token type 0, given as TemplateProcessing or BertProcessing. Choose a BERT-style cross-encoder.',
  );
}

type Piece = { id: string; type_id: number };
type TemplateItem = { SpecialToken?: Piece; Sequence?: Piece } | null;
type SpecialTokens = Record<string, { ids?: number[] } | undefined>;

function fromTemplateProcessing(processor: TokenizerJson['post_processor']): PairTemplate | undefined {
  if (processor?.type !== 'TemplateProcessing' || !Array.isArray(processor.pair)) return undefined;
  const pair = processor.pair as TemplateItem[];
  const form = pair.map((item) => item?.Sequence?.id ?? '').join();
  const types = pair.map((item) => (item?.Sequence ?? item?.SpecialToken)?.type_id);
  const documentType = types[3];
  if (form !== ',A,,B,' || (documentType !== 0 && documentType !== 1)) return undefined;
  if (types.join() !== [0, 0, 0, documentType, documentType].join()) return undefined;

  const specialTokens = processor.special_tokens as SpecialTokens | undefined;
  const ids = (position: number) => specialTokens?.[pair[position]?.SpecialToken?.id ?? '']?.ids;
  const [before, between, after] = [ids(0), ids(2), ids(4)];
  return before && between && after && { before, between, after, documentType };
}

function fromBertProcessing(processor: TokenizerJson['post_processor']): PairTemplate | undefined {
  if (processor?.type !== 'BertProcessing') return undefined;
  const { cls, sep } = processor as { cls?: [string, number]; sep?: [string, number] };
  if (typeof cls?.[1] !== 'number' || typeof sep?.[1] !== 'number') return undefined;
  return { before: [cls[1]], between: [sep[1]], after: [sep[1]], documentType: 1 };
}

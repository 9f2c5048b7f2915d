import { RerankerError } from '../errors.js';
import { readJsonObject } from './files.js';

/**
 * Whether a model is of a kind this package runs, judged by its config alone: before its weights are fetched. The addon
 * judges the weights themselves.
 */
export async function checkArchitecture(model: string, configPath: string): Promise<void> {
  const { model_type: type, architectures } = await readJsonObject(configPath);
  const classes = Array.isArray(architectures) ? architectures : [];
  if (type === 'bert' && (classes.length === 0 || classes.includes('BertForSequenceClassification'))) return;
  const kind = [type, ...classes].filter((part) => typeof part === 'string').join(', ') || 'of no known kind';
  throw new RerankerError(
    'ERR_MODEL_UNSUPPORTED',
    `${model} is ${kind}. Supported is BERT for sequence classification (model_type bert, architecture ` +
      'BertForSequenceClassification), such as cross-encoder/ms-marco-MiniLM-L6-v2 and its relatives.',
  );
}

import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../package.js';

/** A pair whose logit somebody else computed and published. */
export interface PublishedPair {
  query: string;
  document: string;
  logit: number;
}

/** What is known beforehand about a model. What nobody published is left out. */
export interface KnownModel {
  id: string;
  /** Commit that the hashes are of. */
  revision?: string;
  /** SHA-256 of `model.safetensors`. */
  sha256?: string;
  published?: { source: string; pairs: PublishedPair[] };
}

let models: KnownModel[] | undefined;

/** The models of models/known.json, or of the file that `MLX_RERANK_KNOWN_MODELS` names. */
export function knownModels(): KnownModel[] {
  const path = process.env.MLX_RERANK_KNOWN_MODELS ?? join(packageRoot, 'models', 'known.json');
  models ??= (JSON.parse(readFileSync(path, 'utf8')) as { models: KnownModel[] }).models;
  return models;
}

export function findKnownModel(id: string): KnownModel | undefined {
  return knownModels().find((model) => model.id === id);
}

/** Known hub ids that a mistyped one may have meant, nearest first. */
export function nearNames(id: string): string[] {
  const near = knownModels()
    .filter((model) => model.id.includes('/'))
    .map((model) => ({ id: model.id, likeness: likeness(simplify(id), simplify(model.id)) }))
    .filter((candidate) => candidate.likeness > 0.6)
    .sort((a, b) => b.likeness - a.likeness);
  return near.slice(0, 3).map((candidate) => candidate.id);
}

const simplify = (id: string): string => id.slice(id.indexOf('/') + 1).toLowerCase().replace(/[^a-z0-9]/g, '');

/** Dice's coefficient of the pairs of neighbouring letters, 0 to 1. */
function likeness(a: string, b: string): number {
  const pairs = (text: string) => Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => text.slice(i, i + 2));
  const left = pairs(b);
  const all = left.length + Math.max(0, a.length - 1);
  let shared = 0;
  for (const pair of pairs(a)) {
    const at = left.indexOf(pair);
    if (at < 0) continue;
    left.splice(at, 1);
    shared++;
  }
  return all === 0 ? 0 : (2 * shared) / all;
}

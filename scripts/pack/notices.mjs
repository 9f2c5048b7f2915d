import { readFileSync } from 'node:fs';
import { inRoot } from '../paths.mjs';

const rule = /^-{60,}\n/m;

/**
 * The part of THIRD_PARTY_NOTICES that concerns one package: its preface, and those of its parts (apart by rules of dashes)
 * whose line `In:` names the package.
 */
export function noticesOf(name) {
  const [preface, ...parts] = readFileSync(inRoot('THIRD_PARTY_NOTICES'), 'utf8').split(rule);
  const inPackage = parts.filter((part) => packagesOf(part).includes(name));
  const nothing = inPackage.length ? '' : `${name} holds no work of others.\n`;
  return [preface + nothing, ...inPackage].join(`${'-'.repeat(80)}\n`);
}

function packagesOf(part) {
  const line = /^In: (.+)$/m.exec(part);
  if (!line) throw new Error(`THIRD_PARTY_NOTICES: a part has no line In:, it begins with ${part.split('\n')[0]}`);
  return line[1].split(', ');
}

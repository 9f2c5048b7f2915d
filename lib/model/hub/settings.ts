import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RerankerError } from '../../errors.js';
import { received } from '../../validation/received.js';
import { hubHome } from '../hub-cache.js';

/** How the hub is reached, by the environment variables that every Hugging Face tool obeys. */
export interface HubSettings {
  /** Base address, without a slash at its end. */
  endpoint: string;
  token?: string;
  /** Milliseconds without a byte after which a connection counts as lost. */
  stallMs: number;
}

const defaultEndpoint = 'https://huggingface.co';
const defaultStallSeconds = 10;

export function isOffline(env: NodeJS.ProcessEnv = process.env): boolean {
  return isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE);
}

/** @throws RerankerError `ERR_INVALID_ARGUMENT` when `HF_ENDPOINT` is no http address. */
export async function hubSettings(env: NodeJS.ProcessEnv = process.env): Promise<HubSettings> {
  const seconds = Number(env.HF_HUB_DOWNLOAD_TIMEOUT);
  return {
    endpoint: checkEndpoint(env.HF_ENDPOINT || defaultEndpoint),
    token: await findToken(env),
    stallMs: (seconds > 0 ? seconds : defaultStallSeconds) * 1000,
  };
}

function checkEndpoint(address: string): string {
  if (/^https?:$/.test(protocolOf(address))) return address.replace(/\/+$/, '');
  throw new RerankerError(
    'ERR_INVALID_ARGUMENT',
    `HF_ENDPOINT: expected an address such as ${defaultEndpoint}, received ${received(address)}.`,
  );
}

function protocolOf(address: string): string {
  try {
    return new URL(address).protocol;
  } catch {
    return '';
  }
}

async function findToken(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  const named = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN;
  if (named) return named.trim();
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  try {
    return (await readFile(env.HF_TOKEN_PATH || join(hubHome(env), 'token'), 'utf8')).trim() || undefined;
  } catch {
    return undefined;
  }
}

function isTrue(value: string | undefined): boolean {
  return /^(1|on|yes|true)$/i.test(value ?? '');
}

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { inflateRawSync } from 'node:zlib';

const directoryEntry = 0x02014b50;
const symbolicLink = 0o120000;

/**
 * Unpacks a zip archive held in memory (a Python wheel is one). `mapping` says which names are wanted and where they go:
 * an entry that starts with a key is written to `folder`/its value + the rest of the name; other entries are left out.
 */
export function unzip(archive, folder, mapping) {
  for (const entry of entriesOf(archive)) {
    const prefix = Object.keys(mapping).find((key) => entry.name.startsWith(key));
    if (prefix === undefined || entry.name.endsWith('/')) continue;
    const target = path.join(folder, mapping[prefix] + entry.name.slice(prefix.length));
    if (path.relative(folder, target).startsWith('..') || (entry.mode & 0o170000) === symbolicLink) {
      throw new Error(`the archive holds ${entry.name}, a link or a path that leaves its folder; it was not unpacked`);
    }
    mkdirSync(path.dirname(target), { recursive: true });
    writeFileSync(target, entry.content());
    if (entry.mode & 0o111) chmodSync(target, 0o755);
  }
}

function* entriesOf(archive) {
  const end = archive.lastIndexOf(Buffer.from('PK\x05\x06'));
  if (end < 0) throw new Error('not a zip archive');
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left--) {
    if (archive.readUInt32LE(at) !== directoryEntry) throw new Error('the zip archive has a broken directory');
    const method = archive.readUInt16LE(at + 10);
    const size = archive.readUInt32LE(at + 20);
    const nameLength = archive.readUInt16LE(at + 28);
    const local = archive.readUInt32LE(at + 42);
    yield {
      name: archive.toString('utf8', at + 46, at + 46 + nameLength),
      mode: archive.readUInt32LE(at + 38) >>> 16,
      content() {
        // The local header repeats the name, with an extra field of its own length.
        const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
        const bytes = archive.subarray(start, start + size);
        if (method === 0) return bytes;
        if (method === 8) return inflateRawSync(bytes);
        throw new Error(`zip compression method ${method} is not supported`);
      },
    };
    at += 46 + nameLength + archive.readUInt16LE(at + 30) + archive.readUInt16LE(at + 32);
  }
}

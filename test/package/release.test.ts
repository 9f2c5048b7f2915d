import { describe, expect, it } from 'vitest';
import { datedChangelog } from '../../scripts/release.mjs';

const changelog = (heading: string, entry = '- Something new.') => `# Changelog\n\nWords.\n\n## ${heading}\n\n${entry}\n\n## 0.0.9 (2025-01-01)\n\n- Old.\n`;

describe('the changelog of a release', () => {
  it('gets its date and the version of the release', () => {
    expect(datedChangelog(changelog('0.1.0 (unreleased)'), '0.1.0', '2030-02-03')).toBe(changelog('0.1.0 (2030-02-03)'));
    expect(datedChangelog(changelog('0.1.0 (unreleased)'), '1.0.0', '2030-02-03')).toBe(changelog('1.0.0 (2030-02-03)'));
  });

  it('stays as it is when the release is tried again', () => {
    const dated = changelog('0.1.0 (2030-02-01)');
    expect(datedChangelog(dated, '0.1.0', '2030-02-03')).toBe(dated);
  });

  it('is refused without an entry, or with one that says nothing', () => {
    expect(() => datedChangelog(changelog('0.1.0 (2030-02-01)'), '0.1.1', '2030-02-03')).toThrow('"## 0.1.1 (unreleased)"');
    expect(() => datedChangelog(changelog('0.1.1 (unreleased)', ''), '0.1.1', '2030-02-03')).toThrow('says nothing');
  });
});

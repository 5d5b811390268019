import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import { breakingOpenApiChanges, type BreakingChange, type Document } from './openapi-changes.js';

/** Texts of a contract by file: `schema.graphql` and `openapi/<api>.json`. */
export type Contract = ReadonlyMap<string, string>;

/**
 * Changes that break clients of the contract `before`. The path of one is `Bucket.remainingValue` for GraphQL; that of
 * one in an OpenAPI document has the file before it: `openapi/usage.json Usage.status`.
 */
export async function breakingChanges(before: Contract, now: Contract): Promise<BreakingChange[]> {
  const changes: BreakingChange[] = [];
  for (const [file, text] of before) {
    const current = now.get(file);
    if (current === undefined) changes.push({ path: file, message: 'was removed' });
    else if (file.endsWith('.graphql')) changes.push(...(await breakingGraphqlChanges(text, current)));
    else {
      const found = breakingOpenApiChanges(JSON.parse(text) as Document, JSON.parse(current) as Document);
      changes.push(...found.map(({ path, message }) => ({ path: `${file} ${path}`, message })));
    }
  }
  return changes;
}

/** Changes between two schemas in SDL. */
async function breakingGraphqlChanges(before: string, now: string): Promise<BreakingChange[]> {
  const found = await diff(buildSchema(before), buildSchema(now));
  return found
    .filter(({ criticality }) => criticality.level === CriticalityLevel.Breaking)
    .map(({ path = '', message }) => ({ path, message }));
}

/** The changes whose path the section "Unreleased" of a changelog does not name in backticks; in such a name `*` stands for any name, but for no file. */
export function unannounced(changes: readonly BreakingChange[], changelog: string): BreakingChange[] {
  const [, unreleased = ''] = /^## \[Unreleased\]\n(.*?)(?=\n## |$(?![^]))/ms.exec(changelog) ?? [];
  const named = new Set(unreleased.match(/`[^`\n]+`/g));
  const patterns = [...named]
    .filter((name) => name.includes('*') && !name.endsWith('.json`'))
    .map(
      (name) =>
        new RegExp(
          `^${name
            .slice(1, -1)
            .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
            .replaceAll('*', '[\\w-]+')}$`,
        ),
    );
  return changes.filter(({ path }) => !named.has(`\`${path}\``) && !patterns.some((pattern) => pattern.test(path)));
}

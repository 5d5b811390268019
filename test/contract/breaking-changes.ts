import { readFileSync } from 'node:fs';
import { CriticalityLevel, diff } from '@graphql-inspector/core';
import { buildSchema } from 'graphql';
import { breakingOpenApiChanges, type Document } from './openapi-changes.js';

/** A change of the contract that breaks clients: where, and what. */
export interface BreakingChange {
  path: string;
  message: string;
}

/** Changes of `now` (text by file name) that break clients of the contract in this folder. */
export async function breakingChanges(baseline: string, now: ReadonlyMap<string, string>): Promise<BreakingChange[]> {
  const changes: BreakingChange[] = [];
  for (const [file, text] of now) {
    const before = readFileSync(`${baseline}/${file}`, 'utf8');
    if (file.endsWith('.graphql')) {
      const found = await diff(buildSchema(before), buildSchema(text));
      for (const { criticality, path = '', message } of found) {
        if (criticality.level === CriticalityLevel.Breaking) changes.push({ path, message });
      }
    } else {
      const found = breakingOpenApiChanges(JSON.parse(before) as Document, JSON.parse(text) as Document);
      for (const change of found) {
        const [path = change] = change.split(':');
        changes.push({ path: `${file} ${path}`, message: change });
      }
    }
  }
  return changes;
}

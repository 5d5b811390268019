import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../support/random.js';
import { usages } from './asks.js';
import type { Ask } from './client.js';
import type { Scene } from './works.js';

const doneMaxMs = 180_000;
/** When it has not ended by then, the same file is sent again, as its senders do. */
const againMs = 15_000;

/** A file of usages, some twice and some wrong, sent until it is imported. */
export async function importFile(scene: Scene, random: Random): Promise<void> {
  const key = scene.nextKey();
  const count = 20 + random.below(180);
  const line = (number: number): string =>
    JSON.stringify({
      usageSpecification: { id: scene.specification },
      usageType: 'data',
      ...{ externalId: `${key}-${number}`, source: 'soak-file' },
      relatedParty: [{ id: `party-${number % 25}`, role: 'customer', '@referredType': 'Individual' }],
    });
  const lines = Array.from({ length: count }, (_, number) => line(number));
  const body = [...lines, line(0), '{"status":"no such"}'].join('\n');
  const ask: Ask = {
    ...{ kind: 'file', method: 'POST', path: `${usages}/importJob?mode=skipBad`, key },
    ...{ body, contentType: 'application/x-ndjson' },
  };
  for (const begin = performance.now(); performance.now() < begin + doneMaxMs;) {
    const answer = await scene.client.write(ask, random);
    if (!answer) return;
    // 409: an earlier attempt is still at it.
    if (answer.status !== 201 && answer.status !== 200 && answer.status !== 409)
      return scene.findings.add('an import was refused', `${answer.status} ${answer.text.slice(0, 500)}`);
    const task = answer.status === 409 ? undefined : await untilEnded(scene, random, JSON.parse(answer.text).id);
    if (!task) {
      await sleep(1_000);
      continue;
    }
    const found = [task.status, task.accepted, task.duplicates, task.rejected].join(' ');
    if (found !== `succeeded ${count} 1 1`)
      scene.findings.add('an import did not take each line once', `${task.id}: ${found} instead of ${count} 1 1`);
    scene.books.madeSome('Usage', Number(task.accepted));
    return;
  }
  scene.findings.add('an import does not end', key);
}

async function untilEnded(scene: Scene, random: Random, id: string): Promise<Record<string, unknown> | undefined> {
  for (const begin = performance.now(); performance.now() < begin + againMs; await sleep(300)) {
    const answer = await scene.client.read({ kind: 'read', path: `${usages}/importJob/${id}` }, random);
    if (answer?.status !== 200) continue;
    const task = JSON.parse(answer.text);
    if (task.status === 'succeeded' || task.status === 'failed') return task;
  }
  return undefined;
}

import type { PageTexts, RowTexts } from '../../src/platform/plan/reads.js';
import type { Context } from '../context.js';
import { scopeOf } from '../page.js';
import type { Variables } from '../cost/values.js';
import { bind } from './bind.js';
import { hasMarks, type Outcome } from './executor.js';
import type { PlannedOperation, PlannedRoot } from './plans.js';
import { readFieldText, rootRequest } from './read-field.js';

/** The finished JSON text of the data of an operation. */
export class DataText {
  constructor(readonly text: string) {}
}

/**
 * Answers a query whose fields are all read by plans. Returns its text; or, where something in it is an error, what its fields
 * came to, of which the executor makes the answer.
 */
export async function answerByPlans(
  operation: PlannedOperation,
  variables: Variables,
  context: Context,
): Promise<DataText | ReadonlyMap<string, Outcome>> {
  const outcomes = await Promise.all(operation.roots.map((root) => outcomeOf(root, variables, context)));
  if (outcomes.every((one) => 'text' in one && !hasMarks(one.text))) {
    const parts = operation.roots.map(
      ({ name }, index) => `${JSON.stringify(name)}:${(outcomes[index] as { text: string }).text}`,
    );
    return new DataText(`{${parts.join(',')}}`);
  }
  return new Map(operation.roots.map(({ name }, index) => [name, outcomes[index] as Outcome]));
}

async function outcomeOf(
  { planned, field, node }: PlannedRoot,
  variables: Variables,
  context: Context,
): Promise<Outcome> {
  if (!planned) return { text: '"Query"' };
  try {
    context.signal?.throwIfAborted();
    const binding = bind(planned, field, node, variables, context);
    const bound = binding instanceof Promise ? await binding : binding;
    return { text: await readFieldText(planned, bound, context, field) };
  } catch (error) {
    return { error };
  }
}

/** What a read of TMF REST finds: the texts of a row or of a page. */
export type WireAnswer =
  { readonly kind: 'row'; readonly row: RowTexts | null } | { readonly kind: 'page'; readonly page: PageTexts };

/** Answers the only field of a query as TMF REST writes it. Throws what refuses it. */
export async function answerOnWire(
  operation: PlannedOperation,
  variables: Variables,
  context: Context,
): Promise<WireAnswer> {
  const [root] = operation.roots;
  if (!root?.planned) throw new Error('a read of TMF REST has one field');
  const { planned, field, node } = root;
  const binding = bind(planned, field, node, variables, context);
  const bound = binding instanceof Promise ? await binding : binding;
  const { plan } = planned;
  const read = { style: 'wireWhole', requests: bound.requests, scope: scopeOf(context) } as const;
  if (plan.kind === 'page')
    return { kind: 'page', page: await context.reads.page({ ...read, plan }, rootRequest(bound)) };
  if (plan.kind === 'row')
    return { kind: 'row', row: await context.reads.row({ ...read, plan }, String(bound.args['id'])) };
  throw new Error(`${field.name} is neither a resource nor a list of one`);
}

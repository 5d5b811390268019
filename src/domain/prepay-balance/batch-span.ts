import { apartFromSpans, spanned, type Span } from '../../platform/tracing.js';

/**
 * Runs a batch of requests. It is a part of the trace of the first of them that is traced, and linked to the others; whatever
 * brought it on is no part of it.
 */
export function inBatchSpan(
  batch: readonly { readonly request: { readonly span?: Span | undefined } }[],
  run: () => Promise<void>,
): Promise<void> {
  const [first, ...links] = batch.flatMap(({ request: { span } }) => span ?? []);
  const own = first?.begin('balance batch', { links, attributes: { 'tmf.batch.requests': batch.length } });
  return apartFromSpans(undefined, () => spanned(own, run));
}

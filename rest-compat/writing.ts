import { toAttribute } from '../graphql/naming.js';
import { DomainError } from '../src/platform/errors.js';
import { BULK_MAX, limitExceeded } from '../src/platform/limits.js';
import { extensionAttribute, ownProperty } from '../src/platform/json.js';
import {
  isObject,
  leafAsSent,
  parseLeaf,
  requireAnnouncement,
  resolveAliases,
  split,
  toInput,
  type Json,
  type Leaf,
} from './body/input.js';
import {
  notFound,
  perform,
  readOne,
  refuseParameters,
  run,
  versionHeaders,
  versionOf,
  type Call,
  type Version,
} from './call.js';
import { DocumentBounds } from './patch/document-size.js';
import { acceptedRevisions, eTag, requireMediaType } from './headers.js';
import type { RestResponse } from './http.js';
import { filterOf, matchesFilter } from './reading.js';
import { applyJsonPatch, readOperations, type PatchOperation } from './patch/json-patch.js';
import { mergePatch } from './patch/merge-patch.js';
import { isSameJson } from './patch/same-json.js';
import type { Plan } from './operation.js';

export const mergePatchTypes = ['application/merge-patch+json', 'application/json'] as const;
/** In the paths of these, `?` begins a query. */
const jsonPatchQueryTypes = ['application/json-patch-query+json', 'application/json-patch+query'] as const;
export const jsonPatchTypes = ['application/json-patch+json', ...jsonPatchQueryTypes] as const;

/** How often a PATCH without If-Match reads again because somebody was faster: each time, that one has got on. */
const patchTriesMax = 50;

/** POST: 201 with Location. */
export async function create(call: Call): Promise<RestResponse> {
  requireMediaType(call.request, ['application/json']);
  refuseReadParameters(call);
  const input = createInput(call, await objectBody(call));
  const plan = call.plans.plan('create', call.route, call.query);
  return perform(call, plan.document, { input }, (result) => answer(call, plan, result, 201));
}

/** TMF630 §6.2: a JSON Patch that only adds, on the collection, creates all its values or none. */
export async function createMany(call: Call): Promise<RestResponse> {
  requireMediaType(call.request, jsonPatchTypes);
  refuseReadParameters(call);
  const operations = readOperations(await call.request.body());
  if (operations.length > BULK_MAX) {
    throw limitExceeded(
      'BULK_MAX',
      BULK_MAX,
      `the patch creates ${operations.length} resources`,
      undefined,
      'INVALID_BODY',
    );
  }
  const inputs = operations.map(({ op, path, value }, index) => {
    if (op !== 'add' || (path !== '/-' && path !== '/')) {
      throw new DomainError(
        'NOT_SUPPORTED',
        `operation ${index}: on a collection only 'add' with path '/-' is offered`,
        { path: String(index) },
      );
    }
    if (!isObject(value))
      throw new DomainError('INVALID_BODY', `operation ${index}: the value must be an object`, { path: String(index) });
    return createInput(call, value);
  });
  const plan = call.plans.plan('createMany', call.route, call.query);
  return perform<Json[]>(call, plan.document, { inputs }, (result) => ({
    status: 200,
    headers: {},
    body: result?.map((row) => plan.projection.project(row)),
  }));
}

/**
 * PATCH reads the resource, applies the patch to its JSON and sends the attributes it changes with the
 * revision read. Several of one resource are done one after the other, for otherwise only one of those that
 * have read the same version would get through.
 */
export async function update(call: Call): Promise<RestResponse> {
  const type = requireMediaType(call.request, [...mergePatchTypes, ...jsonPatchTypes]);
  refuseReadParameters(call);
  const isMergePatch = mergePatchTypes.some((mergePatchType) => mergePatchType === type);
  const hasQueries = jsonPatchQueryTypes.some((queryType) => queryType === type);
  const change = isMergePatch
    ? mergeChange(await objectBody(call), call)
    : jsonPatchChange(readOperations(await call.request.body()), hasQueries, call);
  const plan = call.plans.plan('update', call.route, call.query);
  const { model, id = '' } = call.route;
  return (
    (await replay(call, plan, change)) ??
    call.patches.take(`${model.name} ${id}`, () => readAndChange(call, plan, change))
  );
}

/** Starts again when somebody else was faster (GraphQL, another server), unless the client insists on a version. */
async function readAndChange(call: Call, plan: Plan, change: Change): Promise<RestResponse> {
  const whole = call.plans.plan('one', call.route, {});
  for (let tries = 1; ; tries++) {
    const current = await readOne(call, whole, call.route.id ?? '');
    if (current === null) throw notFound(call);
    requireMatch(call, current.version);
    const input = updateInput(call, JSON.parse(current.text) as Json, change);
    const variables = { id: call.route.id, input, ifRevision: current.version.revision };
    try {
      return await perform(call, plan.document, variables, (result) => answer(call, plan, result, 200));
    } catch (error) {
      const wasSlower = error instanceof DomainError && error.code === 'REVISION_MISMATCH';
      if (!wasSlower || call.request.headers['if-match'] !== undefined || tries === patchTriesMax) throw error;
    }
  }
}

/**
 * A revision that no resource has. `replay` relies on every write looking for its idempotency key before it compares the
 * revision: in the other order each repeated PATCH would be refused, and never find its first answer.
 */
const noRevision = -1;

/**
 * A PATCH repeated under its key gets its first answer, whatever has become of the resource: before the
 * resource is looked at, the mutation is sent in a way that only an earlier answer can satisfy.
 */
async function replay(call: Call, plan: Plan, { withoutResource }: Change): Promise<RestResponse | undefined> {
  if (call.request.context.idempotencyKey === undefined || call.query.explain !== undefined) return undefined;
  const input = toInput(
    withoutResource,
    updateInputOf(call.route),
    call.route.model,
    call.route.api.aliases,
    parseLeaf,
  );
  try {
    return answer(
      call,
      plan,
      await run(call, plan.document, { id: call.route.id, input, ifRevision: noRevision }),
      200,
    );
  } catch (error) {
    if (error instanceof DomainError && (error.code === 'REVISION_MISMATCH' || error.code === 'NOT_FOUND'))
      return undefined;
    throw error;
  }
}

/** DELETE: 204. */
export async function remove(call: Call): Promise<RestResponse> {
  refuseReadParameters(call);
  await requireServed(call);
  const variables = { id: call.route.id, ifRevision: await revisionToDelete(call) };
  return perform(call, call.plans.deletion(call.route.model), variables, () => ({ status: 204, headers: {} }));
}

/** What another API serves is not found in this one. */
async function requireServed(call: Call): Promise<void> {
  const { fixed, id = '' } = call.route;
  if (fixed === undefined || (await matchesFilter(call, filterOf(fixed)))) return;
  const none = { fields: { none: true as const, attributes: new Map() } };
  // The deletion itself refuses what does not exist, or repeats its first answer.
  if ((await readOne(call, call.plans.plan('one', call.route, none), id)) !== null) throw notFound(call);
}

/** The revision that must still be there when the deletion has locked it; undefined: any. */
async function revisionToDelete(call: Call): Promise<number | undefined> {
  const accepted = acceptedRevisions(call.request);
  if (accepted === undefined || accepted.length === 1) return accepted?.[0];
  const none = { fields: { none: true as const, attributes: new Map() } };
  const current = await readOne(call, call.plans.plan('one', call.route, none), call.route.id ?? '');
  // The deletion itself refuses what does not exist, or repeats its first answer.
  if (current === null) return undefined;
  requireMatch(call, current.version);
  return current.version.revision;
}

function requireMatch({ request, route }: Call, { revision }: Version): void {
  if (acceptedRevisions(request)?.includes(revision) ?? true) return;
  throw new DomainError('REVISION_MISMATCH', `${route.model.name} '${route.id ?? ''}' has the ETag ${eTag(revision)}`);
}

function answer(call: Call, plan: Plan, result: Json | null, status: number): RestResponse {
  if (result === null) throw new Error('a mutation without an error answers the resource');
  const body = plan.projection.project(result);
  const version = versionOf(result);
  const headers = versionHeaders(call, version, () => body);
  if (status !== 201) return { status, headers, body };
  // A type that several APIs serve has no address that is the same in all.
  const address = `${call.request.origin}${call.route.collection}/${encodeURIComponent(String(result['_id']))}`;
  return { status, headers: { ...headers, Location: version.href ?? address }, body };
}

/** What a patch makes of a resource: its JSON afterwards, and the attributes it means to set. */
interface Change {
  apply(current: Json): { patched: Json; named: readonly string[] };
  /** What it sets, as far as that does not depend on the resource. */
  withoutResource: Json;
}

function mergeChange(body: Json, { request, route, bodyMaxBytes }: Call): Change {
  // Before it meets the resource, which has only our words.
  const patch = resolveAliases(body, route.model, route.api.aliases);
  const apply = (current: Json): ReturnType<Change['apply']> => {
    const patched = mergePatch(current, patch) as Json;
    new DocumentBounds(current, bodyMaxBytes).check(patched);
    return { patched, named: Object.keys(patch) };
  };
  if (Object.values(patch).some(isObject)) {
    // Objects are merged into those of the resource; a repeated request is known by the patch itself.
    request.context.requestedAs = { patch: JSON.stringify(body) };
    return { apply, withoutResource: {} };
  }
  const fields = updateInputOf(route).getFields();
  const isPatchable = ([wire]: [string, unknown]): boolean => Object.hasOwn(fields, toAttribute(wire));
  return { apply, withoutResource: Object.fromEntries(Object.entries(patch).filter(isPatchable)) };
}

function jsonPatchChange(
  operations: readonly PatchOperation[],
  hasQueries: boolean,
  { request, route, bodyMaxBytes }: Call,
): Change {
  // What the operations come to depends on the resource; a repeated request is known by the operations themselves.
  request.context.requestedAs = { patch: JSON.stringify(operations) };
  const apply = (current: Json): ReturnType<Change['apply']> => {
    const patched = applyJsonPatch(current, operations, route.model.attributes, { hasQueries, bytesMax: bodyMaxBytes });
    const names = new Set([...Object.keys(current), ...Object.keys(patched)]);
    return { patched, named: [...names].filter((name) => isChanged(current, patched, name)) };
  };
  return { apply, withoutResource: {} };
}

function isChanged(current: Json, patched: Json, name: string): boolean {
  return !isSameJson(ownProperty(patched, name), ownProperty(current, name));
}

/** Attributes that may not be patched must stay the same; the extension is sent whole when any of it is named. */
function updateInput(call: Call, current: Json, change: Change): Json {
  const { api, model } = call.route;
  const input = updateInputOf({ model });
  const { patched, named } = change.apply(current);
  const { known, unknown } = split(
    Object.fromEntries(named.map((wire) => [wire, ownProperty(patched, wire) ?? null])),
    model,
  );
  for (const wire of Object.keys(known)) {
    if (Object.hasOwn(input.getFields(), toAttribute(wire))) continue;
    if (isChanged(current, patched, wire)) {
      throw new DomainError('INVALID_ATTRIBUTE', `${wire} cannot be changed by PATCH`, { path: wire });
    }
  }
  if (Object.keys(unknown).length === 0) return toInput(known, input, model, api.aliases, leafOf(call));
  // toInput does not see what a null removes, and so cannot refuse the name of what was never there.
  const removed = Object.keys(unknown).find((wire) => !Object.hasOwn(patched, wire) && !Object.hasOwn(current, wire));
  if (removed !== undefined) requireAnnouncement(patched, removed, model);
  const extension = split(patched, model).unknown;
  const announcement = Object.fromEntries(
    ['@type', '@schemaLocation'].flatMap((wire) => (patched[wire] === undefined ? [] : [[wire, patched[wire]]])),
  );
  const result = toInput({ ...announcement, ...known, ...extension }, input, model, api.aliases, leafOf(call));
  // An extension whose last attribute was removed is gone.
  return Object.keys(extension).length === 0 ? { ...result, [extensionAttribute]: null } : result;
}

function updateInputOf({ model }: Pick<Call['route'], 'model'>): NonNullable<typeof model.updateInput> {
  if (model.updateInput === undefined) throw new Error('PATCH is only routed to resources with an update');
  return model.updateInput;
}

function createInput(call: Call, body: Json): Json {
  const { api, model } = call.route;
  if (model.createInput === undefined) throw new Error('POST is only routed to resources with a create');
  const input = toInput(body, model.createInput, model, api.aliases, leafOf(call));
  for (const [name, value] of Object.entries(call.route.fixed ?? {})) {
    if ((input[name] ?? value) !== value)
      throw new DomainError('INVALID_ATTRIBUTE', `${name} is ${value} in this API`, { path: name });
    input[name] = value;
  }
  return input;
}

function leafOf({ query }: Call): Leaf {
  return query.explain === undefined ? parseLeaf : leafAsSent;
}

async function objectBody({ request }: Call): Promise<Json> {
  const body = await request.body();
  if (body === undefined) throw new DomainError('MISSING_BODY', 'the body is missing: a JSON object is wanted');
  if (!isObject(body)) throw new DomainError('INVALID_BODY', 'the body must be one JSON object');
  return body;
}

function refuseReadParameters({ query }: Call): void {
  const { filter, offset, limit, after, order } = query;
  refuseParameters({ filter, offset, limit, after, sort: order[0] }, 'goes with GET');
}

import type { GraphqlAnswer } from './server.js';

/**
 * Makes a tenant that tokens call so, and answers the id that its rows bear instead.
 * @param ask as a principal of the operator that may make tenants
 */
export async function makeTenant(
  ask: (query: string, variables: object) => Promise<GraphqlAnswer>,
  handle: string,
  more: object = {},
): Promise<string> {
  const query = 'mutation ($input: TenantCreate!) { createTenant(input: $input) { id } }';
  const { data, errors } = await ask(query, { input: { handle, name: handle, ...more } });
  if (errors) throw new Error(errors[0]?.message);
  return data.createTenant.id as string;
}

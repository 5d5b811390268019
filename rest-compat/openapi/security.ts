import type { Json } from '../body/input.js';
import { errorReferences, withoutBodies, type ErrorResponses } from './responses.js';

/** How requests say who sends them. */
export const securitySchemes: Json = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'A token of the identity provider, or an API key.',
  },
  apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key', description: 'An API key, which begins with tmf_.' },
};

/** Either of them. */
export const security: Json[] = [{ bearer: [] }, { apiKey: [] }];

/** Refusals of whoever does not say who they are, or may not do it. */
const refusals = [401, 403];

/** The paths with these refusals for every operation. */
export function securedPaths(paths: Json, errors: ErrorResponses): Json {
  return mapped(paths, (path) =>
    mapped(path as Json, (operation, method) => {
      const { responses } = operation as Json;
      if (responses === undefined) return operation;
      const further = errorReferences(refusals);
      return {
        ...(operation as Json),
        responses: { ...(method === 'head' ? withoutBodies(further, errors) : further), ...(responses as Json) },
      };
    }),
  );
}

function mapped(json: Json, map: (value: unknown, name: string) => unknown): Json {
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, map(value, name)])) as Json;
}

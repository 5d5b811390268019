import type { GraphQLSchema } from 'graphql';
import Negotiator from 'negotiator';
import { printedSchema } from '../../../graphql/sdl.js';
import { vary } from './answer.js';
import type { FindHandler, RequestHandler } from './listener.js';
import { endWithTagged, tagged, type Tagged } from './tagged.js';

/** Browsers show the first; the second is for who asks for it. */
const offered = ['text/plain', 'application/graphql'];
const sdlPath = /^\/schema\.graphql(\?|$)/;

/** Finds what answers a request for the schema in SDL. It is printed when it is first asked for: that takes a while. */
export function createSdl(schema: GraphQLSchema): FindHandler {
  let printed: Tagged | undefined;
  const answer: RequestHandler = async (request, response) => {
    printed ??= tagged(printedSchema(schema));
    const type = new Negotiator(request).mediaType(offered) ?? offered[0];
    response.setHeader('Content-Type', `${type}; charset=utf-8`);
    response.setHeader('Cache-Control', 'private, no-cache');
    vary(response, 'Accept');
    endWithTagged(request, response, printed);
  };
  return ({ method, url = '' }) => ((method === 'GET' || method === 'HEAD') && sdlPath.test(url) ? answer : undefined);
}

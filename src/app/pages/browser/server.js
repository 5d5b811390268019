/** How the pages ask the server: only what every client may ask, of the server that they come from. */

/** Addresses are relative to this file, so that they hold behind a proxy that adds a prefix. */
export const addressOf = (path) => new URL(`../${path}`, import.meta.url).href;

const tokenName = 'token';

/** The token or API key of whoever sits there; the browser forgets it with the tab. */
export const token = () => sessionStorage.getItem(tokenName) ?? '';

export function authorization() {
  return token() === '' ? {} : { authorization: `Bearer ${token()}` };
}

/** Keeps what is typed into the field for a token, and tells when it changed. */
export function keepToken(field, changed) {
  field.value = token();
  field.addEventListener('change', () => {
    sessionStorage.setItem(tokenName, field.value.trim());
    changed();
  });
}

/** A decimal may have more digits than a number of JavaScript: where the browser can, it keeps its text. */
export function parseExact(text) {
  if (typeof JSON.rawJSON !== 'function') return JSON.parse(text);
  return JSON.parse(text, (_name, value, context) =>
    typeof value === 'number' && String(value) !== context.source ? JSON.rawJSON(context.source) : value,
  );
}

/** What the server says of itself. */
export async function aboutServer() {
  const response = await fetch(addressOf('pages/server.json'));
  return response.json();
}

/** The answer to an operation, whatever it is. */
export async function post(body, headers = {}) {
  const response = await fetch(addressOf('graphql'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json', ...authorization(), ...headers },
    body: JSON.stringify(body),
  });
  return parseExact(await response.text());
}

/** What Prometheus is told of the server, one by one. Throws a Refusal when there is none. */
export async function readMetrics() {
  let response;
  try {
    response = await fetch(addressOf('server/metrics'), {
      headers: { accept: 'application/json', ...authorization() },
    });
  } catch {
    throw unreachable();
  }
  const answer = await response.json();
  if (response.ok) return answer;
  throw refusalOf(answer.message, response.status === 401 ? 'UNAUTHENTICATED' : answer.code);
}

/** The answers to a subscription, one for each event, until somebody stops it. */
export async function* follow(body, headers = {}) {
  const stop = new AbortController();
  const response = await fetch(addressOf('graphql/stream'), {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'text/event-stream', ...authorization(), ...headers },
    body: JSON.stringify(body),
    signal: stop.signal,
  });
  if (!response.ok) {
    yield parseExact(await response.text());
    return;
  }
  try {
    let text = '';
    for await (const part of textsOf(response.body)) {
      const messages = (text + part).split('\n\n');
      text = messages.pop();
      for (const message of messages) {
        const data = message.match(/^data: (.+)$/m)?.[1];
        if (data) yield parseExact(data);
      }
    }
  } finally {
    stop.abort();
  }
}

/** Some browsers cannot go through a stream by themselves. */
async function* textsOf(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  for (let part = await reader.read(); !part.done; part = await reader.read())
    yield decoder.decode(part.value, { stream: true });
}

/** Where an operation opens in the explorer. */
export function explorerAddress(query, variables) {
  const parameters = new URLSearchParams({ query });
  if (variables && Object.keys(variables).length > 0) parameters.set('variables', JSON.stringify(variables, null, 2));
  return `${addressOf('graphql')}?${parameters}`;
}

/** What was refused, in words, with its code for programs. */
export class Refusal extends Error {
  constructor(message, code) {
    super(message);
    this.code = code;
  }
}

/** The data of an operation. Throws a Refusal when there is none, or not all of it. */
export async function ask(query, variables) {
  let answer;
  try {
    answer = await post({ query, variables });
  } catch {
    throw unreachable();
  }
  const [error] = answer.errors ?? [];
  if (!error) return answer.data;
  throw refusalOf(error.message, error.extensions?.code);
}

const unreachable = () => new Refusal('The server did not answer.', 'UNREACHABLE');

function refusalOf(message, code) {
  if (code !== 'UNAUTHENTICATED') return new Refusal(message, code);
  return new Refusal(
    token() === ''
      ? 'This server wants to know who asks: give a token or an API key above.'
      : `The token or API key is not taken: ${message}`,
    code,
  );
}

import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { request } from 'node:http';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { parse } from 'graphql';
import { startTestServer, type TestServer } from '../support/server.js';

// What documents say works on the demo data is sent as it stands there.

const sandbox = 'http://127.0.0.1:4000';
const textOf = (path: string): string => readFileSync(path, 'utf8');

interface Block {
  readonly language: string;
  readonly content: string;
}

const blocksOf = (path: string): Block[] =>
  [...textOf(path).matchAll(/^```(\w+)\n([\s\S]*?)^```$/gm)].map(([, language = '', content = '']) => ({
    language,
    content,
  }));

/** Sends the bytes of a request as written: its headers in their order, and no others but the length of its body. */
async function send(url: string, written: string): Promise<{ status: number; body: unknown }> {
  const [head = '', ...rest] = written.trimEnd().split('\n\n');
  const body = rest.join('\n\n');
  const [first = '', ...lines] = head.split('\n');
  const [method, path] = first.split(' ');
  const headers = lines.flatMap((line) => {
    const [, name = '', value = ''] = /^([\w-]+): (.*)$/.exec(line) ?? [];
    return name.toLowerCase() === 'host' ? [name, new URL(url).host] : [name, value];
  });
  const sent = request(url, {
    method,
    path,
    headers: body ? [...headers, 'Content-Length', String(Buffer.byteLength(body))] : headers,
  });
  return new Promise((resolve, reject) => {
    sent.on('error', reject);
    sent.on('response', (response) => {
      text(response).then((answer) => resolve({ status: response.statusCode ?? 0, body: JSON.parse(answer) }), reject);
    });
    sent.end(body);
  });
}

/** What a program prints that is read from its standard input. */
async function printed(command: string, args: string[], program: string): Promise<string> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const [out, complaints] = [text(child.stdout), text(child.stderr)];
  child.stdin.end(program);
  expect(await complaints).toBe('');
  return out;
}

describe('on the demo data', () => {
  let server: TestServer;
  beforeAll(async () => {
    server = await startTestServer({ SEED: 'demo' });
  });
  afterAll(() => server.close());

  const recipes = readdirSync('docs/recipes')
    .filter((name) => name !== 'README.md')
    .map((name) => `docs/recipes/${name}`);
  const requests = recipes.flatMap((path) => {
    const blocks = blocksOf(path);
    return blocks.flatMap(({ language, content }, index) =>
      language === 'http' ? [{ path, nth: index, content, answer: blocks[index + 1]?.content ?? '' }] : [],
    );
  });

  it.each(requests)('$path, request $nth, is answered as it says', async ({ content, answer }) => {
    const first = await send(server.url, content);
    expect(first.body).toMatchObject(JSON.parse(answer));
    // Whoever sends it again gets the same, and nothing moves twice.
    const { status, body } = await send(server.url, content);
    expect(status).toBe(first.status);
    expect(body).toMatchObject(JSON.parse(answer));
    if (/"completed"/.test(answer)) expect(body).toEqual(first.body);
  });

  it('there are a table, a form and an error for each tool that sends requests of its own', () => {
    const counts = [...new Set(requests.map(({ path }) => path))].map(
      (path) => requests.filter((one) => one.path === path).length,
    );
    expect(counts).toEqual([3, 3, 3, 3, 3]);
  });

  it.each([
    ['docs/recipes/fetch.md', 'js', process.execPath, ['--input-type=module', '-']],
    ['docs/recipes/python.md', 'python', 'python3', ['-']],
  ])('%s prints what it says', async (path, language, command, args) => {
    const blocks = blocksOf(path);
    const program = blocks.find((block) => block.language === language)?.content ?? '';
    const said = blocks.find((block) => block.language === 'text')?.content;
    expect(await printed(command, args, program.replaceAll(sandbox, server.url))).toBe(said);
  });

  const isEmpty = (value: unknown): boolean =>
    value === null ||
    (Array.isArray(value) ? value.length === 0 : typeof value === 'object' && Object.values(value ?? {}).some(isEmpty));

  const shown = blocksOf('README.md').filter(({ language }) => language === 'graphql');
  it('README.md shows five queries', () => {
    expect(shown).toHaveLength(5);
  });

  it.each(shown)('README.md: $content', async ({ content }) => {
    expect(content.trimEnd().split('\n').length).toBeLessThanOrEqual(15);
    const { data, errors } = await server.graphql(content);
    expect(errors).toBeUndefined();
    expect(Object.values(data).filter(isEmpty)).toEqual([]);
  });

  it('the examples of the explorer answer something, among them what README shows', async () => {
    const program = textOf('src/app/pages/browser/examples.js');
    const { examplesAt } = await import(`data:text/javascript,${encodeURIComponent(program)}`);
    const examples: { title: string; query: string; variables?: object }[] = examplesAt(server.clock.now());
    for (const { title, query, variables } of examples) {
      const { data, errors } = await server.graphql(query, variables);
      expect([title, errors, Object.values(data ?? {}).filter(isEmpty)]).toEqual([title, undefined, []]);
    }
    // README needs neither names nor variables.
    const rootsOf = (query: string): string[] =>
      parse(query).definitions.flatMap((one) =>
        one.kind === 'OperationDefinition'
          ? one.selectionSet.selections.map((field) => (field.kind === 'Field' ? field.name.value : ''))
          : [],
      );
    const roots = examples.map(({ query }) => rootsOf(query));
    for (const { content } of shown) expect(roots).toContainEqual(rootsOf(content));
  });
});

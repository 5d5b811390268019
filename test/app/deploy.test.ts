import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { settings } from '../../src/platform/settings.js';
import { eventually } from '../support/eventually.js';
import { createDatabase, dropDatabase, urlOf } from '../support/postgresql.js';

jest.setTimeout(300_000);

// Images cannot be built here: what their files say is done step by step in a plain folder instead.

interface Stage {
  readonly name: string;
  readonly steps: readonly { readonly word: string; readonly rest: string }[];
}

/** The stages of the Dockerfile, each with its steps. */
function stagesOf(text: string): Stage[] {
  const lines = text
    .replace(/\\\n/g, ' ')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  const stages: { name: string; steps: { word: string; rest: string }[] }[] = [];
  for (const line of lines) {
    const [, word = '', rest = ''] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
    if (word === 'FROM') stages.push({ name: / AS (\w+)$/.exec(rest)?.[1] ?? 'last', steps: [] });
    else stages.at(-1)!.steps.push({ word, rest });
  }
  return stages;
}

const stages = stagesOf(readFileSync('Dockerfile', 'utf8'));
const build = stages.find(({ name }) => name === 'build')!;
const last = stages.at(-1)!;
const stepsOf = ({ steps }: Stage, word: string): string[] =>
  steps.filter((step) => step.word === word).map(({ rest }) => rest);

/** What a stage takes from the repository. */
const copiedFrom = (stage: Stage): string[] =>
  stepsOf(stage, 'COPY')
    .filter((rest) => !rest.startsWith('--from'))
    .flatMap((rest) => rest.split(/\s+/).slice(0, -1));

/** Values of a chart put in place of what names them. */
function rendered(template: string, values: Record<string, unknown>): any[] {
  const text = template.replace(/\{\{ \.(Values|Release)\.(\w+) \}\}/g, (_, place: string, name: string) => {
    const value = place === 'Release' ? { Name: 'tmf' }[name] : values[name];
    if (value === undefined) throw new Error(`nothing is called .${place}.${name}`);
    return String(value);
  });
  expect(text).not.toContain('{{');
  return parseAllDocuments(text).map((document) => document.toJS() as unknown);
}

describe('the image', () => {
  it('is built of all that the build reads, and of nothing else that is large', () => {
    const read = ['src', 'graphql', 'rest-compat', 'prisma', 'scripts', 'prisma.config.ts', 'tsconfig.build.json'];
    expect(copiedFrom(build)).toEqual(expect.arrayContaining([...read, 'tsconfig.json', 'package-lock.json']));
    const kept = readFileSync('.dockerignore', 'utf8')
      .split('\n')
      .filter((line) => line.startsWith('!'))
      .map((line) => line.slice(1));
    expect(kept.sort()).toEqual([...new Set(stages.flatMap(copiedFrom).map((path) => path.split('/')[0]!))].sort());
  });

  it('runs as a user who is not root, and without the compilers', () => {
    expect(stepsOf(last, 'USER')).toEqual(['node']);
    expect(
      stepsOf(
        stages.find(({ name }) => name === 'packages')!,
        'RUN',
      ).join(),
    ).toContain('--omit=dev');
    expect(stepsOf(last, 'RUN')).toEqual([]);
  });
});

describe('an installation as the files say', () => {
  const compose = parse(readFileSync('deploy/compose.yaml', 'utf8'), { merge: true }) as any;
  const { server, migrate } = compose.services;
  let folder: string;
  let database: string;
  const children: ChildProcess[] = [];
  const commandOf = (args: readonly string[]): string[] => [
    ...(JSON.parse(stepsOf(last, 'ENTRYPOINT')[0]!) as string[]).slice(1),
    ...args,
  ];
  /** The variables of a service, as compose fills them in; those of who installs it are ours. */
  const envOf = (service: any): Record<string, string> => {
    const given: Record<string, string> = {
      ...{ POSTGRES_PASSWORD: 'secret', AUTH_ISSUER: 'https://issuer.example.com', AUTH_AUDIENCE: 'tmf' },
      METRICS_TOKEN: 'a-token-for-prometheus',
    };
    const filled = Object.entries(service.environment as Record<string, string>).map(([name, value]) => [
      name,
      value.replace(/\$\{(\w+)(?::[?-]([^}]*))?\}/g, (_, variable: string, other = '') => given[variable] ?? other),
    ]);
    return { ...Object.fromEntries(filled), DATABASE_URL: urlOf(database), PATH: process.env.PATH };
  };

  beforeAll(async () => {
    await promisify(execFile)('npm', ['run', 'build']);
    database = await createDatabase();
    folder = mkdtempSync(join(tmpdir(), 'tmf-image-'));
    for (const path of copiedFrom(last)) cpSync(path, join(folder, path), { recursive: true });
    const taken = stepsOf(last, 'COPY').filter((rest) => rest.startsWith('--from=build'));
    expect(taken).toEqual(['--from=build /app/dist dist']);
    cpSync('dist', join(folder, 'dist'), { recursive: true });
    symlinkSync(resolve('node_modules'), join(folder, 'node_modules'));
  });
  afterAll(async () => {
    for (const child of children) {
      child.kill('SIGKILL');
      if (child.exitCode === null && child.signalCode === null) await once(child, 'close');
    }
    await dropDatabase(database);
    rmSync(folder, { recursive: true });
  });

  const filesOf = (path: string): string[] =>
    readdirSync(path, { withFileTypes: true }).flatMap((entry) => {
      const file = join(path, entry.name);
      return entry.isDirectory() ? filesOf(file) : [`${file} ${statSync(file).mtimeMs} ${statSync(file).size}`];
    });

  it('migrates, serves, tells its health, writes nothing where it is installed, and ends in time', async () => {
    const before = filesOf(folder).filter((file) => !file.includes('node_modules'));
    const migrated = await promisify(execFile)(process.execPath, commandOf(migrate.command), {
      cwd: folder,
      env: envOf(migrate),
    });
    expect(migrated.stdout).toContain('the database is up to date');
    const child = spawn(process.execPath, commandOf(JSON.parse(stepsOf(last, 'CMD')[0]!) as string[]), {
      cwd: folder,
      env: { ...envOf(server), PORT: '0', HOST: '127.0.0.1', PUBLIC_URL: '', ALLOWED_HOSTS: '127.0.0.1' },
    });
    children.push(child);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (text += chunk.toString()));
    const origin = await eventually('it serves', () => {
      if (child.exitCode !== null) throw new Error(text);
      return /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0];
    });
    const check = JSON.parse(/CMD (\[.*\])/.exec(stepsOf(last, 'HEALTHCHECK')[0]!)![1]!) as string[];
    const health = (): Promise<unknown> =>
      promisify(execFile)(
        process.execPath,
        check.slice(1).map((part) => part.replace('http://127.0.0.1:4000', origin)),
      );
    await health();
    expect((await fetch(`${origin}/tmf-api/prepayBalanceManagement/v4/bucket`)).status).toBe(401);
    const headers = { authorization: 'Bearer a-token-for-prometheus' };
    expect((await fetch(`${origin}/metrics`, { headers })).status).toBe(200);
    child.kill('SIGTERM');
    await once(child, 'close');
    expect(child.exitCode).toBe(0);
    await expect(health()).rejects.toThrow('Command failed');
    expect(filesOf(folder).filter((file) => !file.includes('node_modules'))).toEqual(before);
  });

  it('is set up by settings that there are', () => {
    const chart = parse(readFileSync('deploy/helm/tmf-balance-server/values.yaml', 'utf8')) as Record<string, unknown>;
    const documents = rendered(readFileSync('deploy/helm/tmf-balance-server/templates/server.yaml', 'utf8'), chart);
    expect(documents.map(({ kind }) => kind)).toEqual(['Deployment', 'Service', 'PodDisruptionBudget']);
    const pod = documents[0].spec.template.spec;
    const [container] = pod.containers;
    const named = [
      ...Object.keys(migrate.environment),
      ...Object.keys(server.environment),
      ...container.env.map(({ name }: { name: string }) => name),
    ];
    expect(named.filter((name) => !Object.hasOwn(settings, name))).toEqual([]);
    expect([container.args, pod.initContainers[0].args]).toEqual([['serve'], ['migrate']]);
    for (const { securityContext } of [container, ...pod.initContainers])
      expect(securityContext.readOnlyRootFilesystem).toBe(true);
    // What the server needs to end by itself, with the delay in which balancers notice (docs/operations.md).
    expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(10 + Number(chart['shutdownDelaySeconds']));
    expect(documents[1].spec.selector).toEqual(documents[0].spec.selector.matchLabels);
    expect([server.read_only, migrate.read_only, server.cap_drop]).toEqual([true, true, ['ALL']]);
  });
});

import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize } from 'node:path';
import { describe, expect, it } from '@jest/globals';
import ts from 'typescript';
import { plural } from '../graphql/naming.js';
import { apis } from '../rest-compat/apis/index.js';

/** Who may import whom. A path stands for the file or the folder; `typesOnly` allows no more than `import type`. */
interface Row {
  folder: string;
  /** Places of the project; the folder itself is always allowed. */
  values: string[];
  typesOnly?: string[];
  /** npm packages that may be imported as values, where it matters; Node's own modules count as packages. */
  packages?: string[];
}

const generated = 'prisma/generated';

const importTable: Row[] = [
  { folder: 'src/platform', values: [generated] },
  { folder: 'src/domain', values: ['src/platform', generated] },
  {
    folder: 'graphql',
    values: [
      'src/domain',
      ...[
        'plan',
        'read',
        'filter',
        'limits',
        'principal',
        'errors',
        'decimal',
        'date-time',
        'json',
        'letter-case',
        'storable-text',
      ].map((name) => `src/platform/${name}`),
    ],
    // An Answer is what the domain gives every write back as; the records of a request are handed on.
    // Of rights it knows what they say of a request, and how a row names its owners.
    typesOnly: [
      generated,
      'src/platform/write/command',
      'src/platform/json-object',
      'src/platform/audit/request-audit',
      'src/platform/rights',
    ],
    // lru-cache bounds the plans it keeps; node:crypto makes a name that no client knows.
    packages: ['graphql', 'type-graphql', 'reflect-metadata', 'lossless-json', 'lru-cache', 'node:crypto'],
  },
  {
    folder: 'rest-compat',
    values: [
      // Items of pages are texts, which exports split.
      'src/platform/plan/page-text',
      'graphql/naming',
      'graphql/parsed-arguments',
      ...[
        'filter',
        'limits',
        'errors',
        'principal',
        'decimal',
        'date-time',
        'json',
        'letter-case',
        'storable-text',
      ].map((name) => `src/platform/${name}`),
    ],
    // It hands the context of a request on to the executor, and looks only at what is hidden from the client; of plans it knows what they answer, of
    // indexes what they serve, for OpenAPI.
    typesOnly: [
      'graphql/context',
      'graphql/plan/answer',
      'graphql/plan/presentation',
      'src/platform/read/resource-mapping',
      'src/platform/rights/visibility',
    ],
    // lru-cache bounds the documents it keeps, node:crypto makes ETags; the others are JSON numbers and Sandbox links.
    packages: ['graphql', 'lru-cache', 'lossless-json', 'node:crypto'],
  },
  { folder: 'src/streaming', values: ['src/platform', 'src/domain', generated] },
  { folder: 'src/app', values: ['src', 'graphql', 'rest-compat', generated] },
];

/** What the layers under GraphQL and HTTP must not know. */
const outer = /^(graphql|type-graphql|graphql-jit|graphql-scalars|express|cors|@apollo\/.*|(node:)?https?)$/;

const root = process.cwd();
const notOurs = new Set(['node_modules', 'dist', 'data', 'reports', 'generated', '.git']);

function filesUnder(folder: string, pattern: RegExp): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = normalize(join(folder, entry.name));
    if (entry.isDirectory()) return notOurs.has(entry.name) ? [] : filesUnder(path, pattern);
    return pattern.test(path) ? [path] : [];
  });
}

const textOf = (path: string): string => readFileSync(join(root, path), 'utf8');
const parse = (path: string): ts.SourceFile => ts.createSourceFile(path, textOf(path), ts.ScriptTarget.Latest, true);
const sources = ['src', 'graphql', 'rest-compat'].flatMap((folder) => filesUnder(folder, /\.ts$/));
const isWithin = (path: string, place: string): boolean =>
  path === place || path === `${place}.ts` || path.startsWith(`${place}/`);

function visit(node: ts.Node, look: (node: ts.Node) => void): void {
  look(node);
  ts.forEachChild(node, (child) => visit(child, look));
}

interface Import {
  /** Path in the project without .js, or the name of a package. */
  target: string;
  isPackage: boolean;
  isTypeOnly: boolean;
}

function importsOf(path: string): Import[] {
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, isTypeOnly: boolean): void => {
    if (!specifier || !ts.isStringLiteral(specifier)) return;
    const { text } = specifier;
    const isPackage = !text.startsWith('.');
    const target = isPackage ? /^(@[^/]+\/)?[^/]+/.exec(text)![0] : join(dirname(path), text).replace(/\.js$/, '');
    found.push({ target, isPackage, isTypeOnly });
  };
  visit(parse(path), (node) => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const areTypes =
        named !== undefined &&
        ts.isNamedImports(named) &&
        !clause?.name &&
        named.elements.every((element) => element.isTypeOnly);
      add(
        node.moduleSpecifier,
        clause !== undefined && (clause.phaseModifier === ts.SyntaxKind.TypeKeyword || areTypes),
      );
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly);
    else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) add(node.argument.literal, true);
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], false);
  });
  return found;
}

function isAllowed(row: Row, { target, isPackage, isTypeOnly }: Import): boolean {
  if (isPackage) {
    if (isTypeOnly) return true;
    if (row.packages) return row.packages.includes(target);
    return row.folder === 'src/app' || row.folder === 'src/streaming' || !outer.test(target);
  }
  if ([row.folder, ...row.values].some((place) => isWithin(target, place))) return true;
  return isTypeOnly && (row.typesOnly ?? []).some((place) => isWithin(target, place));
}

describe('imports', () => {
  it.each(importTable)('of $folder follow the table', (row) => {
    const wrong = sources
      .filter((path) => isWithin(path, row.folder))
      .flatMap((path) =>
        importsOf(path)
          .filter((one) => !isAllowed(row, one))
          .map(({ target, isTypeOnly }) => `${path} imports ${isTypeOnly ? 'type ' : ''}${target}`),
      );
    expect(wrong).toEqual([]);
  });

  it('are in the table for every folder', () => {
    expect(sources.filter((path) => !importTable.some(({ folder }) => isWithin(path, folder)))).toEqual([]);
  });

  it('has no circle of files in a domain', () => {
    expect(circlesOf(sources.filter((path) => isWithin(path, 'src/domain')))).toEqual([]);
  });
});

/** Groups of files that import each other, be it only a type, in a circle. */
function circlesOf(paths: readonly string[]): string[][] {
  const names = new Map(paths.map((path) => [path.replace(/\.ts$/, ''), path]));
  const importsOfPath = new Map(
    paths.map((path) => [path, importsOf(path).flatMap(({ target }) => names.get(target) ?? [])]),
  );
  const reachable = (from: string): Set<string> => {
    const found = new Set<string>();
    const open = [from];
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      for (const next of importsOfPath.get(path) ?? []) {
        if (!found.has(next)) open.push(next);
        found.add(next);
      }
    }
    return found;
  };
  const reached = new Map(paths.map((path) => [path, reachable(path)]));
  const inCircle = paths.filter((path) => reached.get(path)?.has(path));
  const circles = inCircle.map((path) =>
    inCircle.filter((other) => reached.get(path)?.has(other) && reached.get(other)?.has(path)),
  );
  return circles.filter((circle, index) => circle[0] === inCircle[index]);
}

/** bucket, TopupBalance, prepay-balance, BUCKET_UNKNOWN → their words, in lower case, each between spaces. */
function wordsOf(text: string): string {
  const words =
    text
      .replaceAll(/([a-z\d])([A-Z])|([A-Z])(?=[A-Z][a-z])/g, '$1$3 $2')
      .toLowerCase()
      .match(/[a-z\d]+/g) ?? [];
  return ` ${words.join(' ')} `;
}

const resourceNames = apis.flatMap(({ resources }) => Object.entries(resources).flat());
const domains = readdirSync(join(root, 'src/domain'), { withFileTypes: true }).filter((entry) => entry.isDirectory());
const forbiddenWords = [
  ...new Set([...resourceNames, ...resourceNames.map(plural), ...domains.map(({ name }) => name)].map(wordsOf)),
];

/** The composition of GraphQL names its resources. */
const composition = new Set(['graphql/schema.ts']);
/** What these print is for people: an address to begin with, the usage of a command. */
const printing = new Set(['src/app/cli/run.ts', 'src/app/cli/migrate-new.ts']);

describe('generic code', () => {
  const generic = sources.filter(
    (path) =>
      /^(graphql|src\/app)\/[^/]+$|^(src\/platform|rest-compat)\/(?!apis\/)/.test(path) &&
      ![...composition, ...printing].includes(path),
  );

  it('names no resource', () => {
    const named = generic.flatMap((path) => {
      const found: string[] = [];
      visit(parse(path), (node) => {
        if (
          !ts.isIdentifier(node) &&
          !ts.isStringLiteralLike(node) &&
          !ts.isTemplateHead(node) &&
          !ts.isTemplateMiddleOrTemplateTail(node)
        )
          return;
        if (ts.isImportDeclaration(node.parent)) return;
        // Descriptions may give an example.
        const text = node.text.replaceAll(/\be\.g\. .*/g, '');
        if (forbiddenWords.some((words) => wordsOf(text).includes(words))) found.push(`${path}: ${node.text}`);
      });
      return found;
    });
    expect(named).toEqual([]);
  });
});

const code = [
  ...sources,
  ...filesUnder('test', /\.[tj]s$/),
  ...filesUnder('prisma', /\.(prisma|sql)$/),
  'eslint.config.js',
  'jest.config.js',
  '.ci/run',
];
const tests = filesUnder('test', /\.test\.ts$/);

/** `file: line` for every line that matches. */
function linesLike(paths: string[], pattern: RegExp): string[] {
  return paths.flatMap((path) =>
    textOf(path)
      .split('\n')
      .filter((line) => pattern.test(line))
      .map((line) => `${path}: ${line.trim()}`),
  );
}

describe('the code', () => {
  it('has no any outside the tests', () => {
    const found = sources.flatMap((path) => {
      const lines: string[] = [];
      visit(
        parse(path),
        (node) => void (node.kind === ts.SyntaxKind.AnyKeyword && lines.push(`${path}: ${node.parent.getText()}`)),
      );
      return lines;
    });
    expect(found).toEqual([]);
  });

  it('puts nothing off without a place where it is tracked, and silences no check without a reason', () => {
    // The words are taken apart, so as not to find themselves.
    expect(linesLike(code, /\b(TO[D]O|FIX[M]E|X[X]X)\b(?!\(#\d+\): \w)/)).toEqual([]);
    expect(
      linesLike(code, /(@ts-(ignore|nocheck|expect-error)|eslint-[d]isable\S*)(?!.*(--|:) \w)(?!.*\|ignore)/),
    ).toEqual([]);
  });

  it('skips and singles out no test', () => {
    const found = tests.flatMap((path) => {
      const calls: string[] = [];
      visit(parse(path), (node) => {
        const text = ts.isPropertyAccessExpression(node)
          ? node.getText()
          : ts.isCallExpression(node)
            ? `${node.expression.getText()}(`
            : '';
        if (/^(it|test|describe)\b.*\.(only|skip|todo|failing)$|^([fx](it|describe)|xtest)\(/.test(text))
          calls.push(`${path}: ${text}`);
      });
      return calls;
    });
    expect(found).toEqual([]);
  });

  it('is in files that one can read', () => {
    const lineMax = 350;
    const isLong = (path: string): boolean => textOf(path).trimEnd().split('\n').length >= lineMax;
    // A migration is as long as what Prisma writes.
    // Tables of test cases are read row by row.
    const isTable = (path: string): boolean => /^test\/(fixtures|.*swagger-attributes)/.test(path);
    const isRead = (path: string): boolean => !path.endsWith('.sql') && !path.endsWith('.test.ts') && !isTable(path);
    expect(code.filter((path) => isRead(path) && isLong(path))).toEqual([]);
  });

  it('says in the first line of a migration why it is needed', () => {
    const migrations = filesUnder('prisma/migrations', /\.sql$/);
    expect(migrations.length).toBeGreaterThan(0);
    expect(migrations.filter((path) => !/^-- \S/.test(textOf(path)))).toEqual([]);
  });

  const { packages } = JSON.parse(textOf('package-lock.json')) as {
    packages: Record<string, { resolved?: string; optionalDependencies?: Record<string, string> }>;
  };

  it('can be installed on every platform: npm ci refuses a lock that lacks one', () => {
    const missing = Object.values(packages).flatMap(({ optionalDependencies }) =>
      Object.keys(optionalDependencies ?? {}).filter(
        (name) => !Object.keys(packages).some((path) => path.endsWith(`node_modules/${name}`)),
      ),
    );
    expect(missing).toEqual([]);
  });

  it('is installed from the public registry only', () => {
    const addresses = Object.values(packages).flatMap(({ resolved }) => resolved ?? []);
    expect(addresses.filter((address) => !address.startsWith('https://registry.npmjs.org/'))).toEqual([]);
  });
});

/** The table of every model, and the folder that owns it: the schema has a file for each API, and one for the platform. */
const tableOwners = new Map(
  filesUnder('prisma/schema', /\.prisma$/).flatMap((path) => {
    const name = basename(path, '.prisma');
    const owner = name === 'base' ? 'src/platform' : `src/domain/${name}`;
    return [...textOf(path).matchAll(/^model (\w+)/gm)].map(([, model = '']) => [model, owner] as const);
  }),
);

/** Who may name a table of somebody else, and why. */
const sharedTables: readonly { path: string; table: string; because: string }[] = [
  {
    path: 'src/app/seed/demo/bills.ts',
    table: 'CustomerBill',
    because: 'it looks for the bills of the run it began',
  },
  {
    path: 'src/app/seed/demo/demo.ts',
    table: 'ServerState',
    because: 'it records there when the demo data was begun, and that it is written',
  },
  {
    path: 'src/app/seed/kit/customer-bill.ts',
    table: 'CustomerBill',
    because: 'it looks for the bills of the run it began',
  },
  {
    path: 'src/app/seed/seeded.ts',
    table: 'ServerState',
    because: 'it records there which data is written',
  },
  {
    path: 'src/domain/hub/broker.store.ts',
    table: 'Outbox',
    because: 'it looks when the first event happened that a broker has not been told',
  },
];

/** Tables that a file names, in SQL or by Prisma's client. */
function tablesIn(path: string): string[] {
  const names = new Set<string>();
  visit(parse(path), (node) => {
    if (ts.isNoSubstitutionTemplateLiteral(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node))
      for (const [, name = ''] of node.text.matchAll(/"(\w+)"/g)) names.add(name);
    const client = /\bclient\.(\w)(\w+)$/.exec(ts.isPropertyAccessExpression(node) ? node.getText() : '');
    if (client) names.add(`${client[1]?.toUpperCase()}${client[2]}`);
  });
  return [...names].filter((name) => tableOwners.has(name));
}

describe('the domains', () => {
  const domain = sources.filter((path) => isWithin(path, 'src/domain'));

  it('reach the tables of another one by its functions', () => {
    const found = sources
      .filter((path) => path.startsWith('src/'))
      .flatMap((path) => tablesIn(path).map((table) => ({ path, table })))
      .filter(({ path, table }) => !isWithin(path, tableOwners.get(table)!));
    expect(found).toEqual(sharedTables.map(({ path, table }) => ({ path, table })));
  });

  it('have their SQL in stores', () => {
    expect(
      linesLike(
        domain.filter((path) => !path.endsWith('.store.ts')),
        /\bPrisma\.(sql|raw|join|empty)\b/,
      ),
    ).toEqual([]);
  });

  it('know nothing of HTTP', () => {
    const words =
      /\b(https?|media.?types?|headers?|status codes?|query strings?|URLs?|e-?tags?|content-\w+)\b|(application|text)\/\w/i;
    expect(linesLike(domain, words)).toEqual([]);
  });

  it('name the attributes of rows as their types have them', () => {
    const found = domain.flatMap((path) => {
      const accesses: string[] = [];
      visit(parse(path), (node) => {
        if (ts.isElementAccessExpression(node) && ts.isStringLiteral(node.argumentExpression))
          accesses.push(`${path}: ${node.getText()}`);
      });
      return accesses;
    });
    expect(found).toEqual([]);
  });
});

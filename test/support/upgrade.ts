import { execFile } from 'node:child_process';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { brotliDecompressSync } from 'node:zlib';
import {
  getNamedType,
  getOperationAST,
  isEnumType,
  isInputObjectType,
  isObjectType,
  Kind as SyntaxKind,
  parse,
  print,
  typeFromAST,
  TypeInfo,
  visit,
  visitWithTypeInfo,
  type FieldNode,
  type GraphQLInputType,
  type GraphQLSchema,
  type ObjectFieldNode,
  type TypeNode,
} from 'graphql';
import pg from 'pg';
import { DATABASE_FOLDER } from '../../src/platform/database/embedded.js';
import type { KeptCall } from '../fixtures/upgrade/doors.js';
import { fieldNameOf, toInput } from '../fixtures/schema.js';
import { createFolderStorage, createServerStorage, type Storage } from '../app/program.js';

/** Where the databases of the fixture can be opened here. */
export const kinds: readonly Kind[] = process.env.TEST_DATABASE_URL ? ['embedded', 'postgresql'] : ['embedded'];
export type Kind = 'embedded' | 'postgresql';

const fixtures = join(process.cwd(), 'test/fixtures/upgrade');

/** What the version that wrote a database told of it. */
export interface Described {
  kept: KeptCall[];
  bills: { bill: any; csv: string }[];
  /** Rows of each table. */
  counts: Record<string, number>;
  /** Ids of all events, in their order. */
  outbox: string[];
}

/** What stands beside the database that a version wrote. */
export async function describedBy(version: string, kind: Kind): Promise<Described> {
  return JSON.parse((await unpacked(version, `${kind}.json.br`)).toString()) as Described;
}

async function unpacked(version: string, file: string): Promise<Buffer> {
  return brotliDecompressSync(await readFile(join(fixtures, version, file)));
}

/** The database that a version wrote, as it left it. */
export async function storageOf(version: string, kind: Kind): Promise<Storage> {
  return kind === 'embedded' ? folderOf(version) : restored(version);
}

async function folderOf(version: string): Promise<Storage> {
  const storage = await createFolderStorage();
  const folder = join(String(storage.env['DATA_DIR']), DATABASE_FOLDER);
  await mkdir(folder);
  const archive = join(String(storage.env['DATA_DIR']), 'archive.tar');
  await writeFile(archive, await unpacked(version, 'embedded.tar.br'));
  await promisify(execFile)('tar', ['--extract', `--file=${archive}`, `--directory=${folder}`]);
  await rm(archive);
  return storage;
}

async function restored(version: string): Promise<Storage> {
  const storage = await createServerStorage();
  const sql = (await unpacked(version, 'postgresql.sql.br')).toString();
  const client = new pg.Client(String(storage.env['DATABASE_URL']));
  await client.connect();
  try {
    await client.query(sql);
  } finally {
    await client.end();
  }
  return storage;
}

/** An operation of 0.1, which called the id of whatever it was `id` and knew no enums, as a client would send it now. */
export function inPresentNames(schema: GraphQLSchema, body: unknown): { query: string; variables: object } {
  const { query, variables } = body as { query: string; variables: Record<string, unknown> };
  const types = new TypeInfo(schema);
  const document = parse(query);
  // Variables that stand for a word, which were texts.
  const words = new Map<string, string>();
  const renamed = visit(
    document,
    visitWithTypeInfo(types, {
      Field: {
        leave(node) {
          const parent = types.getParentType();
          return isObjectType(parent) ? named(node, fieldNameOf(parent, node.name.value)) : undefined;
        },
      },
      ObjectField: {
        leave(node) {
          const parent = getNamedType(types.getParentInputType());
          return isInputObjectType(parent) ? named(node, fieldNameOf(parent, node.name.value)) : undefined;
        },
      },
      Variable(node) {
        const type = getNamedType(types.getInputType());
        if (isEnumType(type)) words.set(node.name.value, type.name);
      },
      StringValue(node) {
        return isEnumType(getNamedType(types.getInputType()))
          ? { kind: SyntaxKind.ENUM, value: node.value }
          : undefined;
      },
    }),
  );
  const retyped = visit(renamed, {
    VariableDefinition(node) {
      const word = words.get(node.variable.name.value);
      return word === undefined ? undefined : { ...node, type: typeNamed(word, node.type) };
    },
  });
  const declared = getOperationAST(document)?.variableDefinitions ?? [];
  return {
    query: print(retyped),
    variables: Object.fromEntries(
      Object.entries(variables).map(([name, value]) => {
        const definition = declared.find(({ variable }) => variable.name.value === name);
        return [name, toInput(value, definition && (typeFromAST(schema, definition.type) as GraphQLInputType))];
      }),
    ),
  };
}

/** The same type with another name, in the same lists. */
function typeNamed(name: string, node: TypeNode): TypeNode {
  if (node.kind === SyntaxKind.NAMED_TYPE) return { ...node, name: { ...node.name, value: name } };
  return { ...node, type: typeNamed(name, node.type) } as TypeNode;
}

function named<Node extends FieldNode | ObjectFieldNode>(node: Node, value: string): Node {
  return { ...node, name: { ...node.name, value } };
}

import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { Ajv, type ValidateFunction } from 'ajv';
import { ConfigError } from './config.js';
import { DomainError } from './errors.js';
import { extensionAttribute, ownProperty } from './json.js';
import type { JsonObject } from './json-object.js';

/** Problems of one extension that one message names. */
const problemsMax = 5;

/** The schemas of extensions (TMF630 Part 2), read once from a folder and never from the network. */
export interface ExtensionSchemas {
  /** Names of the attributes that the schemas know: they can be filtered by name. */
  readonly attributes: ReadonlySet<string>;
  /** Refuses an extension that the schema it names does not allow; one whose schema is not here passes. */
  check(resource: JsonObject): void;
}

export const noExtensionSchemas: ExtensionSchemas = { attributes: new Set(), check: () => undefined };

/** A schema is found by its $id or by its file name, the last part of @schemaLocation. Throws ConfigError. */
export async function readExtensionSchemas(folder: string): Promise<ExtensionSchemas> {
  try {
    return await readSchemas(folder);
  } catch (error) {
    throw new ConfigError(`EXTENSION_SCHEMA_DIR '${folder}' cannot be used: ${(error as Error).message}`);
  }
}

async function readSchemas(folder: string): Promise<ExtensionSchemas> {
  const ajv = new Ajv({ strict: false, allErrors: true, validateFormats: false });
  const validators = new Map<string, ValidateFunction>();
  const attributes = new Set<string>();
  for (const file of (await readdir(folder)).filter((name) => name.endsWith('.json')).sort()) {
    const schema = await readSchema(join(folder, file));
    const validate = ajv.compile(schema);
    validators.set(file, validate);
    if (typeof schema['$id'] === 'string') validators.set(schema['$id'], validate);
    for (const name of Object.keys((schema['properties'] as object | undefined) ?? {})) attributes.add(name);
  }
  return {
    attributes,
    check: (resource) => {
      if (validators.size > 0)
        checkObject(resource, [], (location) => validators.get(location) ?? validators.get(basename(location)));
    },
  };
}

/** The object, and every object within it: each has an extension of its own. */
function checkObject(
  object: JsonObject,
  path: readonly string[],
  find: (location: string) => ValidateFunction | undefined,
): void {
  const { atSchemaLocation } = object;
  const validate = typeof atSchemaLocation === 'string' ? find(atSchemaLocation) : undefined;
  if (validate && !validate(ownProperty(object, extensionAttribute) ?? {})) {
    const problems = (validate.errors ?? [])
      .slice(0, problemsMax)
      .map(({ instancePath, message }) => `${instancePath || 'the extension'} ${message ?? ''}`);
    const place = [...path, extensionAttribute].join('.');
    const what = path.length === 0 ? 'the extension' : `the extension of ${path.join('.')}`;
    throw new DomainError(
      'INVALID_ATTRIBUTE',
      `the schema ${String(atSchemaLocation)} refuses ${what}: ${problems.join('; ')}`,
      { path: place },
    );
  }
  for (const [name, value] of Object.entries(object)) {
    // What an extension holds is the schema's business alone.
    if (name === extensionAttribute) continue;
    const elements = Array.isArray(value) ? value : [value];
    elements.forEach((element, index) => {
      if (typeof element !== 'object' || element === null || Array.isArray(element)) return;
      checkObject(element, [...path, name, ...(Array.isArray(value) ? [String(index)] : [])], find);
    });
  }
}

async function readSchema(file: string): Promise<Record<string, unknown>> {
  const schema: unknown = JSON.parse(await readFile(file, 'utf8'));
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema))
    throw new Error(`${file} is no JSON schema`);
  return schema as Record<string, unknown>;
}

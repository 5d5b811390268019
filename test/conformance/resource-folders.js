// @ts-check
/**
 * The three folders that the certification reports have for a resource that can be created: N1 makes and reads one,
 * N2 selects and filters, E1 asks for an id that does not exist. What is only read is in no report: its folder is ours.
 */

/** @typedef {import('./expectation.js').Expectation} Expectation */
/** @typedef {import('./expectation.js').Folder} Folder */
/** @typedef {import('./expectation.js').Request} Request */
/** @typedef {import('./expectation.js').Schema} Schema */

/**
 * @typedef {object} Resource
 * @property {string} name
 * @property {string} path
 * @property {string} code its part in the report's variable names: BU in IDBU01
 * @property {unknown} payload of the POST
 * @property {Expectation['attributes']} attributes
 * @property {string[]} mandatory
 * @property {string[]} shown the attributes of "Response has X attribute"
 * @property {string[]} held the attributes of "Body includes value held on X"; they are saved and must come back
 * @property {Record<string, unknown>} onCreate values that the answer to the POST must have
 * @property {Schema} [created] schema of the answer to the POST
 * @property {string[]} queries of N2 in order: "fields=X" selects, "X" filters by the saved value
 * @property {string[]} [alwaysSelected] attributes that come although `fields` does not name them
 * @property {string} unknownId
 */

/**
 * @typedef {object} View a resource that is only read
 * @property {string} name
 * @property {string} path
 * @property {string} code
 * @property {Schema} schema of each
 * @property {string} unknownId
 */

const selects = 'fields=';

/** @param {Resource} resource @returns {Folder[]} */
export function resourceFolders(resource) {
  const select = (/** @type {string} */ query) => selecting(resource, query.slice(selects.length));
  const filter = (/** @type {string} */ attribute) => filtering(resource, attribute);
  const queries = resource.queries.map((query) => (query.startsWith(selects) ? select(query) : filter(query)));
  return [
    { name: 'N1', requests: [creating(resource), ...reading(resource)] },
    { name: 'N2', requests: queries },
    { name: 'E1', requests: [missing(resource)] },
  ];
}

/** Lists, and reads the last of the list by its id. @param {View} view @returns {Folder} */
export function viewFolder({ name, path, code, schema, unknownId }) {
  const id = `ID${code}01`;
  /** @type {Expectation} */
  const row = {
    status: 200,
    body: 'list',
    attributes: {},
    oursOnly: true,
    schema: { name: '(ours) Schema is valid', schema },
  };
  const get = { method: /** @type {const} */ ('GET') };
  return {
    name: 'N1',
    requests: [
      { ...get, name: `/${name}`, description: `Lists every ${name}.`, path, expect: { ...row, save: { [id]: 'id' } } },
      {
        ...get,
        name: `/${name}/{{${id}}}`,
        description: `Reads a ${name} by its id.`,
        path: `${path}/{{${id}}}`,
        expect: { ...row, body: 'object' },
      },
      {
        ...get,
        name: `/${name}/404ID`,
        description: `Asks for a ${name} that does not exist.`,
        path: `${path}/${unknownId}`,
        expect: { status: 404, body: 'error', attributes: {}, oursOnly: true },
      },
    ],
  };
}

/** The report's name for a saved value: HREFBU01. @param {Resource} resource @param {string} attribute */
const variable = ({ code }, attribute) => `${attribute.toUpperCase()}${code}01`;

/** @param {Resource} resource @param {string[]} names */
const variables = (resource, names) => Object.fromEntries(names.map((name) => [name, variable(resource, name)]));

/** What every row of this resource must be. @param {Resource} resource */
const anyRow = ({ attributes, mandatory, shown, held }) => ({ attributes, mandatory, shown, held });

/** @param {Resource} resource */
const saved = (resource) => ({ id: variable(resource, 'id'), values: variables(resource, resource.held) });

/** @param {Resource} resource @returns {Request} */
function creating(resource) {
  const { name, path, payload, created, held, onCreate } = resource;
  const attributes = { ...resource.attributes };
  for (const [attribute, value] of Object.entries(onCreate)) {
    attributes[attribute] = { type: typeof value, const: value };
  }
  return {
    name: `/${name}`,
    description: `Makes a ${name}; its values are saved for the reads that follow.`,
    method: 'POST',
    path,
    body: payload,
    expect: {
      ...anyRow(resource),
      status: 201,
      body: 'object',
      attributes,
      ...(created ? { schema: { name: 'Schema is valid', schema: created } } : {}),
      save: Object.fromEntries(held.map((attribute) => [variable(resource, attribute), attribute])),
      location: true,
    },
  };
}

/** @param {Resource} resource @returns {Request[]} */
function reading(resource) {
  const { name, path } = resource;
  const id = `{{${variable(resource, 'id')}}}`;
  const expect = { ...anyRow(resource), status: 200, saved: saved(resource) };
  return [
    {
      name: `/${name}`,
      description: `Lists every ${name}; the new one is there.`,
      method: 'GET',
      path,
      expect: { ...expect, body: 'list' },
    },
    {
      name: `/${name}/${id}`,
      description: `Reads the new ${name} by its id.`,
      method: 'GET',
      path: `${path}/${id}`,
      expect: { ...expect, body: 'object' },
    },
  ];
}

/**
 * The reports assert nothing here; all of this is ours.
 * @param {Resource} resource
 * @param {string} attribute
 * @returns {Request}
 */
function selecting(resource, attribute) {
  const { name, path, attributes, alwaysSelected = [] } = resource;
  return {
    name: `/${name}?fields=${attribute}`,
    description: `Lists the ${attribute} of every ${name} and nothing else.`,
    method: 'GET',
    path: `${path}?fields=${attribute}`,
    expect: {
      status: 200,
      body: 'list',
      attributes,
      oursOnly: true,
      only: [...new Set([...alwaysSelected, attribute])],
      among: variables(resource, [attribute]),
    },
  };
}

/** @param {Resource} resource @param {string} attribute @returns {Request} */
function filtering(resource, attribute) {
  const { name, path } = resource;
  const value = `{{${variable(resource, attribute)}}}`;
  return {
    name: `/${name}?${attribute}=${value}`,
    description: `Lists every ${name} with the ${attribute} of the new one.`,
    method: 'GET',
    path: `${path}?${attribute}=${value}`,
    expect: {
      ...anyRow(resource),
      status: 200,
      body: 'list',
      saved: saved(resource),
      where: variables(resource, [attribute]),
    },
  };
}

/** @param {Resource} resource @returns {Request} */
function missing({ name, path, unknownId }) {
  return {
    name: `/${name}/404ID`,
    description: `Asks for a ${name} that does not exist.`,
    method: 'GET',
    path: `${path}/${unknownId}`,
    expect: { status: 404, body: 'error', attributes: {} },
  };
}

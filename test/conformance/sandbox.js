// @ts-check
/**
 * Checks one answer inside newman's sandbox. `collection.js` ships the text of this function with every request, so it
 * must not use anything from outside itself; that is why it is one long function of small ones.
 *
 * The names of the tests are those of the certification report; the ones that we added begin with "(ours)".
 *
 * @param {any} pm the sandbox's own object
 * @param {import('./expectation.js').Expectation} expectation
 */
export function checkAnswer(pm, expectation) {
  const variables = pm.collectionVariables;
  const text = pm.response.text();
  const { rows, complaint } = readRows();

  for (const name of Object.keys(expectation.save ?? {})) variables.unset(name);

  const mark = expectation.oursOnly ? '(ours) ' : '';
  pm.test(`${mark}Status code is ${expectation.status}`, () => pm.response.to.have.status(expectation.status));
  if (expectation.body === 'error') checkError();
  else for (const row of rows) checkRow(row);
  checkSaved();
  save();
  checkOurs();

  /** An answer that is not as it should be still gives one row, so that every named assertion fails by its name. */
  function readRows() {
    const wrong = (/** @type {string} */ why) => ({ rows: [undefined], complaint: why });
    let body;
    try {
      body = JSON.parse(text);
    } catch {
      return wrong('the body is not JSON');
    }
    if (expectation.body !== 'list') {
      const isObject = typeof body === 'object' && body !== null && !Array.isArray(body);
      return isObject ? { rows: [body], complaint: '' } : wrong('the body is not a single object');
    }
    if (!Array.isArray(body)) return wrong('the body is not a list');
    return body.length > 0 ? { rows: body, complaint: '' } : wrong('the list is empty');
  }

  /** @param {string} name @param {() => void} assertion */
  function test(name, assertion) {
    pm.test(name, () => {
      if (complaint) pm.expect.fail(complaint);
      assertion();
    });
  }

  /** @param {any} row */
  function checkRow(row) {
    if (expectation.mandatory) {
      test('Instance has all mandatory attributes', () => {
        for (const attribute of expectation.mandatory ?? []) checkType(row, attribute);
      });
    }
    for (const [name, path] of Object.entries(expectation.present ?? {})) test(name, () => checkType(row, path));
    for (const path of expectation.shown ?? []) test(`Response has ${path} attribute`, () => checkType(row, path));
    for (const path of expectation.held ?? []) test(`Body includes value held on ${path}`, () => checkHeld(row, path));
    const { schema } = expectation;
    if (schema) test(schema.name, () => pm.expect(row).to.have.jsonSchema(schema.schema));
    for (const [attribute, value] of Object.entries(expectation.fixed ?? {})) {
      test(`${attribute} is ${value}`, () => pm.expect(row[attribute], attribute).to.eql(value));
    }
  }

  /** The values at a path; a list on the way stands for all its elements. @param {any} row @param {string} path */
  function valuesAt(row, path) {
    const step = (/** @type {any[]} */ values, /** @type {string} */ name) =>
      values.flat().map((value) => (value === null ? undefined : value?.[name]));
    return path.split('.').reduce(step, [row]);
  }

  /** @param {any} row @param {string} path @param {(value: any, schema: any) => void} check */
  function forEachValue(row, path, check) {
    const schema = expectation.attributes[path];
    if (!schema) pm.expect.fail(`the collection has no schema for ${path}`);
    const values = valuesAt(row, path);
    pm.expect(values, `values of ${path}`).to.not.be.empty;
    for (const value of values) {
      if (value === undefined) pm.expect.fail(`${path} is missing`);
      check(value, schema);
    }
  }

  /** @param {any} row @param {string} path */
  function checkType(row, path) {
    forEachValue(row, path, (value, schema) => pm.expect(value, path).to.have.jsonSchema({ type: schema.type }));
  }

  /** @param {any} row @param {string} path */
  function checkHeld(row, path) {
    const attribute = path.split('.').pop();
    forEachValue(row, path, (value, schema) => {
      pm.expect(value, path).to.have.jsonSchema(schema);
      // As plain JSON text: the official kits look for the bare value, so "\/" for "/" would fail there.
      const literal = JSON.stringify(value).replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
      pm.expect(text, `raw text with ${path} ${value}`).to.match(new RegExp(`"${attribute}"\\s*:\\s*${literal}`));
      // Every TMF href ends in the id of its own resource.
      const end = `/${encodeURIComponent(row.id)}`;
      if (path === 'href' && !value.endsWith(end)) pm.expect.fail(`href ${value} does not end in ${end}`);
    });
  }

  function checkSaved() {
    const { saved } = expectation;
    if (!saved) return;
    const id = variables.get(saved.id);
    for (const [attribute, variable] of Object.entries(saved.values)) {
      const value = variables.get(variable);
      test(`${attribute} is ${value}`, () => {
        if (id === undefined || value === undefined) pm.expect.fail(`nothing was saved as ${variable}`);
        const found = rows.filter((/** @type {any} */ row) => row?.id === id);
        pm.expect(found.length, `rows with id ${id}`).to.equal(1);
        pm.expect(valuesAt(found[0], attribute)[0], attribute).to.eql(value);
      });
    }
  }

  function save() {
    for (const [variable, path] of Object.entries(expectation.save ?? {})) {
      const [value] = valuesAt(rows[rows.length - 1], path);
      if (value !== undefined) variables.set(variable, value);
    }
  }

  function checkError() {
    test('(ours) body is a TMF Error', () => {
      const schema = {
        type: 'object',
        required: ['code', 'reason', '@type'],
        properties: {
          code: { type: 'string', minLength: 1 },
          reason: { type: 'string', minLength: 1 },
          status: { const: String(expectation.status) },
          '@type': { const: 'Error' },
        },
      };
      pm.expect(rows[0]).to.have.jsonSchema(schema);
    });
  }

  function checkOurs() {
    const { only } = expectation;
    if (only) {
      test(`(ours) every row carries exactly ${only.join(' and ')}`, () => {
        for (const row of rows) {
          pm.expect(Object.keys(row).sort(), 'attributes').to.eql([...only].sort());
          for (const attribute of only) {
            forEachValue(row, attribute, (value, schema) => pm.expect(value, attribute).to.have.jsonSchema(schema));
          }
        }
      });
    }
    for (const [attribute, variable] of Object.entries(expectation.among ?? {})) {
      const value = variables.get(variable);
      test(`(ours) ${attribute} ${value} is among the rows`, () => {
        pm.expect(value, variable).to.not.equal(undefined);
        pm.expect(rows.map((/** @type {any} */ row) => row[attribute])).to.include(value);
      });
    }
    for (const [attribute, variable] of Object.entries(expectation.where ?? {})) {
      const value = variables.get(variable);
      test(`(ours) every row has ${attribute} ${value}`, () => {
        for (const row of rows) pm.expect(row[attribute], attribute).to.eql(value);
      });
    }
    if (expectation.location) {
      test('(ours) Location is href', () => pm.expect(pm.response.headers.get('Location')).to.equal(rows[0].href));
    }
  }
}

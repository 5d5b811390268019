// @ts-check
/** TMF678 Customer Bill Management: the 20 requests of the certification report, in its order and with its names. */

/** @typedef {import('./expectation.js').Api} Api */
/** @typedef {import('./expectation.js').Expectation} Expectation */
/** @typedef {import('./expectation.js').Folder} Folder */
/** @typedef {import('./expectation.js').Request} Request */
/** @typedef {import('./expectation.js').Schema} Schema */

const basePath = '/tmf-api/customerBillManagement/v4';

const text = { type: 'string', minLength: 1 };
const boolean = { type: 'boolean' };
const reference = { type: 'object', required: ['id'], properties: { id: text } };
const billState = { type: 'string', enum: ['new', 'onHold', 'validated', 'sent', 'settled', 'partiallyPaid'] };
const documents = { type: 'array', minItems: 1, items: { type: 'object', required: ['id'], properties: { id: text } } };

/** @param {string} path @returns {Schema & { type: string }} */
const hrefOf = (path) => ({ type: 'string', pattern: `^https?://[^/]+${basePath}/${path}/[^/?#]+$` });

/** @type {{ name: string, schema: Schema }} */
const billSchema = {
  name: 'Response valid against schema',
  schema: {
    type: 'object',
    required: ['billDocument', 'state', 'lastUpdate'],
    properties: { billDocument: documents, billingAccount: reference, financialAccount: reference, state: billState },
    anyOf: [{ required: ['billingAccount'] }, { required: ['financialAccount'] }],
  },
};

/** @type {{ name: string, schema: Schema }} */
const onDemandSchema = {
  name: 'Response valid against schema',
  schema: {
    type: 'object',
    required: ['state'],
    properties: {
      billingAccount: reference,
      relatedParty: {
        type: 'object',
        required: ['id', '@referredType'],
        properties: { id: text, '@referredType': text },
      },
      state: { type: 'string', enum: ['inProgress', 'rejected', 'done', 'terminatedWithError'] },
    },
    anyOf: [{ required: ['billingAccount'] }, { required: ['relatedParty'] }],
  },
};

const get = /** @type {const} */ ('GET');

/** A list of what exists. @param {string} name @param {string} path @param {Omit<Expectation, 'status' | 'body'>} expect @returns {Request} */
const listing = (name, path, expect) => ({
  name,
  description: `Lists ${path}.`,
  method: get,
  path,
  expect: { status: 200, body: 'list', ...expect },
});

/** @param {string} name @param {string} path @param {string} unknownId @returns {Folder} */
const missing = (name, path, unknownId) => ({
  name: 'E1',
  requests: [
    {
      name: `/${name}/404ID`,
      description: `Asks for a ${name} that does not exist.`,
      method: get,
      path: `${path}/${unknownId}`,
      expect: { status: 404, body: 'error', attributes: {} },
    },
  ],
});

const bill = {
  path: 'customerBill',
  attributes: {
    href: hrefOf('customerBill'),
    id: text,
    billDocument: documents,
    'billDocument.id': text,
    state: billState,
  },
};
const everyBill = {
  attributes: bill.attributes,
  mandatory: ['href', 'id', 'billDocument'],
  shown: ['href', 'id', 'billDocument', 'billDocument.id'],
  held: ['href', 'id', 'billDocument.id'],
};
/** The report asks for href whatever is selected. @param {string} selected @returns {Request} */
const selectedBill = (selected) =>
  listing(`/CustomerBill?fields=${selected}`, `customerBill?fields=${selected}`, {
    attributes: bill.attributes,
    mandatory: ['href', 'id'],
    shown: ['href'],
    only: ['id', 'href'],
    among: { [selected]: `${selected.toUpperCase()}CB01` },
  });

/** @type {Folder[]} */
const billFolders = [
  {
    name: 'N1',
    requests: [
      listing('/CustomerBill', 'customerBill', {
        ...everyBill,
        schema: billSchema,
        save: { HREFCB01: 'href', IDCB01: 'id', BDID01: 'billDocument.id' },
      }),
    ],
  },
  {
    name: 'N2',
    requests: [
      selectedBill('href'),
      selectedBill('id'),
      listing('/CustomerBill?id={{IDCB01}}', 'customerBill?id={{IDCB01}}', {
        ...everyBill,
        saved: { id: 'IDCB01', values: { href: 'HREFCB01', id: 'IDCB01', 'billDocument.id': 'BDID01' } },
        where: { id: 'IDCB01' },
      }),
      {
        name: '/CustomerBill',
        description: 'Puts the last bill of the list on hold.',
        method: 'PATCH',
        path: 'customerBill/{{IDCB01}}',
        body: { state: 'onHold' },
        expect: {
          status: 200,
          body: 'object',
          attributes: bill.attributes,
          mandatory: ['href', 'id', 'billDocument', 'state'],
          shown: ['href', 'id', 'billDocument', 'state'],
          held: ['state'],
          fixed: { state: 'onHold' },
        },
      },
    ],
  },
  missing('CustomerBill', bill.path, '814738f6-4059-4a95-8d34-e859dce29b7c'),
];

const everyOnDemand = {
  attributes: { href: hrefOf('customerBillOnDemand'), id: text },
  mandatory: ['href', 'id'],
  shown: ['href', 'id'],
  held: ['href', 'id'],
};
const savedOnDemand = { id: 'IDCBOD01', values: { href: 'HREFCBOD01', id: 'IDCBOD01' } };
/** @param {string} selected @returns {Request} */
const selectedOnDemand = (selected) =>
  listing(`/CustomerBillOnDemand?fields=${selected}`, `customerBillOnDemand?fields=${selected}`, {
    ...everyOnDemand,
    only: ['id', 'href'],
    among: { [selected]: `${selected.toUpperCase()}CBOD01` },
  });

/** @type {Folder[]} */
const onDemandFolders = [
  {
    name: 'N1',
    requests: [
      {
        name: '/CustomerBillOnDemand',
        description: 'Asks for a bill of an account that nobody knows.',
        method: 'POST',
        path: 'customerBillOnDemand',
        body: { billingAccount: { id: 'A0815' } },
        expect: {
          ...everyOnDemand,
          status: 201,
          body: 'object',
          schema: onDemandSchema,
          save: { HREFCBOD01: 'href', IDCBOD01: 'id' },
          location: true,
        },
      },
      listing('/CustomerBillOnDemand', 'customerBillOnDemand', {
        ...everyOnDemand,
        schema: onDemandSchema,
        saved: savedOnDemand,
      }),
      {
        name: '/CustomerBillOnDemand/{{IDCBOD01}}',
        description: 'Reads the new request by its id.',
        method: 'GET',
        path: 'customerBillOnDemand/{{IDCBOD01}}',
        expect: { ...everyOnDemand, status: 200, body: 'object', saved: savedOnDemand },
      },
    ],
  },
  {
    name: 'N2',
    requests: [
      selectedOnDemand('href'),
      selectedOnDemand('id'),
      listing('/CustomerBillOnDemand?id={{IDCBOD01}}', 'customerBillOnDemand?id={{IDCBOD01}}', {
        ...everyOnDemand,
        saved: savedOnDemand,
        where: { id: 'IDCBOD01' },
      }),
    ],
  },
  missing('CustomerBillOnDemand', 'customerBillOnDemand', '0e34c2dd-fd61-4ca3-a42b-c3a64f3c398b'),
];

const rateAttributes = { id: text, isBilled: boolean, href: hrefOf('appliedCustomerBillingRate') };
const everyRate = {
  attributes: rateAttributes,
  mandatory: ['id', 'isBilled', 'href'],
  shown: ['id', 'isBilled', 'href'],
  held: ['id', 'isBilled', 'href'],
};
const savedRate = { id: 'IDACBR01', values: { isBilled: 'ISBILLEDACBR01', href: 'HREFACBR01', id: 'IDACBR01' } };
/** @param {string[]} names @param {string} selected @returns {Request} */
const selectedRate = (names, selected) =>
  listing(`/AppliedCustomerBillingRate?fields=${selected}`, `appliedCustomerBillingRate?fields=${selected}`, {
    attributes: rateAttributes,
    mandatory: names,
    shown: names,
    held: names,
    only: names,
    among: { [selected]: `${selected.toUpperCase()}ACBR01` },
  });
/** @param {string} attribute @returns {Request} */
const filteredRate = (attribute) => {
  const variable = `${attribute.toUpperCase()}ACBR01`;
  const query = `?${attribute}={{${variable}}}`;
  return listing(`/AppliedCustomerBillingRate${query}`, `appliedCustomerBillingRate${query}`, {
    ...everyRate,
    saved: savedRate,
    where: { [attribute]: variable },
  });
};

/** @type {Folder[]} */
const rateFolders = [
  {
    name: 'N1',
    requests: [
      listing('/AppliedCustomerBillingRate', 'appliedCustomerBillingRate', {
        ...everyRate,
        save: { ISBILLEDACBR01: 'isBilled', IDACBR01: 'id', HREFACBR01: 'href' },
      }),
    ],
  },
  {
    name: 'N2',
    requests: [
      selectedRate(['id', 'href'], 'id'),
      filteredRate('id'),
      selectedRate(['id', 'isBilled', 'href'], 'isBilled'),
      filteredRate('isBilled'),
      selectedRate(['id', 'href'], 'href'),
    ],
  },
  missing('AppliedCustomerBillingRate', 'appliedCustomerBillingRate', '2fe07e00-e489-4bc5-96f7-08a980a63452'),
];

/** @type {Api} */
export const tmf678 = {
  name: 'TMF678',
  title: 'Customer Bill 4.0',
  basePath,
  headers: { Accept: 'application/json', 'Content-Type': 'application/json' },
  // The report's 245 are for its 8 requests for bills; this is for one of each.
  expected: { requests: 20, assertions: 133 },
  folders: [...billFolders, ...onDemandFolders, ...rateFolders],
};

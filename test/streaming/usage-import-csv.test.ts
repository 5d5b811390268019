import { afterAll, beforeAll, expect, it } from '@jest/globals';
import { startTestServer, type TestServer } from '../support/server.js';
import { csv, figures, linesOf, post, problemsOf, put, taken, taskOf, usage, usagesOf, type Json } from './imports.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer();
  await server.startJobs();
});
afterAll(() => server.close());

const take = (content: string | Uint8Array, more: Json = {}): Promise<Json> =>
  taken(server, { content, type: csv, ...more });
const found = async (source: string): Promise<Json[]> =>
  (await usagesOf(server, `&source=${source}`)).map(({ id, href, source: _, ...rest }) => rest);

it('CSV has every kind of column', async () => {
  const header = [
    'usageSpecification.id',
    'usageDate',
    'status',
    'externalId',
    'source',
    'description',
    'usageCharacteristic.duration',
    'usageCharacteristic.call.from.country',
    'relatedParty.id',
    'relatedParty.@referredType',
    'relatedParty.1.id',
    'relatedParty.1.@referredType',
    'relatedParty.1.role',
    'ratedProductUsage.0.taxIncludedRatingAmount.value',
    'ratedProductUsage.taxIncludedRatingAmount.unit',
    'ratedProductUsage.isBilled',
    'ratedProductUsage.taxRate',
    '@type',
    '@schemaLocation',
  ];
  const row = [
    'spec-1',
    '2026-03-01T10:00:00+02:00',
    'rated',
    'row-1',
    'kinds',
    '"a ""quoted"", Größe"',
    '12.50',
    'DE',
    '42',
    'Individual',
    '43',
    'Organization',
    'agent',
    '1.19',
    'EUR',
    'true',
    '19',
    'VoiceUsage',
    'https://schemas.example/voice.json',
  ];
  expect(figures(await take(`${header.join(',')}\n${row.join(',')}\n`))).toEqual(['succeeded', 1, 1, 0, 0]);
  expect(await found('kinds')).toEqual([
    {
      usageSpecification: { id: 'spec-1' },
      usageDate: '2026-03-01T08:00:00.000Z',
      status: 'rated',
      externalId: 'row-1',
      description: 'a "quoted", Größe',
      usageCharacteristic: [
        { name: 'duration', value: '12.50' },
        { name: 'call.from.country', value: 'DE' },
      ],
      relatedParty: [
        { id: '42', '@referredType': 'Individual' },
        { id: '43', '@referredType': 'Organization', role: 'agent' },
      ],
      ratedProductUsage: [{ taxIncludedRatingAmount: { value: 1.19, unit: 'EUR' }, isBilled: true, taxRate: 19 }],
      '@type': 'VoiceUsage',
      '@schemaLocation': 'https://schemas.example/voice.json',
    },
  ]);
});

it('CSV has an element of a list for each index that its columns name', async () => {
  const indexes = Array.from({ length: 120 }, (_, index) => index);
  const header = [
    'usageSpecification.id',
    'source',
    ...indexes.map((index) => `ratedProductUsage.${index}.taxRate`),
  ].join(',');
  await take(
    `${header}\ns,indexes,${indexes.join(',')}\ns,indexes,${indexes.map((index) => (index === 110 ? '7' : '')).join(',')}\n`,
  );
  expect((await found('indexes')).map(({ ratedProductUsage }) => ratedProductUsage)).toEqual([
    indexes.map((taxRate) => ({ taxRate })),
    [{ taxRate: 7 }],
  ]);
});

it('CSV takes a usage that NDJSON brought as a duplicate of it', async () => {
  await taken(server, { content: linesOf([usage('both', { usageCharacteristic: [{ name: 'a', value: '1' }] })]) });
  const header = 'externalId,source,usageDate,usageSpecification.id,usageCharacteristic.a';
  expect(
    figures(
      await take(
        `${header}\nboth,switch-1,2026-03-01T08:00:00Z,spec-data,1\nboth,switch-1,2026-03-01T08:00:00Z,spec-data,2`,
      ),
    ),
  ).toEqual(['succeeded', 2, 0, 1, 1]);
});

it.each([
  ['LF', '\n'],
  ['CRLF', '\r\n'],
])('CSV has line ends and commas between quotes, empty cells and empty lines, with %s', async (name, end) => {
  const source = `odd-${name}`;
  const rows = [
    'usageSpecification.id,source,description,usageCharacteristic.a,usageCharacteristic.b,relatedParty.0.id,relatedParty.0.@referredType,relatedParty.1.id,relatedParty.1.@referredType',
    `s,${source},"two${end}lines, with ""quotes""",,2,,,43,X`,
    '',
    `s,${source},,1,,42,Y,,`,
    `s,${source},"last${end}${end}of them",,,,,,`,
    `,${source},none,,,,,,`,
    `s,${source},short`,
    '',
  ];
  const task = await take(`\ufeff${rows.join(end)}${end}`);
  expect(figures(task)).toEqual(['succeeded', 5, 3, 0, 2]);
  expect((await problemsOf(server, task['id'])).map(({ line, code, message }) => [line, code, message])).toEqual([
    [9, 'MISSING_ATTRIBUTE', expect.stringContaining('usageSpecification')],
    [10, 'INVALID_BODY', 'the row has 3 cells, the header 9'],
  ]);
  expect((await found(source)).map(({ usageDate, status, usageSpecification, ...rest }) => rest)).toEqual([
    {
      description: `two${end}lines, with "quotes"`,
      usageCharacteristic: [{ name: 'b', value: '2' }],
      relatedParty: [{ id: '43', '@referredType': 'X' }],
    },
    { usageCharacteristic: [{ name: 'a', value: '1' }], relatedParty: [{ id: '42', '@referredType': 'Y' }] },
    { description: `last${end}${end}of them` },
  ]);
});

const many = Array.from({ length: 20 }, (_, index) => `s,many,${index}`).join('\n');

it.each([
  ['an unknown column', 'usageSpecification.id,colour\ns,red', "line 1: the header has column 'colour'"],
  ['a NUL in a column', 'usageSpecification.id,a\0b\ns,x', 'line 1: the header has column'],
  ['an object as a column', 'usageSpecification\ns', "'usageSpecification'"],
  ['a column of a column', 'usageSpecification.id.x\ns', "'usageSpecification.id.x'"],
  ['a column that all objects have', 'usageSpecification.id,constructor\ns,x', "'constructor'"],
  ['a double column', 'usageSpecification.id,source,source\ns,a,b', "'source' twice"],
  [
    'a double column by another name',
    'usageSpecification.id,relatedParty.0.id,relatedParty.id\ns,1,2',
    "'relatedParty.id' twice",
  ],
  [
    'a double characteristic',
    'usageSpecification.id,usageCharacteristic.a,usageCharacteristic.a\ns,1,2',
    "'usageCharacteristic.a' twice",
  ],
  ['a characteristic without a name', 'usageSpecification.id,usageCharacteristic.\ns,a', 'usageCharacteristic.'],
  [
    '501 columns',
    Array.from({ length: 501 }, (_, index) => `usageCharacteristic.${index}`).join(','),
    'too many columns: the limit CSV_COLUMNS_MAX is 500',
  ],
  ['no header', '', 'line 1'],
  ['a header in UTF-16', Buffer.from('\ufeffsource\nx', 'utf16le'), 'line 1: the file is UTF-16'],
  ['a header in UTF-16 without a mark', Buffer.from('source\nx', 'utf16le'), 'line 1: the file is UTF-16'],
  [
    'a quote that does not end',
    `usageSpecification.id,source,description\n${many}\ns,many,"open\n${many}`,
    'line 22: the CSV cannot be read: a quote is not closed',
  ],
  [
    'a quote in the middle of a cell',
    `usageSpecification.id,source,description\n${many}\ns,many,a"b\n`,
    'line 22: the CSV cannot be read: a quote stands in a cell that does not begin with one',
  ],
  [
    'more behind a quote',
    `usageSpecification.id,source,description\n${many}\ns,many,"a"b\n`,
    'line 22: the CSV cannot be read: a closing quote has more of its cell behind it',
  ],
  [
    'a row without an end',
    `usageSpecification.id,source,description\n${many}\ns,many,"${'x'.repeat(1_100_000)}`,
    'line 22: the CSV cannot be read: the row has too many bytes: the limit FILE_LINE_BYTES_MAX is 1048576',
  ],
])('CSV with %s is refused as a whole, saying where', async (_what, content, named) => {
  const answer = await post(server, { content, type: csv, mode: 'allOrNothing', key: `whole ${_what}` });
  expect([answer.status, answer.body.message]).toEqual([400, expect.stringMatching(/\bline \d+/)]);
  expect(answer.body.message).toContain(named);
  expect(await found('many')).toEqual([]);
});

it('CSV whose end cannot be read keeps what came before, and goes on when it is mended', async () => {
  const header = 'usageSpecification.id,source,description';
  const rows = Array.from({ length: 2_500 }, (_, index) => `s,mended,${index}`);
  const broken = [header, ...rows, 's,mended,"open', ...rows].join('\n');
  const answer = await post(server, { content: broken, type: csv, key: 'mended' });
  expect([answer.status, answer.body.message]).toEqual([400, expect.stringContaining('line 2502')]);
  const [task] = (await server.rest('GET', '/importJob?contentType=text/csv&status=failed&sort=-id&limit=1')).body;
  expect([task.lines, task.message]).toEqual([
    2_000,
    expect.stringContaining('send the file again to go on behind line 2001'),
  ]);
  const underAnother = await put(server, task.id, {
    content: [header.replace('description', 'usageType'), ...rows].join('\n'),
    type: csv,
  });
  expect([underAnother.status, underAnother.body.message]).toEqual([
    409,
    expect.stringContaining('not the file whose upload broke off behind line 2001'),
  ]);
  expect((await put(server, task.id, { content: [header, ...rows].join('\n'), type: csv })).status).toBe(200);
  expect(figures(await taken(server, { content: [header, ...rows].join('\n'), type: csv, key: 'mended' }))).toEqual([
    'succeeded',
    2_500,
    2_500,
    0,
    0,
  ]);
  expect((await server.rest('GET', '/usage?source=mended&limit=1')).headers.get('x-total-count')).toBe('2500');
});

it('CSV with only a header is an import of nothing', async () => {
  expect(figures(await take('usageSpecification.id,source'))).toEqual(['succeeded', 0, 0, 0, 0]);
});

it('CSV reports cells that are no text by their line', async () => {
  const content = Buffer.concat([
    Buffer.from('usageSpecification.id,source\ns,cells\ns,Gr'),
    Buffer.from([0xf6, 0xdf]),
    Buffer.from('e\ns,a\0b\ns,cells\n'),
  ]);
  const task = await take(content);
  expect([figures(task), (await problemsOf(server, task['id'])).map(({ line }) => line)]).toEqual([
    ['succeeded', 4, 2, 0, 2],
    [3, 4],
  ]);
  expect(await taskOf(server, task['id'])).toEqual(task);
});

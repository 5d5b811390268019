import { describe, expect, test } from '@jest/globals';
import { Decimal } from '../../../../src/platform/decimal.js';
import { parseQuery, type FieldSelection, type ParsedQuery } from '../../../../rest-compat/query/query-string.js';
import type { Filter, FilterValue, ValueOperator } from '../../../../src/platform/filter/tree/filter.js';
import { attributes } from '../../../platform/filter/things.js';

const toAttribute = (wire: string): string =>
  wire.startsWith('@') ? `at${wire.charAt(1).toUpperCase()}${wire.slice(2)}` : wire;
const parse = (raw: string): ParsedQuery => parseQuery(raw, { attributes, toAttribute });

const compare = (path: string, operator: ValueOperator, value: FilterValue): Filter => ({
  kind: 'compare',
  path: path ? path.split('.') : [],
  operator,
  value,
});
const oneOf = (path: string, operator: 'in' | 'nin', ...values: FilterValue[]): Filter => ({
  kind: 'compareList',
  path: path ? path.split('.') : [],
  operator,
  values,
});
const some = (path: string, filter: Filter): Filter => ({ kind: 'some', path: path.split('.'), filter });
const none = (path: string, filter: Filter): Filter => ({ kind: 'none', path: path.split('.'), filter });
const isNull = (path: string, value: boolean): Filter => ({ kind: 'isNull', path: path.split('.'), isNull: value });
const and = (...filters: Filter[]): Filter => ({ kind: 'and', filters });
const or = (...filters: Filter[]): Filter => ({ kind: 'or', filters });
const at = (iso: string): Date => new Date(iso);
const number = (text: string): Decimal => new Decimal(text);

describe('plain filters (TMF630 §4.4)', () => {
  test.each<[string, Filter]>([
    // Equality, AND, the spellings of OR.
    ['name=a', compare('name', 'eq', 'a')],
    ['name=a&flag=true', and(compare('name', 'eq', 'a'), compare('flag', 'eq', true))],
    ['name=a,b', oneOf('name', 'in', 'a', 'b')],
    ['name=a;b', oneOf('name', 'in', 'a', 'b')],
    ['name=a;name=b', oneOf('name', 'in', 'a', 'b')],
    ['name=a&name=b', oneOf('name', 'in', 'a', 'b')],
    ['name=a&flag=true&name=b,c', and(oneOf('name', 'in', 'a', 'b', 'c'), compare('flag', 'eq', true))],
    ['name=a&name.eq=b&name==c', oneOf('name', 'in', 'a', 'b', 'c')],
    ['name=a;count=5', or(compare('name', 'eq', 'a'), compare('count', 'eq', 5))],
    [
      'name=a;count=5&flag=true',
      and(compare('flag', 'eq', true), or(compare('name', 'eq', 'a'), compare('count', 'eq', 5))),
    ],
    [
      'at%3C2013-04-20;at%3E2017-04-20',
      or(compare('at', 'lt', at('2013-04-20T00:00:00Z')), compare('at', 'gt', at('2017-04-20T00:00:00Z'))),
    ],
    [
      'at%3E2013-04-20&at%3C2017-04-20',
      and(compare('at', 'gt', at('2013-04-20T00:00:00Z')), compare('at', 'lt', at('2017-04-20T00:00:00Z'))),
    ],
    ['&&name=a&', compare('name', 'eq', 'a')],
    // Suffixes, in any case.
    ['count.eq=5', compare('count', 'eq', 5)],
    ['count.NE=5', compare('count', 'ne', 5)],
    ['count.gt=5', compare('count', 'gt', 5)],
    ['count.Gte=5', compare('count', 'gte', 5)],
    ['count.lt=-5', compare('count', 'lt', -5)],
    ['count.lte=5', compare('count', 'lte', 5)],
    ['count.gt=1;2', or(compare('count', 'gt', 1), compare('count', 'gt', 2))],
    ['name.regex=%5Ea%7B1,3%7D', compare('name', 'regex', '^a{1,3}')],
    ['name.in=a,b', oneOf('name', 'in', 'a', 'b')],
    ['name.in=a', oneOf('name', 'in', 'a')],
    ['name.nin=a,b', oneOf('name', 'nin', 'a', 'b')],
    ['name.ne=a,b', oneOf('name', 'nin', 'a', 'b')],
    ['name.ne=a&name.ne=b', oneOf('name', 'nin', 'a', 'b')],
    ['name.contains=%25_', compare('name', 'contains', '%_')],
    ['name.startswith=a;b', or(compare('name', 'startsWith', 'a'), compare('name', 'startsWith', 'b'))],
    ['name.startsWith=a', compare('name', 'startsWith', 'a')],
    ['name.isnull=true', isNull('name', true)],
    ['name.isNull=FALSE', isNull('name', false)],
    ['owner.isnull=true', isNull('owner', true)],
    ['tags.isnull=false', isNull('tags', false)],
    // Symbols, raw and encoded, and as libraries write them.
    ['count>5', compare('count', 'gt', 5)],
    ['count>=5', compare('count', 'gte', 5)],
    ['count<5', compare('count', 'lt', 5)],
    ['count<=5', compare('count', 'lte', 5)],
    ['count==5', compare('count', 'eq', 5)],
    ['name=~%5Ea', compare('name', 'regex', '^a')],
    ['name*=%5Ea', compare('name', 'regex', '^a')],
    ['count%3E5', compare('count', 'gt', 5)],
    ['count%3e%3d5', compare('count', 'gte', 5)],
    ['count%3E=5', compare('count', 'gte', 5)],
    ['count>%3D5', compare('count', 'gte', 5)],
    ['count%3C%3D5', compare('count', 'lte', 5)],
    ['count%3D%3D5', compare('count', 'eq', 5)],
    ['name%3D~a', compare('name', 'regex', 'a')],
    ['name%3D%7Ea', compare('name', 'regex', 'a')],
    ['name%2A%3Da', compare('name', 'regex', 'a')],
    ['count%3E5=', compare('count', 'gt', 5)],
    ['count%3E%3D=5', compare('count', 'gte', 5)],
    ['count%3C%3D5=', compare('count', 'lte', 5)],
    ['name=%3Dx', compare('name', 'eq', '=x')],
    ['name=a=b', compare('name', 'eq', 'a=b')],
    ['name=a%3Eb', compare('name', 'eq', 'a>b')],
    // Paths: nested, any element, the longest attribute path first.
    ['amount.units=EUR', compare('amount.units', 'eq', 'EUR')],
    ['amount.amount.gt=5.5', compare('amount.amount', 'gt', number('5.5'))],
    ['owner.address.city=K%C3%B6ln', compare('owner.address.city', 'eq', 'Köln')],
    ['party.id=5', some('party', compare('id', 'eq', '5'))],
    ['party.id=5,6', some('party', oneOf('id', 'in', '5', '6'))],
    [
      'party.id=5&party.role=customer',
      and(some('party', compare('id', 'eq', '5')), some('party', compare('role', 'eq', 'customer'))),
    ],
    ['party.id.ne=5', none('party', compare('id', 'eq', '5'))],
    ['party.id.nin=5,6', none('party', oneOf('id', 'in', '5', '6'))],
    ['party.role.isnull=true', some('party', isNull('role', true))],
    ['party.contact.value=x', some('party', some('contact', compare('value', 'eq', 'x')))],
    ['party.contact.value.ne=x', none('party', some('contact', compare('value', 'eq', 'x')))],
    ['owner.contact.value=x', some('owner.contact', compare('value', 'eq', 'x'))],
    ['tags=x', some('tags', compare('', 'eq', 'x'))],
    ['tags.contains=x', some('tags', compare('', 'contains', 'x'))],
    ['matrix=1', { kind: 'some', path: ['matrix'], filter: { kind: 'some', path: [], filter: compare('', 'eq', 1) } }],
    ['@type=Thing', compare('atType', 'eq', 'Thing')],
    ['%40type=Thing', compare('atType', 'eq', 'Thing')],
    // Values.
    ['name=', compare('name', 'eq', '')],
    ['name=a+b', compare('name', 'eq', 'a b')],
    ['name=a%2Bb', compare('name', 'eq', 'a+b')],
    ['name=%22a%22', compare('name', 'eq', 'a')],
    ['name="a,b",c', oneOf('name', 'in', 'a,b', 'c')],
    ['name=%22a;b%22', compare('name', 'eq', 'a;b')],
    ['name=x;"b>c"', oneOf('name', 'in', 'x', 'b>c')],
    ['name=%22%22%22', compare('name', 'eq', '"')],
    ['name=""', compare('name', 'eq', '')],
    ['name=5%22%20pipe', compare('name', 'eq', '5" pipe')],
    // A comma separates however it is written, where several values are taken; a semicolon only unencoded.
    ['name=a%2Cb', oneOf('name', 'in', 'a', 'b')],
    ['name=a%2cb,c', oneOf('name', 'in', 'a', 'b', 'c')],
    ['name.eq=a%2Cb', oneOf('name', 'in', 'a', 'b')],
    ['name.in=a%2Cb', oneOf('name', 'in', 'a', 'b')],
    ['name.ne=a%2Cb', oneOf('name', 'nin', 'a', 'b')],
    ['name.nin=a%2Cb', oneOf('name', 'nin', 'a', 'b')],
    ['name%3D%3Da%2Cb', oneOf('name', 'in', 'a', 'b')],
    ['name=a%2Cb;count=5%2C6', or(oneOf('name', 'in', 'a', 'b'), oneOf('count', 'in', 5, 6))],
    ['name=a%252Cb', compare('name', 'eq', 'a%2Cb')],
    ['name=a+b%2Cc%2Bd', oneOf('name', 'in', 'a b', 'c+d')],
    ['party.id=5%2C6', some('party', oneOf('id', 'in', '5', '6'))],
    ['count=5%2C6', oneOf('count', 'in', 5, 6)],
    ['at=2026-01-31%2C2026-02-01', oneOf('at', 'in', at('2026-01-31T00:00:00Z'), at('2026-02-01T00:00:00Z'))],
    // Nowhere else.
    ['name.contains=a,b', compare('name', 'contains', 'a,b')],
    ['name.contains=a%2Cb', compare('name', 'contains', 'a,b')],
    ['name.contains="a,b"', compare('name', 'contains', 'a,b')],
    ['name.contains=a,"b;c', or(compare('name', 'contains', 'a,"b'), compare('name', 'contains', 'c'))],
    ['name.startswith=Doe,%20J', compare('name', 'startsWith', 'Doe, J')],
    ['name.regex=%5Ea%7B1%2C3%7D%2C', compare('name', 'regex', '^a{1,3},')],
    ['name%3D~a%2Cb', compare('name', 'regex', 'a,b')],
    ['name.gt=a%2Cb', compare('name', 'gt', 'a,b')],
    // Quotes, as libraries encode them, and quotes within them.
    ['name=%22a%2Cb%22', compare('name', 'eq', 'a,b')],
    ['name=%22a%2Cb%22%2C%22c%3Bd%22', oneOf('name', 'in', 'a,b', 'c;d')],
    ['name=%22a%2Cb%22,c', oneOf('name', 'in', 'a,b', 'c')],
    ['name=%22a%3Bb%22;count=5', or(compare('name', 'eq', 'a;b'), compare('count', 'eq', 5))],
    ['name="a\\"b"', compare('name', 'eq', 'a"b')],
    ['name=%22a%5C%22%2Cb%22', compare('name', 'eq', 'a",b')],
    ['name="a\\";b";c', oneOf('name', 'in', 'a";b', 'c')],
    ['name="a\\\\"', compare('name', 'eq', 'a\\')],
    ['name="a\\\\",b', oneOf('name', 'in', 'a\\', 'b')],
    ['name="a\\b\\\\c"', compare('name', 'eq', 'a\\b\\\\c')],
    ['name=a\\"b', compare('name', 'eq', 'a\\"b')],
    ['name=a\\', compare('name', 'eq', 'a\\')],
    ['name=a="b;c', oneOf('name', 'in', 'a="b', 'c')],
    ['name=a,"b"c"', oneOf('name', 'in', 'a', 'b"c')],
    ['name=,', oneOf('name', 'in', '', '')],
    [
      'at%3E%3D=%222026-01-31%22;name=a',
      or(compare('at', 'gte', at('2026-01-31T00:00:00Z')), compare('name', 'eq', 'a')),
    ],
    ['name=a%3Bb', compare('name', 'eq', 'a;b')],
    ['name=a%26b', compare('name', 'eq', 'a&b')],
    ['name=%F0%9F%98%80', compare('name', 'eq', '\u{1F600}')],
    ['count=%225%22', compare('count', 'eq', 5)],
    ['flag=false', compare('flag', 'eq', false)],
    ['flag="true"', compare('flag', 'eq', true)],
    ['price=0.1', compare('price', 'eq', number('0.1'))],
    ['price=-1.50', compare('price', 'eq', number('-1.5'))],
    ['price=1e-3', compare('price', 'eq', number('0.001'))],
    ['price=1e+3', compare('price', 'eq', number('1000'))],
    ['price=100000000000000000000', compare('price', 'eq', number('1e20'))],
    ['anything=x', compare('anything', 'eq', 'x')],
    ['anything=5', oneOf('anything', 'in', '5', number('5'))],
    ['anything=true', oneOf('anything', 'in', 'true', true)],
    ['anything="5"', compare('anything', 'eq', '5')],
    ['anything.ne=5', oneOf('anything', 'nin', '5', number('5'))],
    ['anything.@a.b=x', compare('anything.@a.b', 'eq', 'x')],
    ['anything.a.ne=x', compare('anything.a', 'ne', 'x')],
    // Times.
    ['at=2026-01-31T10:00:00.000Z', compare('at', 'eq', at('2026-01-31T10:00:00Z'))],
    ['at=2026-01-31T10:00:00.000000z', compare('at', 'eq', at('2026-01-31T10:00:00Z'))],
    ['at=2026-01-31T10:00:00', compare('at', 'eq', at('2026-01-31T10:00:00Z'))],
    ['at=2026-01-31T10:00', compare('at', 'eq', at('2026-01-31T10:00:00Z'))],
    ['at=2026-01-31T10:00:00+02:00', compare('at', 'eq', at('2026-01-31T08:00:00Z'))],
    ['at=2026-01-31T10:00:00%2B0200', compare('at', 'eq', at('2026-01-31T08:00:00Z'))],
    ['at=2026-01-31T10:00:00+0000', compare('at', 'eq', at('2026-01-31T10:00:00Z'))],
    ['at=2026-01-31T10:00:00.5-02:30', compare('at', 'eq', at('2026-01-31T12:30:00.500Z'))],
    ['at="2026-01-31"', compare('at', 'eq', at('2026-01-31T00:00:00Z'))],
    ['at.gte=2021', compare('at', 'gte', at('2021-01-01T00:00:00Z'))],
    ['at.gte=2021-03', compare('at', 'gte', at('2021-03-01T00:00:00Z'))],
  ])('%s', (raw, filter) => {
    expect(parse(raw)).toEqual({ order: [], filter });
  });

  test('an attribute named like an operator is found before the operator', () => {
    const text = { kind: 'scalar', type: 'string' } as const;
    const own = { value: { kind: 'object', attributes: () => ({ gt: text }) } } as const;
    expect(parseQuery('value.gt=5', { attributes: own, toAttribute }).filter).toEqual(compare('value.gt', 'eq', '5'));
    expect(parseQuery('value.gt.gt=5', { attributes: own, toAttribute }).filter).toEqual(
      compare('value.gt', 'gt', '5'),
    );
  });

  test.each([
    // Names and operators.
    ['colour=red', "cannot filter by 'colour': no such attribute", 'colour'],
    ['owner.colour=red', "'colour' is no attribute of 'owner' and no operator", 'owner.colour'],
    ['name.like=a', "'like' is no attribute of 'name' and no operator", 'name.like'],
    ['name.gt.lt=5', "cannot filter by 'name.gt.lt'", 'name.gt.lt'],
    ['constructor=a', "cannot filter by 'constructor'", 'constructor'],
    ['__proto__=a', "cannot filter by '__proto__'", '__proto__'],
    ['gt=5', "cannot filter by 'gt'", 'gt'],
    ['.name=5', "cannot filter by '.name'", '.name'],
    ['name.=5', "cannot filter by 'name.'", 'name.'],
    ['Limit=5', "cannot filter by 'Limit'", 'Limit'],
    ['limit.gt=5', "cannot filter by 'limit.gt'", 'limit.gt'],
    ['count.gt>5', "'count.gt>' has two operators", 'count.gt'],
    ['flag.gt=true', "operator 'gt' does not fit 'flag.gt'", 'flag.gt'],
    ['flag>true', "operator 'gt' does not fit 'flag'", 'flag'],
    ['count.contains=5', "operator 'contains' does not fit", 'count.contains'],
    ['count=~5', "operator 'regex' does not fit 'count'", 'count'],
    ['anything.gt=5', "operator 'gt' does not fit", 'anything.gt'],
    ['owner=x', "operator 'eq' does not fit 'owner'", 'owner'],
    ['amount=5', "operator 'eq' does not fit 'amount'", 'amount'],
    ['party=x', "operator 'eq' does not fit 'party'", 'party'],
    ['name', 'a term without operator', 'name'],
    ['name;count=5', 'a term without operator', 'name;count=5'],
    ['name=a;;b', 'a term without operator', 'name=a;;b'],
    ['name=a;', 'a term without operator', 'name=a;'],
    ['=5', "'=5' has no attribute name", '=5'],
    ['>5', "'>5' has no attribute name", '>5'],
    ['a.b.c.d.e.f.g.h.i.j.k.l.m=1', 'PATH_DEPTH_MAX is 12', 'a.b.c.d.e.f.g.h.i.j.k.l.m'],
    // Values.
    ['flag=maybe', "'maybe' is not a valid boolean for 'flag'", 'flag'],
    ['flag=', "'' is not a valid boolean for 'flag'", 'flag'],
    ['count=', "'' is not a valid int for 'count'", 'count'],
    ['price=', "'' is not a valid decimal for 'price'", 'price'],
    ['at=', "'' is not a valid dateTime for 'at'", 'at'],
    ['count=5,', "'' is not a valid int for 'count'", 'count'],
    ['count=5.5', "'5.5' is not a valid int", 'count'],
    ['count=0x10', "'0x10' is not a valid int", 'count'],
    ['count=2147483648', "'2147483648' is not a valid int", 'count'],
    ['count=+5', "' 5' is not a valid int", 'count'],
    ['price=1.', "'1.' is not a valid decimal", 'price'],
    ['price=Infinity', "'Infinity' is not a valid decimal", 'price'],
    ['price=NaN', "'NaN' is not a valid decimal", 'price'],
    ['price=1e400', "'1e400' is not a valid decimal", 'price'],
    ['price=1.0000000000000001', 'is not a valid decimal', 'price'],
    ['at=yesterday', "'yesterday' is not a valid dateTime", 'at'],
    ['at=2026-02-30', "'2026-02-30' is not a valid dateTime", 'at'],
    ['at=2026-13-01', 'is not a valid dateTime', 'at'],
    ['at=2026-01-31T25:00:00Z', 'is not a valid dateTime', 'at'],
    ['at=2026-01-31T10:00:00.0001Z', 'is not a valid dateTime', 'at'],
    ['at=2026-01-31T10:00:00%2B99:00', 'is not a valid dateTime', 'at'],
    ['at=0000-01-01', 'is not a valid dateTime', 'at'],
    ['at=0001-01-01T00:00:00%2B02:00', 'is not a valid dateTime', 'at'],
    ['at=20260131', 'is not a valid dateTime', 'at'],
    ['name.isnull=', "'' is not a valid boolean for 'name.isnull'", 'name.isnull'],
    ['name.isnull=1', "'1' is not a valid boolean", 'name.isnull'],
    ['name.regex=(a', 'not closed', 'name.regex'],
    ['name=%22a', 'a double quote is not closed', 'name'],
    ['name="a', 'a double quote is not closed', 'name'],
    ['name="a\\"', 'a double quote is not closed', 'name'],
    ['name=a,"b', 'a double quote is not closed', 'name'],
    ['name=%22a%22%3Bb', 'a double quote is not closed', 'name'],
    ['count.gt=1,2', "'1,2' is not a valid int for 'count.gt'", 'count.gt'],
    ['at>2026-01-31,2026-02-01', 'is not a valid dateTime', 'at'],
    ['name.isnull=true,false', "'true,false' is not a valid boolean", 'name.isnull'],
    ['name[]=a', "write several values as 'name=a,b' or 'name=a&name=b'", 'name[]'],
    ['name%5B%5D=a&name%5B%5D=b', "write several values as 'name=a,b'", 'name[]'],
    ['name[0]=a', "write several values as 'name=a,b'", 'name[0]'],
    ['amount[units]=EUR', "write 'amount.units'", 'amount[units]'],
    ['count[gte]=5', "write 'count.gte'", 'count[gte]'],
    ['fields[]=id', "write several values as 'fields=a,b'", 'fields[]'],
    ['anything.a[]=x', "write several values as 'anything.a=a,b'", 'anything.a[]'],
    ['name=%', 'malformed percent encoding', 'name'],
    ['name=%zz', 'malformed percent encoding', 'name'],
    ['name=%ff', 'malformed percent encoding', 'name'],
    ['name=%ED%A0%80', 'malformed percent encoding', 'name'],
    ['%=5', 'malformed percent encoding', '%'],
    ['name=a%00', 'NUL character', 'name'],
    ['name=\uD83D', 'half of a surrogate pair', 'name'],
    [`name=${'a,'.repeat(200)}a`, 'VALUES_PER_KEY_MAX is 200', 'name'],
    [Array.from({ length: 201 }, () => 'name=a').join('&'), 'CLAUSES_MAX is 100', undefined],
    [Array.from({ length: 3 }, () => `name=${'a,'.repeat(99)}a`).join('&'), 'VALUES_PER_KEY_MAX is 200', 'name'],
  ])('refuses %s', (raw, message, path) => {
    expect(() => parse(raw)).toThrow(
      expect.objectContaining({
        code: 'INVALID_QUERY',
        message: expect.stringContaining(message),
        details: path === undefined ? {} : { path: path === 'name' ? expect.stringContaining('name') : path },
      }),
    );
  });
});

describe('fields (TMF630 §4.3)', () => {
  const plain = (selection: FieldSelection | true | undefined): unknown => {
    if (selection === true || selection === undefined) return selection;
    return {
      ...(selection.none && { none: true }),
      ...Object.fromEntries([...selection.attributes].map(([name, part]) => [name, plain(part)])),
    };
  };

  test.each<[string, unknown]>([
    ['fields=id', { id: true }],
    ['fields=id,name', { id: true, name: true }],
    ['fields=id%2Cname', { id: true, name: true }],
    ['fields=id,+name', { id: true, name: true }],
    ['fields=id&fields=name', { id: true, name: true }],
    ['fields=amount.units,party.contact.type', { amount: { units: true }, party: { contact: { type: true } } }],
    ['fields=amount.units,amount.amount', { amount: { units: true, amount: true } }],
    ['fields=amount.units,amount', { amount: true }],
    ['fields=amount,amount.units', { amount: true }],
    ['fields=@type', { atType: true }],
    ['fields=none', { none: true }],
    ['fields=none,name', { none: true, name: true }],
    ['fields=anything', { anything: true }],
  ])('%s', (raw, expected) => {
    expect(plain(parse(raw).fields)).toEqual(expected);
  });

  test.each([
    ['fields=colour', "cannot select 'colour': no such attribute"],
    ['fields=id,', "cannot select ''"],
    ['fields=', "cannot select ''"],
    ['fields=toString', "cannot select 'toString'"],
    ['fields=name.x', "cannot select 'name.x'"],
    ['fields=anything.x', "cannot select 'anything.x'"],
    ['fields', "'fields' has no value"],
    [`fields=${'id,'.repeat(200)}id`, 'FIELDS_MAX is 200'],
    ['fields=[x>E', "cannot select '[x>E'"],
    ['fields=id[]', "cannot select 'id[]'"],
    ["fields=party[?(@.id=='5']", 'cannot select'],
    ['fields=name,[', 'cannot select'],
  ])('refuses %s', (raw, message) => {
    expect(() => parse(raw)).toThrow(
      expect.objectContaining({ code: 'INVALID_QUERY', message: expect.stringContaining(message) }),
    );
  });

  test.each([
    "fields=party[?(@.id=='5')]",
    "fields=@type,name,party[?(@.id=='5' %26%26 @.role=='a,b')]",
    'fields=party[0]',
    'fields=party[*].id',
  ])('JSONPath is not supported: %s', (raw) => {
    expect(() => parse(raw)).toThrow(
      expect.objectContaining({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining("JSONPath in 'fields'"),
        details: { path: 'fields' },
      }),
    );
  });
});

describe('sort (TMF630 §4.7) and the other reserved parameters', () => {
  test.each<[string, Partial<ParsedQuery>]>([
    ['', {}],
    ['sort=name', { order: [{ path: ['name'], descending: false }] }],
    [
      'sort=-at,+name,%2Bcount',
      {
        order: [
          { path: ['at'], descending: true },
          { path: ['name'], descending: false },
          { path: ['count'], descending: false },
        ],
      },
    ],
    [
      'sort=-amount.amount%2Cowner.address.city',
      {
        order: [
          { path: ['amount', 'amount'], descending: true },
          { path: ['owner', 'address', 'city'], descending: false },
        ],
      },
    ],
    ['sort=-@type', { order: [{ path: ['atType'], descending: true }] }],
    ['offset=0&limit=0', { offset: 0, limit: 0 }],
    ['offset=100000&limit=1000', { offset: 100000, limit: 1000 }],
    ['%6Cimit=5', { limit: 5 }],
    ['after=abc%3D', { after: 'abc=' }],
    ['expand=party,owner.target', { expand: [['party'], ['owner', 'target']] }],
    ['depth=2', { depth: 2 }],
    ['explain=graphql', { explain: 'graphql' }],
  ])('%s', (raw, expected) => {
    expect(parse(raw)).toEqual({ order: [], ...expected });
  });

  test.each([
    ['sort=colour', "cannot sort by 'colour'", 'sort'],
    ['sort=', "cannot sort by ''", 'sort'],
    ['sort=name,', "cannot sort by ''", 'sort'],
    ['sort=--name', "cannot sort by '-name'", 'sort'],
    ['sort=party.id', "cannot sort by 'party.id'", 'sort'],
    ['sort=tags', "cannot sort by 'tags'", 'sort'],
    ['sort=owner', "cannot sort by 'owner'", 'sort'],
    ['sort=anything', "cannot sort by 'anything'", 'sort'],
    ['sort=anything.x', "cannot sort by 'anything.x'", 'sort'],
    ['sort=name,-name', "'sort' names 'name' twice", 'sort'],
    ['sort=name&sort=at', "'sort' is given 2 times", 'sort'],
    [`sort=${'id,'.repeat(10)}name`, 'SORT_KEYS_MAX is 10', 'sort'],
    ['offset=-1', "offset='-1' is not a whole number", 'offset'],
    ['offset=x', "offset='x' is not a whole number", 'offset'],
    ['offset=1.5', "offset='1.5'", 'offset'],
    ['offset=', "offset=''", 'offset'],
    ['offset', "'offset' has no value", 'offset'],
    ['offset=100001', 'OFFSET_MAX is 100000', 'offset'],
    ['offset=100001', "'after'", 'offset'],
    [`offset=${'9'.repeat(400)}`, 'OFFSET_MAX', 'offset'],
    ['limit=-1', "limit='-1' is not a whole number", 'limit'],
    ['limit=1e3', "limit='1e3'", 'limit'],
    ['limit=%20', "limit=' '", 'limit'],
    ['limit=99999999', 'LIMIT_MAX', 'limit'],
    ['limit=5&limit=5', "'limit' is given 2 times", 'limit'],
    ['limit=5;name=a', "limit='5;name=a'", 'limit'],
    ['name=a;limit=5', "'limit' is no attribute", 'limit'],
    ['offset=1&after=x', "'offset' and 'after'", 'after'],
    ['after=', "'after' has no value", 'after'],
    [`after=${'a'.repeat(4097)}`, 'CURSOR_LENGTH_MAX is 4096', 'after'],
    ['depth=x', "depth='x'", 'depth'],
    ['depth=4', 'DEPTH_MAX is 3', 'depth'],
    ['expand=', "cannot expand ''", 'expand'],
    ['expand=a..b', "cannot expand 'a..b'", 'expand'],
    ['expand=a&expand=b', "'expand' is given 2 times", 'expand'],
    ['explain=', "'explain' has no value", 'explain'],
    ['explain=a&explain=b', "'explain' is given 2 times", 'explain'],
    ['limit>5', "'limit' is no attribute", 'limit'],
  ])('refuses %s', (raw, message, path) => {
    expect(() => parse(raw)).toThrow(
      expect.objectContaining({ code: 'INVALID_QUERY', message: expect.stringContaining(message), details: { path } }),
    );
  });
});

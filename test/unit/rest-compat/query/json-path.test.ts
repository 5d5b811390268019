import { describe, expect, test } from '@jest/globals';
import { Decimal } from '../../../../src/platform/decimal.js';
import { parseQuery } from '../../../../rest-compat/query/query-string.js';
import type { Filter, FilterValue, ValueOperator } from '../../../../src/platform/filter/tree/filter.js';
import { attributes } from '../../../platform/filter/things.js';

const toAttribute = (wire: string): string => (wire === '@type' ? 'atType' : wire);
const parse = (path: string, others = ''): Filter | undefined =>
  parseQuery(`filter=${encodeURIComponent(path)}${others}`, { attributes, toAttribute }).filter;

const compare = (path: string, operator: ValueOperator, value: FilterValue): Filter => ({
  kind: 'compare',
  path: path ? path.split('.') : [],
  operator,
  value,
});
const some = (path: string, filter: Filter): Filter => ({ kind: 'some', path: path ? path.split('.') : [], filter });
const none = (path: string, filter: Filter): Filter => ({ kind: 'none', path: path.split('.'), filter });
const isNull = (path: string, value: boolean): Filter => ({ kind: 'isNull', path: path.split('.'), isNull: value });
const and = (...filters: Filter[]): Filter => ({ kind: 'and', filters });
const or = (...filters: Filter[]): Filter => ({ kind: 'or', filters });
const not = (filter: Filter): Filter => ({ kind: 'not', filter });
const isA = compare('name', 'eq', 'a');

describe('JSONPath filters (TMF630 Part 6)', () => {
  test.each<[string, Filter]>([
    // The collection as root, and the resource as root.
    ["$[?(@.name=='a' && @.at>'2021')]", and(isA, compare('at', 'gt', new Date('2021-01-01T00:00:00Z')))],
    ["[?(@.name=='a')]", isA],
    ["$[?@.name=='a']", isA],
    ["$.party[?(@.id=='5')]", some('party', compare('id', 'eq', '5'))],
    ["party[?(@.id=='5')]", some('party', compare('id', 'eq', '5'))],
    ["$['party'][?(@['id']=='5')]", some('party', compare('id', 'eq', '5'))],
    [
      "party[?(@.id=='5' && @.role=='customer')]",
      some('party', and(compare('id', 'eq', '5'), compare('role', 'eq', 'customer'))),
    ],
    ["$[?(@.name=='a')].party[?(@.id=='5')]", and(isA, some('party', compare('id', 'eq', '5')))],
    ['$', and()],
    ['$[*]', and()],
    ["$[*].party[?(@.id=='5')]", some('party', compare('id', 'eq', '5'))],
    // Logic.
    [
      "$[?(@.name=='a' || @.flag==true && @.count==5)]",
      or(isA, and(compare('flag', 'eq', true), compare('count', 'eq', 5))),
    ],
    [
      "$[?((@.name=='a' || @.flag==true) && @.count==5)]",
      and(or(isA, compare('flag', 'eq', true)), compare('count', 'eq', 5)),
    ],
    ["$[?(!(@.name=='a'))]", not(isA)],
    ['$[?(!@.name)]', not(isNull('name', false))],
    ["$[?(!!(@.name=='a'))]", not(not(isA))],
    // Comparisons and literals.
    ["$[?(@.name!='a')]", compare('name', 'ne', 'a')],
    ['$[?(@.count>5)]', compare('count', 'gt', 5)],
    ['$[?(@.count>=-5)]', compare('count', 'gte', -5)],
    ['$[?(@.count<5)]', compare('count', 'lt', 5)],
    ['$[?(@.count<=5)]', compare('count', 'lte', 5)],
    ['$[?(5<@.count)]', compare('count', 'gt', 5)],
    ["$[?('a'==@.name)]", isA],
    ['$[?(@.price==1.5e1)]', compare('price', 'eq', new Decimal(15))],
    ["$[?(@.count=='5')]", compare('count', 'eq', 5)],
    ['$[?(@.name==5)]', compare('name', 'eq', '5')],
    ['$[?(@.flag==false)]', compare('flag', 'eq', false)],
    ['$[?(@.name=="a")]', isA],
    ["$[?(@.name=='it\\'s \\u00e4\\n\\\\')]", compare('name', 'eq', "it's ä\n\\")],
    ["$[?(@.name=='&& || ] )')]", compare('name', 'eq', '&& || ] )')],
    ['$[?(@.name=~/^a\\/b{1,2}/)]', compare('name', 'regex', '^a\\/b{1,2}')],
    ["$[?(@.name=~'^a')]", compare('name', 'regex', '^a')],
    ['$[?(@.name==null)]', isNull('name', true)],
    ['$[?(@.name!=null)]', isNull('name', false)],
    ['$[?(@.anything==5)]', compare('anything', 'eq', new Decimal(5))],
    ["$[?(@.anything=='5')]", compare('anything', 'eq', '5')],
    ['$[?(@.anything==true)]', compare('anything', 'eq', true)],
    ["$[?(@.anything.a['b c']=='x')]", { kind: 'compare', path: ['anything', 'a', 'b c'], operator: 'eq', value: 'x' }],
    ["$[?(@.@type=='Thing')]", compare('atType', 'eq', 'Thing')],
    ["$[?(@['@type']=='Thing')]", compare('atType', 'eq', 'Thing')],
    // Existence, and lists on the way.
    ['$.party', isNull('party', false)],
    ['owner.id', isNull('owner.id', false)],
    ['$[?(@.name)]', isNull('name', false)],
    ['party[*]', some('party', and())],
    ['party[*].role', some('party', isNull('role', false))],
    ['party.role', some('party', isNull('role', false))],
    ["party[?(@.id=='5')].role", some('party', and(compare('id', 'eq', '5'), isNull('role', false)))],
    ["$[?(@.party.id=='5')]", some('party', compare('id', 'eq', '5'))],
    ["$[?(@.party[*].id=='5')]", some('party', compare('id', 'eq', '5'))],
    ["$[?(@.party.id!='5')]", none('party', compare('id', 'eq', '5'))],
    ["$[?(@.party[?(@.role=='x')].id=='5')]", some('party', and(compare('role', 'eq', 'x'), compare('id', 'eq', '5')))],
    ["$[?(@.party[?(@.role=='x')])]", some('party', compare('role', 'eq', 'x'))],
    [
      "party[?(@.contact[?(@.type=='email' && @.value=~/@/)])]",
      some('party', some('contact', and(compare('type', 'eq', 'email'), compare('value', 'regex', '@')))),
    ],
    ["tags[?(@=='x')]", some('tags', compare('', 'eq', 'x'))],
    ["tags[?(@!='x')]", some('tags', compare('', 'ne', 'x'))],
    ["$[?(@.tags=='x')]", some('tags', compare('', 'eq', 'x'))],
    ["$[?(@.tags[*]=='x')]", some('tags', compare('', 'eq', 'x'))],
    ['matrix[?(@[?(@>1)])]', some('matrix', some('', compare('', 'gt', 1)))],
    // Several.
    ["$[?(@.name=='a')];party[?(@.id=='5')]", or(isA, some('party', compare('id', 'eq', '5')))],
    ["$[?(@.name=='a')], $.owner", or(isA, isNull('owner', false))],
    ["  $ [ ? ( @ . name == 'a' ) ]  ", isA],
  ])('%s', (path, filter) => {
    expect(parse(path)).toEqual(filter);
  });

  test('several parameters are alternatives, which plain conditions restrict', () => {
    expect(parse("$[?(@.name=='a')]", '&filter=$.owner&flag=true')).toEqual(
      and(compare('flag', 'eq', true), or(isA, isNull('owner', false))),
    );
  });

  test.each([
    ['$..name', "descent '..' at position 1"],
    ['$.party[0]', "index '[0]' at position 7"],
    ['$.party[-1]', "index '[-1]'"],
    ['$.party[0:2]', "slice '[…:…]'"],
    ['$.party[:2]', "slice '[…:…]'"],
    ['$.party[0,1]', "union '[…,…]'"],
    ["$['name','id']", "union '[…,…]'"],
    ['$.owner.*', "wildcard '.*'"],
    ['$.owner[*]', "wildcard '[*]' on 'owner'"],
    ['$[?(length(@.party)>1)]', "function 'length()'"],
    ['$[?(@.party.length()>1)]', "function 'length()'"],
    ['max($.count)', "function 'max()'"],
    ['$[?(@.count>min(@.price))]', "function 'min()'"],
    ['$[?(@.name==@.id)]', 'comparison of two paths'],
    ['$[?(@.name==$.id)]', "root '$' within a filter"],
    ['$[?(1==1)]', 'comparison of two literals'],
    ["$[?(@.name in ['a'])]", "operator 'in'"],
    ['$[?(@.name=~/a/i)]', "flag 'i'"],
    ["$[?(@.name==['a'])]", 'list literal'],
  ])('does not support %s', (path, message) => {
    expect(() => parse(path)).toThrow(
      expect.objectContaining({
        code: 'NOT_SUPPORTED',
        message: expect.stringContaining(message),
        details: { path: 'filter' },
      }),
    );
  });

  test.each([
    ['', 'the expression ends'],
    ['$[?(', 'the expression ends (within it, & is written %26) at position 4'],
    ["$[?(@.name=='a'", "the expression ends where ')' should be"],
    ["$[?(@.name=='a')", "the expression ends where ']' should be"],
    ["$[?(@.name=='a)]", 'the string is not closed at position 12'],
    ['$[?(@.name=~/a)]', 'the regular expression is not closed'],
    ['$[(@.length-1)]', 'script expressions'],
    ['$.party[(1)]', 'script expressions'],
    ['$[?(@.name=5)]', "'=' is not expected at position 10"],
    ["$[?(@.name=='a' && )]", "')' is not expected at position 19"],
    ["$[?(@.name=='a' & @.flag==true)]", "'&' is not expected"],
    ["$[?(@.name=='a')] x", "'x' is not expected at position 18"],
    ["$[?(name=='a')]", "'name' is neither a literal nor a path"],
    ["$[?('a')]", 'a literal is no condition'],
    ["$[?(@.name=='\\x')]", "the escape '\\x'"],
    ["$[?(@.name=='\\u0000')]", 'NUL character'],
    ["$[?(@.name=='\\ud83d')]", 'half of a surrogate pair'],
    ['$[?(@.name=~5)]', "'=~' does not take a number"],
    ['$[?(/a/=~@.name)]', "'/' is not expected"],
    ["$[?('a'=~@.name)]", "the left side of '=~'"],
    ['$[?(@.name>null)]', "'>' does not take null"],
    ['$.', 'the expression ends'],
    ['$.5', "'5' is not expected"],
    ['$name', "'name' is not expected"],
    ['@.name', "'@' is not expected at position 0"],
    ['$.name;', 'the expression ends'],
    ['$.party[1.5]', "'1.5' is no index"],
    ['$.colour', "unknown attribute 'colour' at position 1"],
    ['$[?(@.owner.colour==1)]', "unknown attribute 'owner.colour'"],
    ['$.constructor', "unknown attribute 'constructor'"],
    ["$.owner[?(@.id=='5')]", "the filter of 'owner', which is not a list, at position 7"],
    ["$[?(@.name=='a')][?(@.flag==true)]", "the filter of '$', which is not a list"],
    ['party[?(@.rank>1)][?(@.rank<5)]', "the filter of 'party', which is not a list"],
    ['$[?(@.count==maybe)]', "'maybe' is neither"],
    ["$[?(@.count=='x')]", "'x' is not a valid int for 'count'"],
    ["$[?(@.flag=='maybe')]", "'maybe' is not a valid boolean for 'flag'"],
    ['$[?(@.flag>true)]', "operator 'gt' does not fit 'flag'"],
    ["$[?(@.owner=='x')]", "operator 'eq' does not fit 'owner'"],
    ["$[?(@.at>'yesterday')]", "'yesterday' is not a valid dateTime for 'at'"],
    ['$[?(@.price==1.00000000000000000001)]', 'is not a valid decimal'],
    ['$[?(@.name=~/(a/)]', 'not closed'],
    [`$[?(${'('.repeat(20)}@.name${')'.repeat(20)})]`, 'JSON_PATH_DEPTH_MAX is 16'],
    [`$[?(${'!'.repeat(20)}@.name)]`, 'JSON_PATH_DEPTH_MAX is 16'],
    [`$[?(@.name=='${'a'.repeat(4096)}')]`, 'JSON_PATH_LENGTH_MAX is 4096'],
    [`$[?(${Array.from({ length: 101 }, () => '@.name').join(' || ')})]`, 'CLAUSES_MAX is 100'],
  ])('refuses %s', (path, message) => {
    expect(() => parse(path)).toThrow(
      expect.objectContaining({ code: 'INVALID_QUERY', message: expect.stringContaining(message) }),
    );
  });

  test('parameters are read each for itself', () => {
    expect(() => parse("$[?(@.name=='a", "&filter=b')]")).toThrow(
      expect.objectContaining({ message: expect.stringContaining('the string is not closed') }),
    );
  });
});

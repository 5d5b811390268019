import { steadyFunctions, type Rule } from './rules.js';
import { child, children, find, textOf, type Node } from './tree.js';

/** What ALTER TABLE of a table that has rows must not do. */
export interface Altered {
  readonly table: string;
  /** Whether the table may be big. */
  readonly isBig: boolean;
  /** Whether a column is proved to have no null, by a CHECK that an earlier migration validated. */
  isProved(column: string): boolean;
}

/** Types whose columns make a default of their own. */
const serials = new Set(['serial', 'bigserial', 'smallserial', 'serial4', 'serial8', 'serial2']);

/** Constraints of a new column that cost more than its default. */
const readingConstraints = new Set(['CONSTR_UNIQUE', 'CONSTR_PRIMARY', 'CONSTR_FOREIGN', 'CONSTR_CHECK']);

export function rulesBrokenBy(command: Node, altered: Altered): Rule[] {
  const subtype = textOf(command, 'subtype').replace(/^AT_/, '');
  if (subtype === 'AddColumn') return addedColumn(child(child(command, 'def'), 'ColumnDef'), altered);
  if (subtype === 'DropColumn' || subtype === 'DropConstraint') return ['drop-or-rename'];
  if (!altered.isBig) return [];
  switch (subtype) {
    case 'SetNotNull':
      return altered.isProved(textOf(command, 'name')) ? [] : ['set-not-null'];
    case 'AlterColumnType':
      return ['change-type'];
    case 'AddConstraint':
      return isAddedSoftly(child(child(command, 'def'), 'Constraint')) ? [] : ['constraint-locks'];
    case 'AttachPartition':
    case 'DetachPartition':
      return ['partition'];
    case 'SetLogged':
    case 'SetUnLogged':
    case 'SetTableSpace':
    case 'SetAccessMethod':
    case 'SetExpression':
      return ['rewrite'];
    default:
      return [];
  }
}

function addedColumn(column: Node, { isBig }: Altered): Rule[] {
  const constraints = children(column, 'constraints').map((one) => child(one, 'Constraint'));
  const kinds = constraints.map((one) => textOf(one, 'contype'));
  const broken: Rule[] = [];
  const hasDefault = kinds.some((kind) => ['CONSTR_DEFAULT', 'CONSTR_GENERATED', 'CONSTR_IDENTITY'].includes(kind));
  const isSerial = children(child(column, 'typeName'), 'names').some((name) =>
    serials.has(textOf(child(name, 'String'), 'sval')),
  );
  if (kinds.includes('CONSTR_NOTNULL') && !hasDefault && !isSerial) broken.push('add-column-required');
  if (!isBig) return broken;
  const isRewritten =
    isSerial ||
    kinds.some((kind) => ['CONSTR_GENERATED', 'CONSTR_IDENTITY'].includes(kind)) ||
    constraints.some((one) => textOf(one, 'contype') === 'CONSTR_DEFAULT' && !isSteady(one['raw_expr']));
  if (isRewritten) broken.push('add-column-rewrites');
  if (kinds.some((kind) => readingConstraints.has(kind))) broken.push('constraint-locks');
  return broken;
}

function isSteady(expression: unknown): boolean {
  return find(expression, 'FuncCall').every(({ funcname }) => {
    const names = Array.isArray(funcname) ? (funcname as Node[]) : [];
    return steadyFunctions.has(textOf(child(names.at(-1) ?? {}, 'String'), 'sval'));
  });
}

/** Not looked at rows that are there, or kept by an index that is. */
function isAddedSoftly(constraint: Node): boolean {
  return constraint['skip_validation'] === true || textOf(constraint, 'indexname') !== '';
}

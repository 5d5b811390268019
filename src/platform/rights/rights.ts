import { LRUCache } from 'lru-cache';
import { DomainError } from '../errors.js';
import { isMeant, type Bound, type Grant, type Policy, type Role } from './policy.js';
import './errors.js';

/** Sets of roles whose rights are kept. */
const keptMax = 1_000;

/** What roles are granted of one operation. */
export class Granted {
  /** Which rows it may be done on. */
  readonly rows: 'all' | 'own';
  /** Bounds of amounts by units, of those grants that reach these rows; undefined: no bounds. Other units are refused. */
  readonly bounds: readonly Bound[] | undefined;
  /** Whether there is a row or an amount that it does not allow. */
  readonly isLimited: boolean;

  constructor(grants: readonly Grant[]) {
    this.rows = grants.some(({ rows }) => rows === 'all') ? 'all' : 'own';
    this.bounds = boundsOf(grants.filter(({ rows }) => rows === this.rows));
    this.isLimited = this.rows === 'own' || this.bounds !== undefined;
  }
}

function boundsOf(grants: readonly Grant[]): readonly Bound[] | undefined {
  if (grants.some(({ bounds }) => bounds === undefined)) return undefined;
  const bounds = new Map<string, Bound>();
  for (const bound of grants.flatMap((grant) => grant.bounds ?? [])) {
    const other = bounds.get(bound.units);
    bounds.set(bound.units, other ? wider(other, bound) : bound);
  }
  return [...bounds.values()];
}

/** Of a policy, the rights of roles. */
export class Policies {
  private readonly known = new LRUCache<string, Rights>({ max: keptMax });

  constructor(readonly policy: Policy) {}

  /** The rights of all these roles together: each operation as far as one of them grants it. Unknown roles grant nothing. */
  rightsOf(roles: readonly string[]): Rights {
    const names = roles.filter((name) => Object.hasOwn(this.policy.roles, name)).sort();
    const key = names.join(' ');
    let rights = this.known.get(key);
    if (rights === undefined) {
      rights = new Rights(
        key,
        names.map((name) => this.policy.roles[name] as Role),
      );
      this.known.set(key, rights);
    }
    return rights;
  }
}

const nothing: ReadonlySet<string> = new Set();

/** What some roles may do. */
export class Rights {
  private readonly granted = new Map<string, Granted | undefined>();
  private readonly hiddenOf = new Map<string, ReadonlySet<string>>();
  private hidesSome: boolean | undefined;

  /** `key`: the same for the same rights. */
  constructor(
    readonly key: string,
    private readonly roles: readonly Role[],
  ) {}

  /** Whether some attribute is hidden. */
  get hides(): boolean {
    return (this.hidesSome ??= this.roles.some(({ hidden }) => hidden !== undefined));
  }

  /** What is granted of an operation; undefined: nothing. */
  grantOf(operation: string): Granted | undefined {
    if (this.granted.has(operation)) return this.granted.get(operation);
    const grants = this.roles.flatMap((role) => role.grants).filter((grant) => means(grant, operation));
    const granted = grants.length === 0 ? undefined : new Granted(grants);
    this.granted.set(operation, granted);
    return granted;
  }

  /** @throws DomainError FORBIDDEN that names the right that is missing */
  require(operation: string): Granted {
    const granted = this.grantOf(operation);
    if (granted === undefined) throw new DomainError('FORBIDDEN', `the right ${operation} is missing`);
    return granted;
  }

  /** Attributes of a resource that are hidden: by every role that grants something of it. */
  hidden(resource: string): ReadonlySet<string> {
    let hidden = this.hiddenOf.get(resource);
    if (hidden === undefined) {
      const [first = nothing, ...others] = this.roles
        .filter(({ grants }) => grants.some((grant) => concerns(grant, resource)))
        .map((role) => new Set(role.hidden?.[resource] ?? []));
      hidden = new Set([...first].filter((attribute) => others.every((one) => one.has(attribute))));
      this.hiddenOf.set(resource, hidden);
    }
    return hidden;
  }

  /** @throws DomainError FORBIDDEN when some attribute of the resource is hidden */
  requireWhole(resource: string): void {
    this.requireVisible(resource, [...this.hidden(resource)]);
  }

  /** @throws DomainError FORBIDDEN when one of the paths enters an attribute that is hidden */
  requireVisible(resource: string, paths: readonly string[]): void {
    const hidden = this.hidden(resource);
    if (hidden.size === 0) return;
    const found = paths.find((path) => hidden.has(path.split('.')[0] as string));
    if (found !== undefined)
      throw new DomainError('FORBIDDEN', `the attribute '${found}' of ${resource} is hidden from you`, { path: found });
  }
}

/** Whether a grant is about a resource, whatever it grants. */
function concerns({ operations }: Grant, resource: string): boolean {
  return operations.some((pattern) => ['*', resource].includes(pattern.split(':')[0] as string));
}

function means({ operations }: Grant, operation: string): boolean {
  return operations.some((pattern) => isMeant(pattern, operation));
}

function wider(one: Bound, other: Bound): Bound {
  const max = (name: 'perAction' | 'perDay'): Bound['perDay'] => {
    const [first, second] = [one[name], other[name]];
    // What only one of them bounds stays bounded: together they do not allow what neither does.
    return first === undefined ? second : second === undefined || first.gte(second) ? first : second;
  };
  return { units: one.units, perAction: max('perAction'), perDay: max('perDay') };
}

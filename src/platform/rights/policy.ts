import { z } from 'zod';
import { Decimal } from '../decimal.js';

// The policy says what roles may do, as data: the built-in one (default-policy.ts), or the file POLICY_FILE.

/** What concerns the installation, not one tenant, is not meant by `*`: it must be named. */
const ofInstallation: ReadonlySet<string> = new Set(['tenant']);

/** `bucket:read`, `topupBalance:create`; either side may be `*`. */
const operationPattern = z
  .string()
  .regex(/^(\*|[a-z][A-Za-z]*):(\*|[a-z][A-Za-z]*)$/, 'it is resource:verb, e.g. bucket:read, where * stands for any');

const amount = z
  .string()
  .regex(/^\d{1,15}(\.\d{1,9})?$/, 'it is a decimal as text, e.g. "25.00"')
  .transform((text) => new Decimal(text));

const bound = z.strictObject({
  /** Units of the amounts that it bounds, e.g. EUR. */
  units: z.string().min(1).max(100),
  perAction: amount.optional(),
  perDay: amount.optional(),
});

const grant = z.strictObject({
  operations: z.array(operationPattern).min(1).max(500),
  rows: z.enum(['all', 'own']).default('all'),
  bounds: z.array(bound).min(1).max(100).optional(),
});

const role = z.strictObject({
  description: z.string().max(1_000).optional(),
  grants: z.array(grant).max(100),
  /** Attributes that the role does not see, by resource. */
  hidden: z.record(z.string(), z.array(z.string()).min(1).max(200)).optional(),
});

const policySchema = z.strictObject({
  /** Roles in which a relatedParty owns what names it. */
  partyRoles: z.array(z.string().min(1).max(100)).max(50).default(['customer', 'owner', 'user']),
  roles: z.record(z.string().regex(/^[\w.:/-]{1,100}$/, 'it is a name without blanks'), role),
});

export type Bound = z.output<typeof bound>;
export type Grant = z.output<typeof grant>;
export type Role = z.output<typeof role>;
export type Policy = z.output<typeof policySchema>;
/** As it is written. */
export type PolicyText = z.input<typeof policySchema>;

/** What a policy may name. */
export interface PolicyTerms {
  /** All operations, e.g. bucket:read. */
  readonly operations: ReadonlySet<string>;
  /** Attributes that may be hidden, by resource: those that may be null. */
  readonly nullable: ReadonlyMap<string, ReadonlySet<string>>;
  /** Operations whose amounts can be bounded. */
  readonly bounded: ReadonlySet<string>;
  /** Operations that can be granted on own rows only: reads, and those that look whose the rows are that they write. */
  readonly ownable: ReadonlySet<string>;
}

/** A policy that cannot be used; the message names the place. */
export class PolicyError extends Error {
  override readonly name = 'PolicyError';
}

/** Reads a policy and checks that it names what there is. @throws PolicyError */
export function readPolicy(text: unknown, terms: PolicyTerms): Policy {
  const parsed = policySchema.safeParse(text);
  if (!parsed.success) {
    const { path, message } = parsed.error.issues[0]!;
    throw new PolicyError(`${path.join('.') || 'the policy'}: ${message}`);
  }
  for (const [name, { grants, hidden = {} }] of Object.entries(parsed.data.roles)) {
    const place = `roles.${name}`;
    grants.forEach((one, index) => checkGrant(one, terms, `${place}.grants.${index}`));
    for (const [resource, attributes] of Object.entries(hidden)) {
      const nullable = terms.nullable.get(resource);
      if (!nullable) throw new PolicyError(`${place}.hidden: there is no resource '${resource}'`);
      const other = attributes.find((attribute) => !nullable.has(attribute));
      if (other !== undefined)
        throw new PolicyError(
          `${place}.hidden.${resource}: '${other}' cannot be hidden: it is unknown or never null in the schema`,
        );
    }
  }
  return parsed.data;
}

function checkGrant({ operations, rows, bounds }: Grant, terms: PolicyTerms, place: string): void {
  for (const pattern of operations) {
    const meant = [...terms.operations].filter((operation) => isMeant(pattern, operation));
    if (meant.length === 0) throw new PolicyError(`${place}: there is no operation '${pattern}'`);
    const whole = rows === 'own' ? meant.find((operation) => !terms.ownable.has(operation)) : undefined;
    if (whole !== undefined) throw new PolicyError(`${place}: '${whole}' cannot be granted on own rows only`);
    const other = bounds && meant.find((operation) => !terms.bounded.has(operation));
    if (other !== undefined) throw new PolicyError(`${place}: '${other}' has no amount that could be bounded`);
  }
  const units = bounds?.map((one) => one.units) ?? [];
  const twice = units.find((one, index) => units.indexOf(one) !== index);
  if (twice !== undefined) throw new PolicyError(`${place}.bounds: the units '${twice}' stand there twice`);
}

/** Whether a pattern means this operation. */
export function isMeant(pattern: string, operation: string): boolean {
  const [resource, verb] = pattern.split(':');
  const [itsResource, itsVerb] = operation.split(':');
  const isResource = resource === itsResource || (resource === '*' && !ofInstallation.has(itsResource ?? ''));
  return isResource && (verb === '*' || verb === itsVerb);
}

import { isTimeZone } from '../../platform/calendar.js';
import type { Database } from '../../platform/database/database.js';
import { abbreviated, DomainError } from '../../platform/errors.js';
import type { Answer } from '../../platform/write/command.js';
import { lockRow } from '../../platform/write/rows.js';
import type { Change, RowChanges, WriteContext } from '../changes.js';
import { invalid, isGiven, missing, requireName, toChanges, toGiven } from '../input.js';
import { ResourceWriter, type Writing } from '../resource-writer.js';
import {
  operatorTenant,
  type TenancyDependencies,
  type TenantRow,
  type TenantSettings,
  type TenantState,
} from './model.js';
import type { TenantDirectory } from './tenant-directory.js';
import { countTenants, listTenants } from './tenants.store.js';

/** Tenants of an installation: every server has all of them in mind. */
export const TENANTS_MAX = 10_000;

const idPattern = /^[a-z\d]([\w.-]{0,62}[a-z\d])?$/i;
const issuerLengthMax = 100;
const prefixPattern = /^[A-Za-z\d][\w/-]{0,19}$/;

/** The attributes of a tenant that clients give. */
export interface TenantInput {
  id?: string | null;
  name?: string | null;
  settings?: TenantSettings | null;
}

type GivenTenant = Partial<TenantRow> & { id: string; name: string };

/** Tenants: the operator makes, describes, suspends and resumes them. To any other tenant there are none. */
export class Tenants extends ResourceWriter<'tenant', TenantRow, TenantInput, GivenTenant> {
  constructor(
    database: Database,
    dependencies: TenancyDependencies,
    private readonly directory: TenantDirectory,
  ) {
    super(database, dependencies, {
      resource: 'tenant',
      mapping: dependencies.mappings.tenant,
      state: 'state',
      fromInput,
      fromChange,
      complete: async (given, writing) => {
        await requireRoom(given.id, writing, dependencies);
        return { ...given, state: 'active', createdAt: writing.now.toISOString() };
      },
    });
  }

  /** All tenants, by their ids. */
  list(): ReturnType<typeof listTenants> {
    return listTenants(this.database);
  }

  override create(context: WriteContext, input: TenantInput): Promise<Answer<TenantRow>> {
    requireOperator(context);
    return this.noted(super.create(context, input));
  }

  override update(context: WriteContext, change: Change): Promise<Answer<TenantRow>> {
    requireOperator(context);
    return this.noted(super.update(context, change));
  }

  /** From now on requests of the tenant are refused; what was begun for it goes on. Throws CONFLICT for the operator itself. */
  suspend(context: WriteContext, which: Omit<Change, 'input'>): Promise<Answer<TenantRow>> {
    if (which.id === operatorTenant)
      throw new DomainError('CONFLICT', `tenant '${operatorTenant}' is the operator's own: nobody could resume it`);
    return this.move(context, 'suspendTenant', which, 'suspended');
  }

  /** Requests of the tenant are answered again. */
  resume(context: WriteContext, which: Omit<Change, 'input'>): Promise<Answer<TenantRow>> {
    return this.move(context, 'resumeTenant', which, 'active');
  }

  private move(
    context: WriteContext,
    operation: string,
    which: Omit<Change, 'input'>,
    state: TenantState,
  ): Promise<Answer<TenantRow>> {
    requireOperator(context);
    return this.noted(this.change(context, operation, which, {}, () => ({ state })));
  }

  private async noted(answer: Promise<Answer<TenantRow>>): Promise<Answer<TenantRow>> {
    const done = await answer;
    const { id, state, settings } = done.answer;
    // A repeated answer may be an old one.
    if (!done.replayed) this.directory.changed({ id, state, settings: settings ?? {} });
    return done;
  }
}

function requireOperator({ tenantId }: WriteContext): void {
  if (tenantId !== operatorTenant)
    throw new DomainError('NOT_FOUND', `tenants are the operator's: tenant '${abbreviated(tenantId)}' has none`);
}

async function requireRoom(id: string, { tx, tenantId }: Writing, { mappings }: TenancyDependencies): Promise<void> {
  const count = await countTenants(tx);
  if (await lockRow(tx, mappings.tenant, tenantId, id))
    throw new DomainError('CONFLICT', `tenant '${id}' exists already`, { path: 'id' });
  if (count >= TENANTS_MAX)
    throw new DomainError('CONFLICT', `there are ${count} tenants: the limit TENANTS_MAX is ${TENANTS_MAX}`);
}

function fromInput(input: TenantInput): GivenTenant {
  const { id, name } = input;
  if (!isGiven(id)) throw missing('id', 'tokens and keys name the tenant by it');
  if (!idPattern.test(id))
    throw invalid(
      'id',
      'must be 1 to 64 letters, digits, dots, dashes and underscores, at both ends a letter or digit',
    );
  if (!isGiven(name)) throw missing('name', 'a tenant has one');
  check(input);
  return toGiven<TenantRow, 'id' | 'name'>(input);
}

function fromChange(input: TenantInput): RowChanges<TenantRow> {
  if (input.name === null) throw invalid('name', 'cannot be removed');
  check(input);
  return toChanges(input);
}

function check({ name, settings }: TenantInput): void {
  if (isGiven(name)) requireName('name', name);
  const { timeZone, billIssuer, billNumberPrefix } = settings ?? {};
  if (isGiven(timeZone) && !isTimeZone(timeZone))
    throw invalid('settings.timeZone', `must be the IANA name of a time zone: '${abbreviated(timeZone)}'`);
  if (isGiven(billIssuer) && (billIssuer === '' || billIssuer.length > issuerLengthMax))
    throw invalid('settings.billIssuer', `must have 1 to ${issuerLengthMax} characters`);
  if (isGiven(billNumberPrefix) && !prefixPattern.test(billNumberPrefix))
    throw invalid('settings.billNumberPrefix', 'must be 1 to 20 letters, digits, dashes, slashes and underscores');
}

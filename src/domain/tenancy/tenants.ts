import { randomBytes } from 'node:crypto';
import { isTimeZone } from '../../platform/calendar.js';
import type { Database, Statements } from '../../platform/database/database.js';
import { abbreviated, DomainError } from '../../platform/errors.js';
import type { Answer } from '../../platform/write/command.js';
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
import { countTenants, findTenantsNamed, listTenants } from './tenants.store.js';

/** Tenants of an installation: every server has all of them in mind. */
export const TENANTS_MAX = 10_000;

const handlePattern = /^[a-z\d]([\w.-]{0,62}[a-z\d])?$/i;
/** Of the ids that the server makes: 32 digits that are not taken for one another, 40 bits of them. */
const idDigits = '0123456789abcdefghjkmnpqrstvwxyz';
const idLength = 8;
const issuerLengthMax = 100;
const prefixPattern = /^[A-Za-z\d][\w/-]{0,19}$/;

/** The attributes of a tenant that clients give. */
export interface TenantInput {
  id?: string | null;
  handle?: string | null;
  name?: string | null;
  settings?: TenantSettings | null;
}

/** A new handle, and whether the one before is refused from then on. */
export interface Renaming {
  readonly handle: string;
  readonly releases: boolean;
}

type GivenTenant = Partial<TenantRow> & { id: string; handle: string; name: string };

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
        await requireRoom(given, writing);
        return { ...given, state: 'active', createdAt: writing.now.toISOString() };
      },
      derive: async (before, changes, { tx }) => {
        const { handle } = changes;
        if (isGiven(handle) && handle !== before.handle) {
          await countTenants(tx);
          await requireFree(tx, [handle], before.id);
        }
        return changes;
      },
    });
  }

  /** All tenants, by their handles. */
  list(): ReturnType<typeof listTenants> {
    return listTenants(this.database);
  }

  override create(context: WriteContext, input: TenantInput): Promise<Answer<TenantRow>> {
    requireOperator(context, this.directory);
    return this.noted(super.create(context, input));
  }

  override update(context: WriteContext, change: Change): Promise<Answer<TenantRow>> {
    requireOperator(context, this.directory);
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

  /**
   * The tenant is called otherwise from now on; nothing that belongs to it changes. What it was called before the last renaming is let
   * in as well, unless it is released. Throws CONFLICT for the operator itself, and when another tenant is or was called so.
   */
  rename(
    context: WriteContext,
    which: Omit<Change, 'input'>,
    { handle, releases }: Renaming,
  ): Promise<Answer<TenantRow>> {
    requireOperator(context, this.directory);
    if (which.id === operatorTenant)
      throw new DomainError('CONFLICT', `tenant '${operatorTenant}' is the operator's own, and keeps its handle`);
    requireHandle('handle', handle);
    return this.noted(
      this.change(context, 'renameTenant', which, { handle, releases }, (before) => {
        const kept = handle === before.handle ? before.formerHandle : before.handle;
        return { handle, formerHandle: releases ? null : (kept ?? null) };
      }),
    );
  }

  private move(
    context: WriteContext,
    operation: string,
    which: Omit<Change, 'input'>,
    state: TenantState,
  ): Promise<Answer<TenantRow>> {
    requireOperator(context, this.directory);
    return this.noted(this.change(context, operation, which, {}, () => ({ state })));
  }

  private async noted(answer: Promise<Answer<TenantRow>>): Promise<Answer<TenantRow>> {
    const known = await answer;
    // Answers that are remembered from before tenants had handles: they were called by their ids.
    const done = { ...known, answer: { ...known.answer, handle: known.answer.handle ?? known.answer.id } };
    const { id, handle, formerHandle = null, state, settings } = done.answer;
    // A repeated answer may be an old one.
    if (!done.replayed) this.directory.changed({ id, handle, formerHandle, state, settings: settings ?? {} });
    return done;
  }
}

function requireOperator({ tenantId }: WriteContext, directory: TenantDirectory): void {
  if (tenantId === operatorTenant) return;
  const name = abbreviated(directory.nameOf(tenantId));
  throw new DomainError('NOT_FOUND', `tenants are the operator's: tenant '${name}' has none`);
}

/** No text names two tenants, as their id, their handle or the one before: whoever reads one knows whose it is. */
async function requireFree(tx: Statements, names: readonly string[], ownId?: string): Promise<void> {
  const taken = (await findTenantsNamed(tx, names)).find(({ id }) => id !== ownId);
  if (taken) throw new DomainError('CONFLICT', `tenant '${taken.name}' exists already`, { path: 'handle' });
}

async function requireRoom({ id, handle }: GivenTenant, { tx }: Writing): Promise<void> {
  const count = await countTenants(tx);
  await requireFree(tx, [id, handle]);
  if (count >= TENANTS_MAX)
    throw new DomainError('CONFLICT', `there are ${count} tenants: the limit TENANTS_MAX is ${TENANTS_MAX}`);
}

function fromInput(input: TenantInput): GivenTenant {
  const { name } = input;
  const id = input.id ?? newTenantId();
  const handle = input.handle ?? input.id;
  if (!isGiven(handle)) throw missing('handle', 'tokens name the tenant by it');
  requireHandle('id', id);
  requireHandle('handle', handle);
  if (!isGiven(name)) throw missing('name', 'a tenant has one');
  check(input);
  return toGiven<TenantRow, 'id' | 'handle' | 'name'>({ ...input, id, handle });
}

/** Short, because every key of every row begins with it. */
function newTenantId(): string {
  return Array.from(randomBytes(idLength), (byte) => idDigits[byte % idDigits.length]).join('');
}

function requireHandle(attribute: string, text: string): void {
  if (!handlePattern.test(text))
    throw invalid(
      attribute,
      'must be 1 to 64 letters, digits, dots, dashes and underscores, at both ends a letter or digit',
    );
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

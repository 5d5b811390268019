import type { Decimal } from '../platform/decimal.js';
import { requireOpeningAmount } from './amount.js';
import { isGiven, requireName, requireValidity, type Validity } from './input.js';

/** The attributes that the rules read; all others are stored as they arrive. */
export interface AttachmentInput {
  id?: string | null;
  size?: { amount: Decimal; units: string } | null;
  validFor?: Validity | null;
}

/** Refuses attachments with a wrong period or size, naming which. Throws INVALID_ATTRIBUTE. */
export function requireAttachments(path: string, attachments: readonly AttachmentInput[] | null | undefined): void {
  for (const [index, { size, validFor }] of (attachments ?? []).entries()) {
    requireValidity(validFor, `${path}.${index}.validFor`);
    if (!isGiven(size)) continue;
    requireName(`${path}.${index}.size.units`, size.units);
    requireOpeningAmount(size.amount, `${path}.${index}.size.amount`);
  }
}

// @ts-check
/** A row of Bucket as the JSON of each door, attribute by attribute in the order the server gives them. */

/** @typedef {Record<string, any>} Row */

/** @param {Row} row @param {string} base */
export function bucketOfRest(row, base) {
  return {
    id: row.id,
    href: `${base}/bucket/${row.id}`,
    usageType: row.usageType,
    status: row.status,
    remainingValue: quantity(row.remainingValueAmount, row.remainingValueUnits),
    reservedValue: quantity(row.reservedValueAmount, row.reservedValueUnits),
    reserveBalance: row.reserveBalance?.map(restReference),
    name: row.name ?? undefined,
    description: row.description ?? undefined,
    isShared: row.isShared ?? undefined,
    remainingValueName: row.remainingValueName ?? undefined,
    priority: row.priority ?? undefined,
    validFor:
      row.validForStart || row.validForEnd
        ? { startDateTime: row.validForStart ?? undefined, endDateTime: row.validForEnd ?? undefined }
        : undefined,
    logicalResource: row.logicalResource?.map(restReference),
    partyAccount: row.partyAccount ? restReference(row.partyAccount) : undefined,
    product: row.product?.map(restReference),
    relatedParty: row.relatedParty?.map(restReference),
    requestedDate: row.requestedDate,
    confirmationDate: row.confirmationDate,
    '@type': row.atType ?? undefined,
    '@baseType': row.atBaseType ?? undefined,
    '@schemaLocation': row.atSchemaLocation ?? undefined,
    ...row.extension,
  };
}

/** @param {Row} reference */
function restReference(reference) {
  return {
    id: reference.id,
    href: reference.href,
    name: reference.name,
    role: reference.role,
    value: reference.value,
    description: reference.description,
    status: reference.status,
    '@referredType': reference.atReferredType,
    '@type': reference.atType,
    '@baseType': reference.atBaseType,
    '@schemaLocation': reference.atSchemaLocation,
  };
}

/** GraphQL answers what is absent as null. @param {Row} row @param {string} base */
export function bucketOfGraphql(row, base) {
  return {
    id: row.id,
    href: `${base}/bucket/${row.id}`,
    revision: row.revision,
    usageType: row.usageType,
    status: row.status,
    remainingValue: quantity(row.remainingValueAmount, row.remainingValueUnits) ?? null,
    reservedValue: quantity(row.reservedValueAmount, row.reservedValueUnits) ?? null,
    reserveBalance: row.reserveBalance?.map(graphqlReference) ?? null,
    name: row.name,
    description: row.description,
    isShared: row.isShared,
    remainingValueName: row.remainingValueName,
    priority: row.priority,
    validFor:
      row.validForStart || row.validForEnd ? { startDateTime: row.validForStart, endDateTime: row.validForEnd } : null,
    logicalResource: row.logicalResource?.map(graphqlLogicalResource) ?? null,
    partyAccount: row.partyAccount ? graphqlPartyAccount(row.partyAccount) : null,
    product: row.product?.map(graphqlReference) ?? null,
    relatedParty: row.relatedParty?.map(graphqlRelatedParty) ?? null,
    requestedDate: row.requestedDate,
    confirmationDate: row.confirmationDate,
    updatedAt: row.updatedAt,
    atType: row.atType,
    atBaseType: row.atBaseType,
    atSchemaLocation: row.atSchemaLocation,
    extension: row.extension,
  };
}

/** @param {Row} reference */
function graphqlReference({
  id,
  href = null,
  name = null,
  atReferredType = null,
  atType = null,
  atBaseType = null,
  atSchemaLocation = null,
}) {
  return { refId: id, href, name, atReferredType, atType, atBaseType, atSchemaLocation };
}

/** @param {Row} reference */
function graphqlLogicalResource({
  id,
  value = null,
  href = null,
  name = null,
  atReferredType = null,
  atType = null,
  atBaseType = null,
  atSchemaLocation = null,
}) {
  return { refId: id, value, href, name, atReferredType, atType, atBaseType, atSchemaLocation };
}

/** @param {Row} reference */
function graphqlPartyAccount({
  id,
  href = null,
  name = null,
  description = null,
  status = null,
  atReferredType = null,
  atType = null,
  atBaseType = null,
  atSchemaLocation = null,
}) {
  return { refId: id, href, name, description, status, atReferredType, atType, atBaseType, atSchemaLocation };
}

/** @param {Row} party */
function graphqlRelatedParty({
  id,
  href = null,
  name = null,
  role = null,
  atReferredType,
  atType = null,
  atBaseType = null,
  atSchemaLocation = null,
}) {
  return { refId: id, href, name, role, atReferredType, atType, atBaseType, atSchemaLocation };
}

/** Amounts have at most 15 significant digits. @param {string | null} amount @param {string | null} units */
function quantity(amount, units) {
  return amount === null ? undefined : { amount: Number(amount), units };
}

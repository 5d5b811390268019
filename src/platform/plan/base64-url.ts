import { Prisma } from '../../../prisma/generated/client.js';

/** SQL of a text in base64url, as Node writes it. */
export function base64Url(text: Prisma.Sql): Prisma.Sql {
  return Prisma.sql`translate(encode(convert_to(${text}, 'UTF8'), 'base64'), E'+/=\n', '-_')`;
}

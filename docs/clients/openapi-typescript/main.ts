// TMF REST, typed by what the generator makes of the OpenAPI document.
import createClient from 'openapi-fetch';
import type { paths } from './prepay-balance.js';

const { SERVER_URL = 'http://127.0.0.1:4000', TOKEN } = process.env;

const api = createClient<paths>({
  baseUrl: `${SERVER_URL}/tmf-api/prepayBalanceManagement/v4`,
  headers: TOKEN ? { authorization: `Bearer ${TOKEN}` } : {},
});

const amountOf = async (): Promise<unknown> => {
  const { data, error } = await api.GET('/bucket/{id}', { params: { path: { id: '11' } } });
  if (error) throw new Error(error.message);
  return data.remainingValue;
};
const topUp = (id: string, key: string) =>
  api.POST('/topupBalance', {
    params: { header: { 'Idempotency-Key': key } },
    body: { bucket: { id }, amount: { amount: 5, units: 'EUR' } },
  });

const { data: page, response } = await api.GET('/bucket', { params: { query: { limit: 3, fields: 'name' } } });
console.log(response.headers.get('x-total-count'), 'buckets, the first', page?.length);
console.log('before', await amountOf());
const key = crypto.randomUUID();
for (let time = 1; time <= 2; time++) await topUp('11', key);
console.log('after', await amountOf());
const { error } = await topUp('nobody', crypto.randomUUID());
console.log('refused', error?.code, error?.reason);

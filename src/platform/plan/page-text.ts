import type { PageInfoField, PagePlan } from './plan.js';
import type { PageTexts } from './reads.js';
import { betweenItems } from './page-sql.js';

/** The texts of items that stand joined in a page. */
export function itemsOf(joined: string): string[] {
  return joined === '' ? [] : joined.split(betweenItems);
}

/** The JSON text of a page of the root. */
export function pageText({ fields }: PagePlan, texts: PageTexts): string {
  const parts = fields.map(({ name, value }) => {
    const text = ((): string => {
      switch (value.kind) {
        case 'constant':
          return value.json;
        case 'items':
          return `[${texts.items[value.index] ?? ''}]`;
        case 'totalCount':
          return String((value.isExact ? texts.exactCount : texts.totalCount) ?? null);
        case 'pageInfo':
          return `{${value.fields.map((field) => `${JSON.stringify(field.name)}:${pageInfoText(field.value, texts)}`).join(',')}}`;
      }
    })();
    return `${JSON.stringify(name)}:${text}`;
  });
  return `{${parts.join(',')}}`;
}

function pageInfoText(value: PageInfoField['value'], texts: PageTexts): string {
  return typeof value === 'object' ? value.json : JSON.stringify(texts[value]);
}

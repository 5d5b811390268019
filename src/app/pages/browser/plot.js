import { html, svg } from './vendor/lit-html/lit-html.js';

const [width, height, left, bottom] = [600, 130, 4, 20];

/** How much of a whole there is, as a bar. Who does not see it reads the text beside it. */
export function bar(part, whole, held = 0) {
  const share = (value) => Math.max(0, Math.min(100, whole > 0 ? (100 * value) / whole : 0));
  return html`<svg class="bar" viewBox="0 0 100 4" preserveAspectRatio="none" aria-hidden="true">
    <rect class="ground" width="100" height="4"></rect>
    <rect class="held" width=${share(part + held)} height="4"></rect>
    <rect class="fill" width=${share(part)} height="4"></rect>
  </svg>`;
}

/**
 * A column for each day, with a line of what each is below.
 * @param {{ label: string, value: number }[]} days
 * @param {string} title what is shown, for who does not see it
 */
export function columns(days, title) {
  const highest = Math.max(...days.map(({ value }) => value), 0) || 1;
  const step = (width - 2 * left) / days.length;
  const tall = height - bottom - 6;
  return html`<svg class="plot" viewBox="0 0 ${width} ${height}" role="img" aria-label=${title}>
    <line class="axis" x1=${left} x2=${width - left} y1=${height - bottom} y2=${height - bottom}></line>
    ${days.map(({ label, value }, index) => {
      const size = value === 0 ? 0 : Math.max(2, (tall * value) / highest);
      const x = left + index * step;
      return svg`<g>
        <rect class="column" x=${x + step * 0.12} width=${step * 0.76} y=${height - bottom - size} height=${size}>
          <title>${label}: ${value}</title>
        </rect>
        ${index % 7 === days.length % 7 ? svg`<text x=${x + step / 2} y=${height - 5} text-anchor="middle">${label}</text>` : ''}
      </g>`;
    })}
  </svg>`;
}

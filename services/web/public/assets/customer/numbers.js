/** Numbers as people type them: with a decimal comma, separators of thousands, or a currency sign. */

const CURRENCY = /^(?:[$\u20ac\u00a3]|USD|EUR)\s*|\s*(?:[$\u20ac\u00a3]|USD|EUR)$/gi;
/** Unambiguous ways of writing thousands, each with its decimal sign. */
const GROUPED = [
    [/^\d{1,3}(?:[ '\u2019]\d{3})+(?:\.\d+)?$/, '.'],
    [/^\d{1,3}(?:[ '\u2019]\d{3})+,\d+$/, ','],
    [/^\d{1,3}(?:,\d{3})+\.\d+$/, '.'],
    [/^\d{1,3}(?:\.\d{3})+,\d+$/, ','],
    [/^\d{1,3}(?:,\d{3}){2,}$/, '.'],
    [/^\d{1,3}(?:\.\d{3}){2,}$/, ','],
];
/** A single separator before three digits is ambiguous: 1.324 is over a thousand to some, little over one to others. */
const DOUBTFUL = /^[1-9]\d{0,2}[.,]\d{3}$/;
const PLAIN = /^(?:\d+[.,]?\d*|[.,]\d+)$/;

/**
 * The numbers that a text can mean: none, one, or two if it is ambiguous.
 * @param {string} text @returns {number[]}
 */
export function readings(text) {
    const [, sign, size] = /^([-+\u2212]?)(.*)$/.exec(text.replace(/[\s\u00a0\u202f]+/g, ' ').trim().replace(CURRENCY, ''));
    return sizes(size).map((number) => (sign && sign !== '+' ? -number : number));
}

function sizes(text) {
    if (DOUBTFUL.test(text)) return [Number(text.replace(/\D/, '')), Number(text.replace(',', '.'))];
    if (PLAIN.test(text)) return [Number(text.replace(',', '.'))];
    const [, decimals] = GROUPED.find(([shape]) => shape.test(text)) ?? [];
    return decimals ? [Number([...text].filter((sign) => /\d/.test(sign) || sign === decimals).join('').replace(',', '.'))] : [];
}

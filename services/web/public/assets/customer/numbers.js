/** Numbers as people type them: with a decimal comma, thousands set apart, or the sign of a currency. */

const CURRENCY = /^(?:[$\u20ac\u00a3]|USD|EUR)\s*|\s*(?:[$\u20ac\u00a3]|USD|EUR)$/gi;
/** Thousands that nothing can be confused with, each shape with the sign of its decimals. */
const GROUPED = [
    [/^\d{1,3}(?:[ '\u2019]\d{3})+(?:\.\d+)?$/, '.'],
    [/^\d{1,3}(?:[ '\u2019]\d{3})+,\d+$/, ','],
    [/^\d{1,3}(?:,\d{3})+\.\d+$/, '.'],
    [/^\d{1,3}(?:\.\d{3})+,\d+$/, ','],
    [/^\d{1,3}(?:,\d{3}){2,}$/, '.'],
    [/^\d{1,3}(?:\.\d{3}){2,}$/, ','],
];
/** One sign before three digits: 1.324 is a thousand and more to some, little more than one to others. */
const DOUBTFUL = /^[1-9]\d{0,2}[.,]\d{3}$/;
const PLAIN = /^(?:\d+[.,]?\d*|[.,]\d+)$/;

/**
 * What a text can mean: no number, one, or two where only the writer knows which.
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

/** Numbers, times and sizes in words. */

const LANGUAGE = 'en-US';
const counts = new Intl.NumberFormat(LANGUAGE);
const numbers = new Intl.NumberFormat(LANGUAGE, { maximumFractionDigits: 6 });
const amounts = new Intl.NumberFormat(LANGUAGE, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const shorts = new Intl.NumberFormat(LANGUAGE, { notation: 'compact', maximumSignificantDigits: 3 });
const moments = new Intl.DateTimeFormat(LANGUAGE, {
    year: 'numeric', month: 'short', day: 'numeric', hour: 'numeric', minute: '2-digit', timeZoneName: 'short',
});
const days = new Intl.DateTimeFormat(LANGUAGE, { year: 'numeric', month: 'long', day: 'numeric', timeZone: 'UTC' });
const months = new Intl.DateTimeFormat(LANGUAGE, { year: 'numeric', month: 'short', timeZone: 'UTC' });

/** 0.2345 → "23.5 %" with a narrow no-break space. */
export function percent(share, digits = 1) {
    return `${figure(share * 100, digits)}\u00a0%`;
}

/** A whole number with separators. */
export function count(number) {
    return counts.format(number);
}

/** A number with separators and at most six decimals. */
export function number(value) {
    return numbers.format(value).replace('-', '\u2212');
}

/** An estimate of a number of things, without decimals: −6.4 → "−6". */
export function whole(value) {
    return number(Math.round(value) || 0);
}

/** A number in its unit: "24 months"; the unit may be empty. */
export function amount(value, unit) {
    return `${number(value)} ${unit}`.trimEnd();
}

/** An amount of money: 1572 → "$1,572.00" or "EUR 1,572.00". @param {string} sign of the currency, or its code @param digits of the size */
export function money(value, sign, digits = (size) => amounts.format(size)) {
    // A code ends with a letter, and is set off from the digits; a symbol is not.
    const before = /\p{L}$/u.test(sign) ? `${sign}\u00a0` : sign;
    return `${value < 0 ? '\u2212' : ''}${before}${digits(Math.abs(value))}`;
}

/** An amount of money without its fraction: 18432.4 → "$18,432". */
export function wholeMoney(value, sign) {
    return money(Math.round(value) || 0, sign, count);
}

/** An amount of money for an axis: 18000 → "$18K". */
export function shortMoney(value, sign) {
    return money(value, sign, (size) => shorts.format(size));
}

/** "1 row", "7,043 rows". */
export function plural(number, one, many = `${one}s`) {
    return `${count(number)} ${number === 1 ? one : many}`;
}

/** A signed number with a true minus sign: −0.81, +1.20. */
export function signed(number, digits = 2) {
    const size = Math.abs(number).toFixed(digits);
    if (Number(size) === 0) return size;
    return `${number < 0 ? '\u2212' : '+'}${size}`;
}

/** A number with so many decimals and a true minus sign. */
export function figure(number, digits = 3) {
    return number.toFixed(digits).replace('-', '\u2212');
}

/** 1,536,000 → "1.5 MB". */
export function bytes(size) {
    const units = ['bytes', 'kB', 'MB', 'GB'];
    let unit = 0;
    let value = size;
    while (value >= 1000 && unit < units.length - 1) {
        value /= 1000;
        unit += 1;
    }
    return unit === 0 ? plural(size, 'byte') : `${value.toFixed(1)} ${units[unit]}`;
}

/** A duration in rough words: "a few seconds", "40 seconds", "3 minutes". */
export function duration(seconds) {
    if (seconds < 5) return 'a few seconds';
    if (seconds < 90) return `${Math.round(seconds)} seconds`;
    if (seconds < 5400) return plural(Math.round(seconds / 60), 'minute');
    if (seconds < 129600) return plural(Math.round(seconds / 3600), 'hour');
    return plural(Math.round(seconds / 86400), 'day');
}

/** An ISO 8601 time in the reader's own time zone, which is named. */
export function moment(timestamp) {
    return timestamp ? moments.format(new Date(timestamp)) : '–';
}

/** A day without a time: "2026-12-08" → "December 8, 2026". */
export function day(date) {
    return days.format(new Date(date));
}

/** "2026-08" → "Aug 2026". */
export function month(date) {
    return months.format(new Date(`${date}-01`));
}

/** "a", "a and b", "a, b and c". */
export function sentenceList(words) {
    if (words.length < 2) return words.join('');
    return `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

/** The phrase with its first letter in upper case, for the beginning of a line. */
export function upperFirst(text) {
    return text && text[0].toUpperCase() + text.slice(1);
}

/** The phrase with its first letter in lower case, for use in a sentence; initialisms and names before a colon stay. */
export function lowerFirst(text) {
    return /^[A-Z](?![A-Z])/.test(text) && !text.includes(': ') ? text[0].toLowerCase() + text.slice(1) : text;
}

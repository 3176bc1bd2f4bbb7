/** A job's results as columns, which take little memory and are quick to sort and filter. */

/** The most rows that are kept. Of a longer result only the riskiest stay, but the histogram counts all of them. */
const KEPT = 250_000;
const BINS = 20;
export const BANDS = ['low', 'medium', 'high'];
/** The colour of each band in charts. */
export const TONES = { low: 'good', medium: 'warn', high: 'bad' };

/** "Customer for 49 months" → "Customer for … months", so that a filter has one choice instead of one for each month. */
export function kindOf(text) {
    return text.replace(/\d[\d.,]*/g, '\u2026').replace(/(\u2026 (?:day|month|year))\b/, '$1s');
}

/** The columns of a file of results that are kept, in the file's order. */
export const NAMES = ['row', 'customerID', 'prediction', 'churn_probability', 'risk_band', 'reason_1', 'reason_2', 'reason_3', 'assumed'];

/** The position of each column that `add` takes in a file with this header; -1 if the job's options left it out. @param {string[]} head */
export function positionsIn(head) {
    return NAMES.map((name) => head.indexOf(name));
}

/** @typedef {{band?: string, reason?: string, text?: string, sort: string, descending: boolean}} Query */

export class ResultColumns {
    total = 0;
    bins = new Array(BINS).fill(0);
    bands = { low: 0, medium: 0, high: 0 };
    #rows = [];
    #ids = [];
    #leaves = [];
    #probabilities = [];
    #bandCodes = [];
    /** Three reasons for each row, as indexes of `texts`; -1 for none. */
    #reasons = [];
    texts = [];
    /** The kind of each text. */
    #kinds = [];
    #textPlace = new Map();
    /** The sorted order by each column that was asked for. */
    #orders = new Map();
    /** How many fields of each row were assumed, and how many rows have assumed fields. */
    #assumed = [];
    averaged = 0;

    get length() {
        return this.#rows.length;
    }

    /** @param {string[]} cells row,customerID,prediction,churn_probability,risk_band,reason_1,reason_2,reason_3,assumed */
    add(cells) {
        const probability = Number(cells[3]);
        this.total += 1;
        this.bins[Math.min(Math.floor(probability * BINS), BINS - 1)] += 1;
        this.bands[cells[4]] += 1;
        this.#rows.push(Number(cells[0]));
        this.#ids.push(cells[1]);
        this.#leaves.push(cells[2] === 'Yes' ? 1 : 0);
        this.#probabilities.push(probability);
        this.#bandCodes.push(BANDS.indexOf(cells[4]));
        for (let at = 5; at < 8; at += 1) this.#reasons.push(this.#textOf(cells[at]));
        this.#assumed.push(Number(cells[8] ?? 0));
        if (Number(cells[8] ?? 0) > 0) this.averaged += 1;
        this.#orders.clear();
        if (this.length >= 2 * KEPT) this.keepRiskiest();
    }

    keepRiskiest(kept = KEPT) {
        if (this.length <= kept) return;
        const order = this.#order('churn_probability').slice(-kept);
        const pick = (column) => Array.from(order, (at) => column[at]);
        const reasons = [];
        for (const at of order) reasons.push(...this.#reasons.slice(3 * at, 3 * at + 3));
        this.#reasons = reasons;
        this.#rows = pick(this.#rows);
        this.#ids = pick(this.#ids);
        this.#leaves = pick(this.#leaves);
        this.#probabilities = pick(this.#probabilities);
        this.#bandCodes = pick(this.#bandCodes);
        this.#assumed = pick(this.#assumed);
        this.#orders.clear();
    }

    #textOf(text) {
        if (!text) return -1;
        if (!this.#textPlace.has(text)) {
            this.#textPlace.set(text, this.texts.length);
            this.texts.push(text);
            this.#kinds.push(kindOf(text));
        }
        return this.#textPlace.get(text);
    }

    /** All kinds of reasons with the number of rows that have them; reasons that differ only by a figure are one kind. */
    reasons() {
        const counts = new Map();
        this.#reasons.forEach((place) => {
            if (place < 0) return;
            const kind = this.#kinds[place];
            counts.set(kind, (counts.get(kind) ?? 0) + 1);
        });
        return [...counts].map(([kind, number]) => ({ kind, number })).sort((a, b) => b.number - a.number);
    }

    /** The indexes of all rows that match, in order. @param {Query} query @returns {number[]} */
    find(query) {
        const matches = this.#matcher(query);
        const order = this.#order(query.sort);
        const found = [];
        for (let step = 0; step < order.length; step += 1) {
            const at = query.descending ? order[order.length - 1 - step] : order[step];
            if (matches(at)) found.push(at);
        }
        return found;
    }

    /** A row as an object. */
    row(at) {
        return {
            row: this.#rows[at],
            customerID: this.#ids[at],
            prediction: this.#leaves[at] ? 'Yes' : 'No',
            churn_probability: this.#probabilities[at],
            risk_band: BANDS[this.#bandCodes[at]],
            assumed: this.#assumed[at],
            reasons: this.#reasonsAt(at).filter((place) => place >= 0).map((place) => this.texts[place]),
        };
    }

    #reasonsAt(at) {
        return this.#reasons.slice(3 * at, 3 * at + 3);
    }

    #matcher({ band, reason, text }) {
        const code = band ? BANDS.indexOf(band) : -1;
        const kinds = reason ? new Set(this.#kinds.flatMap((kind, at) => (kind === reason ? [at] : []))) : null;
        const sought = text?.trim().toLowerCase();
        const places = sought ? new Set(this.texts.flatMap((line, at) => (line.toLowerCase().includes(sought) ? [at] : []))) : null;
        return (at) =>
            (code < 0 || this.#bandCodes[at] === code) &&
            (!kinds || this.#hasReason(at, (kind) => kinds.has(kind))) &&
            (!sought || this.#ids[at].toLowerCase().includes(sought) || String(this.#rows[at]) === sought || this.#hasReason(at, (place) => places.has(place)));
    }

    #hasReason(at, test) {
        return test(this.#reasons[3 * at]) || test(this.#reasons[3 * at + 1]) || test(this.#reasons[3 * at + 2]);
    }

    /** The indexes in rising order of a column; rows with equal values keep the file's order in both directions. */
    #order(column) {
        if (!this.#orders.has(column)) {
            const order = Uint32Array.from({ length: this.length }, (_, at) => at);
            this.#orders.set(column, order.sort(this.#comparison(column)));
        }
        return this.#orders.get(column);
    }

    /** Each row's rank by its first reason: comparing the few texts once is quicker than comparing many rows. */
    #firstReasonRanks() {
        const alphabet = [...this.texts.keys()].sort((a, b) => (this.texts[a] < this.texts[b] ? -1 : 1));
        const ranks = new Int32Array(this.texts.length);
        alphabet.forEach((place, rank) => (ranks[place] = rank));
        return Int32Array.from({ length: this.length }, (_, at) => ranks[this.#reasons[3 * at]] ?? -1);
    }

    #comparison(column) {
        const by = (values) => (a, b) => (values[a] < values[b] ? -1 : values[a] > values[b] ? 1 : a - b);
        if (column === 'row') return by(this.#rows);
        if (column === 'customerID') return by(this.#ids);
        if (column === 'prediction') return by(this.#leaves);
        if (column === 'assumed') return by(this.#assumed);
        if (column === 'reason_1') return by(this.#firstReasonRanks());
        return by(this.#probabilities);
    }
}

/** A job's refused rows, grouped by what is wrong with them. */

/** The codes of faults in words. */
export const PROBLEMS = {
    missing: 'missing',
    unknown: 'not a known field',
    wrong_type: 'not a number',
    out_of_range: 'out of range',
    not_allowed: 'not an allowed value',
    contradiction: 'contradicts another field',
    wrong_shape: 'too few or too many cells',
};

export class FaultGroups {
    total = 0;
    #groups = new Map();

    /** @param {string[]} cells row,customerID,field,code,message */
    add([row, , field, code, message]) {
        const key = `${field}\n${code}`;
        const group = this.#groups.get(key) ?? { field, code, count: 0, example: { row, message } };
        group.count += 1;
        this.total += 1;
        this.#groups.set(key, group);
    }

    /** All kinds of faults, the most frequent one first. */
    get kinds() {
        return [...this.#groups.values()].sort((a, b) => b.count - a.count);
    }
}

/** Looks at something of the service's again and again, but not while nobody sees the page. */

export class Poll {
    #look;
    #leaving = new AbortController();
    /** @type {AbortController | null} */
    #asking = null;
    #timer = 0;

    /**
     * Begins with the first look; looks as well when the page is seen again, a key is given or the network is back.
     * @param {(signal: AbortSignal) => Promise<number>} look resolves to the milliseconds until the next one, 0 for none; its
     *   signal is aborted once another look has begun, since an answer to the earlier one may be older and come later
     */
    constructor(look) {
        this.#look = look;
        const { signal } = this.#leaving;
        const wake = () => document.hidden || this.now();
        document.addEventListener('visibilitychange', wake, { signal });
        document.addEventListener('key-given', wake, { signal });
        addEventListener('online', wake, { signal });
        this.now();
    }

    /** Looks at once, unless this is stopped. */
    async now() {
        if (this.#leaving.signal.aborted) return;
        clearTimeout(this.#timer);
        this.#asking?.abort();
        const asking = new AbortController();
        this.#asking = asking;
        const pause = await this.#look(asking.signal);
        if (pause && !asking.signal.aborted) this.#timer = setTimeout(() => document.hidden || this.now(), pause);
    }

    stop() {
        clearTimeout(this.#timer);
        this.#asking?.abort();
        this.#leaving.abort();
    }
}

/**
 * The milliseconds until the next look after one that failed: `usual`, or as long as the service asks to wait. None if
 * nobody gave a key, who would be asked for one again and again.
 */
export function pauseAfter({ status, retryAfter }, usual) {
    return status === undefined ? 0 : Math.max(usual, retryAfter * 1000);
}

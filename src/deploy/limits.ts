/** What bounds a deploy, each with its reason. */
export const deployLimits = {
  /** Characters kept of what one run of Wrangler says: what went wrong is in its end. */
  output: 1_000_000,
  /** Milliseconds of one run of Wrangler: half a megabyte goes up in it over a slow line, and a question that nobody answers ends. */
  run: 300_000,
  /** Milliseconds until a new address answers: names and routes take up to a minute to be known everywhere. */
  ready: 180_000,
  /** The same for a custom domain, whose certificate is made first. */
  readyDomain: 900_000,
  /** Milliseconds for which an older version may still answer with its own token. Few tries: who is wrong again and again is refused unseen. */
  newToken: 40_000,
  /** Milliseconds between two questions: the first pause, and the longest. */
  pause: { first: 500, longest: 5_000 },
  /** Milliseconds for one answer of the deployed Worker. */
  answer: 15_000,
  /** Bytes of the Worker, compressed. Cloudflare takes 3 MB on the free plan; what grows beyond this is a fault of the bundle. */
  bundle: 600_000,
  /** Characters of an admin token that somebody gives: fewer can be guessed; more is no token. */
  tokenLength: { fewest: 16, most: 512 },
} as const;

/** The Wrangler that all of this was tried with: what is fetched where there is none. */
export const triedWrangler = "4.155.0";

/** The first that knows `code_update_strategy`; an older one refuses the configuration. */
export const oldestWrangler = "4.141.0";

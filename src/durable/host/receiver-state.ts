/** Whether a failed delivery tells of the receiver's state or of the message. Knows the platform's errors, not the outbox. */

/** The receiver asks to be asked later. */
export class ReceiverNotReadyError extends Error {
  override name = "ReceiverNotReadyError";
  /** It does not know the message at all: a newer version of it may. */
  readonly unknown: boolean;

  constructor(detail: string, unknown: boolean) {
    super(detail);
    this.unknown = unknown;
  }
}

/**
 * Messages of transient faults that the platform does not mark: lost connections, restarts, a disk or a database that is full,
 * locked, away or damaged. From Cloudflare's lists for Durable Objects and D1, and SQLite's own codes.
 */
const transient =
  /network connection lost|connection (?:was )?(?:lost|closed|refused|reset)|disconnected|ECONNRE|EPIPE|overloaded|too many requests queued|timed out|exceeded timeout|transient issue|internal error|caused object to be reset|reset because its code was updated|D1_ERROR|SQLITE_(?:FULL|BUSY|LOCKED|IOERR|CANTOPEN|READONLY|NOMEM)|database or disk is full|database is locked|of a newer version than the code|former_too_large|is damaged and cannot be read/i;

/** A reset for what the receiver used up: the message may be why. */
const exhausted = /exceeded its (?:memory|cpu)/i;

interface PlatformFacts {
  overloaded?: unknown;
  retryable?: unknown;
  durableObjectReset?: unknown;
  message?: unknown;
}

/**
 * A receiver that cannot be reached, restarts, is overloaded, or whose store does not take anything says nothing about the
 * message: it is asked again without end. Everything else the receiver itself threw.
 */
export function isReceiverState(error: unknown): boolean {
  if (error instanceof ReceiverNotReadyError) return true;
  const { overloaded, retryable, durableObjectReset, message } = (error ?? {}) as PlatformFacts;
  const text = String(message ?? error);
  if (exhausted.test(text)) return false;
  return overloaded === true || retryable === true || durableObjectReset === true || transient.test(text);
}

/** What SQLite and workerd say of a store that is full, locked, read-only, broken or away. */
const storeFaults =
  /internal error; reference|SQLITE_(?:FULL|BUSY|LOCKED|IOERR|CANTOPEN|READONLY|NOMEM|CORRUPT)|database or disk is full|database is locked|disk I\/O error|unable to open database|readonly database/i;

/**
 * A commit that the object's own store did not take. It says nothing about what was to be committed: nothing is set aside for
 * it, and whoever brought it tries again.
 */
export class StoreFailedError extends Error {
  override name = "StoreFailedError";
}

/** What a transaction threw, as a {@link StoreFailedError} if it was the store that failed. */
export function toStoreFailure(error: unknown): unknown {
  const message = error instanceof Error ? error.message : "";
  return storeFaults.test(message) ? new StoreFailedError(message, { cause: error }) : error;
}

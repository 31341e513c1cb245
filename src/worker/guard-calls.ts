/**
 * Bounds what one caller may cost before anything is asked on its behalf: calls under way, bytes of their bodies, and tokens that
 * were wrong. In the isolate's memory, as plain numbers: one more isolate is one more allowance, and the agent's object has the
 * last word on how fast it may go.
 */
import type { MiddlewareHandler } from "hono";
import { limits } from "../contract/limits.ts";
import type { AppEnv, AppPorts, WrongTokens } from "./app-ports.ts";
import { readTicket, readToken } from "./authenticate.ts";
import { problemError, respondProblem } from "./problem-error.ts";
import { readAddress } from "./read-address.ts";
import { readSessionCookie } from "./session-cookie.ts";
import { parseTokenAgent, parseTokenOperator } from "./tokens.ts";

export const callLimits = {
  /** Calls of one agent's token that are under way: several times what the client makes, and what others wait for in a round. */
  underWay: 32,
  /** Bytes that the bodies of these announce: one of the largest. A body whose length nobody says counts as that. */
  bodyBytes: limits.bodyBytes,
  /** Calls under way with tokens that were not right yet: for one name from one address, and from one address. */
  unproven: 32,
  unprovenFromAddress: 128,
  /** Wrong tokens for one name from one address at once, and how many more a second: who mistypes tries a few times. */
  wrong: { burst: 20, perSecond: 1 },
  /** Milliseconds for which a wrong token is known to be wrong, past that: a machine with an old token says the same again and again. */
  wrongLasts: 5_000,
  /** Tokens, and names at addresses, that are remembered. */
  remembered: 10_000,
  /** Milliseconds until a refusal is answered, at the least: its time must not tell whether an id exists. */
  refusal: 100,
  /** Milliseconds until who has too much under way is told so: who does not wait as told waits here, at no cost. */
  tooMuch: 250,
} as const;

/** On a socket that is opened to be closed, as a browser's client is told why by a close code only. */
export const refusedHeader = "x-nerveflare-refused";

/** Middleware for all that takes a token; before the authentication. */
export function guardCalls(ports: AppPorts): MiddlewareHandler<AppEnv> {
  const calls = createCallCounts();
  const tokens = createTokenMemory(ports.now, ports.wrongTokens);

  return async (c, next) => {
    const request = c.req.raw;
    const ticket = readTicket(request);
    const token = ticket ?? readToken(request) ?? readSessionCookie(request);
    if (token === undefined) return next();
    const agent = parseTokenAgent(token);
    const name = agent ?? parseTokenOperator(token);
    const address = readAddress(request, ports);
    const began = ports.now();
    let leave: () => void;
    try {
      const wait = tokens.knownWrong(address, name ?? "", token);
      if (wait > 0) throw tooMany(wait);
      const isRight = tokens.isRight(token);
      leave = isRight ? calls.enter(agent === undefined ? undefined : token, request) : calls.enterUnproven(address, name);
    } catch (error) {
      await ports.pause?.(callLimits.tooMuch);
      throw error;
    }
    try {
      await next();
    } finally {
      leave();
    }
    const { status, headers } = c.res;
    const isRefused = status === 401 || headers.has(refusedHeader);
    if (isRefused) {
      const left = tokens.fail(address, name ?? "", token);
      if (left > 0 && status === 401) c.res = respondProblem(tooMany(left).problem);
    } else if (status < 400 && ticket === undefined) tokens.succeed(token);
    // To an agent, what it may not see is answered as what is not there; the time must say the same.
    const hides = isRefused || (agent !== undefined && (status === 403 || status === 404));
    if (hides && ports.pause) await ports.pause(Math.max(0, began + callLimits.refusal - ports.now()));
  };
}

function tooMany(wait: number): ReturnType<typeof problemError> {
  return problemError("rate_limited", "Too many wrong tokens were sent from here. Check the token, and wait.", {
    retryAfter: Math.ceil(wait / 1000),
  });
}

/** Calls that are under way. */
interface CallCounts {
  /**
   * @param token of an agent; undefined: an operator's, who is not held back
   * @returns to be called when it is over
   * @throws ProblemError `rate_limited`
   */
  enter(token: string | undefined, request: Request): () => void;
  /** Of a token that was not right yet. @param name that it bears; undefined: none, so that it costs nothing to refuse */
  enterUnproven(address: string, name: string | undefined): () => void;
}

function createCallCounts(): CallCounts {
  const counts = new Map<string, number>();

  function add(amounts: [name: string, by: number][]): () => void {
    for (const [name, by] of amounts) counts.set(name, (counts.get(name) ?? 0) + by);
    return () => {
      for (const [name, by] of amounts) {
        const left = (counts.get(name) ?? 0) - by;
        if (left > 0) counts.set(name, left);
        else counts.delete(name);
      }
    };
  }

  function check(name: string, limit: number): void {
    if ((counts.get(name) ?? 0) < limit) return;
    throw problemError("rate_limited", `${limit} calls are under way already. Wait for some of them.`, { limit, retryAfter: 1 });
  }

  return {
    enter(token, request) {
      if (token === undefined) return () => {};
      const bytes = announceBytes(request);
      const read = counts.get(`bytes ${token}`) ?? 0;
      check(`calls ${token}`, callLimits.underWay);
      if (read > 0 && read + bytes > callLimits.bodyBytes)
        throw problemError("rate_limited", "Bodies of other calls are still dealt with. Send large ones one after another.", {
          limit: callLimits.bodyBytes,
          retryAfter: 1,
        });
      return add([
        [`calls ${token}`, 1],
        [`bytes ${token}`, bytes],
      ]);
    },
    enterUnproven(address, name) {
      if (name === undefined) return () => {};
      check(`from ${address} ${name}`, callLimits.unproven);
      check(`from ${address}`, callLimits.unprovenFromAddress);
      return add([
        [`from ${address} ${name}`, 1],
        [`from ${address}`, 1],
      ]);
    },
  };
}

function announceBytes(request: Request): number {
  // An artifact is stored as it comes, and none of it is held.
  if (request.body === null || /^\/v1\/(artifacts|uploads)(\/|$)/.test(new URL(request.url).pathname)) return 0;
  const announced = request.headers.get("content-length");
  return announced === null ? callLimits.bodyBytes : Math.min(Number(announced) || 0, callLimits.bodyBytes);
}

const unlimited: WrongTokens = { burst: Number.MAX_SAFE_INTEGER, perSecond: 1 };

/** Which tokens were right and which were wrong lately. */
interface TokenMemory {
  isRight(token: string): boolean;
  /** Milliseconds to wait before this very token is looked at again; 0: now. */
  knownWrong(address: string, name: string, token: string): number;
  /** @returns milliseconds to wait, where there were too many; 0 else */
  fail(address: string, name: string, token: string): number;
  succeed(token: string): void;
}

/**
 * Machines behind one address, and all that bear one name, must not pay for one another: only a token that was seen to be wrong is
 * refused unseen. Any other is looked at, and if it is wrong, counted.
 * @param now milliseconds
 */
export function createTokenMemory(now: () => number, { burst, perSecond }: WrongTokens = unlimited): TokenMemory {
  const cost = 1000 / perSecond;
  const right = new Set<string>();
  const wrong = new Map<string, number>();
  /** When a name at an address may be wrong in full again. */
  const full = new Map<string, number>();

  function readWait(key: string): number {
    return Math.max(0, (full.get(key) ?? 0) + cost - now() - burst * cost);
  }

  return {
    isRight: (token) => right.has(token),
    knownWrong(address, name, token) {
      const until = wrong.get(token);
      return until !== undefined && until > now() ? readWait(`${address} ${name}`) : 0;
    },
    fail(address, name, token) {
      right.delete(token);
      forgetIfFull(wrong, token);
      wrong.set(token, now() + callLimits.wrongLasts);
      const key = `${address} ${name}`;
      const wait = readWait(key);
      forgetIfFull(full, key);
      // Who goes on does not wait longer than who stops.
      full.set(key, Math.min(Math.max(full.get(key) ?? 0, now()) + cost, now() + burst * cost));
      return wait;
    },
    succeed(token) {
      forgetIfFull(right, token);
      right.add(token);
    },
  };
}

function forgetIfFull(memory: Set<string> | Map<string, unknown>, name: string): void {
  if (memory.size >= callLimits.remembered && !memory.has(name)) memory.clear();
}

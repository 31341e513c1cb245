/**
 * Gathers the rows of many callers into few writes: one write is in flight at a time, what arrives meanwhile goes with the next, and
 * writes of a busy time begin some time apart. Knows nothing of D1; keeps nothing but what callers wait for, so a crash loses only
 * calls, which they repeat.
 */

/** A row, or some that stay together, ready to be written. */
export interface SizedRows {
  characters: number;
  /** How many they are; absent: one. */
  count?: number;
}

export interface ProjectionBatcher<Row extends SizedRows, Answer> {
  /** Resolves when the rows are written, to what the write answered; rejects when they are not, and repeating is the caller's. */
  project(rows: Row[]): Promise<Answer | undefined>;
}

export interface ProjectionBatcherOptions<Row extends SizedRows, Answer> {
  /** Writes all or nothing. */
  write(rows: Row[]): Promise<Answer>;
  /** Rows of one write: about how long D1's one writer is held, and how much a failure repeats. */
  rowsPerWrite?: number;
  /** Characters of one write, of two bytes at most: they are copied a few times on their way, in 128 MB. */
  charactersPerWrite?: number;
  /** Milliseconds between the beginnings of two writes that are not full. The first after a quiet time begins at once. */
  pause?: number;
  /** After a write of so many rows it is this pause: a batch costs much beside its rows, and much is to come. */
  busy?: { rows: number; pause: number };
  later?: (milliseconds: number, work: () => void) => void;
  now?: () => number;
  /** Characters that may wait: more callers than the database keeps up with are told to come again. */
  charactersWaiting?: number;
}

interface Call<Row, Answer> {
  rows: Row[];
  count: number;
  characters: number;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

/** Calls written alone that may fail one after another before the fault is taken to be the database's. */
const failuresInARow = 3;

export function createProjectionBatcher<Row extends SizedRows, Answer = void>({
  write,
  rowsPerWrite = 1_000,
  charactersPerWrite = 2_000_000,
  charactersWaiting = 16_000_000,
  pause = 0,
  busy,
  later = (milliseconds, work) => void setTimeout(work, milliseconds),
  now = Date.now,
}: ProjectionBatcherOptions<Row, Answer>): ProjectionBatcher<Row, Answer> {
  let waiting: Call<Row, Answer>[] = [];
  let waitingCharacters = 0;
  let waitingRows = 0;
  let flushing = false;
  let began = Number.NEGATIVE_INFINITY;
  /** Milliseconds from there to the next one's beginning. */
  let apart = pause;

  const isFull = (): boolean => waitingCharacters >= charactersPerWrite || waitingRows >= rowsPerWrite;

  /** Takes calls from the front up to the bounds; at least one, however large. */
  function takeCalls(): Call<Row, Answer>[] {
    let rows = 0;
    let characters = 0;
    let end = 0;
    for (const call of waiting) {
      rows += call.count;
      characters += call.characters;
      if (end > 0 && (rows > rowsPerWrite || characters > charactersPerWrite)) break;
      end += 1;
      waitingCharacters -= call.characters;
      waitingRows -= call.count;
    }
    const taken = waiting.slice(0, end);
    waiting = waiting.slice(end);
    apart = busy && rows >= busy.rows ? busy.pause : pause;
    return taken;
  }

  async function writeCalls(calls: Call<Row, Answer>[]): Promise<void> {
    try {
      const rows: Row[] = [];
      for (const call of calls) for (const row of call.rows) rows.push(row);
      const answer = await write(rows);
      for (const call of calls) call.resolve(answer);
    } catch (error) {
      if (calls.length === 1) calls[0]?.reject(error);
      else await writeApart(calls);
    }
  }

  /** After a write of several calls failed: each alone, so that one caller's bad row does not hold up the others for ever. */
  async function writeApart(calls: Call<Row, Answer>[]): Promise<void> {
    let failures = 0;
    let last: unknown;
    for (const call of calls) {
      if (failures === failuresInARow) {
        call.reject(last);
        continue;
      }
      try {
        const answer = await write(call.rows);
        failures = 0;
        call.resolve(answer);
      } catch (error) {
        failures += 1;
        last = error;
        call.reject(error);
      }
    }
  }

  async function flush(): Promise<void> {
    flushing = true;
    // Calls that arrive in the same turn of the event loop belong together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const rest = began + apart - now();
      // A clock that went back makes nobody wait longer.
      if (rest > 0 && rest <= apart && !isFull()) await new Promise<void>((resolve) => later(rest, resolve));
      began = now();
      await writeCalls(takeCalls());
    }
    flushing = false;
  }

  return {
    project(rows) {
      if (rows.length === 0) return Promise.resolve(undefined);
      let characters = 0;
      let count = 0;
      for (const row of rows) {
        characters += row.characters;
        count += row.count ?? 1;
      }
      if (waiting.length > 0 && waitingCharacters + characters > charactersWaiting) {
        return Promise.reject(new Error(`The projection is ${waitingCharacters} characters behind: send these rows again later.`));
      }
      return new Promise<Answer>((resolve, reject) => {
        waiting.push({ rows, count, characters, resolve, reject });
        waitingCharacters += characters;
        waitingRows += count;
        if (!flushing) void flush();
      });
    },
  };
}

/** A value that is read from the store once and kept until something it depends on is written, or a transaction is rolled back. */
export interface Remembered<T> {
  get(): T;
  /** It is known without a reading. */
  set(value: T): void;
  /** What was read may no longer be so. */
  forget(): void;
}

export function remember<T>(read: () => T): Remembered<T> {
  let held: { value: T } | undefined;
  return {
    get() {
      held ??= { value: read() };
      return held.value;
    },
    set: (value) => {
      held = { value };
    },
    forget: () => {
      held = undefined;
    },
  };
}

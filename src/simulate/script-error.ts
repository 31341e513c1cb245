/** A script that cannot be followed: `message` says where and why, `hint` what a script is. */
export class ScriptError extends Error {
  readonly hint: string | undefined;

  constructor(message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.name = "ScriptError";
    this.hint = options.hint;
  }
}
